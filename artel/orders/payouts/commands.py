"""Payouts: the command line. It is the operator's, and asks nobody for a role."""

from typing import Annotated, Final

import typer
from rich.table import Table

from artel.db import Database
from artel.edge.decode import checked
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, work
from artel.kernel.actor import SYSTEM
from artel.kernel.money import major
from artel.kernel.page import Page
from artel.orders.payouts import service
from artel.orders.payouts.model import Due, Payout, PayoutFilter, Run, RunWanted
from artel.settings import load

app: Final = typer.Typer(help="Payouts: give the shops what they earned.", no_args_is_help=True)


@app.command("run", epilog="Example: artel payouts run --minimum-minor 10000 --note November --data demo")
def run_command(
    shop: Annotated[int | None, typer.Option(help="Only this shop, by its id.", min=1)] = None,
    currency: Annotated[str | None, typer.Option(help="Only in this currency.")] = None,
    minimum_minor: Annotated[int, typer.Option(help="Shops that earned less wait; in minor units.", min=1)] = 1,
    note: Annotated[str, typer.Option(help="What the shops read with it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be paid out.")] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Pay out what the shops earned, up to 200 accounts in one transaction after the other."""
    given = {"shop_id": shop, "currency": currency, "minimum_minor": minimum_minor, "note": note}
    wanted = checked(RunWanted, given)

    async def look(db: Database) -> list[Due]:
        found, _ = await db.read(service.due, wanted)
        return found

    async def use(db: Database) -> list[Payout]:
        made: list[Payout] = []
        found = Run([], more=True)
        while found.more:
            found = await db.write(service.run, SYSTEM, wanted)
            made += found.payouts
        return made

    settings = load(data=data, database=database)
    found = work(settings, look) if dry_run else work(settings, use)
    if as_json:
        print_json(found)
    else:
        _show(found)
    err.print("Nothing was paid out: this was a dry run." if dry_run else f"{len(found)} payouts.", markup=False)


@app.command("list", epilog="Example: artel payouts list --shop 3 --data demo")
def list_command(
    shop: Annotated[int | None, typer.Option(help="Only those of this shop, by its id.", min=1)] = None,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` that --json printed with the page before.")] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the payouts, the newest first."""

    async def use(db: Database) -> Page[Payout]:
        return await db.read(service.list_payouts, SYSTEM, PayoutFilter(shop, limit, after))

    found = work(load(data=data, database=database), use)
    if as_json:
        print_json(found)
        return
    _show(found.items)
    if found.next:
        err.print(f"There are more: --after {found.next}", markup=False)


def _show(found: list[Payout] | list[Due]) -> None:
    table = Table("id", "shop", "amount", "currency", "until", box=None)
    for each in found:
        payout_id, until = (str(each.id), each.until_at[:19]) if isinstance(each, Payout) else ("", "")
        table.add_row(payout_id, str(each.shop_id), major(each.amount_minor, each.currency), each.currency, until)
    out.print(table)
