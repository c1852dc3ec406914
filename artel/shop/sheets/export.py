"""The catalogue as CSV: writing it, page by page, so that a catalogue of any size takes the memory of one page.

What is written depends on what the rows say and not on their ids, so that a catalogue that was imported into an empty
installation is exported as the same bytes.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from artel.db import Database, Read, numbers
from artel.kernel.actor import Actor
from artel.kernel.clock import parse_iso
from artel.kernel.spreadsheet import csv_line
from artel.shop.categories import service as categories
from artel.shop.categories.model import Category
from artel.shop.products import service as products
from artel.shop.sheets import cells, lines, queries
from artel.shop.sheets.model import COLUMNS, OfferLine, Unoffered
from artel.shop.shops import service as shops
from artel.shop.shops.model import ShopRow

PAGE: Final = 500  # lines read by one transaction
HEADER: Final = csv_line(COLUMNS)
Path = tuple[Sequence[str], Sequence[str]]  # the slugs and the names of a category and those above it


class Places(Struct, frozen=True):
    """What the lines name: shops by their ids, and each category's slugs and names from the root."""

    shops: Mapping[int, ShopRow]
    categories: Mapping[int, Path]


async def sheet(db: Database, who: Actor, shop_id: int) -> AsyncIterator[list[str]]:
    """The sheet of a shop page by page, for its members and owners. Raises ShopUnknown, NotYourShop."""
    return of_shop(db, await db.read(shops.check_editor, who, shop_id))


async def catalogue(db: Database) -> AsyncIterator[list[str]]:
    """Everything, for the operator: the shops, what each offers and has entered, and what belongs to no shop."""
    every = await db.read(shops.everyone)
    yield [HEADER, *(_line({"shop": each.slug, "shop_name": each.name, "currency": each.currency}) for each in every)]
    for shop in every:
        async for page in _of_shop(db, shop):
            yield page
    async for page in _unoffered(db, None):
        yield page


async def of_shop(db: Database, shop: ShopRow) -> AsyncIterator[list[str]]:
    """One shop: its offers in the order of their ids, then what it entered and does not offer."""
    yield [HEADER]
    async for page in _of_shop(db, shop):
        yield page


async def _of_shop(db: Database, shop: ShopRow) -> AsyncIterator[list[str]]:
    after_id = 0
    while True:
        found, page = await db.read(_offered, shop, after_id)
        if not found:
            break
        yield page
        after_id = found[-1].id
    async for page in _unoffered(db, shop):
        yield page


async def _offered(tx: Read, shop: ShopRow, after_id: int) -> tuple[list[OfferLine], list[str]]:
    found = await tx.all(queries.OF_SHOP, shop_id=shop.id, after_id=after_id, row_limit=PAGE)
    return found, await _lines(tx, shop, [(each.product_id, each) for each in found])


async def _unoffered(db: Database, shop: ShopRow | None) -> AsyncIterator[list[str]]:
    """Products that have no offer to be listed with, by what they are recognised by."""
    waiting = sorted(await db.read(_waiting, shop), key=_name)
    for first in range(0, len(waiting), PAGE):
        yield await db.read(_lines, shop, [(each.id, None) for each in waiting[first : first + PAGE]])


async def _waiting(tx: Read, shop: ShopRow | None) -> list[Unoffered]:
    return await (tx.all(queries.UNOFFERED, shop_id=shop.id) if shop else tx.all(queries.ORPHANS))


def _name(product: Unoffered) -> tuple[str, str]:
    return product.isbn or "", product.sku or lines.default_sku(product.id, product.created_us)


async def _lines(tx: Read, shop: ShopRow | None, listed: Sequence[tuple[int, OfferLine | None]]) -> list[str]:
    if not listed:
        return []
    found = await products.look(tx, (product_id for product_id, _ in listed))
    skus = {
        each.product_id: each.sku
        for each in await tx.all(queries.SKUS_OF, product_ids=numbers(product_id for product_id, _ in listed))
    }
    places = await _places(tx, (product.shop_id for product in found.values() if product.shop_id))
    written = []
    for product_id, offer in listed:
        product = found.get(product_id)
        if product is None:
            continue  # deleted a moment ago
        sku = skus.get(product_id) or ""
        if not sku and not product.isbn:
            sku = lines.default_sku(product.id, parse_iso(product.created_at))
        owner = places.shops[product.shop_id].slug if product.shop_id else ""
        slugs, names = places.categories[product.category.id] if product.category else ((), ())
        written.append(_line(cells.of_product(product, sku, owner, slugs, names) | cells.of_offer(shop, offer)))
    return written


async def _places(tx: Read, shop_ids: Iterable[int]) -> Places:
    paths: dict[int, Path] = {}
    for each in (await categories.tree(tx)).items:
        paths[each.id] = _below(paths, each)
    return Places(await shops.terms_of(tx, set(shop_ids)), paths)


def _below(paths: Mapping[int, Path], each: Category) -> Path:
    slugs, names = paths[each.parent_id] if each.parent_id else ((), ())
    return (*slugs, each.slug), (*names, each.name)


def _line(written: Mapping[str, str]) -> str:
    return csv_line([written.get(column, "") for column in COLUMNS])
