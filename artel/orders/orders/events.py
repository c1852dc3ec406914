"""Orders: what is told to those who listen."""

from typing import ClassVar

import msgspec

from artel.db import Event


class OrderEvent(Event, frozen=True):
    """Something happened to an order. What it is worth is not told: each who hears of it may see another part."""

    order_id: int
    number: str
    status: str
    account_id: int
    shop_ids: list[int]

    def subject(self) -> str:
        """The order."""
        return f"order/{self.order_id}"

    def audience(self) -> tuple[str, ...]:
        """Who placed it, and its shops."""
        return (f"account/{self.account_id}", *(f"shop/{shop_id}" for shop_id in self.shop_ids))

    def body(self) -> bytes:
        """Without the shops: none of them hears of the others."""
        fields = msgspec.structs.asdict(self)
        del fields["shop_ids"]
        return msgspec.json.encode(fields)


class Placed(OrderEvent, frozen=True):
    """An order was placed, and its stock is held."""

    kind: ClassVar[str] = "order.placed"


class PartConfirmed(OrderEvent, frozen=True):
    """One shop said that it can deliver; others have not yet."""

    kind: ClassVar[str] = "order.part_confirmed"


class Confirmed(OrderEvent, frozen=True):
    """Every shop can deliver: the order can be paid."""

    kind: ClassVar[str] = "order.confirmed"


class Paid(OrderEvent, frozen=True):
    """An order was paid."""

    kind: ClassVar[str] = "order.paid"


class PartShipped(OrderEvent, frozen=True):
    """One shop sent its part; others have not yet."""

    kind: ClassVar[str] = "order.part_shipped"


class Shipped(OrderEvent, frozen=True):
    """Every part is on its way."""

    kind: ClassVar[str] = "order.shipped"


class Completed(OrderEvent, frozen=True):
    """Everything arrived."""

    kind: ClassVar[str] = "order.completed"


class Cancelled(OrderEvent, frozen=True):
    """An order was cancelled: its stock is free, what was paid goes back."""

    kind: ClassVar[str] = "order.cancelled"


class Expired(OrderEvent, frozen=True):
    """An order was not paid, or not confirmed, in time: its stock is free."""

    kind: ClassVar[str] = "order.expired"


class PartlyRefunded(OrderEvent, frozen=True):
    """A part of the money goes back."""

    kind: ClassVar[str] = "order.partly_refunded"


class Refunded(OrderEvent, frozen=True):
    """All of the money goes back."""

    kind: ClassVar[str] = "order.refunded"
