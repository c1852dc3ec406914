"""Orders: the words."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from artel.kernel.errors import Refusal
from artel.kernel.moments import FROM_TO, Moment
from artel.kernel.money import AMOUNT_MAX, Amount
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.orders.carts.model import LINES_MAX, QUANTITY_MAX
from artel.orders.vouchers.model import CodeTyped
from artel.payments.model import PaymentShown

ADDRESS_MAX: Final = 1_000
NOTE_MAX: Final = 2_000
REASON_MAX: Final = 500
TRACKING_MAX: Final = 200

Status = Literal[
    "check_availability",
    "awaiting_payment",
    "paid",
    "shipped",
    "completed",
    "cancelled",
    "expired",
    "refunded",
    "partly_refunded",
]
MoveName = Literal["confirm", "pay", "cancel", "expire", "ship", "complete", "refund"]
# What somebody is to an order: who placed it, a member of one of its shops, a member of all of them, staff of the
# platform, or Artel itself.
Standing = Literal["customer", "shop", "seller", "staff", "system"]
Kind = Literal[
    "placed",
    "part_confirmed",
    "confirmed",
    "paid",
    "part_shipped",
    "shipped",
    "completed",
    "cancelled",
    "expired",
    "partly_refunded",
    "refunded",
]

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
_BY_ID: Final = {"propertyNames": {"pattern": "^[1-9][0-9]{0,17}$"}}  # JSON has only texts for names
Quantity = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why, for the order's history.")]


class Terms(Struct, frozen=True):
    """What the operator set about orders: for how long stock is held, in seconds."""

    hold_s: int  # for an order that waits to be paid
    confirm_s: int  # for one that waits for a shop to say that it can deliver


# --- what comes in


class LineWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """So many copies of one offer."""

    offer_id: Id
    quantity: Quantity = 1


class Placing(Struct, frozen=True, forbid_unknown_fields=True):
    """What is ordered: the given lines, or what is in the cart.

    `deliveries` names one delivery method for each shop, by their ids; a shop that is left out delivers nothing, the
    goods are fetched. With `expect_total_minor` the order is placed at that total or not at all.
    """

    lines: Annotated[list[LineWanted], Meta(min_length=1, max_length=LINES_MAX)] | None = None
    voucher: CodeTyped | None = None
    deliveries: Annotated[dict[Id, Id], Meta(max_length=LINES_MAX, extra_json_schema=_BY_ID)] = field(
        default_factory=dict
    )
    address: Annotated[str, Meta(max_length=ADDRESS_MAX)] = ""
    note: Annotated[str, Meta(max_length=NOTE_MAX)] = ""
    expect_total_minor: Amount | None = None


class Cancelling(Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order is cancelled."""

    reason: Reason = ""


class Shipping(Struct, frozen=True, forbid_unknown_fields=True):
    """How a part of an order travels: the carrier's number, if there is one."""

    tracking: Annotated[str, Meta(max_length=TRACKING_MAX)] = ""


class CopiesBack(Struct, frozen=True, forbid_unknown_fields=True):
    """Copies of one line that are paid back."""

    offer_id: Id
    quantity: Quantity


class Refunding(Struct, frozen=True, forbid_unknown_fields=True):
    """What is paid back: copies of lines, or an amount, or everything that is left; one of the three.

    `restock`: the copies go back into stock, too; an amount brings none.
    """

    lines: Annotated[list[CopiesBack], Meta(min_length=1, max_length=LINES_MAX)] | None = None
    amount_minor: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)] | None = None
    everything: bool = False
    restock: bool = False
    reason: Reason = ""


class SheetFilter(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """Which orders: one's own; those with a part of a shop, for its members; all of them, for the staff.

    `from` and `to` are times of placing, the first included, the second not.
    """

    shop: Id | None = None
    whose: Literal["mine", "all"] = "mine"
    status: Status | None = None
    from_at: Moment | None = None
    to_at: Moment | None = None


class OrderFilter(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """The same, page by page, the newest first."""

    shop: Id | None = None
    whose: Literal["mine", "all"] = "mine"
    status: Status | None = None
    from_at: Moment | None = None
    to_at: Moment | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


# --- as it is shown


class Line(Struct, frozen=True):
    """Copies of one offer in an order; `total_minor` is what they cost with discount and added tax."""

    offer_id: int
    title: str
    quantity: int
    price_minor: int
    discount_minor: int
    tax_bp: int
    tax_minor: int
    total_minor: int
    refunded_quantity: int


class Part(Struct, frozen=True):
    """What one shop delivers of an order."""

    shop_id: int
    shop_name: str
    delivery_method_id: int | None
    delivery_name: str
    goods_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    tax_added_minor: int
    total_minor: int
    refunded_minor: int
    refunded_tax_minor: int
    confirmed_at: str | None
    shipped_at: str | None
    tracking: str
    lines: list[Line]


class Order(Struct, frozen=True):
    """An order as far as the asker may see it: the sums are those of the parts that are shown.

    `whole` is false for a member of some of its shops, who sees their parts alone. `moves` are what the asker may do
    with it now.
    """

    id: int
    number: str
    account_id: int
    status: Status
    currency: str
    goods_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    tax_added_minor: int
    total_minor: int
    refunded_minor: int
    address: str
    note: str
    voucher_code: str
    placed_at: str
    expires_at: str | None
    paid_at: str | None
    completed_at: str | None
    updated_at: str
    version: int
    whole: bool
    moves: list[MoveName]
    parts: list[Part]
    payments: list[PaymentShown]


class Listed(Struct, frozen=True):
    """An order in a list; in that of a shop the money is that of its part."""

    id: int
    number: str
    account_id: int
    status: Status
    currency: str
    total_minor: int
    refunded_minor: int
    placed_at: str
    expires_at: str | None
    paid_at: str | None
    updated_at: str
    version: int


class Bought(Struct, frozen=True):
    """Copies of one offer, as a customer ordered them."""

    title: str
    quantity: int
    price_minor: int


class Purchase(Struct, frozen=True):
    """An order of a customer with what was bought."""

    id: int
    status: str
    placed_at: str
    lines: list[Bought]


class Happened(Struct, frozen=True):
    """One event of an order's history: when, who (null: Artel itself), what, why, and the fields that it changed."""

    id: int
    at: str
    account_id: int | None
    shop_id: int | None
    kind: Kind
    reason: str
    changes: dict[str, Any]


# --- refusals


class OrderUnknown(Refusal):
    """You have no order {order_id}."""

    code, kind = "orders.unknown", "missing"


class PartUnknown(Refusal):
    """The order {order_id} has no part of a shop {shop_id} of yours."""

    code, kind = "orders.part_unknown", "missing"


class NothingOrdered(Refusal):
    """There is nothing to order: your cart is empty, and the request names no lines."""

    code, kind = "orders.nothing_ordered", "conflict"


class CurrenciesMixed(Refusal):
    """One order is paid in one currency, these offers have several ({currencies}): place one order for each."""

    code, kind = "orders.currencies_mixed", "conflict"


class TotalChanged(Refusal):
    """The order comes to {total_minor} and not to {expected_minor} ({currency}, minor units): look at it again."""

    code, kind = "orders.total_changed", "conflict"


class TotalTooLarge(Refusal):
    """The order comes to more than {limit_minor} minor units: split it."""

    code, kind = "orders.total_too_large", "conflict"


class MoveIllegal(Refusal):
    """You cannot {move} the order {order_id}: it is {status} since {at} ({by}). What you can do: {legal}."""

    code, kind = "orders.move_illegal", "conflict"


class TimeOver(Refusal):
    """The goods of the order {order_id} were held for it until {at}, and that is over: order again."""

    code, kind = "orders.time_over", "conflict"


class PartDone(Refusal):
    """The part of shop {shop_id} in order {order_id} was {done} before, at {at}."""

    code, kind = "orders.part_done", "conflict"


class OfferTwice(Refusal):
    """The offer {offer_id} is in two lines: put them together."""

    code, kind = "orders.offer_twice", "unprocessable"


class RefundUnclear(Refusal):
    """It is not clear what is to be paid back: {problem}."""

    code, kind = "orders.refund_unclear", "unprocessable"


class RefundTooLarge(Refusal):
    """You can pay back {left_minor} minor units of the order {order_id}, not {amount_minor}."""

    code, kind = "orders.refund_too_large", "conflict"


class CopiesNotThere(Refusal):
    """The order {order_id} has {left} copies of offer {offer_id} that can be paid back, not {wanted}."""

    code, kind = "orders.copies_not_there", "conflict"


class AllOrdersDenied(Refusal):
    """You see the orders of all only as staff: ask for your own, or for those of a shop of yours."""

    code, kind = "orders.all_denied", "forbidden"
