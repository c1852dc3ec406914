"""Products: the words."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.money import Rate
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.patterns import told
from artel.kernel.text import PRINTS, Link, Title

AUTHORS_MAX: Final = 20
IMAGES_MAX: Final = 20
ATTRIBUTES_MAX: Final = 50
INTEGER_MAX: Final = 2**53 - 1  # what JSON carries everywhere (RFC 8259, 6)

Kind = Literal["book", "goods"]
Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=500, pattern=PRINTS)]
Description = Annotated[str, Meta(max_length=10_000)]
Isbn = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=30,
        description="ISBN-13 or ISBN-10, with or without hyphens.",
        extra_json_schema={"examples": ["978-5-699-12014-7"]},
    ),
]
Year = Annotated[int, Meta(ge=1, le=2200)]
Pages = Annotated[int, Meta(ge=1, le=100_000)]
NO_LANGUAGE: Final = "is no code of a language: write the two small letters of ISO 639-1, such as ru or en"
LanguageCode = Annotated[
    str, Meta(pattern=told(r"^[a-z]{2}$(?!\n)", NO_LANGUAGE), extra_json_schema={"examples": ["ru"]})
]
Language = Annotated[
    str,
    Meta(
        pattern=told(r"^([a-z]{2})?$(?!\n)", NO_LANGUAGE),
        description="ISO 639-1, '' for none.",
        extra_json_schema={"examples": ["ru"]},
    ),
]
Publisher = Annotated[str, Meta(max_length=200)]
Authors = Annotated[list[Title], Meta(max_length=AUTHORS_MAX, description="In their order on the title page.")]
_Value = Annotated[str, Meta(max_length=500)] | Annotated[int, Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)] | bool
Attributes = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=50)], _Value],
    Meta(max_length=ATTRIBUTES_MAX, description="Free attributes: texts, whole numbers, true and false."),
]


class Image(Struct, frozen=True, forbid_unknown_fields=True):
    """An image at an address of its own; `alt` tells what it shows to who does not see it."""

    url: Link
    alt: Annotated[str, Meta(max_length=500)] = ""


Images = Annotated[list[Image], Meta(max_length=IMAGES_MAX, description="The first one stands for the product.")]


class ProductWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A product to be entered by a shop, or by an owner for none.

    `isbn`, `publisher`, `year` and `pages` are a book's. `tax_bp` is its own tax in basis points; null for the shop's.
    """

    kind: Kind
    title: Name
    shop_id: Id | None = None
    description: Description = ""
    category_id: Id | None = None
    authors: Authors = []
    language: Language = ""
    isbn: Isbn | None = None
    publisher: Publisher = ""
    year: Year | None = None
    pages: Pages | None = None
    attributes: Attributes = {}
    images: Images = []
    tax_bp: Rate | None = None


class ProductEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay. Lists and attributes are replaced as a whole."""

    title: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    category_id: Id | None | UnsetType = UNSET
    authors: Authors | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    isbn: Isbn | None | UnsetType = UNSET
    publisher: Publisher | UnsetType = UNSET
    year: Year | None | UnsetType = UNSET
    pages: Pages | None | UnsetType = UNSET
    attributes: Attributes | UnsetType = UNSET
    tax_bp: Rate | None | UnsetType = UNSET


class ImagesWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """The images that the product shall have, all of them, in their order."""

    images: Images


class Author(Struct, frozen=True):
    """Who wrote a book."""

    id: int
    name: str


class CategoryOf(Struct, frozen=True):
    """The category that a product is in."""

    id: int
    name: str
    slug: str


class Product(Struct, frozen=True):
    """A product as everybody sees it; `isbn` are the 13 digits. `shop_id` is the shop whose staff edit it."""

    id: int
    kind: Kind
    title: str
    description: str
    category: CategoryOf | None
    authors: list[Author]
    language: str
    isbn: str | None
    publisher: str
    year: int | None
    pages: int | None
    attributes: dict[str, str | int | bool]
    images: list[Image]
    tax_bp: int | None
    shop_id: int | None
    created_at: str
    updated_at: str
    version: int


class ProductRow(Struct, frozen=True):
    """A product as the database holds it, with what it has as a book and with its category."""

    id: int
    shop_id: int | None
    kind: Kind
    title: str
    description: str
    category_id: int | None
    category_name: str | None
    category_slug: str | None
    language: str
    isbn: str | None
    publisher: str | None
    year: int | None
    pages: int | None
    attributes: str
    tax_bp: int
    created_us: int
    updated_us: int
    version: int


class AuthorRow(Struct, frozen=True):
    """An author of a product."""

    product_id: int
    id: int
    name: str


class AuthorKey(Struct, frozen=True):
    """An author, and what makes two authors one."""

    id: int
    name_key: str


class KnownIsbn(Struct, frozen=True):
    """A living book that has an ISBN."""

    product_id: int
    isbn: str


class ImageRow(Struct, frozen=True):
    """An image of a product."""

    product_id: int
    url: str
    alt: str


class ProductFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which products to list: of a kind, in a category or below it, by an author, in a language, entered by a shop."""

    kind: Kind | None = None
    category: Id | None = None
    author: Id | None = None
    language: LanguageCode | None = None
    shop: Id | None = None
    isbn: Isbn | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class _OfProduct(Event, frozen=True):
    """Something that happened to a product."""

    product_id: int
    shop_id: int | None
    by: int

    def subject(self) -> str:
        """The product."""
        return f"product/{self.product_id}"

    def audience(self) -> tuple[str, ...]:
        """The staff of the shop that entered it."""
        return () if self.shop_id is None else (f"shop/{self.shop_id}",)


class Entered(_OfProduct, frozen=True):
    """A product was entered."""

    kind: ClassVar[str] = "product.entered"
    title: str


class Edited(_OfProduct, frozen=True):
    """Fields of a product were changed."""

    kind: ClassVar[str] = "product.edited"
    fields: list[str]


class Deleted(_OfProduct, frozen=True):
    """A product was deleted; its offers can no longer be bought."""

    kind: ClassVar[str] = "product.deleted"


class ProductUnknown(Refusal):
    """There is no product {product}, or it was deleted."""

    code, kind = "products.unknown", "missing"


class NotYourProduct(Refusal):
    """Only an owner may enter or edit a product that belongs to no shop: name yours as shop_id."""

    code, kind = "products.not_yours", "forbidden"


class IsbnWrong(Refusal):
    """{field}: {problem}."""

    code, kind = "products.isbn_wrong", "invalid"


class IsbnTaken(Refusal):
    """A book with the ISBN {isbn} is there already: offer that one."""

    code, kind = "products.isbn_taken", "conflict"


class NotOfItsKind(Refusal):
    """{field}: only books have one, and this is {kind}."""

    code, kind = "products.not_of_its_kind", "invalid"


class ProductStale(Refusal):
    """The product is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "products.stale", "stale"
