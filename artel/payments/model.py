"""Payments: the words."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.money import Amount
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit

NAME_MAX = 40  # characters of a provider's or a method's name
REFERENCE_MAX = 200
NOTE_MAX = 1_000

Status = Literal["pending", "succeeded", "failed"]
RefundStatus = Literal["pending", "done", "failed"]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
Note = Annotated[str, Meta(max_length=NOTE_MAX)]


class Truth(Struct, frozen=True):
    """What a provider says of a payment when it is asked. Only this is believed, never what it sends by itself.

    `amount_minor` and `currency` are what it took, whatever was asked for.
    """

    status: Literal["pending", "captured", "declined"]
    amount_minor: int
    currency: str


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """Which provider shall take the money, and which of its ways to pay, where it has several."""

    provider: Name
    method: Annotated[str, Meta(max_length=NAME_MAX)] = ""


class Payable(Struct, frozen=True):
    """What a payment needs to know of the order that it is for; without one it tops up the wallet of the account."""

    order_id: int | None
    account_id: int
    shop_ids: list[int]
    total_minor: int
    currency: str
    request_key: str | None = None  # what names a request for a top-up for ever: repeated it is the same payment


class Hint(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider's word that something happened to what it calls `reference`."""

    reference: Annotated[str, Meta(min_length=1, max_length=REFERENCE_MAX)]


class Receipt(Struct, frozen=True, forbid_unknown_fields=True):
    """Staff's word that the money of a payment is there: how much, and what to remember of it."""

    amount_minor: Amount
    note: Note = ""


class Remark(Struct, frozen=True, forbid_unknown_fields=True):
    """What to remember of a refund that somebody says is done.

    `by_hand`: the money was sent in another way than by the payment's provider, from which nothing went back then.
    """

    note: Note = ""
    by_hand: bool = False


class PaymentRow(Struct, frozen=True):
    """A payment as the database holds it; `shop_ids` is a JSON list."""

    id: int
    order_id: int | None
    account_id: int
    shop_ids: str
    provider: str
    method: str
    reference: str | None
    status: Status
    amount_minor: int
    currency: str
    taken_minor: int
    taken_currency: str
    refunding_minor: int
    confirmed_by: int | None
    note: str
    created_us: int
    settled_us: int


class RefundRow(Struct, frozen=True):
    """A refund as the database holds it."""

    id: int
    payment_id: int
    order_id: int | None
    provider: str
    amount_minor: int
    currency: str
    reason: str
    status: RefundStatus
    reference: str | None
    confirmed_by: int | None
    note: str
    created_us: int
    done_us: int
    tries: int


class Refund(Struct, frozen=True):
    """Money that is to be given back, or was. `reference` is the provider's own name of it."""

    id: int
    payment_id: int
    order_id: int | None
    amount_minor: int
    currency: str
    reason: str
    status: RefundStatus
    reference: str | None
    note: str
    created_at: str
    done_at: str | None
    tries: int


class Payment(Struct, frozen=True):
    """An order's payment. `taken_minor` is what the provider took, `refunding_minor` what of it is promised back."""

    id: int
    order_id: int | None
    provider: str
    method: str
    reference: str | None
    status: Status
    amount_minor: int
    currency: str
    taken_minor: int
    taken_currency: str
    refunding_minor: int
    note: str
    created_at: str
    settled_at: str | None
    refunds: list[Refund]


class PaymentShown(Struct, frozen=True):
    """A payment of an order: what it is worth and what of it was promised back."""

    id: int
    provider: str
    status: str
    amount_minor: int
    refunding_minor: int


class Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which payments to list: of a state, or with a refund that waits or failed."""

    status: Literal["pending", "succeeded", "failed", "refund_pending", "refund_failed"] | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Owed(Struct, frozen=True):
    """A payment of an order, and what of it is promised back and not given yet."""

    order_id: int
    payment_id: int
    owed_minor: int


class Waiting(Struct, frozen=True):
    """How many wait or failed, for the metrics."""

    payments_pending: int
    refunds_pending: int
    refunds_failed: int


class OfPayment(Event, frozen=True):
    """What the events of a payment have in common: whose order it is, and whose goods are in it."""

    payment_id: int
    order_id: int | None
    account_id: int
    shop_ids: list[int]

    def subject(self) -> str:
        """The order, so that its payments are told between its own events; a top-up is of no order."""
        return f"payment/{self.payment_id}" if self.order_id is None else f"order/{self.order_id}"

    def audience(self) -> tuple[str, ...]:
        """The customer and every shop."""
        return (f"account/{self.account_id}", *(f"shop/{shop_id}" for shop_id in self.shop_ids))

    def body(self) -> bytes:
        """Without the shops, none of which hears of the others; with the amount where one shop has all of it."""
        fields = msgspec.structs.asdict(self)
        for name in ("shop_ids",) if len(self.shop_ids) < 2 else ("shop_ids", "amount_minor", "currency"):
            fields.pop(name, None)
        return msgspec.json.encode(fields)


class Declined(OfPayment, frozen=True):
    """The provider would not take the money."""

    kind: ClassVar[str] = "payment.declined"
    provider: str


class RefundPromised(OfPayment, frozen=True):
    """Money will be given back."""

    kind: ClassVar[str] = "payment.refund_promised"
    refund_id: int
    amount_minor: int
    currency: str
    reason: str


class Refunded(OfPayment, frozen=True):
    """Money was given back."""

    kind: ClassVar[str] = "payment.refunded"
    refund_id: int
    amount_minor: int
    currency: str


class RefundFailed(OfPayment, frozen=True):
    """A refund was tried for the last time without success: staff must see to it."""

    kind: ClassVar[str] = "payment.refund_failed"
    refund_id: int
    amount_minor: int
    currency: str
    tries: int


class ProviderUnknown(Refusal):
    """There is no payment provider {provider}; there are: {known}."""

    code, kind = "payments.provider_unknown", "unprocessable"


class MethodUnknown(Refusal):
    """{provider} has no way to pay called {method}; it has: {known}."""

    code, kind = "payments.method_unknown", "unprocessable"


class MoneyNotReal(Refusal):
    """The provider test takes no real money and is off; ARTEL_PAYMENTS_TEST=true lets it in where nothing is sold."""

    code, kind = "payments.money_not_real", "unprocessable"


class TooManyPayments(Refusal):
    """{payments} payments of this order failed with this provider: pay with another one, or place the order again."""

    code, kind = "payments.too_many", "conflict"


class TooManyTopUps(Refusal):
    """You began {payments} top-ups within a day that nobody paid: pay one of them, or try again tomorrow."""

    code, kind = "payments.too_many_top_ups", "conflict"


class PaymentUnknown(Refusal):
    """There is no payment {payment_id}."""

    code, kind = "payments.unknown", "missing"


class SellerNeeded(Refusal):
    """You may see this; that the money is there, or went back, is for the seller to say."""

    code, kind = "payments.seller_needed", "forbidden"


class RefundUnknown(Refusal):
    """There is no refund {refund_id}."""

    code, kind = "payments.refund_unknown", "missing"


class NotByHand(Refusal):
    """{provider} says itself what became of this: nobody confirms it by hand."""

    code, kind = "payments.not_by_hand", "conflict"


class AlreadySettled(Refusal):
    """This is {status} already."""

    code, kind = "payments.already_settled", "conflict"


class AmountDiffers(Refusal):
    """The payment is over {expected_minor} {currency} (minor units), and {given_minor} came: give that back."""

    code, kind = "payments.amount_differs", "unprocessable"
