"""Whether wallets and the book tell the same: a withdrawal left once, a top-up came once, or went back."""

from collections.abc import Iterator, Sequence
from typing import Final

from artel.db import Read
from artel.ledger.book import ties
from artel.ledger.book.model import Broken, HoldRow, HoldStatus
from artel.ledger.book.ties import Nets
from artel.ledger.wallets import queries, rules
from artel.ledger.wallets.model import Status, WithdrawalRow
from artel.payments import service as payments
from artel.payments.model import Payment

PAGE: Final = 500  # rows of one step
HELD: Final[dict[Status, HoldStatus]] = {  # what its hold is
    "requested": "pending",
    "paid": "posted",
    "refused": "voided",
    "cancelled": "voided",
}
WITHDRAWAL: Final = rules.reference(0).removesuffix("0")


async def check(tx: Read) -> list[Broken]:
    """What does not agree. It reads every withdrawal and every top-up, a page at a time."""
    return [
        *await _withdrawals(tx),
        *await ties.strays(tx, "wallets.known", WITHDRAWAL, queries.KNOWN),
        *await _top_ups(tx),
    ]


async def _withdrawals(tx: Read) -> list[Broken]:
    broken: list[Broken] = []
    after_id = 0
    while found := await tx.all(queries.AFTER, after_id=after_id, row_limit=PAGE):
        broken += compare(found, await ties.nets(tx, (rules.reference(row.id) for row in found)))
        holds = await ties.holds(tx, (row.hold_id for row in found if row.hold_id))
        broken += [
            Broken("wallets.held", rules.reference(row.id), f"its hold is not {HELD[row.status]} since its own time")
            for row in found
            if not _has_hold(row, holds.get(row.hold_id or 0))
        ]
        after_id = found[-1].id
    return broken


def _has_hold(row: WithdrawalRow, hold: HoldRow | None) -> bool:
    if hold is None:
        return False
    has = (hold.reference, hold.amount_minor, hold.status, hold.created_us, hold.settled_us)
    return has == (rules.reference(row.id), row.amount_minor, HELD[row.status], row.created_us, row.settled_us)


def compare(found: Sequence[WithdrawalRow], nets: Nets) -> Iterator[Broken]:
    """Where the book has something else than these withdrawals."""
    for row in found:
        reference = rules.reference(row.id)
        has, should = nets[reference, "wallet", row.currency], -row.amount_minor if row.status == "paid" else 0
        if has != should:
            problem = f"the book has {has} minor units in the wallet, the withdrawal {should}"
            yield Broken("wallets.withdrawn", reference, problem)


async def _top_ups(tx: Read) -> list[Broken]:
    broken: list[Broken] = []
    after_id = 0
    while found := await payments.top_ups_after(tx, after_id, PAGE):
        nets = await ties.nets(tx, (payments.reference(payment.id) for payment in found))
        broken += compare_top_ups(found, nets)
        after_id = found[-1].id
    return broken


def compare_top_ups(found: Sequence[Payment], nets: Nets) -> Iterator[Broken]:
    """Where the book has something else than these top-ups."""
    for payment in found:
        reference = payments.reference(payment.id)
        currency = payment.taken_currency or payment.currency
        kept = payment.taken_minor - payment.refunding_minor
        owed = sum(refund.amount_minor for refund in payment.refunds if refund.status != "done")
        for invariant, has, should in (
            ("wallets.topped_up", nets[reference, "wallet", currency], kept),
            ("wallets.owed", nets[reference, "refunds", currency], owed),
        ):
            if has != should:
                yield Broken(invariant, reference, f"the book has {has} minor units, the top-up {should}")
