"""Paying for an order: the order and its payment change in one transaction, the provider is asked between two.

Steps: a payment is begun, its provider is asked for the money and what became of it, and what it says is taken down
together with the order's move. Each step may be repeated. Whatever is left undone by a crash, a provider that does not
answer or a notification that is lost, the chore `check_due` finds by the time at which the payment is to be asked for.
"""

import asyncio

from artel.db import Database, Read, Write
from artel.kernel.actor import PLATFORM, Actor
from artel.kernel.page import Page
from artel.ledger.book import service as book
from artel.ledger.book.model import Transfer
from artel.ledger.wallets import service as wallets
from artel.orders.orders import money, moves, queries, seeing
from artel.orders.orders.model import OrderUnknown
from artel.payments import service as payments
from artel.payments.model import (
    Payable,
    Payment,
    PaymentRow,
    PaymentUnknown,
    Receipt,
    Refund,
    RefundUnknown,
    Remark,
    SellerNeeded,
    Truth,
    Wish,
)
from artel.payments.service import Asked, Pass, Providers

# --- by the customer


async def ask(db: Database, who: Actor, order_id: int, body: Wish, providers: Providers) -> Asked | None:
    """Begin the payment, or find the one that waits, and ask its provider for the money. A wallet is asked for nothing.

    Raises OrderUnknown, MoveIllegal, TimeOver, ProviderUnknown, MethodUnknown, MoneyNotReal, TooManyPayments.
    """
    if payments.is_inside(body):
        return None
    payment = await db.write(_begin, who, order_id, body, providers)
    return await payments.ask(providers, payment)


async def pay(tx: Write, who: Actor, order_id: int, body: Wish, asked: Asked | None) -> Payment:
    """Pay an order. Asked for again while a payment with the same provider waits, it is that payment.

    A provider that has not answered yet leaves the payment pending: it goes on by itself. From a wallet the money moves
    here, with the order, or nothing does. Raises NotEnoughMoney, and of a wallet what `ask` raises.
    """
    if asked is None:
        payment_id = await _from_wallet(tx, who, order_id, body)
    else:
        payment_id = asked.payment_id
        await learn(tx, asked)
    (shown,) = await payments.shown(tx, [await payments.get(tx, payment_id)])
    return shown


async def _from_wallet(tx: Write, who: Actor, order_id: int, wish: Wish) -> int:
    payment = await _begin(tx, who, order_id, wish, Providers({}))
    await _move(tx, await payments.settle(tx, payment.id, Truth("captured", payment.amount_minor, payment.currency)))
    return payment.id


async def of_order(tx: Read, who: Actor, order_id: int) -> Page[Payment]:
    """The payments of an order, the oldest first, for who sees the whole order. Raises OrderUnknown."""
    seen = await seeing.see(tx, who, order_id)
    if not seen.whole:
        raise OrderUnknown(order_id=order_id)
    return Page(await payments.of_order(tx, order_id))


async def transfers(tx: Read, who: Actor, order_id: int) -> Page[Transfer]:
    """Every transfer of the order and of its payments, the oldest first, for the platform. Raises OrderUnknown."""
    await seeing.see(tx, who, order_id)
    references = [payments.reference(each.id) for each in await payments.brief_of_order(tx, order_id)]
    found = [each for of in (money.reference(order_id), *references) for each in await book.of_reference(tx, of)]
    return Page(sorted(found, key=lambda transfer: transfer.id))


async def _begin(tx: Write, who: Actor, order_id: int, wish: Wish, providers: Providers) -> PaymentRow:
    seen = await seeing.hold(tx, who, order_id)
    await seeing.check(tx, who, seen, "pay")
    order = seen.order
    payable = Payable(order.id, order.account_id, seen.shop_ids, order.total_minor, order.currency)
    return await payments.begin(tx, payable, wish, providers)


# --- what the provider says


async def learn(tx: Write, asked: Asked) -> None:
    """Take down what the provider said, and move the order by it."""
    payment = await payments.get(tx, asked.payment_id)
    if payment.order_id is not None:
        await tx.one(queries.BY_ID_LOCKED, order_id=payment.order_id)
    await payments.name(tx, asked)
    if asked.truth:
        await _move(tx, await payments.settle(tx, payment.id, asked.truth))


async def _move(tx: Write, settled: PaymentRow | None) -> None:
    """Take the order as paid, or promise the money back when it is not waiting for it. Of no order: it is a top-up."""
    if settled is None:
        return
    if settled.order_id is None:
        await wallets.take(tx, settled)
    elif not await moves.paid(tx, settled.order_id, settled):
        await payments.promise_back(tx, settled)


async def check_due(db: Database, providers: Providers) -> Pass:
    """Ask the providers of payments that are due for it. Several processes may do this at once."""
    if not await db.read(payments.checks_wait, providers):
        return Pass(0, [])
    claimed = await db.write(payments.claim_checks, providers)
    failures = await asyncio.gather(*(_check(db, providers, payment) for payment in claimed))
    return Pass(len(claimed), [failure for failure in failures if failure])


async def _check(db: Database, providers: Providers, payment: PaymentRow) -> str:
    asked = await payments.ask(providers, payment)
    if asked.is_news(payment):
        await db.write(learn, asked)
    return asked.failure


# --- by hand


async def confirm(tx: Write, who: Actor, payment_id: int, body: Receipt) -> Payment:
    """Say that the money of a payment by hand is there: for staff, and for the seller of everything in the order.

    That of a top-up, which is of no order, is for staff alone, and comes into the wallet.
    Raises PaymentUnknown, SellerNeeded, NotByHand, AlreadySettled, AmountDiffers.
    """
    unknown = PaymentUnknown(payment_id=payment_id)
    await _sell(tx, who, await payments.get(tx, payment_id), unknown)
    await _move(tx, await payments.receive(tx, payment_id, body, who.account_id or None))
    (shown,) = await payments.shown(tx, [await payments.get(tx, payment_id)])
    return shown


async def confirm_refund(tx: Write, who: Actor, refund_id: int, body: Remark) -> Refund:
    """Say that money was given back by hand: of a payment by hand, or where the provider failed to.

    Raises RefundUnknown, SellerNeeded, NotByHand, AlreadySettled.
    """
    refund = await payments.get_refund(tx, refund_id)
    payment = await payments.get(tx, refund.payment_id)
    await _sell(tx, who, payment, RefundUnknown(refund_id=refund_id))
    return await payments.confirm_refund(tx, refund, payment, who.account_id or None, body)


async def _sell(tx: Write, who: Actor, payment: PaymentRow, unknown: PaymentUnknown | RefundUnknown) -> None:
    """Hold the order of the payment for who sells all of it; a top-up is for staff. Who may not see it is told so."""
    if payment.order_id is None:
        if not who.is_any(PLATFORM):
            raise SellerNeeded if payment.account_id == who.account_id else unknown
        return
    try:
        seen = await seeing.hold(tx, who, payment.order_id)
    except OrderUnknown:
        raise unknown from None
    if not seen.whole:
        raise unknown
    if seen.asker.isdisjoint(("seller", "staff")):
        raise SellerNeeded
