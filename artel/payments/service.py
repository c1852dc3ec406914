"""Payments and refunds: use cases. What also moves the order is in artel/orders/orders/paying.py.

Whoever calls these inside a transaction has written or locked the order's row before, so that locks are taken in one
order everywhere: the order, then its payments.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from artel.db import Database, Query, Read, Write, emit, numbers
from artel.kernel.actor import Actor
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.ledger.book import service as book
from artel.ledger.book.model import Place
from artel.payments import giving, limits, queries, rules
from artel.payments.model import (
    AlreadySettled,
    AmountDiffers,
    Declined,
    Filter,
    Hint,
    MethodUnknown,
    MoneyNotReal,
    NotByHand,
    Owed,
    Payable,
    Payment,
    PaymentRow,
    PaymentShown,
    PaymentUnknown,
    ProviderUnknown,
    Receipt,
    Refund,
    RefundRow,
    RefundUnknown,
    Remark,
    Truth,
    Waiting,
    Wish,
)
from artel.payments.provider import MANUAL, TEST, WALLET, Provider, ProviderFailed

PROVIDER_TIMEOUT_S: Final = 20.0  # a provider that takes longer is asked again later


class Providers(Struct, frozen=True):
    """Who takes money for this installation, by name; besides them `manual` and `wallet`, which are nobody."""

    outside: Mapping[str, Provider]

    def check(self, name: str, method: str, *, wallet: bool = False) -> str:
        """The way to pay that is meant. Raises ProviderUnknown, MethodUnknown, MoneyNotReal."""
        nobody = (MANUAL, WALLET) if wallet else (MANUAL,)
        known = dict.fromkeys(nobody, ("",)) | {each: provider.methods for each, provider in self.outside.items()}
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


# --- payments


async def begin(tx: Write, order: Payable, wish: Wish, providers: Providers) -> PaymentRow:
    """A payment of the order's total that waits for its money; the one that waits already, when there is one.

    Of a top-up: the one that the same request began. Raises ProviderUnknown, MethodUnknown, MoneyNotReal,
    TooManyPayments, TooManyTopUps.
    """
    method = providers.check(wish.provider, wish.method, wallet=order.order_id is not None)
    if order.order_id is not None:
        await limits.refuse_failed(tx, order, wish.provider)
    outside = wish.provider in providers.outside
    row = await tx.one(
        queries.BEGIN_TOP_UP if order.order_id is None else queries.BEGIN,
        order_id=order.order_id,
        account_id=order.account_id,
        shop_ids=numbers(order.shop_ids),
        provider=wish.provider,
        method=method,
        amount_minor=order.total_minor,
        currency=order.currency,
        request_key=order.request_key,
        now_us=tx.now_us,
        check_us=tx.now_us + rules.START_GRACE_US if outside else 0,
    )
    assert row is not None, "an upsert answers with its row"
    if order.order_id is None:
        await limits.refuse_unpaid(tx, row)
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
        await emit(tx, Declined(*giving.told_of(row), row.provider))
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


def is_inside(wish: Wish) -> bool:
    """Whether the money is in the book already, so that nobody is asked for it."""
    return wish.provider == WALLET


def reference(payment_id: int) -> str:
    """What the book calls a payment."""
    return rules.reference(payment_id)


def source(payment: PaymentRow) -> Place:
    """Where in the book the money of a payment that was taken came from."""
    return rules.place_of(payment)


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


async def owed(tx: Read, order_ids: Iterable[int]) -> list[Owed]:
    """The payments of these orders, with what is promised back of each. One statement."""
    return await tx.all(queries.OWED, order_ids=numbers(order_ids))


async def top_ups(tx: Read, account_id: int, cut: Cut) -> Page[Payment]:
    """The payments of an account that are of no order, newest first. Two statements."""
    rows = await tx.all(queries.TOP_UPS, account_id=account_id, before_id=cut.key(NEWEST), row_limit=cut.limit + 1)
    cut_rows = page(rows, cut, "id")
    return Page(await shown(tx, cut_rows.items), cut_rows.next)


async def top_ups_after(tx: Read, after_id: int, limit: int) -> list[Payment]:
    """The next top-ups of all, by id. Two statements."""
    return await shown(tx, await tx.all(queries.TOP_UPS_AFTER, after_id=after_id, row_limit=limit))


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
    return [await giving.promise(tx, row, part, reason) for row, part in zip(rows, parts, strict=True) if part]


async def promise_back(tx: Write, payment: PaymentRow, reason: str = rules.NOT_AWAITED) -> list[RefundRow]:
    """Promise back all that a payment took, since it was not wanted: in the book it is owed from now on."""
    if not payment.taken_minor:
        return []
    await book.post(tx, rules.unwanted(payment, reason))
    return [await giving.promise(tx, payment, payment.taken_minor, reason)]


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
            await db.write(giving.fail, refund, payment)
        return f"refund {refund.id}: {_why(failure)}"
    await db.write(giving.done, refund, payment, reference)
    return ""


async def get_refund(tx: Read, refund_id: int) -> RefundRow:
    """A refund. Raises RefundUnknown."""
    row = await tx.one(queries.REFUND_BY_ID, refund_id=refund_id)
    if row is None:
        raise RefundUnknown(refund_id=refund_id)
    return row


async def confirm_refund(tx: Write, refund: RefundRow, payment: PaymentRow, by: int | None, body: Remark) -> Refund:
    """Staff say that it is done: of a payment by hand, or one that failed. Raises NotByHand, AlreadySettled."""
    row = await tx.one(queries.REFUND_CONFIRMED, refund_id=refund.id, by=by, new_note=body.note, now_us=tx.now_us)
    if row is None:
        refund = await get_refund(tx, refund.id)
        raise AlreadySettled(status=refund.status) if refund.status == "done" else NotByHand(provider=refund.provider)
    await giving.went_back(tx, payment, row, by_hand=body.by_hand)
    return rules.refund_shown(row)


async def retry_refund(tx: Write, who: Actor, refund_id: int) -> Refund:
    """Try a refund that failed from the beginning. Raises RefundUnknown, AlreadySettled."""
    row = await tx.one(queries.REFUND_AGAIN, refund_id=refund_id, now_us=tx.now_us)
    if row is None:
        raise AlreadySettled(status=(await get_refund(tx, refund_id)).status)
    return rules.refund_shown(row)


async def _get_locked(tx: Write, payment_id: int) -> PaymentRow:
    row = await tx.one(queries.BY_ID_LOCKED, payment_id=payment_id)
    if row is None:
        raise PaymentUnknown(payment_id=payment_id)
    return row


def _why(failure: ProviderFailed | TimeoutError) -> str:
    return str(failure) or "no answer in time"
