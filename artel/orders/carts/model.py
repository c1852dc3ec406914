"""Carts: the words."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from artel.kernel.errors import Refusal
from artel.orders.vouchers.model import CodeTyped

LINES_MAX = 100  # different offers in a cart: an order takes them all in one transaction
QUANTITY_MAX = 1_000  # of one offer
TOKEN_MAX = 200  # characters

Change = Literal["price_changed", "not_enough", "withdrawn"]
Quantity = Annotated[int, Meta(ge=0, le=QUANTITY_MAX, description="So many copies; 0 takes the line out.")]
Copies = Annotated[int, Meta(ge=1, le=QUANTITY_MAX, description="So many copies more.")]
OfferId = Annotated[int, Meta(ge=1, le=10**18 - 1)]
GuestToken = Annotated[str, Meta(min_length=1, max_length=TOKEN_MAX, extra_json_schema={"format": "password"})]


class LineSet(Struct, frozen=True, forbid_unknown_fields=True):
    """How many copies the line shall have."""

    quantity: Quantity


class LineAdded(Struct, frozen=True, forbid_unknown_fields=True):
    """Copies that come to those already there."""

    offer_id: OfferId
    quantity: Copies = 1


class GuestMerged(Struct, frozen=True, forbid_unknown_fields=True):
    """The guest's cart that shall become part of the account's."""

    token: GuestToken


class CartQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """With the code of a voucher the cart shows what it would take off."""

    voucher: CodeTyped = ""


class CartLine(Struct, frozen=True):
    """So many copies of an offer; `seen_price_minor` is what one cost when the customer last changed the line."""

    offer_id: int
    quantity: int
    seen_price_minor: int
    added_us: int


class LineShown(Struct, frozen=True):
    """A line as it is shown: at the price of now, with what changed since the customer last set it.

    `left` says how many copies there are, when those are fewer than wanted. A withdrawn line costs nothing.
    """

    offer_id: int
    product_id: int
    shop_id: int
    shop_name: str
    title: str
    quantity: int
    price_minor: int
    seen_price_minor: int
    currency: str
    goods_minor: int
    discount_minor: int
    changed: list[Change]
    left: int | None


class ShopTotal(Struct, frozen=True):
    """What the goods of one shop come to."""

    shop_id: int
    shop_name: str
    currency: str
    goods_minor: int
    discount_minor: int
    total_minor: int


class CartTotal(Struct, frozen=True):
    """What all goods in one currency come to, before delivery and before tax that is added to prices."""

    currency: str
    goods_minor: int
    discount_minor: int
    total_minor: int


class VoucherLook(Struct, frozen=True):
    """What a voucher would take off, or the code and the words of its refusal."""

    code: str
    discount_minor: int
    refusal: str | None = None
    detail: str | None = None


class Cart(Struct, frozen=True):
    """A cart as it is now. `orderable`: it holds something, all of it can be had, and it is in one currency."""

    lines: list[LineShown]
    shops: list[ShopTotal]
    totals: list[CartTotal]
    voucher: VoucherLook | None
    orderable: bool


class LineCut(Struct, frozen=True):
    """Copies that found no room when two carts became one."""

    offer_id: int
    title: str
    quantity: int


class Merged(Struct, frozen=True):
    """The account's cart with the guest's in it, and what found no room."""

    cart: Cart
    cut: list[LineCut]


class GuestCart(Struct, frozen=True):
    """A new cart of a guest. The token is shown this once; the database keeps its hash."""

    token: str
    expires_at: str


class NoCart(Refusal):
    """Whose cart? Log in, or send `Artel-Cart: <token>`; a guest's token comes from POST /api/v1/guest-carts."""

    code, kind = "carts.none", "unauthenticated"


class TooManyGuestCarts(Refusal):
    """Too many carts were opened from your address: try again in {retry_s} s."""

    code, kind = "carts.too_many_guests", "throttled"


class GuestCartUnknown(Refusal):
    """There is no such guest cart: it was merged into an account's, forgotten after 30 days, or never was."""

    code, kind = "carts.unknown", "missing"


class LineUnknown(Refusal):
    """The cart has no line of offer {offer_id}."""

    code, kind = "carts.line_unknown", "missing"


class TooManyLines(Refusal):
    """A cart holds {limit} different offers at most."""

    code, kind = "carts.too_many_lines", "conflict"


class TooManyCopies(Refusal):
    """A line holds {limit} copies at most, and {wanted} are wanted."""

    code, kind = "carts.too_many_copies", "conflict"


class MixedCurrencies(Refusal):
    """The goods are priced in {currencies}: an order is in one currency."""

    code, kind = "carts.mixed_currencies", "conflict"
