"""Products: use cases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import msgspec

from artel.db import Query, Read, Write, emit, emit_all, numbers, violating
from artel.db.listed import rows
from artel.kernel.actor import Actor
from artel.kernel.page import Cut, Page, page
from artel.kernel.versions import refuse_stale
from artel.shop.categories import service as categories
from artel.shop.products import queries, rules
from artel.shop.products.model import (
    Author,
    Deleted,
    Edited,
    Entered,
    Image,
    ImagesWanted,
    IsbnTaken,
    NotYourProduct,
    Product,
    ProductEdit,
    ProductFilter,
    ProductRow,
    ProductStale,
    ProductUnknown,
    ProductWanted,
)
from artel.shop.search import service as search
from artel.shop.shops import service as shops

# --- reading


async def get(tx: Read, product_id: int) -> Product:
    """One product. Raises ProductUnknown."""
    return (await _whole(tx, [await _lives(tx, queries.BY_ID, product_id)]))[0]


async def look(tx: Read, product_ids: Iterable[int]) -> dict[int, Product]:
    """The living products of these ids, by id. Three statements for any number."""
    found = await tx.all(queries.AMONG, product_ids=numbers(product_ids))
    return {product.id: product for product in await _whole(tx, found)}


async def by_isbn(tx: Read, isbns: Iterable[str]) -> dict[str, int]:
    """The ids of the books that have these ISBNs, of 13 digits each. One statement."""
    known = await tx.all(queries.KNOWN_ISBNS, isbns=rows((isbn,) for isbn in isbns))
    return {each.isbn: each.product_id for each in known}


async def list_products(tx: Read, query: ProductFilter) -> Page[Product]:
    """Products by id, in four statements at most. Raises CategoryUnknown, IsbnWrong."""
    cut = Cut(query.limit, query.after)
    asked = {"kind", "category", "author", "language", "shop", "isbn"}
    filters = frozenset(name for name in asked if getattr(query, name) is not None)
    found = await tx.all(
        queries.listing(filters),
        after_id=cut.key(0),
        row_limit=cut.limit + 1,
        kind=query.kind,
        category_ids=numbers(await categories.below(tx, query.category)) if query.category is not None else None,
        author_id=query.author,
        language=query.language,
        shop_id=query.shop,
        isbn=rules.isbn_of(query.isbn),
    )
    return page(await _whole(tx, found), cut, "id")


# --- writing: for the members of the shop that entered the product, and for owners


async def create(tx: Write, who: Actor, body: ProductWanted) -> Product:
    """Enter a product: about twenty statements, however many authors and images it has.

    Raises ShopUnknown, NotYourShop, NotYourProduct, CategoryUnknown, NotOfItsKind, IsbnWrong, IsbnTaken.
    """
    return (await create_all(tx, who, [body]))[0]


def normal_isbn(text: str) -> str:
    """The 13 digits of an ISBN as it was typed. Raises IsbnWrong."""
    return rules.isbn_of(text) or ""


def checked(body: ProductWanted) -> ProductWanted:
    """The product as it would be entered, its ISBN as 13 digits. Raises NotOfItsKind, IsbnWrong."""
    rules.check_kind(body.kind, body)
    return msgspec.structs.replace(body, isbn=rules.isbn_of(body.isbn))


def fields_changed(product: Product, body: ProductEdit) -> Set[str]:
    """The fields that the edit would change. Raises NotOfItsKind, IsbnWrong."""
    return rules.changes(product, body).keys()


async def create_all(tx: Write, who: Actor, bodies: Sequence[ProductWanted]) -> list[Product]:
    """Enter products, in their order; a thousand cost about twenty statements and their rows. Raises like `create`."""
    bodies = [checked(body) for body in bodies]
    isbns = [body.isbn for body in bodies]
    await _check_editors(tx, who, {body.shop_id for body in bodies})
    for category_id in sorted({body.category_id for body in bodies if body.category_id}):
        await categories.hold(tx, category_id)
    entered = [rules.entered(place, body) for place, body in enumerate(bodies)]
    ids = sorted(await tx.all(queries.ENTER, entered=rows(entered), now_us=tx.now_us))
    books = [
        {
            "product_id": product_id,
            "isbn": isbn,
            "publisher": body.publisher,
            "year": body.year or 0,
            "pages": body.pages or 0,
        }
        for product_id, isbn, body in zip(ids, isbns, bodies, strict=True)
        if body.kind == "book"
    ]
    with violating("books_isbn_uq", IsbnTaken(isbn=" or ".join(filter(None, isbns)))):
        await tx.many(queries.ENTER_BOOK, books)
    await _name_authors(tx, {product_id: body.authors for product_id, body in zip(ids, bodies, strict=True)})
    await _put_images(tx, {product_id: body.images for product_id, body in zip(ids, bodies, strict=True)})
    told = [Entered(id_, body.shop_id, who.account_id, body.title) for id_, body in zip(ids, bodies, strict=True)]
    await emit_all(tx, told)
    return await _indexed(tx, ids)


async def edit(tx: Write, who: Actor, product_id: int, body: ProductEdit, if_match: int | None) -> Product:
    """Change the given fields.

    Raises ProductUnknown, NotYourShop, NotYourProduct, ProductStale, CategoryUnknown, NotOfItsKind, IsbnWrong,
    IsbnTaken.
    """
    row, product = await _to_edit(tx, who, product_id)
    refuse_stale(ProductStale, if_match, product, body)
    changes = rules.changes(product, body)
    if not changes:
        return product
    await _change(tx, who, [(row, changes)])
    return (await _indexed(tx, [product_id]))[0]


async def set_images(tx: Write, who: Actor, product_id: int, body: ImagesWanted, if_match: int | None) -> Product:
    """Give the product exactly these images. Raises ProductUnknown, NotYourShop, NotYourProduct, ProductStale."""
    row, product = await _to_edit(tx, who, product_id)
    refuse_stale(ProductStale, if_match, product, body)
    if body.images == product.images:
        return product
    await _show(tx, who, [(row, body.images)])
    return await get(tx, product_id)


async def edit_all(
    tx: Write, who: Actor, edits: Mapping[int, ProductEdit], images: Mapping[int, Sequence[Image]]
) -> None:
    """Change products, and give products exactly these images, by their ids. Raises like `edit`.

    A thousand cost about twenty statements and their rows. New fields and new images are two versions.
    """
    product_ids = sorted({*edits, *images})
    if not product_ids:
        return
    locked = {row.id: row for row in await tx.all(queries.AMONG_LOCKED, product_ids=numbers(product_ids))}
    for product_id in product_ids:
        if product_id not in locked:
            raise ProductUnknown(product=product_id)
    await _check_editors(tx, who, {row.shop_id for row in locked.values()})
    there = {product.id: product for product in await _whole(tx, list(locked.values()))}
    changes = [(locked[each], rules.changes(there[each], body)) for each, body in sorted(edits.items())]
    changed = [(row, fields) for row, fields in changes if fields]
    shown = [(locked[each], urls) for each, urls in sorted(images.items()) if urls != there[each].images]
    await _change(tx, who, changed)
    await _show(tx, who, shown)
    if changed:
        await _indexed(tx, [row.id for row, _ in changed])


async def delete(tx: Write, who: Actor, product_id: int) -> None:
    """Delete a product: its offers can no longer be bought, orders keep its title, its ISBN is free again.

    Raises ProductUnknown, NotYourShop, NotYourProduct.
    """
    row = await _lives(tx, queries.BY_ID_LOCKED, product_id)
    await _check_editors(tx, who, {row.shop_id})
    await tx.run(queries.DELETE, product_id=product_id, now_us=tx.now_us)
    await tx.run(queries.FREE_ISBN, of_product=product_id)
    await search.remove(tx, product_id)
    await emit(tx, Deleted(product_id, row.shop_id, who.account_id))


# --- the parts of these


async def _check_editors(tx: Read, who: Actor, shop_ids: Set[int | None]) -> None:
    if None in shop_ids and "owner" not in who.roles:
        raise NotYourProduct
    await shops.check_editors(tx, who, (shop_id for shop_id in shop_ids if shop_id is not None))


async def _lives(tx: Read, query: Query[ProductRow], product_id: int) -> ProductRow:
    row = await tx.one(query, product_id=product_id)
    if row is None:
        raise ProductUnknown(product=product_id)
    return row


async def _to_edit(tx: Write, who: Actor, product_id: int) -> tuple[ProductRow, Product]:
    row = await _lives(tx, queries.BY_ID_LOCKED, product_id)
    await _check_editors(tx, who, {row.shop_id})
    return row, (await _whole(tx, [row]))[0]


async def _whole(tx: Read, found: Sequence[ProductRow]) -> list[Product]:
    """Products with their authors and images: two statements for any number of them."""
    if not found:
        return []
    ids = numbers(row.id for row in found)
    authors: dict[int, list[Author]] = defaultdict(list)
    for author in await tx.all(queries.AUTHORS_OF, product_ids=ids):
        authors[author.product_id].append(Author(author.id, author.name))
    images: dict[int, list[Image]] = defaultdict(list)
    for image in await tx.all(queries.IMAGES_OF, product_ids=ids):
        images[image.product_id].append(Image(image.url, image.alt))
    return [rules.shown(row, authors[row.id], images[row.id]) for row in found]


async def _indexed(tx: Write, product_ids: Sequence[int]) -> list[Product]:
    """The products as they are now, and as they are found from now on."""
    products = list((await look(tx, product_ids)).values())
    await search.index_all(tx, [rules.document(product) for product in products])
    return products


async def _change(tx: Write, who: Actor, changed: Sequence[tuple[ProductRow, Mapping[str, Any]]]) -> None:
    """Write these changes of products that are locked, and tell of them."""
    for category_id in sorted({changes["category_id"] for _, changes in changed if changes.get("category_id")}):
        await categories.hold(tx, category_id)
    edited = [(rules.edited(row, changes), changes) for row, changes in changed]
    await tx.many(queries.EDIT, [rules.columns(row) | {"now_us": tx.now_us} for row, _ in edited])
    books = [row for row, changes in edited if not changes.keys().isdisjoint(rules.OF_BOOKS)]
    with violating("books_isbn_uq", IsbnTaken(isbn=" or ".join(row.isbn for row in books if row.isbn))):
        await tx.many(queries.EDIT_BOOK, [rules.book_columns(row) for row in books])
    authors = {row.id: changes["authors"] for row, changes in edited if "authors" in changes}
    await tx.many(queries.DROP_AUTHORS, [{"product_id": each} for each in authors])
    await _name_authors(tx, authors)
    await emit_all(tx, [Edited(row.id, row.shop_id, who.account_id, sorted(changes)) for row, changes in edited])


async def _show(tx: Write, who: Actor, shown: Sequence[tuple[ProductRow, Sequence[Image]]]) -> None:
    """Give products that are locked exactly these images, and tell of it."""
    await tx.many(queries.NEW_VERSION, [{"product_id": row.id, "now_us": tx.now_us} for row, _ in shown])
    await tx.many(queries.DROP_IMAGES, [{"product_id": row.id} for row, _ in shown])
    await _put_images(tx, {row.id: images for row, images in shown})
    await emit_all(tx, [Edited(row.id, row.shop_id, who.account_id, ["images"]) for row, _ in shown])


async def _name_authors(tx: Write, names: Mapping[int, Sequence[str]]) -> None:
    """Name the authors of products that have none, adding those that nobody has named before."""
    keys = {product_id: rules.distinct(each) for product_id, each in names.items()}
    wanted: dict[str, str] = {}
    for each in keys.values():
        for key, name in each.items():
            wanted.setdefault(key, name)
    if not wanted:
        return
    ids = {each.name_key: each.id for each in await tx.all(queries.KNOWN_AUTHORS, named=rows(wanted.items()))}
    new = [(key, name) for key, name in wanted.items() if key not in ids]
    if new:
        ids |= {each.name_key: each.id for each in await tx.all(queries.ADD_AUTHORS, named=rows(new))}
    written = [
        {"product_id": product_id, "author_id": ids[key], "position": place}
        for product_id, each in keys.items()
        for place, key in enumerate(each)
    ]
    await tx.many(queries.NAME_AUTHOR, written)


async def _put_images(tx: Write, images: Mapping[int, Sequence[Image]]) -> None:
    wanted = [
        {"product_id": product_id, "position": place, "url": image.url, "alt": image.alt}
        for product_id, each in images.items()
        for place, image in enumerate(each)
    ]
    await tx.many(queries.ADD_IMAGE, wanted)
