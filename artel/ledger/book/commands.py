"""The book: the command line."""

import sys
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from artel.db import Database
from artel.db.long_reads import LongReads
from artel.edge.terminal import ROWS_MAX, AsJson, Data, DatabaseUrl, out, print_json, steps, work
from artel.kernel.money import major
from artel.ledger.book import checks, service, sheets
from artel.ledger.book.checks import Check, Checks
from artel.ledger.book.model import BalanceQuery, Checked, TrialLine
from artel.settings import load

app: Final = typer.Typer()


@app.command("check", epilog="Example: artel ledger check --data demo")
def check(context: typer.Context, data: Data = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Check every invariant of the book, and what orders and jobs tie to it. Exit code 1: one is broken."""
    settings = load(data=data, database=database)
    more: tuple[Check, ...] = context.obj

    async def use(db: Database) -> Checked:
        with steps("check", len(checks.INVARIANTS) + len(more)) as advance:
            return await checks.check(Checks(LongReads(settings.database, settings.data), more), advance)

    checked = work(settings, use)
    if as_json:
        print_json(checked)
    else:
        table = Table("row", "invariant", "problem", box=None)
        for each in checked.broken[:ROWS_MAX]:
            table.add_row(escape(each.row), each.invariant, escape(each.problem))
        if checked.broken:
            out.print(table)
        said = f"{len(checked.broken):,} problems" if checked.broken else "the book is sound"
        out.print(
            f"{checked.accounts:,} accounts, {checked.transfers:,} transfers, {checked.holds:,} holds: {said}",
            markup=False,
        )
    if checked.broken:
        raise typer.Exit(1)


@app.command("trial-balance", epilog="Example: artel ledger trial-balance --at 2026-11-01 --data demo")
def trial_balance(
    at: Annotated[str, typer.Option(help="As it was then: 2026-11-01, 2026-11-01T10:00+03:00.")] = "",
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in the accounts of each purpose. Those of a currency sum to zero. Exit code 1: they do not."""

    async def use(db: Database) -> list[TrialLine]:
        return await db.read(service.trial_balance, BalanceQuery(at or None))

    lines = work(load(data=data, database=database), use)
    sums = {currency: 0 for currency in sorted({line.currency for line in lines})}
    for line in lines:
        sums[line.currency] += line.balance_minor
    if as_json:
        print_json({"lines": lines, "sums_minor": sums})
    else:
        table = Table("currency", "purpose", "accounts", "balance", box=None)
        for line in lines:
            table.add_row(line.currency, line.purpose, f"{line.accounts:,}", _money(line.balance_minor, line.currency))
        for currency, rest in sums.items():
            table.add_row(currency, "all", "", _money(rest, currency), style="bold")
        out.print(table)
    if any(sums.values()):
        raise typer.Exit(1)


def _money(amount_minor: int, currency: str) -> str:
    return ("-" if amount_minor < 0 else "") + major(abs(amount_minor), currency)


@app.command("statement", epilog="Example: artel ledger statement 7 --from 2026-11-01 --data demo > november.csv")
def statement(
    account: Annotated[int, typer.Argument(help="The id of an account of the book: GET /api/v1/ledger/accounts.")],
    from_at: Annotated[str, typer.Option("--from", help="Booked at this time or later.")] = "",
    to_at: Annotated[str, typer.Option("--to", help="Booked before this time.")] = "",
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """Write the statement of an account as CSV, the newest line first, with the balance after each line."""

    async def use(db: Database) -> None:
        pages = await sheets.sheet(db, account, sheets.SheetQuery(from_at or None, to_at or None))
        async for lines in pages:
            sys.stdout.writelines(lines)

    work(load(data=data, database=database), use)
