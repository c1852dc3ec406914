"""What happens to an order: the one function through which its row changes.

The new row, the event of its history and what others are told are written together, so that replaying the history
gives the row.
"""

from typing import Final

import msgspec

from artel.db import Write, emit
from artel.kernel.actor import Actor
from artel.kernel.history import changes
from artel.orders.orders import queries, rules
from artel.orders.orders.events import (
    Cancelled,
    Completed,
    Confirmed,
    Expired,
    OrderEvent,
    Paid,
    PartConfirmed,
    PartlyRefunded,
    PartShipped,
    Placed,
    Refunded,
    Shipped,
)
from artel.orders.orders.model import Kind
from artel.orders.orders.rows import OrderRow

EVENTS: Final[dict[Kind, type[OrderEvent]]] = {
    "placed": Placed,
    "part_confirmed": PartConfirmed,
    "confirmed": Confirmed,
    "paid": Paid,
    "part_shipped": PartShipped,
    "shipped": Shipped,
    "completed": Completed,
    "cancelled": Cancelled,
    "expired": Expired,
    "partly_refunded": PartlyRefunded,
    "refunded": Refunded,
}


class Occasion(msgspec.Struct, frozen=True):
    """What happens, by whom (0: Artel itself), why, and to which shop's part (None: to the whole order)."""

    kind: Kind
    account_id: int = 0
    reason: str = ""
    shop_id: int | None = None


async def begin(tx: Write, row: OrderRow, shop_ids: list[int], who: Actor) -> None:
    """Write down that the order was placed."""
    await _remember(tx, None, row, shop_ids, Occasion("placed", who.account_id))


async def move(tx: Write, old: OrderRow, new: OrderRow, shop_ids: list[int], occasion: Occasion) -> OrderRow:
    """Write the new row over the old one, which the transaction has locked, and write down what happened."""
    moved = await tx.run(
        queries.MOVE,
        order_id=old.id,
        base=old.version,
        new_status=new.status,
        new_refunded_minor=new.refunded_minor,
        new_expires_us=new.expires_us,
        new_paid_us=new.paid_us,
        new_completed_us=new.completed_us,
        now_us=tx.now_us,
    )
    assert moved == 1, "the row is locked since it was read"
    written = msgspec.structs.replace(new, updated_us=tx.now_us, version=old.version + 1)
    await _remember(tx, old, written, shop_ids, occasion)
    return written


async def pay(tx: Write, order: OrderRow, shop_ids: list[int], reason: str, account_id: int = 0) -> OrderRow:
    """Write down that the order is paid, and the account that says so; 0: Artel itself."""
    new = msgspec.structs.replace(order, status="paid", expires_us=0, paid_us=tx.now_us)
    return await move(tx, order, new, shop_ids, Occasion("paid", account_id, reason))


async def pay_nothing(tx: Write, order: OrderRow, shop_ids: list[int]) -> OrderRow:
    """An order that comes to nothing is paid as soon as it could be."""
    if order.status != "awaiting_payment" or order.total_minor:
        return order
    return await pay(tx, order, shop_ids, "there is nothing to pay")


async def _remember(tx: Write, old: OrderRow | None, new: OrderRow, shop_ids: list[int], occasion: Occasion) -> None:
    await tx.run(
        queries.REMEMBER,
        order_id=new.id,
        at_us=tx.now_us,
        account_id=occasion.account_id or None,
        shop_id=occasion.shop_id,
        kind=occasion.kind,
        reason=occasion.reason,
        changes=msgspec.json.encode(changes(old, new)).decode(),
    )
    told = EVENTS[occasion.kind](new.id, rules.number(new.id, new.placed_us), new.status, new.account_id, shop_ids)
    await emit(tx, told)
