"""The catalogue as CSV: the words."""

from typing import Final

from msgspec import Struct

from artel.kernel.errors import Refusal

SKU_MAX: Final = 100  # characters
RECORD_MAX: Final = 1_000_000  # characters of one line with all its line breaks: a quote is missing in a longer one
BATCH: Final = 200  # lines of one transaction
PROBLEMS_MAX: Final = 1_000  # that are told one by one; the others are counted

# The columns, in the order in which they are written. docs/catalogue-csv.md tells what each of them holds.
OF_SHOPS: Final = ("shop", "shop_name", "currency")
OF_PRODUCTS: Final = (
    *("entered_by", "sku", "isbn", "kind", "title", "authors", "category", "category_names", "language", "publisher"),
    *("year", "pages", "description", "attributes", "images", "tax_bp"),
)
OF_OFFERS: Final = ("price", "compare_at", "stock", "active")
COLUMNS: Final = (*OF_SHOPS, *OF_PRODUCTS, *OF_OFFERS)


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """With `dry_run` nothing is written: the answer tells what would be."""

    dry_run: bool = False


class LineProblem(Struct, frozen=True):
    """Why a line was refused: the line of the file in which it begins, the column, and what to do."""

    line: int
    column: str
    problem: str


class Report(Struct, frozen=True):
    """What became of the lines: products or offers made, changed, left as they were, refused with nothing written.

    Of very many problems the first are listed.
    """

    dry_run: bool
    lines: int
    made: int
    changed: int
    left: int
    refused: int
    problems: list[LineProblem]


class OfferLine(Struct, frozen=True):
    """An offer as a line of a sheet has it."""

    id: int
    shop_id: int
    product_id: int
    price_minor: int
    compare_at_minor: int
    stock: int
    active: int


class SkuLine(Struct, frozen=True):
    """What a product is called in sheets of the shop that entered it (0: of no shop)."""

    product_id: int
    shop_id: int
    sku: str


class Unoffered(Struct, frozen=True):
    """A product without an offer, and what it is recognised by."""

    id: int
    isbn: str | None
    sku: str | None
    created_us: int


class SheetUnreadable(Refusal):
    """Line {line}: {problem}. What stands before it was imported."""

    code, kind = "sheets.unreadable", "invalid"


class SheetHeader(Refusal):
    """The first line has to name the columns, separated by commas: {problem}."""

    code, kind = "sheets.header", "invalid"


class SkuTaken(Refusal):
    """Somebody else is giving products the names of this file, {sku} among them: send it again."""

    code, kind = "sheets.sku_taken", "conflict"
