"""What happens to an order after it was placed.

Each move locks the order's row first, so that of several at once one is made and the others see what it left. Stock,
voucher and the promise to pay back change in the same transaction, and only with the row: exactly once.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from artel.db import Database, Read, Write
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.clock import US, iso
from artel.ledger.book import service as book
from artel.orders.orders import history, money, queries, refunds, rules, seeing, service
from artel.orders.orders.history import Occasion
from artel.orders.orders.model import Cancelling, Kind, Order, PartDone, PartUnknown, Refunding, Shipping, Terms
from artel.orders.orders.rows import OrderRow
from artel.orders.orders.seeing import Seen
from artel.orders.vouchers import service as vouchers
from artel.payments import service as payments
from artel.payments.model import PaymentRow
from artel.shop.offers import service as offers

EXPIRE_MAX: Final = 100  # orders that one round of the chore frees, each in a transaction of its own


# --- by the shops


async def confirm(tx: Write, who: Actor, order_id: int, shop_id: int, terms: Terms) -> Order:
    """Say that the shop can deliver its part. When every shop has, the order can be paid.

    Raises OrderUnknown, PartUnknown, PartDone, MoveIllegal, TimeOver.
    """
    seen = await _hold_part(tx, who, order_id, shop_id)
    await seeing.check(tx, who, seen, "confirm")
    if not await tx.run(queries.CONFIRM_PART, of_order=order_id, of_shop=shop_id, now_us=tx.now_us):
        raise _done(seen, shop_id, "confirmed")
    waits = any(not part.confirmed_us for part in seen.parts if part.shop_id != shop_id)
    occasion = Occasion("part_confirmed" if waits else "confirmed", who.account_id, shop_id=shop_id)
    new = seen.order
    if not waits:
        new = msgspec.structs.replace(new, status="awaiting_payment", expires_us=tx.now_us + terms.hold_s * US)
    written = await history.move(tx, seen.order, new, seen.shop_ids, occasion)
    await history.pay_nothing(tx, written, seen.shop_ids)
    return await service.get(tx, who, order_id)


async def ship(tx: Write, who: Actor, order_id: int, shop_id: int, body: Shipping) -> Order:
    """Send the shop's part. When no other part is awaited any more, the order is on its way.

    Raises OrderUnknown, PartUnknown, PartDone, MoveIllegal.
    """
    seen = await _hold_part(tx, who, order_id, shop_id)
    await seeing.check(tx, who, seen, "ship")
    shipped = await tx.run(
        queries.SHIP_PART, of_order=order_id, of_shop=shop_id, now_us=tx.now_us, new_tracking=body.tracking
    )
    if not shipped:
        raise _done(seen, shop_id, "shipped")
    waits = any(rules.is_awaited(part) for part in seen.parts if part.shop_id != shop_id)
    new = seen.order if waits else msgspec.structs.replace(seen.order, status="shipped")
    occasion = Occasion("part_shipped" if waits else "shipped", who.account_id, body.tracking, shop_id)
    await history.move(tx, seen.order, new, seen.shop_ids, occasion)
    return await service.get(tx, who, order_id)


# --- by either side


async def complete(tx: Write, who: Actor, order_id: int) -> Order:
    """Say that everything arrived. Raises OrderUnknown, MoveIllegal."""
    seen = await seeing.hold(tx, who, order_id)
    await seeing.check(tx, who, seen, "complete")
    new = msgspec.structs.replace(seen.order, status="completed", completed_us=tx.now_us)
    await history.move(tx, seen.order, new, seen.shop_ids, Occasion("completed", who.account_id))
    return await service.get(tx, who, order_id)


async def cancel(tx: Write, who: Actor, order_id: int, body: Cancelling) -> Order:
    """Give the order up: its copies go back into stock, its voucher can be used again, and what was paid goes back.

    Raises OrderUnknown, MoveIllegal.
    """
    seen = await seeing.hold(tx, who, order_id)
    await seeing.check(tx, who, seen, "cancel")
    order = seen.order
    left_minor = order.total_minor - order.refunded_minor if order.paid_us else 0
    new = msgspec.structs.replace(
        order, status="cancelled", expires_us=0, refunded_minor=order.refunded_minor + left_minor
    )
    written = await history.move(tx, order, new, seen.shop_ids, Occasion("cancelled", who.account_id, body.reason))
    if left_minor:
        shares = {each.shop_id: each.total_minor - each.refunded_minor for each in seen.parts}
        await _pay_back(tx, who, seen, written, shares, body.reason or "cancelled")
    await _free(tx, order.id)
    return await service.get(tx, who, order_id)


async def refund(tx: Write, who: Actor, order_id: int, body: Refunding) -> Order:
    """Promise money back: for copies of lines, an amount, or all that is left of the parts that the asker may move.

    Never more than was paid. With `restock` the copies go back into stock, and never again.
    Raises OrderUnknown, MoveIllegal, RefundUnclear, OfferTwice, RefundTooLarge, CopiesNotThere.
    """
    seen = await seeing.hold(tx, who, order_id)
    await seeing.check(tx, who, seen, "refund")
    lines = await tx.all(queries.LINES, order_id=order_id)
    back = refunds.decide(seen.order, seen.own_parts, lines, body)
    refunded_minor = sum(back.shares.values())
    new = rules.after_refund(seen.order, refunded_minor)
    only = next(iter(back.shares)) if len(back.shares) == 1 < len(seen.parts) else None
    kind: Kind = "refunded" if new.status == "refunded" else "partly_refunded"
    occasion = Occasion(kind, who.account_id, body.reason, only)
    written = await history.move(tx, seen.order, new, seen.shop_ids, occasion)
    await tx.many(queries.REFUND_LINE, [{"line_id": line.id, "copies": copies} for line, copies in back.copies])
    if refunded_minor:
        await _pay_back(tx, who, seen, written, back.shares, body.reason)
    if body.restock:
        await offers.give_back(tx, [(line.offer_id, copies) for line, copies in back.copies])
    return await service.get(tx, who, order_id)


# --- by Artel itself


async def paid(tx: Write, order_id: int, payment: PaymentRow) -> bool:
    """Take the order as paid by this payment: what it took belongs to the shops, less the commission.

    False when it does not wait for that any more, its hold is over, or the payment is not exactly what it comes to.
    Raises NotEnoughMoney when the payment's money comes from a wallet that has less.
    """
    seen = await seeing.hold(tx, SYSTEM, order_id)
    order = seen.order
    exact = (payment.taken_minor, payment.taken_currency) == (order.total_minor, order.currency)
    if order.status != "awaiting_payment" or rules.is_over(order, tx.now_us) or not exact:
        return False
    reason = f"payment {payment.id} by {payment.provider}"
    await history.pay(tx, order, seen.shop_ids, reason, payment.confirmed_by or 0)
    await book.post(tx, money.sold(order, seen.parts, payments.source(payment), payment.confirmed_by))
    return True


async def expire_due(db: Database) -> int:
    """Free the stock of orders whose time is over, the oldest first; answers how many it freed.

    Several processes may do this at once: each order expires once.
    """
    due = await db.read(_due)
    return sum([await db.write(expire, order_id) for order_id in due])


async def expire(tx: Write, order_id: int) -> bool:
    """Free the stock and the voucher of an order whose time is over; False when it was paid, cancelled or freed."""
    seen = await seeing.hold(tx, SYSTEM, order_id)
    order = seen.order
    if order.status not in rules.MOVES["expire"] or not rules.is_over(order, tx.now_us):
        return False
    reason = "not confirmed in time" if order.status == "check_availability" else "not paid in time"
    new = msgspec.structs.replace(order, status="expired", expires_us=0)
    await history.move(tx, order, new, seen.shop_ids, Occasion("expired", reason=reason))
    await _free(tx, order_id)
    return True


async def _due(tx: Read) -> list[int]:
    return await tx.all(queries.DUE, now_us=tx.now_us, row_limit=EXPIRE_MAX)


async def _free(tx: Write, order_id: int) -> None:
    """Put back every copy that has not come back yet, and the use of the voucher."""
    lines = await tx.all(queries.LINES, order_id=order_id)
    left = [(line.offer_id, line.quantity - line.refunded_quantity) for line in lines]
    await offers.give_back(tx, [(offer_id, copies) for offer_id, copies in left if copies])
    await vouchers.release(tx, order_id)


async def _pay_back(
    tx: Write, who: Actor, seen: Seen, written: OrderRow, shares: Mapping[int, int], reason: str
) -> None:
    """Promise back so much of each shop's part: in the book the customer is owed it from now on."""
    back = money.returned(seen.parts, shares)
    await tx.many(
        queries.REFUND_PART,
        [
            {
                "of_order": written.id,
                "of_shop": each.shop_id,
                "amount_minor": each.amount_minor,
                "commission_minor": each.commission_minor,
            }
            for each in back
        ],
    )
    await book.post(tx, money.paid_back(written, back, reason, who.account_id or None))
    await payments.promise_refund(tx, written.id, sum(each.amount_minor for each in back), reason)


async def _hold_part(tx: Write, who: Actor, order_id: int, shop_id: int) -> Seen:
    seen = await seeing.hold(tx, who, order_id)
    if shop_id not in seen.own:
        raise PartUnknown(order_id=order_id, shop_id=shop_id)
    return seen


def _done(seen: Seen, shop_id: int, done: Literal["confirmed", "shipped"]) -> PartDone:
    """The refusal of what the shop's part has behind it."""
    (part,) = (each for each in seen.parts if each.shop_id == shop_id)
    at_us = part.confirmed_us if done == "confirmed" else part.shipped_us
    return PartDone(shop_id=shop_id, order_id=seen.order.id, done=done, at=iso(at_us))
