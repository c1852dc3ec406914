"""Products: pure decisions."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from artel.kernel.clock import iso
from artel.kernel.text import folded
from artel.shop.products import isbn
from artel.shop.products.model import (
    Author,
    CategoryOf,
    Image,
    NotOfItsKind,
    Product,
    ProductEdit,
    ProductRow,
    ProductWanted,
)
from artel.shop.search.model import Document

OF_BOOKS: Final = ("isbn", "publisher", "year", "pages")
AS_THE_SHOP: Final = -1  # a tax in the database that a product does not have itself


def check_kind(kind: str, given: ProductWanted | ProductEdit) -> None:
    """Refuse what only a book has for anything else. Raises NotOfItsKind."""
    if kind != "book":
        for field in OF_BOOKS:
            if getattr(given, field) not in (UNSET, None, ""):
                raise NotOfItsKind(field=field, kind=kind)


def isbn_of(given: str | None) -> str | None:
    """The ISBN as it is stored. Raises IsbnWrong."""
    return None if given is None else isbn.normalised(given)


def entered(place: int, body: ProductWanted) -> tuple[int | str | None, ...]:
    """A new product's own row, without what only a book has, as the parameter of queries.ENTER."""
    return (
        place,
        body.shop_id,
        body.kind,
        body.title,
        body.description,
        body.category_id,
        body.language,
        attributes_text(body.attributes),
        AS_THE_SHOP if body.tax_bp is None else body.tax_bp,
    )


def document(product: Product) -> Document:
    """What the product is found by."""
    text = " ".join(filter(None, (product.description, product.publisher, product.isbn)))
    return Document(product.id, product.title, [author.name for author in product.authors], text)


def author_key(name: str) -> str:
    """What makes two authors one: neither case nor dots, commas and hyphens tell them apart."""
    spaced = "".join(" " if unicodedata.category(each)[0] in "PZ" else each for each in folded(name))
    return " ".join(spaced.split()) or folded(name)


def distinct(names: Iterable[str]) -> dict[str, str]:
    """The authors by key, in their order; whoever is named twice is one, as named first."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(author_key(name), name)
    return found


def changes(product: Product, edit: ProductEdit) -> dict[str, Any]:
    """The fields of the edit that are given and say something new, as the database shall hold them.

    Raises NotOfItsKind, IsbnWrong.
    """
    check_kind(product.kind, edit)
    given = {field: getattr(edit, field) for field in edit.__struct_fields__}
    given = {field: value for field, value in given.items() if value is not UNSET}
    if "isbn" in given:
        given["isbn"] = isbn_of(given["isbn"])
    said = {
        "category_id": product.category.id if product.category else None,
        "authors": [author_key(author.name) for author in product.authors],
        "attributes": attributes_text(product.attributes),  # as text, since true and 1 are equal in Python
    }
    compared = dict(given)
    if "authors" in given:
        compared["authors"] = list(distinct(given["authors"]))
    if "attributes" in given:
        compared["attributes"] = attributes_text(given["attributes"])
    return {
        field: given[field]
        for field, value in compared.items()
        if value != (said[field] if field in said else getattr(product, field))
    }


def edited(row: ProductRow, changes: Mapping[str, Any]) -> ProductRow:
    """The row with these changes of a product's own fields."""
    stored: dict[str, Any] = {name: value for name, value in changes.items() if name in ProductRow.__struct_fields__}
    for number, none in (("year", 0), ("pages", 0), ("tax_bp", AS_THE_SHOP)):
        if number in stored and stored[number] is None:
            stored[number] = none
    if "attributes" in stored:
        stored["attributes"] = attributes_text(stored["attributes"])
    return msgspec.structs.replace(row, **stored)


def columns(row: ProductRow) -> dict[str, Any]:
    """What an edit writes of the product itself."""
    names = ("title", "description", "category_id", "language", "attributes", "tax_bp")
    return {"product_id": row.id} | {f"new_{name}": getattr(row, name) for name in names}


def book_columns(row: ProductRow) -> dict[str, Any]:
    """What an edit writes of the product as a book."""
    names = ("isbn", "publisher", "year", "pages")
    return {"of_product": row.id} | {f"new_{name}": getattr(row, name) for name in names}


def attributes_text(attributes: dict[str, Any]) -> str:
    """Attributes as the database holds them."""
    return msgspec.json.encode(attributes).decode()


def shown(row: ProductRow, authors: Sequence[Author], images: Sequence[Image]) -> Product:
    """The product as an answer."""
    category = None
    if row.category_id is not None:
        category = CategoryOf(row.category_id, row.category_name or "", row.category_slug or "")
    return Product(
        row.id,
        row.kind,
        row.title,
        row.description,
        category,
        list(authors),
        row.language,
        row.isbn,
        row.publisher or "",
        row.year or None,
        row.pages or None,
        msgspec.json.decode(row.attributes),
        list(images),
        None if row.tax_bp == AS_THE_SHOP else row.tax_bp,
        row.shop_id,
        iso(row.created_us),
        iso(row.updated_us),
        row.version,
    )
