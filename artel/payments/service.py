"""Payments and refunds: use cases. What also moves the order is in artel/orders/orders/paying.py.

Whoever calls these inside a transaction has written or locked the order's row before, so that locks are taken in one
order everywhere: the order, then its payments.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from artel.db import Database, Query, Read, Write, emit, numbers
from artel.kernel.actor import Actor
from artel.kernel.page import Cut, Page, page
from artel.payments import queries, rules
from artel.payments.model import (
    AlreadySettled,
    AmountDiffers,
    Declined,
    Filter,
    Hint,
    MethodUnknown,
    MoneyNotReal,
    NotByHand,
    Payment,
    PaymentRow,
    PaymentShown,
    PaymentUnknown,
    ProviderUnknown,
    Receipt,
    Refund,
    Refunded,
    RefundFailed,
    RefundPromised,
    RefundRow,
    RefundUnknown,
    TooManyPayments,
    Truth,
    Waiting,
    Wish,
)
from artel.payments.provider import MANUAL, TEST, Provider, ProviderFailed

NEWEST: Final = 2**62  # before the first of a list that begins with its newest row
PAYMENTS_MAX: Final = 20  # of one order with one provider: whoever tries stolen cards tries many
PROVIDER_TIMEOUT_S: Final = 20.0  # a provider that takes longer is asked again later


class Providers(Struct, frozen=True):
    """Who takes money for this installation, by name; `manual` besides, which is nobody."""

    outside: Mapping[str, Provider]

    def check(self, name: str, method: str) -> str:
        """The way to pay that is meant. Raises ProviderUnknown, MethodUnknown, MoneyNotReal."""
        known = {MANUAL: ("",)} | {each: provider.methods for each, provider in self.outside.items()}
        if name == TEST and name not in known:
            raise MoneyNotReal
        if name not in known:
            raise ProviderUnknown(provider=name, known=", ".join(sorted(known)))
        if method and method not in known[name]:
            raise MethodUnknown(provider=name, method=method, known=", ".join(known[name]) or "only one")
        return method or known[name][0]


class Asked(Struct, frozen=True):
    """What a provider answered about a payment: what it calls it, and what became of it; None: nothing yet."""

    payment_id: int
    reference: str | None = None
    truth: Truth | None = None
    failure: str = ""  # why it did not answer

    def is_news(self, payment: PaymentRow) -> bool:
        """Whether there is something to take down."""
        return payment.reference != self.reference or (self.truth is not None and self.truth.status != "pending")


class Pass(Struct, frozen=True):
    """One pass of a chore: how much it saw to, and what went wrong and will be tried again."""

    done: int
    failures: list[str]


class Payable(Struct, frozen=True):
    """What a payment needs to know of the order that it is for."""

    order_id: int
    account_id: int
    shop_ids: list[int]
    total_minor: int
    currency: str


# --- payments


async def begin(tx: Write, order: Payable, wish: Wish, providers: Providers) -> PaymentRow:
    """A payment of the order's total that waits for its money; the one that waits already, when there is one.

    Raises ProviderUnknown, MethodUnknown, MoneyNotReal, TooManyPayments.
    """
    method = providers.check(wish.provider, wish.method)
    failed = await tx.one(queries.FAILED_OF_ORDER, order_id=order.order_id, of_provider=wish.provider)
    if (failed or 0) >= PAYMENTS_MAX:
        raise TooManyPayments(payments=PAYMENTS_MAX)
    outside = wish.provider in providers.outside
    row = await tx.one(
        queries.BEGIN,
        order_id=order.order_id,
        account_id=order.account_id,
        shop_ids=numbers(order.shop_ids),
        provider=wish.provider,
        method=method,
        amount_minor=order.total_minor,
        currency=order.currency,
        now_us=tx.now_us,
        check_us=tx.now_us + rules.START_GRACE_US if outside else 0,
    )
    assert row is not None, "an upsert answers with its row"
    return row


async def ask(providers: Providers, payment: PaymentRow) -> Asked:
    """Ask the provider for the money, unless it was asked already, and what became of it. Outside of a transaction."""
    provider = providers.outside.get(payment.provider)
    if provider is None:
        return Asked(payment.id)
    reference = payment.reference
    try:
        async with asyncio.timeout(PROVIDER_TIMEOUT_S):
            reference = reference or await provider.start(payment)
            return Asked(payment.id, reference, await provider.state(reference))
    except (ProviderFailed, TimeoutError) as failure:
        return Asked(payment.id, reference, failure=f"payment {payment.id}: {_why(failure)}")


async def name(tx: Write, asked: Asked) -> None:
    """Keep what the provider calls the payment."""
    if asked.reference is not None:
        await tx.run(queries.NAME, payment_id=asked.payment_id, new_reference=asked.reference)


async def settle(
    tx: Write, payment_id: int, truth: Truth, confirmed_by: int | None = None, note: str = ""
) -> PaymentRow | None:
    """Take the truth down. Answers the payment, once, when what was asked for was taken: the order is paid, or else
    whoever calls promises it back. Another amount is promised back here. None: nothing is to be done.
    """
    before = await _get_locked(tx, payment_id)
    status = rules.news(before, truth)
    if status is None:
        if truth.status == "declined":
            await tx.run(queries.ASK_NO_MORE, payment_id=payment_id)
        return None
    taken = status == "succeeded"
    row = await tx.one(
        queries.SETTLE,
        payment_id=payment_id,
        new_status=status,
        new_taken_minor=truth.amount_minor if taken else 0,
        new_taken_currency=truth.currency if taken else "",
        new_confirmed_by=confirmed_by,
        new_note=note,
        now_us=tx.now_us,
    )
    assert row is not None, "the row is locked since it was read"
    if not taken:
        await emit(tx, Declined(*_of(row), row.provider))
        return None
    if not rules.is_exact(row):
        await promise_back(tx, row, rules.TOOK_ANOTHER_AMOUNT)
        return None
    return row


async def receive(tx: Write, payment_id: int, body: Receipt, by: int | None) -> PaymentRow | None:
    """Staff say that the money of a payment by hand is there; answers like `settle`.

    Raises NotByHand, AlreadySettled, AmountDiffers.
    """
    payment = await _get_locked(tx, payment_id)
    if payment.provider != MANUAL:
        raise NotByHand(provider=payment.provider)
    if payment.status != "pending":
        raise AlreadySettled(status=payment.status)
    if body.amount_minor != payment.amount_minor:
        raise AmountDiffers(
            expected_minor=payment.amount_minor, currency=payment.currency, given_minor=body.amount_minor
        )
    truth = Truth("captured", body.amount_minor, payment.currency)
    return await settle(tx, payment.id, truth, by, body.note)


async def notified(db: Database, provider: str, body: Hint) -> None:
    """Somebody says that something happened to a payment: its provider is asked soon. Nothing else is believed.

    Answers alike whatever it meets. However often it comes, a provider is asked once in two seconds, and what is not
    known, or is asked for soon anyway, costs one read.
    """
    if await db.read(_hinted, provider, body.reference):
        await db.write(_check_soon, provider, body.reference)


async def _hinted(tx: Read, provider: str, reference: str) -> bool:
    found = await tx.one(queries.HINTED, of_provider=provider, of_reference=reference, now_us=tx.now_us)
    return found is not None


async def _check_soon(tx: Write, provider: str, reference: str) -> None:
    await tx.run(queries.CHECK_SOON, of_provider=provider, of_reference=reference, now_us=tx.now_us)


async def checks_wait(tx: Read, providers: Providers) -> bool:
    """Whether a provider is to be asked for a payment now."""
    return await _any_due(tx, queries.CHECK_WAITS, providers)


async def claim_checks(tx: Write, providers: Providers) -> list[PaymentRow]:
    """Payments whose provider is to be asked now. The next time is set already: a crash only delays."""
    claimed = [
        await tx.all(queries.CLAIM_CHECKS, of_provider=provider, now_us=tx.now_us)
        for provider in sorted(providers.outside)
    ]
    return sorted((row for rows in claimed for row in rows), key=lambda row: row.id)


async def get(tx: Read, payment_id: int) -> PaymentRow:
    """A payment. Raises PaymentUnknown."""
    row = await tx.one(queries.BY_ID, payment_id=payment_id)
    if row is None:
        raise PaymentUnknown(payment_id=payment_id)
    return row


async def shown(tx: Read, rows: Sequence[PaymentRow]) -> list[Payment]:
    """Payments with their refunds. One statement for any number."""
    refunds = await tx.all(queries.REFUNDS_OF, payment_ids=numbers(row.id for row in rows)) if rows else []
    return [rules.shown(row, refunds) for row in rows]


async def of_order(tx: Read, order_id: int) -> list[Payment]:
    """The payments of an order, oldest first: a few of each provider. Two statements."""
    return await shown(tx, await tx.all(queries.OF_ORDER, order_id=order_id))


async def brief_of_order(tx: Read, order_id: int) -> list[PaymentShown]:
    """The same without their refunds, in one statement."""
    return await tx.all(queries.BRIEF_OF_ORDER, order_id=order_id)


async def list_payments(tx: Read, who: Actor, query: Filter) -> Page[Payment]:
    """Payments, newest first, for the staff of the platform. Two statements."""
    cut = Cut(query.limit, query.after)
    place = {"before_id": cut.key(NEWEST), "row_limit": cut.limit + 1}
    if query.status is None:
        rows = await tx.all(queries.LIST, **place)
    elif query.status.startswith("refund_"):
        rows = await tx.all(queries.LIST_OF_REFUND_STATUS, of_status=query.status.removeprefix("refund_"), **place)
    else:
        rows = await tx.all(queries.LIST_OF_STATUS, of_status=query.status, **place)
    cut_rows = page(rows, cut, "id")
    return Page(await shown(tx, cut_rows.items), cut_rows.next)


async def count(tx: Read) -> Waiting:
    """How many payments and refunds wait or failed, for the metrics."""
    found = await tx.one(queries.COUNT)
    assert found is not None, "counts are one row"
    return found


# --- refunds


async def promise_refund(tx: Write, order_id: int, amount_minor: int, reason: str) -> list[RefundRow]:
    """Promise this much of what was taken for an order, or all that is left of it. The refunds are made later.

    Nothing is promised twice, and nothing where nothing was taken.
    """
    rows = await tx.all(queries.TAKEN_LOCKED, order_id=order_id)
    parts = rules.shares(amount_minor, [row.taken_minor - row.refunding_minor for row in rows])
    return [await _promise(tx, row, part, reason) for row, part in zip(rows, parts, strict=True) if part]


async def promise_back(tx: Write, payment: PaymentRow, reason: str = rules.NOT_AWAITED) -> list[RefundRow]:
    """Promise back all that a payment took, since it was not wanted."""
    left_minor = payment.taken_minor - payment.refunding_minor
    return [await _promise(tx, payment, left_minor, reason)] if left_minor else []


async def _promise(tx: Write, payment: PaymentRow, amount_minor: int, reason: str) -> RefundRow:
    promised = await tx.run(queries.PROMISE, payment_id=payment.id, more_minor=amount_minor)
    assert promised, "the payment is locked since its room was read"
    row = await tx.one(
        queries.PROMISED,
        payment_id=payment.id,
        order_id=payment.order_id,
        provider=payment.provider,
        amount_minor=amount_minor,
        currency=payment.taken_currency,
        reason=reason,
        now_us=tx.now_us,
        try_us=tx.now_us if payment.reference else 0,
    )
    assert row is not None, "an insert answers with its row"
    await emit(tx, RefundPromised(*_of(payment), row.id, row.amount_minor, row.currency, reason))
    return row


async def refund_due(db: Database, providers: Providers) -> Pass:
    """Give back what was promised and is due. Steps: each refund carries a key, so that a repetition gives nothing."""
    if not await db.read(_any_due, queries.REFUND_WAITS, providers):
        return Pass(0, [])
    claimed = await db.write(_claim_refunds, providers)
    failures = await asyncio.gather(*(_give_back(db, providers, refund, payment) for refund, payment in claimed))
    return Pass(len(claimed), [failure for failure in failures if failure])


async def _any_due(tx: Read, query: Query[int], providers: Providers) -> bool:
    for provider in providers.outside:
        if await tx.one(query, of_provider=provider, now_us=tx.now_us) is not None:
            return True
    return False


async def _claim_refunds(tx: Write, providers: Providers) -> list[tuple[RefundRow, PaymentRow]]:
    claimed = []
    for provider in sorted(providers.outside):
        for row in await tx.all(queries.CLAIM_REFUNDS, of_provider=provider, now_us=tx.now_us):
            claimed.append((row, await get(tx, row.payment_id)))
    return claimed


async def _give_back(db: Database, providers: Providers, refund: RefundRow, payment: PaymentRow) -> str:
    assert payment.reference is not None, "money that was taken has a name"
    try:
        async with asyncio.timeout(PROVIDER_TIMEOUT_S):
            provider = providers.outside[payment.provider]
            reference = await provider.refund(payment.reference, refund.amount_minor, f"refund-{refund.id}")
    except (ProviderFailed, TimeoutError) as failure:
        if refund.tries >= rules.REFUND_TRIES_MAX:
            await db.write(_fail, refund, payment)
        return f"refund {refund.id}: {_why(failure)}"
    await db.write(_done, refund, payment, reference)
    return ""


async def _done(tx: Write, refund: RefundRow, payment: PaymentRow, reference: str) -> None:
    if await tx.one(queries.REFUND_DONE, refund_id=refund.id, new_reference=reference, now_us=tx.now_us):
        await emit(tx, Refunded(*_of(payment), refund.id, refund.amount_minor, refund.currency))


async def _fail(tx: Write, refund: RefundRow, payment: PaymentRow) -> None:
    if await tx.one(queries.REFUND_FAILED, refund_id=refund.id):
        await emit(tx, RefundFailed(*_of(payment), refund.id, refund.amount_minor, refund.currency, refund.tries))


async def get_refund(tx: Read, refund_id: int) -> RefundRow:
    """A refund. Raises RefundUnknown."""
    row = await tx.one(queries.REFUND_BY_ID, refund_id=refund_id)
    if row is None:
        raise RefundUnknown(refund_id=refund_id)
    return row


async def confirm_refund(tx: Write, refund: RefundRow, payment: PaymentRow, by: int | None, note: str) -> Refund:
    """Staff gave it back by hand: of a payment by hand, or one that failed. Raises NotByHand, AlreadySettled."""
    row = await tx.one(queries.REFUND_CONFIRMED, refund_id=refund.id, by=by, new_note=note, now_us=tx.now_us)
    if row is None:
        refund = await get_refund(tx, refund.id)
        raise AlreadySettled(status=refund.status) if refund.status == "done" else NotByHand(provider=refund.provider)
    await emit(tx, Refunded(*_of(payment), row.id, row.amount_minor, row.currency))
    return rules.refund_shown(row)


async def retry_refund(tx: Write, who: Actor, refund_id: int) -> Refund:
    """Try a refund that failed from the beginning. Raises RefundUnknown, AlreadySettled."""
    row = await tx.one(queries.REFUND_AGAIN, refund_id=refund_id, now_us=tx.now_us)
    if row is None:
        raise AlreadySettled(status=(await get_refund(tx, refund_id)).status)
    return rules.refund_shown(row)


def _of(payment: PaymentRow) -> tuple[int, int, int, list[int]]:
    """The fields that every event of a payment begins with."""
    return payment.id, payment.order_id, payment.account_id, rules.shops_of(payment)


async def _get_locked(tx: Write, payment_id: int) -> PaymentRow:
    row = await tx.one(queries.BY_ID_LOCKED, payment_id=payment_id)
    if row is None:
        raise PaymentUnknown(payment_id=payment_id)
    return row


def _why(failure: ProviderFailed | TimeoutError) -> str:
    return str(failure) or "no answer in time"
