"""Shops, products and offers for the tests, entered as rows: a test names what matters to it, the rest is plain."""

import functools
import itertools
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Insert, Table, Text, bindparam, insert

from artel.db import Command, Query, Write
from artel.shop.offers.tables import offers
from artel.shop.products.tables import products
from artel.shop.shops.tables import shops

_numbers: Final = itertools.count(1)
PLAIN: Final[dict[str, dict[str, Any]]] = {
    "shops": {"currency": "RUB", "tax_bp": 2000, "tax_included": 1, "low_stock": 3},
    "products": {"kind": "book", "attributes": "{}", "tax_bp": -1},
    "offers": {"currency": "RUB", "price_minor": 10_000, "stock": 10, "active": 1},
}


def _insert(table: Table) -> Insert:
    return insert(table).values({each.name: bindparam(each.name) for each in table.c if each.identity is None})


@functools.cache
def _enter(table: Table) -> Query[int]:
    return Query(int, _insert(table).returning(table.c.id))


@functools.cache
def _enter_many(table: Table) -> Command:
    return Command(_insert(table).inline())


@functools.cache
def _plain(table: Table) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.c:
        if column.identity is None:
            row[column.name] = None if column.nullable else "" if isinstance(column.type, Text) else 0
    if "version" in row:
        row["version"] = 1
    return row | PLAIN.get(table.name, {})


async def enter(tx: Write, table: Table, **values: Any) -> int:
    """A row with these values; answers its id. What is not named is plain, or NULL, 0 or '' by the column's type."""
    entered = await tx.one(_enter(table), **_plain(table) | values)
    assert entered is not None, "an insert answers with its row"
    return entered


async def enter_all(tx: Write, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Many rows, each as in `enter`; a new table counts its ids from 1 in their order."""
    await tx.many(_enter_many(table), [_plain(table) | row for row in rows])


async def enter_shop(tx: Write, **values: Any) -> int:
    """An open shop."""
    number = next(_numbers)
    return await enter(tx, shops, **{"slug": f"shop-{number}", "name": f"Shop {number}"} | values)


async def enter_product(tx: Write, **values: Any) -> int:
    """A book that nobody wrote."""
    return await enter(tx, products, **{"title": f"Book {next(_numbers)}"} | values)


async def enter_offer(tx: Write, **values: Any) -> int:
    """An offer of 10 copies for 100 roubles; in a shop and of a product of its own unless they are named."""
    shop_id = values.pop("shop_id", None) or await enter_shop(tx)
    product_id = values.pop("product_id", None) or await enter_product(tx)
    return await enter(tx, offers, shop_id=shop_id, product_id=product_id, **values)
