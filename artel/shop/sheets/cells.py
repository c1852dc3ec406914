"""What a cell of each column holds: from a value to text and back, exactly."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from artel.kernel.money import major
from artel.shop.products.model import Product, ProductWanted
from artel.shop.sheets.model import OfferLine
from artel.shop.shops.model import ShopRow

_FLAGS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def joined(texts: Sequence[str]) -> str:
    """Several texts in one cell, `|` between them; one of their own gets a backslash before it."""
    return "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def parted(cell: str) -> list[str]:
    """The texts of such a cell; none of an empty one."""
    if "\\" not in cell:
        return cell.split("|") if cell else []
    parts, escaped = [""], False
    for letter in cell:
        if not escaped and letter == "|":
            parts.append("")
        elif not escaped and letter == "\\":
            escaped = True
            continue
        else:
            parts[-1] += letter
        escaped = False
    return parts


def whole(cell: str) -> int | None:
    """A whole number; None of an empty cell."""
    if not cell:
        return None
    if not re.fullmatch(r"-?[0-9]{1,18}", cell):
        raise ValueError(f"{cell[:50]} is no whole number")
    return int(cell)


def _object(cell: str) -> Any:
    try:
        return msgspec.json.decode(cell) if cell else {}
    except msgspec.DecodeError as fault:
        raise ValueError(f"is no JSON object: {fault}") from None


def _images(cell: str) -> list[dict[str, str]]:
    """Addresses, each with a space and what the image shows after it."""
    found = [part.partition(" ") for part in parted(cell)]
    return [{"url": url, "alt": alt} for url, _, alt in found]


def flag(cell: str) -> bool:
    """1 or 0, and what people write for them."""
    if cell.lower() not in _FLAGS:
        raise ValueError(f"{cell[:50]!r} is neither 1 nor 0")
    return _FLAGS[cell.lower()]


def _text(cell: str) -> str:
    return cell


# Of a product, what its fields are made of: the column has the field's name unless it says otherwise.
READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "isbn": lambda cell: cell or None,
    "kind": _text,
    "title": _text,
    "authors": parted,
    "language": _text,
    "publisher": _text,
    "year": whole,
    "pages": whole,
    "description": _text,
    "attributes": _object,
    "images": _images,
    "tax_bp": whole,
}
TYPES: Final[Mapping[str, Any]] = {field.name: field.type for field in msgspec.structs.fields(ProductWanted)}


def of_product(product: Product, sku: str, shop: str, category: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The product's cells; `shop` entered it, and the category is told by the slugs and names from the root."""
    return {
        "entered_by": shop,
        "sku": sku,
        "isbn": product.isbn or "",
        "kind": product.kind,
        "title": product.title,
        "authors": joined([author.name for author in product.authors]),
        "category": "/".join(category),
        "category_names": joined(names),
        "language": product.language,
        "publisher": product.publisher,
        "year": _number(product.year),
        "pages": _number(product.pages),
        "description": product.description,
        "attributes": msgspec.json.encode(product.attributes).decode() if product.attributes else "",
        "images": joined([f"{image.url} {image.alt}" if image.alt else image.url for image in product.images]),
        "tax_bp": _number(product.tax_bp),
    }


def of_offer(shop: ShopRow | None, offer: OfferLine | None) -> dict[str, str]:
    """The cells of the shop and of its offer, empty where there is none."""
    cells = {"shop": shop.slug, "currency": shop.currency} if shop else {}
    if shop and offer:
        cells |= {
            "price": major(offer.price_minor, shop.currency),
            "compare_at": major(offer.compare_at_minor, shop.currency) if offer.compare_at_minor else "",
            "stock": str(offer.stock),
            "active": str(offer.active),
        }
    return cells


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
