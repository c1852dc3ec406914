"""How money is owed and given back: the refund's row, its transfer in the book, and what is told."""

from artel.db import Write, emit
from artel.ledger.book import service as book
from artel.payments import queries, rules
from artel.payments.model import PaymentRow, Refunded, RefundFailed, RefundPromised, RefundRow
from artel.payments.provider import WALLET


async def promise(tx: Write, payment: PaymentRow, amount_minor: int, reason: str) -> RefundRow:
    """Promise so much of a payment that the transaction has locked; into a wallet it goes at once."""
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
    await emit(tx, RefundPromised(*told_of(payment), row.id, row.amount_minor, row.currency, reason))
    if payment.provider == WALLET:
        await done(tx, row, payment, None)
    return row


async def done(tx: Write, refund: RefundRow, payment: PaymentRow, reference: str | None) -> None:
    """Write down that the money went back, unless somebody was faster."""
    row = await tx.one(queries.REFUND_DONE, refund_id=refund.id, new_reference=reference, now_us=tx.now_us)
    if row:
        await went_back(tx, payment, row)


async def went_back(tx: Write, payment: PaymentRow, refund: RefundRow, *, by_hand: bool = False) -> None:
    """The refund is done: in the book nothing is owed for it any more."""
    await book.post(tx, rules.given_back(payment, refund, by_hand=by_hand))
    await emit(tx, Refunded(*told_of(payment), refund.id, refund.amount_minor, refund.currency))


async def fail(tx: Write, refund: RefundRow, payment: PaymentRow) -> None:
    """Write down that it was tried for the last time: the money is owed still."""
    if await tx.one(queries.REFUND_FAILED, refund_id=refund.id):
        await emit(tx, RefundFailed(*told_of(payment), refund.id, refund.amount_minor, refund.currency, refund.tries))


def told_of(payment: PaymentRow) -> tuple[int, int | None, int, list[int]]:
    """The fields that every event of a payment begins with."""
    return payment.id, payment.order_id, payment.account_id, rules.shops_of(payment)
