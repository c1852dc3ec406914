"""The journal: the command line."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from artel.db import Database
from artel.db.long_reads import LongReads
from artel.edge.terminal import ROWS_MAX, AsJson, Data, DatabaseUrl, out, print_json, steps, work
from artel.ledger.book import checks
from artel.ledger.book.checks import Check, Checks
from artel.ledger.journal import service
from artel.ledger.journal.audit import audit
from artel.ledger.journal.model import Audited
from artel.ledger.journal.store import FOLDER, Journal
from artel.settings import load

PATIENCE_S: Final = 5.0  # a server writes what it sealed into the journal within a second or two
LOOK_EVERY_S: Final = 0.2

app: Final = typer.Typer()
journal_app: Final = typer.Typer(help="The journal: copy it.", no_args_is_help=True)
app.add_typer(journal_app, name="journal")


@journal_app.callback()
def _journal() -> None:
    """The journal: what is sealed of the book, on disk and apart from the database."""


@app.command("audit", epilog="Example: artel ledger audit --data demo")
def audit_command(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option("--journal", help="A copy of the journal; else that in the data folder is read.")
    ] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Compare the book with its journal, and name each row that was edited, removed or added. Exit code 1: one was."""
    settings = load(data=data, database=database)
    more: tuple[Check, ...] = context.obj
    journal = Journal(folder or settings.data / FOLDER)
    reads = LongReads(settings.database, settings.data)

    async def use(db: Database) -> Audited:
        blocks = await _caught_up(db, journal, PATIENCE_S if folder is None else 0)
        with steps("audit", len(checks.INVARIANTS) + len(more) + blocks) as advance:
            checked = await checks.check(Checks(reads, more), advance)
            return await audit(reads, journal, checked.broken, live=folder is None, advance=advance)

    audited = work(settings, use)
    if as_json:
        print_json(audited)
    else:
        _show(audited)
    if audited.findings:
        raise typer.Exit(1)


async def _caught_up(db: Database, journal: Journal, patience_s: float) -> int:
    """Wait until the journal has what is sealed now, or patience is over; answers how many blocks are sealed."""
    end_s = time.monotonic() + patience_s
    number = await db.read(service.last_number)
    while time.monotonic() < end_s:
        last = journal.last() if journal.exists() and not journal.damage() else None
        if last is None or last.number >= number:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return number


def _show(audited: Audited) -> None:
    table = Table("row", "problem", box=None)
    for each in audited.findings[:ROWS_MAX]:
        table.add_row(escape(each.row), escape(each.problem))
    if audited.findings:
        out.print(table)
    said = f"{len(audited.findings):,} problems" if audited.findings else "the book and the journal are the same"
    waits = f"{audited.behind:,} blocks behind, {audited.unsealed:,} transfers not sealed yet"
    compared = f"{audited.blocks:,} blocks, {audited.transfers:,} transfers, {audited.accounts:,} accounts"
    out.print(f"{compared}: {said}; the journal is {waits}", markup=False)


@journal_app.command("copy", epilog="Example: artel ledger journal copy backup/journal --data demo")
def copy_command(
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that is made.")], data: Data = None
) -> None:
    """Copy the journal while it is in use. `artel ledger audit --journal FOLDER` compares the book with a copy."""
    journal = Journal(load(data=data).data / FOLDER)
    journal.copy(folder)
    last = Journal(folder).last()
    out.print(f"{last.number if last else 0:,} blocks in {folder}", markup=False)
