"""Shops: the command line. It is the operator's, and asks nobody for a role."""

from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from artel.accounts import service as accounts
from artel.db import Database
from artel.edge.decode import checked
from artel.edge.terminal import AsJson, Data, DatabaseUrl, err, out, print_json, work
from artel.kernel.actor import SYSTEM
from artel.kernel.page import Cut, Page
from artel.settings import load
from artel.shop.shops import service
from artel.shop.shops.model import Member, Shop, ShopFilter, ShopWanted

Slug = Annotated[str, typer.Argument(help="The shop's slug, as `artel shop list` shows it.")]

shop_app: Final = typer.Typer(help="Shops: open, list, and who edits them.", no_args_is_help=True)


@shop_app.command("create", epilog="Example: artel shop create 'Книги у моря' --currency RUB --member anna --data demo")
def create_command(
    name: Annotated[str, typer.Argument(help="The name that customers see.")],
    currency: Annotated[str, typer.Option(help="ISO 4217; of all its prices, for ever.")],
    slug: Annotated[str, typer.Option(help="Its name in addresses; made of the name when it is not given.")] = "",
    description: Annotated[str, typer.Option(help="What it sells.")] = "",
    site: Annotated[str, typer.Option(help="Its address on the web.")] = "",
    tax_bp: Annotated[int, typer.Option(help="Tax in basis points: 2000 is 20 %.")] = 0,
    tax_added: Annotated[bool, typer.Option("--tax-added", help="Prices are without the tax.")] = False,
    confirms: Annotated[
        bool, typer.Option("--confirms", help="Orders wait until the shop has looked whether it can deliver.")
    ] = False,
    member: Annotated[list[str], typer.Option(help="Login of who may edit it; repeatable.")] = [],  # noqa: B006
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Open a shop."""
    given: dict[str, object] = {
        "name": name,
        "currency": currency,
        "description": description,
        "site": site,
        "tax_bp": tax_bp,
        "tax_included": not tax_added,
        "confirms": confirms,
    }
    wanted = checked(ShopWanted, given | ({"slug": slug} if slug else {}))

    async def open_it(db: Database) -> Shop:
        account_ids = [await db.read(accounts.by_login, login) for login in member]
        shop = await db.write(service.create, SYSTEM, wanted)
        for account_id in account_ids:
            await db.write(service.add_member, SYSTEM, shop.id, account_id)
        return shop

    shop = work(load(data=data, database=database), open_it, anew=True)
    if as_json:
        print_json(shop)
    else:
        out.print(f"Shop {shop.id}: {shop.name} ({shop.slug})", markup=False)


@shop_app.command("list", epilog="Example: artel shop list --search книги --data demo")
def list_command(
    search: Annotated[str, typer.Option(help="Words of the name.")] = "",
    closed: Annotated[bool, typer.Option("--closed", help="Those that are closed.")] = False,
    limit: Annotated[int, typer.Option(help="How many.", min=1, max=200)] = 50,
    after: Annotated[str | None, typer.Option(help="The `next` that --json printed with the page before.")] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the shops."""

    async def use(db: Database) -> Page[Shop]:
        return await db.read(service.list_shops, ShopFilter(search, closed, limit, after))

    found = work(load(data=data, database=database), use)
    if as_json:
        print_json(found)
        return
    table = Table("id", "slug", "name", "currency", "tax", "opened", box=None)
    for shop in found.items:
        tax = f"{shop.tax_bp / 100:g} % {'included' if shop.tax_included else 'added'}"
        table.add_row(str(shop.id), shop.slug, escape(shop.name), shop.currency, tax, shop.created_at[:10])
    out.print(table)
    if found.next:
        err.print(f"There are more: --after {found.next}", markup=False)


@shop_app.command("member", epilog="Example: artel shop member knigi-u-morya anna --data demo")
def member_command(
    slug: Slug,
    login: Annotated[str, typer.Argument(help="Whom to add; nobody: list the members.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Remove instead.")] = False,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Let an account edit the shop, or no more; the members afterwards are listed."""

    async def use(db: Database) -> list[Member]:
        shop = await db.read(service.by_slug, slug)
        if login:
            change = service.remove_member if remove else service.add_member
            await db.write(change, SYSTEM, shop.id, await db.read(accounts.by_login, login))
        return (await db.read(service.members, SYSTEM, shop.id, Cut(limit=200))).items

    found = work(load(data=data, database=database), use)
    if as_json:
        print_json(found)
        return
    table = Table("account", "login", "since", box=None)
    for each in found:
        table.add_row(str(each.account_id), escape(each.login), each.added_at[:10])
    out.print(table)
