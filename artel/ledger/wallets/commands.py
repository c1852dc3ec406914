"""Wallets: the command line. It is the operator's, and asks nobody for a role."""

from typing import Annotated, Final

import typer
from rich.table import Table

from artel.accounts import service as accounts
from artel.db import Database
from artel.edge.decode import checked
from artel.edge.terminal import AsJson, Data, DatabaseUrl, out, print_json, work
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.errors import Malformed
from artel.kernel.money import major, minor
from artel.ledger.book.model import Balance, Transfer
from artel.ledger.wallets import service
from artel.ledger.wallets.model import Correction, WalletQuery
from artel.settings import load

app: Final = typer.Typer(help="Wallets: show, credit.", no_args_is_help=True)
Login = Annotated[str, typer.Argument(help="Whose wallet it is.")]


@app.command("show", epilog="Example: artel wallet show anna --data demo")
def show(login: Login, data: Data = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Show what is in the wallets of an account: all of it, what is promised to somebody, and what can be spent."""

    async def use(db: Database) -> list[Balance]:
        who = Actor(await db.read(accounts.by_login, login), login, frozenset())
        return (await db.read(service.balances, who, WalletQuery())).items

    balances = work(load(data=data, database=database), use)
    if as_json:
        print_json(balances)
        return
    if not balances:
        out.print(f"{login} never had money in a wallet", markup=False)
        return
    table = Table("currency", "balance", "held", "available", box=None)
    for each in balances:
        money = (each.posted_minor, each.held_minor, each.available_minor)
        table.add_row(each.currency, *(major(amount, each.currency) for amount in money))
    out.print(table)


@app.command("credit", epilog='Example: artel wallet credit anna 150.50 RUB --note "A present" --data demo')
def credit(
    login: Login,
    amount: Annotated[str, typer.Argument(help="In the currency's own unit: 150.50.")],
    currency: Annotated[str, typer.Argument(help="ISO 4217: RUB.")],
    note: Annotated[str, typer.Option(help="Why; the account sees it.")],
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Give money to an account."""
    try:
        amount_minor = minor(amount, currency)
    except ValueError as fault:
        raise Malformed(field="AMOUNT", problem=str(fault)) from None
    wanted = checked(Correction, {"amount_minor": amount_minor, "currency": currency, "note": note})

    async def use(db: Database) -> Transfer:
        account_id = await db.read(accounts.by_login, login)
        return await db.write(service.credit, SYSTEM, account_id, wanted, "")

    transfer = work(load(data=data, database=database), use)
    if as_json:
        print_json(transfer)
    else:
        given = major(wanted.amount_minor, currency)
        out.print(f"Transfer {transfer.id}: {given} {currency} to {login}", markup=False)
