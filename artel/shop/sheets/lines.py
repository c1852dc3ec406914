"""What a line of a sheet asks for, what of that is new, and what is wrong with it. Nothing here reads the database."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from artel.kernel.clock import parse_iso
from artel.kernel.errors import Refusal
from artel.kernel.money import minor
from artel.shop.categories.model import Category
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferEdit, OfferWanted
from artel.shop.products import service as products
from artel.shop.products.model import Image, Product, ProductEdit, ProductWanted
from artel.shop.sheets import cells
from artel.shop.sheets.model import SKU_MAX, LineProblem, OfferLine
from artel.shop.sheets.reading import NO_TEXT, Record
from artel.shop.shops.model import ShopRow


class Asked(Struct, frozen=True):
    """A line whose cells are well formed; `fields` are the product's that have a column.

    One without an ISBN and a SKU is about a shop itself.
    """

    line: int
    cells: Mapping[str, str]
    isbn: str | None
    sku: str
    fields: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """What tells its product from the others of the file, or its shop from other shops."""
        shop = self.cells.get("shop", "")
        if self.isbn or not self.sku:
            return self.isbn or "", "" if self.isbn else shop
        return self.cells.get("entered_by", shop), self.sku


class Standing(Struct, frozen=True):
    """What there is of what the lines speak of. `own` are the shops that the importer edits; None: all of them."""

    shops: Mapping[str, ShopRow]
    own: frozenset[int] | None
    categories: Mapping[str, Category]
    paths: Mapping[int, list[str]]  # the slugs from the root
    products: Mapping[int, Product]
    isbns: Mapping[str, int]
    skus: Mapping[tuple[int, str], int]
    called: Mapping[int, str]  # what products are called already
    offers: Mapping[tuple[int, int], OfferLine]


class Step(Struct, frozen=True):
    """What is to be done for a line; what is None is not."""

    asked: Asked
    shop: ShopRow | None = None
    product_id: int | None = None
    sku: str = ""  # what the product is called from now on; '': nothing new
    enter: ProductWanted | None = None
    edit: ProductEdit | None = None
    images: list[Image] | None = None
    offer: Mapping[str, Any] | None = None  # the fields of a new one
    offer_id: int = 0
    offer_edit: OfferEdit | None = None
    stock: int | None = None


class Wrong(Exception):
    """A line that cannot be done; the cell is named by its column."""

    def __init__(self, column: str, problem: str) -> None:
        self.column, self.problem = column, problem


# --- the cells by themselves


def read(record: Record) -> Asked | list[LineProblem]:
    """The line as it is asked for, or everything that is wrong with its cells."""
    problems: list[LineProblem] = []

    def attempt(column: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except msgspec.ValidationError as fault:
            problems.append(LineProblem(record.line, column, _told(fault)))
        except ValueError as fault:
            problems.append(LineProblem(record.line, column, str(fault)))
        except Refusal as fault:
            problems.append(LineProblem(record.line, column, fault.message.removeprefix(f"{column}: ")))
        return None

    for column, cell in record.cells.items():
        if NO_TEXT.search(cell):
            problems.append(LineProblem(record.line, column, "holds what is no text in UTF-8: save the file as UTF-8"))
    if problems:
        return problems
    if record.cells.get("shop_name") and not record.cells.get("isbn") and not record.cells.get("sku"):
        return Asked(record.line, record.cells, None, "", {})  # a line about the shop itself
    fields = {
        column: attempt(column, partial(_field, column, record)) for column in cells.READ if column in record.cells
    }
    sku, isbn = record.cells.get("sku", ""), fields.get("isbn")
    if isbn:
        isbn = fields["isbn"] = attempt("isbn", partial(products.normal_isbn, isbn))
    elif not sku:
        problems.append(LineProblem(record.line, "isbn", "or sku: give one, to tell which product this is"))
    if len(sku) > SKU_MAX:
        problems.append(LineProblem(record.line, "sku", f"has {len(sku)} characters, of {SKU_MAX} at most"))
    return problems or Asked(record.line, record.cells, isbn, sku, fields)


def _field(column: str, record: Record) -> Any:
    return msgspec.convert(cells.READ[column](record.cells[column]), cells.TYPES[column])


def _told(fault: msgspec.ValidationError) -> str:
    problem = str(fault).partition(" - at `$")[0].replace("`", "")
    return problem[:1].lower() + problem[1:]


# --- what of it is new


def default_sku(product_id: int, created_us: int) -> str:
    """What a product without an ISBN is called that nobody has named: no two are called so, in no two databases."""
    return f"{product_id}-{created_us:x}"


def decide(asked: Asked, there: Standing, only: ShopRow | None) -> Step:
    """What is to be done for the line; `only` is the shop that the whole file is for. Raises Wrong."""
    shop = _shop(asked, there, only)
    if not asked.isbn and not asked.sku:
        return Step(asked, shop)
    product_id = _product_id(asked, there, shop)
    product = there.products.get(product_id) if product_id else None
    if product is None:
        return _new(asked, there, shop)
    step = _edited(Step(asked, shop, product_id), product, there)
    offer = there.offers.get((shop.id, product.id)) if shop else None
    if offer is None:
        return msgspec.structs.replace(step, offer=_new_offer(asked, shop))
    assert shop is not None, "an offer is a shop's"
    return _edited_offer(step, shop, offer)


def _shop(asked: Asked, there: Standing, only: ShopRow | None) -> ShopRow | None:
    slug = asked.cells.get("shop", only.slug if only else "")
    if only and slug != only.slug:
        raise Wrong("shop", f"is {slug or 'empty'}, and this is the sheet of {only.slug}")
    if not slug:
        if asked.cells.get("price"):
            raise Wrong("shop", "names nobody who could offer it: give the shop's slug, or leave price empty")
        return None
    shop = there.shops.get(slug)
    if shop is None:
        raise Wrong("shop", f"there is no shop {slug}: open it, or give its shop_name and currency as the operator")
    currency = asked.cells.get("currency", shop.currency)
    if currency != shop.currency:
        raise Wrong("currency", f"is {currency or 'empty'}, and the shop's is {shop.currency}")
    return shop


def _entered_by(asked: Asked, there: Standing, shop: ShopRow | None) -> int | None:
    """The shop that entered the product, or is to."""
    slug = asked.cells.get("entered_by", shop.slug if shop else "")
    if slug and slug not in there.shops:
        raise Wrong("entered_by", f"there is no shop {slug}")
    return there.shops[slug].id if slug else None


def _product_id(asked: Asked, there: Standing, shop: ShopRow | None) -> int | None:
    by_isbn = there.isbns.get(asked.isbn) if asked.isbn else None
    by_sku = there.skus.get((_entered_by(asked, there, shop) or 0, asked.sku)) if asked.sku else None
    if by_isbn and by_sku and by_isbn != by_sku:
        raise Wrong("sku", f"is product {by_sku}, and the isbn is of product {by_isbn}: give one of them")
    return by_isbn or by_sku


def _category_id(asked: Asked, there: Standing) -> int | None:
    path = asked.cells["category"]
    if not path:
        return None
    slugs = path.split("/")
    category = there.categories.get(slugs[-1])
    if category is None:
        raise Wrong("category", f"there is no category {slugs[-1]}: add it, or leave the cell empty")
    if there.paths[category.id] != slugs:
        raise Wrong("category", f"{slugs[-1]} is at {'/'.join(there.paths[category.id])}")
    return category.id


def _fields(asked: Asked, there: Standing) -> dict[str, Any]:
    given = dict(asked.fields)
    return given | ({"category_id": _category_id(asked, there)} if "category" in asked.cells else {})


def _new(asked: Asked, there: Standing, shop: ShopRow | None) -> Step:
    fields = _fields(asked, there)
    for column in ("kind", "title"):
        if column not in fields:
            raise Wrong(column, "is missing: the product is not known, and is to be entered")
    owner_id = _entered_by(asked, there, shop)
    if there.own is not None and owner_id not in there.own:
        raise Wrong("entered_by", "you enter products for your own shop only")
    try:
        body = products.checked(ProductWanted(**fields, shop_id=owner_id))
    except Refusal as fault:
        column = str(fault.facts.get("field", "isbn"))
        raise Wrong(column, fault.message.removeprefix(f"{column}: ")) from None
    return Step(asked, shop, sku=asked.sku, enter=body, offer=_new_offer(asked, shop))


def _edited(step: Step, product: Product, there: Standing) -> Step:
    fields = _fields(step.asked, there)
    if fields.pop("kind", product.kind) != product.kind:
        raise Wrong("kind", f"is {product.kind}, and stays so")
    if "entered_by" in step.asked.cells and _entered_by(step.asked, there, step.shop) != product.shop_id:
        raise Wrong("entered_by", "is another shop, and stays so")
    called = there.called.get(product.id, "")
    if step.asked.sku not in ("", called, default_sku(product.id, parse_iso(product.created_at))):
        if called:
            raise Wrong("sku", f"is {called}, and stays so")
        step = msgspec.structs.replace(step, sku=step.asked.sku)
    images = fields.pop("images", UNSET)
    new_images = images if images is not UNSET and images != product.images else None
    try:
        edit = ProductEdit(**fields)
        changed = products.fields_changed(product, edit)
    except Refusal as fault:
        column = str(fault.facts.get("field", "isbn"))
        raise Wrong(column, fault.message.removeprefix(f"{column}: ")) from None
    if (changed or new_images is not None) and there.own is not None and product.shop_id not in there.own:
        column = min(changed, default="images").replace("category_id", "category")
        raise Wrong(column, "another shop entered this product: leave its cells as they were exported")
    return msgspec.structs.replace(step, edit=edit if changed else None, images=new_images)


def _new_offer(asked: Asked, shop: ShopRow | None) -> dict[str, Any] | None:
    """The fields of a new offer but its product; None when the line has no price."""
    if shop is None or not asked.cells.get("price"):
        if asked.cells.get("stock"):
            raise Wrong("price", "is missing: what is in stock has one")
        return None
    given = dict(_offer_fields(asked, shop))
    wanted = _converted(given | {"product_id": 1}, OfferWanted)
    try:
        offers.check(wanted)
    except Refusal as fault:
        raise Wrong("compare_at", fault.message.partition(": ")[2]) from None
    return given


def _edited_offer(step: Step, shop: ShopRow, offer: OfferLine) -> Step:
    asked = step.asked
    if asked.cells.get("price") == "":
        raise Wrong("price", "is empty, and the shop offers it: set active to 0 to sell it no more")
    given = dict(_offer_fields(asked, shop))
    was = {"price_minor": offer.price_minor, "compare_at_minor": offer.compare_at_minor or None}
    new = {**was, "active": bool(offer.active), **given}
    wanted = _converted({"stock": offer.stock} | new | {"product_id": 1}, OfferWanted)
    try:
        offers.check(wanted)
    except Refusal as fault:
        raise Wrong("compare_at", fault.message.partition(": ")[2]) from None
    now = {**was, "active": bool(offer.active)}
    changes = {name: value for name, value in new.items() if name != "stock" and value != now[name]}
    return msgspec.structs.replace(
        step,
        offer_id=offer.id,
        offer_edit=OfferEdit(**changes) if changes else None,
        stock=wanted.stock if wanted.stock != offer.stock else None,
    )


def _offer_fields(asked: Asked, shop: ShopRow) -> Iterator[tuple[str, Any]]:
    """The offer's fields that have a column; an empty cell of the stock is 0, one of active is 1."""
    for column, read in (("price", minor), ("compare_at", minor), ("stock", _copies), ("active", _is_active)):
        cell = asked.cells.get(column)
        if cell is None:
            continue
        try:
            value = read(cell, shop.currency) if cell or column in ("stock", "active") else None
        except ValueError as fault:
            raise Wrong(column, str(fault)) from None
        yield f"{column}_minor" if read is minor else column, value


def _copies(cell: str, _currency: str) -> int:
    return cells.whole(cell) or 0


def _is_active(cell: str, _currency: str) -> bool:
    return cells.flag(cell or "1")


def _converted(fields: Mapping[str, Any], wanted: type[OfferWanted]) -> OfferWanted:
    try:
        return msgspec.convert(fields, wanted)
    except msgspec.ValidationError as fault:
        field = str(fault).partition(" - at `$.")[2].rstrip("`")
        raise Wrong(field.removesuffix("_minor"), _told(fault)) from None
