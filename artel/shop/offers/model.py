"""Offers: the words."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.money import AMOUNT_MAX, Amount
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.shop.products.model import LanguageCode
from artel.shop.search.model import Words

STOCK_MAX: Final = 1_000_000_000  # copies

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Copies = Annotated[int, Meta(ge=0, le=STOCK_MAX)]
Former = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="The price that is struck through; more than the price.")]
Sort = Literal["relevance", "price", "-price", "newest", "title"]


class OfferWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A product to be sold by a shop. Prices are in minor units of the shop's currency."""

    product_id: Id
    price_minor: Amount
    compare_at_minor: Former | None = None
    stock: Copies = 0
    active: bool = True


class OfferEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay."""

    price_minor: Amount | UnsetType = UNSET
    compare_at_minor: Former | None | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class StockWanted(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The stock as it was counted, or how many copies came (or, below zero, went). One of the two."""

    stock: Copies | UnsetType = UNSET
    add: Annotated[int, Meta(ge=-STOCK_MAX, le=STOCK_MAX)] | UnsetType = UNSET


class Offer(Struct, frozen=True):
    """A product in a shop, as everybody sees it.

    `for_sale` says whether it can be bought now: it is active, its product lives and its shop is open. `image` is the
    address of the product's first one.
    """

    id: int
    shop_id: int
    shop_name: str
    product_id: int
    title: str
    authors: list[str]
    image: str | None
    category_id: int | None
    language: str
    price_minor: int
    compare_at_minor: int | None
    currency: str
    stock: int
    active: bool
    for_sale: bool
    created_at: str
    updated_at: str
    version: int


class OfferRow(Struct, frozen=True):
    """An offer as the database holds it, with what is shown of its product and shop; `authors` is a JSON list."""

    id: int
    shop_id: int
    shop_name: str
    product_id: int
    title: str
    authors: str | None
    image: str | None
    category_id: int | None
    language: str
    price_minor: int
    compare_at_minor: int
    currency: str
    stock: int
    active: int
    for_sale: int
    title_key: str
    created_us: int
    updated_us: int
    version: int


class CatalogueLine(Struct, frozen=True):
    """A line of a shop's catalogue: what can be bought there, and how much of it there is."""

    id: int
    title: str
    description: str
    price_minor: int
    stock: int


class OfferForSale(Struct, frozen=True):
    """An offer as a cart and an order need it, with the terms of its shop.

    `tax_bp` is resolved: the product's own, or the shop's. `active` is 1 while it can be bought: the offer is not
    withdrawn, its product lives, and its shop is open.
    """

    id: int
    shop_id: int
    shop_name: str
    product_id: int
    title: str
    price_minor: int
    compare_at_minor: int
    currency: str
    stock: int
    active: int
    tax_bp: int
    tax_included: int
    confirms: int
    low_stock: int
    commission_bp: int


class OfferFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the offers for sale are wanted: each filter that is given narrows the list.

    `category` includes what is below it. `q` are words to search for, mistyped ones too.
    """

    shop: Id | None = None
    category: Id | None = None
    author: Id | None = None
    language: LanguageCode | None = None
    price_from: Amount | None = None
    price_to: Amount | None = None
    in_stock: Annotated[bool, Meta(description="Only offers that have copies left.")] = False
    q: Words = ""


class SuggestionQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody has typed so far into a field of search."""

    q: Words = ""


class Suggestion(Struct, frozen=True):
    """What may be meant: the title of a product that can be bought, or an author of one."""

    kind: Literal["title", "author"]
    text: str


class Suggestions(Struct, frozen=True):
    """At most ten, the likeliest first. `corrected` tells which words were taken for others, as in a list of offers."""

    items: list[Suggestion]
    corrected: dict[str, str] = {}


class Named(Struct, frozen=True):
    """A product that can be bought, as a suggestion may name it; `authors` is a JSON list."""

    title: str
    authors: str


class OfferList(OfferFilter, frozen=True, forbid_unknown_fields=True):
    """The same in an order: `relevance` by default when words are searched for, else `newest`."""

    sort: Sort | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class OfferPage(Struct, frozen=True):
    """One page of offers; `next` is null on the last.

    `corrected` tells which words of `q` were taken for others, or left out (''), when nothing was found as it was
    typed. When `capped`, only the newest products with these words were looked at.
    """

    items: list[Offer]
    next: str | None
    corrected: dict[str, str] = {}
    capped: bool = False


class Tally(Struct, frozen=True):
    """How many offers have one value of a facet, as one row; `of` is the facet."""

    of: str
    id: int
    name: str
    count: int


class Choice(Struct, frozen=True):
    """A value of a filter, and how many offers it would leave."""

    id: int
    name: str
    count: int


class LanguageChoice(Struct, frozen=True):
    """A language (ISO 639-1) and how many offers are in it."""

    language: str
    count: int


class PriceRange(Struct, frozen=True):
    """Prices from one to below the other (null: any higher), in minor units, and how many offers cost so much."""

    price_from: int
    price_below: int | None
    count: int


class Facets(Struct, frozen=True):
    """Which values the offers have that a list with the same filters shows, the commonest first.

    `count` offers were counted. When `capped`, as many were looked at as ever are, and there may be more.
    """

    count: int
    capped: bool
    in_stock: int
    categories: list[Choice]
    authors: list[Choice]
    shops: list[Choice]
    languages: list[LanguageChoice]
    prices: list[PriceRange]
    corrected: dict[str, str] = {}


class Price(Struct, frozen=True):
    """A price that an offer had from a time on."""

    id: int
    price_minor: int
    compare_at_minor: int | None
    currency: str
    at: str


class PriceRow(Struct, frozen=True):
    """A price as the database holds it."""

    id: int
    price_minor: int
    compare_at_minor: int
    currency: str
    at_us: int


class _OfOffer(Event, frozen=True):
    """Something that happened to an offer."""

    offer_id: int
    shop_id: int

    def subject(self) -> str:
        """The offer."""
        return f"offer/{self.offer_id}"

    def audience(self) -> tuple[str, ...]:
        """The staff of its shop."""
        return (f"shop/{self.shop_id}",)


class PriceChanged(_OfOffer, frozen=True):
    """An offer costs something else now, or is compared with another price (0: none)."""

    kind: ClassVar[str] = "offer.price_changed"
    by: int
    currency: str
    old_price_minor: int
    price_minor: int
    old_compare_at_minor: int
    compare_at_minor: int


class StockLow(_OfOffer, frozen=True):
    """A sale left so few copies of an offer that its shop should order more."""

    kind: ClassVar[str] = "stock.low"
    title: str
    left: int


class OfferUnknown(Refusal):
    """There is no offer {offer_id}, or it was withdrawn."""

    code, kind = "offers.unknown", "missing"


class NotEnoughStock(Refusal):
    """There are {left} copies left of {title} (offer {offer_id}), and {wanted} are wanted."""

    code, kind = "offers.not_enough_stock", "conflict"


class OfferExists(Refusal):
    """The shop offers product {product_id} already: edit that offer."""

    code, kind = "offers.exists", "conflict"


class CompareAtTooLow(Refusal):
    """compare_at_minor: must be more than the price, {price_minor}."""

    code, kind = "offers.compare_at_too_low", "invalid"


class StockTooLarge(Refusal):
    """The stock would be more than {limit} copies."""

    code, kind = "offers.stock_too_large", "conflict"


class NothingToRank(Refusal):
    """The list cannot go by relevance: there are no words in q. Give some, or another order."""

    code, kind = "offers.nothing_to_rank", "invalid"


class StockUnclear(Refusal):
    """Give one of stock and add: the stock as it was counted, or what came or went."""

    code, kind = "offers.stock_unclear", "invalid"


class OfferStale(Refusal):
    """The offer is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "offers.stale", "stale"
