"""The catalogue as CSV: export and import.

An import compares each line with what is there and writes what is new, a batch of lines in a transaction: sent again,
whole or after it broke off, it changes nothing that is there. Whatever the API refuses is refused here, by the same
use cases.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from artel.db import Database, Read, Write, violating
from artel.db.listed import rows
from artel.kernel.actor import Actor
from artel.kernel.clock import parse_iso
from artel.shop.categories import service as categories
from artel.shop.categories.model import (
    CategoriesFull,
    Category,
    CategorySlugTaken,
    CategoryTooDeep,
    CategoryUnknown,
    CategoryWanted,
)
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferExists, OfferWanted
from artel.shop.products import service as products
from artel.shop.products.model import IsbnTaken, ProductUnknown
from artel.shop.sheets import cells, lines, queries
from artel.shop.sheets.lines import Asked, Standing, Step, Wrong
from artel.shop.sheets.model import BATCH, PROBLEMS_MAX, ImportQuery, LineProblem, Report, SheetUnreadable, SkuTaken
from artel.shop.sheets.reading import Reader, Record
from artel.shop.shops import service as shops
from artel.shop.shops.model import ShopRow, ShopSlugTaken, ShopWanted

ATTEMPTS_MAX: Final = 5  # of a batch whose products, shops, categories somebody else makes at the same time
# Somebody made or deleted it since it was looked up: a batch that is begun again meets what there is now.
MEANWHILE: Final = (CategorySlugTaken, CategoryUnknown, IsbnTaken, OfferExists, ProductUnknown, ShopSlugTaken, SkuTaken)
DEFAULT_SKU: Final = re.compile(r"([1-9][0-9]{0,17})-[0-9a-f]{1,16}")

Done = str  # made, changed, left


class _TakenBack(Exception):
    """Ends the transaction of a dry run, which did everything and leaves nothing of it."""

    def __init__(self, outcome: list[Done | LineProblem]) -> None:
        self.outcome = outcome


class _Tally:
    """Counts what became of the lines."""

    def __init__(self) -> None:
        self.counts = {"lines": 0, "made": 0, "changed": 0, "left": 0, "refused": 0}
        self.problems: list[LineProblem] = []

    def add(self, outcome: Iterable[Done | LineProblem | list[LineProblem]]) -> None:
        """One outcome for each line."""
        for each in outcome:
            self.counts["lines"] += 1
            if isinstance(each, str):
                self.counts[each] += 1
                continue
            self.counts["refused"] += 1
            found = each if isinstance(each, list) else [each]
            self.problems += found[: PROBLEMS_MAX - len(self.problems)]


class Importer(Struct, frozen=True):
    """Who imports, for which shop alone (None: any), and whether it is a rehearsal.

    Since nothing of a batch is left in a rehearsal, the lines about shops are remembered for the next ones.
    """

    who: Actor
    only: ShopRow | None
    dry_run: bool
    shop_lines: dict[str, Asked]


async def import_sheet(
    db: Database,
    who: Actor,
    pieces: AsyncIterator[bytes],
    shop_id: int | None,
    query: ImportQuery,
    show: Callable[[int], None] = lambda lines: None,
) -> Report:
    """Import a sheet as it comes. `show` is told how many lines were done. Of a bad line nothing is written.

    Raises ShopUnknown, NotYourShop, SheetHeader, SheetUnreadable.
    """
    only = await db.read(shops.check_editor, who, shop_id) if shop_id is not None else None
    importer, reader, tally = Importer(who, only, query.dry_run, {}), Reader(), _Tally()
    batch: dict[tuple[str, str], Asked] = {}

    async def flush() -> None:
        if batch:
            tally.add(await _do(db, importer, list(batch.values())))
            batch.clear()
        show(tally.counts["lines"])

    async def take(records: Iterable[Record | LineProblem]) -> None:
        for record in records:
            asked = [record] if isinstance(record, LineProblem) else lines.read(record)
            if isinstance(asked, list):
                tally.add([asked])
                continue
            if asked.key in batch or len(batch) == BATCH:  # a product that is named again meets what it is by then
                await flush()
            batch[asked.key] = asked

    try:
        async for piece in pieces:
            await take(reader.feed(piece))
        await take(reader.feed(b"", last=True))
    except SheetUnreadable:
        await flush()
        raise
    await flush()
    return Report(dry_run=query.dry_run, problems=tally.problems, **tally.counts)


async def _do(db: Database, importer: Importer, batch: list[Asked]) -> list[Done | LineProblem]:
    for _ in range(ATTEMPTS_MAX - 1):
        try:
            return await db.write(_import, importer, batch)
        except _TakenBack as rehearsal:
            return rehearsal.outcome
        except MEANWHILE:
            continue
    return await db.write(_import, importer, batch)


async def _import(tx: Write, importer: Importer, batch: list[Asked]) -> list[Done | LineProblem]:
    """Do a batch, in which no product is named twice."""
    who, only, opened = importer.who, importer.only, set[str]()
    if only:
        only = await shops.check_editor(tx, who, only.id)
    else:
        opened = await _make_places(tx, who, [*importer.shop_lines.values(), *batch])
    there = await _standing(tx, who, only, batch)
    outcome: list[Done | LineProblem] = []
    steps: list[Step] = []
    for asked in batch:
        try:
            step = lines.decide(asked, there, only)
        except Wrong as wrong:
            outcome.append(LineProblem(asked.line, wrong.column, wrong.problem))
            continue
        steps.append(step)
        made = step.enter or step.offer is not None or (step.shop and step.shop.slug in opened and not asked.sku)
        changes = step.sku or step.edit or step.images is not None or step.offer_edit or step.stock is not None
        outcome.append("made" if made else "changed" if changes else "left")
    await _write(tx, who, steps)
    if importer.dry_run:
        importer.shop_lines.update({each.cells["shop"]: each for each in batch if each.cells.get("shop_name")})
        raise _TakenBack(outcome)
    return outcome


async def _write(tx: Write, who: Actor, steps: Sequence[Step]) -> None:
    entering = [step for step in steps if step.enter]
    entered = await products.create_all(tx, who, [step.enter for step in entering if step.enter])
    ids = {step.asked.line: product.id for step, product in zip(entering, entered, strict=True)}
    ids |= {step.asked.line: step.product_id for step in steps if step.product_id}
    owners = {product.id: product.shop_id or 0 for product in entered}
    owners |= {each.id: each.shop_id or 0 for each in (await products.look(tx, _called_anew(steps))).values()}
    await _call(tx, [(ids[step.asked.line], owners[ids[step.asked.line]], step.sku) for step in steps if step.sku])
    offered = [
        (step.shop.id, OfferWanted(product_id=ids[step.asked.line], **step.offer))
        for step in steps
        if step.shop and step.offer is not None
    ]
    await offers.create_all(tx, who, offered)
    await _edit(tx, who, steps)


async def _call(tx: Write, named: Sequence[tuple[int, int, str]]) -> None:
    """Give products of shops their names in sheets. Raises SkuTaken."""
    if not named:
        return
    taken = SkuTaken(sku=named[0][2])
    with violating("product_skus_pk", taken):
        called = await tx.all(queries.CALL, named=rows(named))
    if len(called) < len(named):
        raise taken


def _called_anew(steps: Iterable[Step]) -> list[int]:
    return [step.product_id for step in steps if step.sku and step.product_id]


async def _edit(tx: Write, who: Actor, steps: Sequence[Step]) -> None:
    await products.edit_all(
        tx,
        who,
        {step.product_id: step.edit for step in steps if step.product_id and step.edit},
        {step.product_id: step.images for step in steps if step.product_id and step.images is not None},
    )
    await offers.edit_all(
        tx,
        who,
        {step.offer_id: step.offer_edit for step in steps if step.offer_edit},
        {step.offer_id: step.stock for step in steps if step.stock is not None},
    )


# --- what there is of what the lines speak of


async def _standing(tx: Read, who: Actor, only: ShopRow | None, batch: Sequence[Asked]) -> Standing:
    slugs = {each.cells.get(column, "") for each in batch for column in ("shop", "entered_by")}
    known = await shops.with_slugs(tx, slugs - {""}) | ({only.slug: only} if only else {})
    tree = {each.slug: each for each in (await categories.tree(tx)).items}
    isbns = await products.by_isbn(tx, sorted({each.isbn for each in batch if each.isbn}))
    called, by_default = await _by_sku(tx, known, only, batch)
    found = await products.look(tx, {*isbns.values(), *called.values(), *by_default.values()})
    skus = await _skus_of(tx, found)
    for (owner_id, sku), product_id in by_default.items():
        product = found.get(product_id)
        if product and product_id not in skus and sku == lines.default_sku(product.id, parse_iso(product.created_at)):
            called.setdefault((owner_id, sku), product_id)
    wanted = {(shop.id, product_id) for shop in known.values() for product_id in found}
    there = await tx.all(queries.OFFERS, pairs=rows(sorted(wanted)))
    return Standing(
        shops=known,
        own=None if "owner" in who.roles else frozenset({only.id} if only else ()),
        categories=tree,
        paths=_paths(tree.values()),
        products=found,
        isbns=isbns,
        skus=called,
        called=skus,
        offers={(each.shop_id, each.product_id): each for each in there},
    )


Called = dict[tuple[int, str], int]


async def _by_sku(
    tx: Read, known: dict[str, ShopRow], only: ShopRow | None, batch: Sequence[Asked]
) -> tuple[Called, Called]:
    """The products that are called so in sheets, and those that may be by default; by shop and name."""
    names = set()
    for each in batch:
        slug = each.cells.get("entered_by", each.cells.get("shop", only.slug if only else ""))
        if each.sku and (not slug or slug in known):
            names.add((known[slug].id if slug else 0, each.sku))
    called = {
        (each.shop_id, each.sku): each.product_id for each in await tx.all(queries.SKUS, called=rows(sorted(names)))
    }
    default = {name: DEFAULT_SKU.fullmatch(name[1]) for name in names - called.keys()}
    return called, {name: int(found[1]) for name, found in default.items() if found}


async def _skus_of(tx: Read, product_ids: Iterable[int]) -> dict[int, str]:
    listed = msgspec.json.encode(list(product_ids)).decode()
    return {each.product_id: each.sku for each in await tx.all(queries.SKUS_OF, product_ids=listed)}


def _paths(tree: Iterable[Category]) -> dict[int, list[str]]:
    """The slugs from the root to each category; the tree has each after the one that it is in."""
    paths: dict[int, list[str]] = {}
    for each in tree:
        paths[each.id] = [*(paths[each.parent_id] if each.parent_id else []), each.slug]
    return paths


async def _make_places(tx: Write, who: Actor, batch: Sequence[Asked]) -> set[str]:
    """Make the shops and categories that are missing, as far as the lines tell enough of them and the importer may.

    Answers the slugs of the new shops.
    """
    opened: set[str] = set()
    if "owner" not in who.roles:
        return opened
    named = {each.cells["shop"]: each.cells for each in batch if each.cells.get("shop_name")}
    known = await shops.with_slugs(tx, named)
    for slug, row in named.items():
        if slug not in known:
            given = {"slug": slug, "name": row["shop_name"], "currency": row.get("currency", "")}
            try:
                await shops.create(tx, who, msgspec.convert(given, ShopWanted))
                opened.add(slug)
            except msgspec.ValidationError:
                continue  # the line is told that there is no such shop
    paths = {each.cells.get("category", ""): each.cells.get("category_names", "") for each in batch}
    ids = {each.slug: each.id for each in (await categories.tree(tx)).items}
    for path, names in paths.items():
        await _make_category(tx, who, ids, path.split("/") if path else [], cells.parted(names))
    return opened


async def _make_category(
    tx: Write, who: Actor, ids: dict[str, int], slugs: Sequence[str], names: Sequence[str]
) -> None:
    if len(names) != len(slugs):
        return
    parent_id: int | None = None
    for slug, name in zip(slugs, names, strict=True):
        if slug not in ids:
            try:
                wanted = msgspec.convert({"slug": slug, "name": name, "parent_id": parent_id}, CategoryWanted)
                ids[slug] = (await categories.create(tx, who, wanted)).id
            except (msgspec.ValidationError, CategoriesFull, CategoryTooDeep):
                return  # the line is told that there is no such category
        parent_id = ids[slug]
