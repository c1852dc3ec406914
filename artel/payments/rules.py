"""Payments: pure decisions."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from artel.kernel.clock import US, iso
from artel.ledger.book import model as book
from artel.ledger.book.model import Intent, Place, Posting
from artel.payments.model import Payment, PaymentRow, Refund, RefundRow, Truth
from artel.payments.provider import MANUAL, WALLET

# How long after the first, the second, … question a provider is asked again, seconds. It never ends: a provider that
# takes the money weeks later must not keep it.
CHECK_AFTER_S: Final = (2, 3, 5, 10, 20, 40, 60, 120, 300, 600, 1_800, 3_600, 10_800, 21_600, 86_400)
# The same for a refund that did not succeed; after the last one staff have to see to it, three days later.
REFUND_AFTER_S: Final = (2, 5, 20, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400, 86_400)
REFUND_TRIES_MAX: Final = len(REFUND_AFTER_S)
START_GRACE_US: Final = 5 * US  # a request that has just begun a payment asks the provider itself
HINT_PAUSE_US: Final = 2 * US  # a provider is asked no oftener than this, however often somebody says that it should be

TOOK_ANOTHER_AMOUNT: Final = "The provider took another amount than it was asked for."
NOT_AWAITED: Final = "The order was not waiting for this payment any more."


def news(row: PaymentRow, truth: Truth) -> Literal["succeeded", "failed"] | None:
    """What the truth changes. Taken money counts even after a refusal: some providers let their customer try again."""
    if row.status != "succeeded" and truth.status == "captured":
        return "succeeded"
    if row.status == "pending" and truth.status == "declined":
        return "failed"
    return None


def is_exact(row: PaymentRow) -> bool:
    """Whether what was taken is what was asked for."""
    return (row.taken_minor, row.taken_currency) == (row.amount_minor, row.currency)


def shares(wanted_minor: int, rooms: Sequence[int]) -> list[int]:
    """The amount out of several payments, the first ones first, never more than the room that each has."""
    taken = []
    for room in rooms:
        taken.append(min(wanted_minor, room))
        wanted_minor -= taken[-1]
    return taken


# --- its money in the book


def reference(payment_id: int) -> str:
    """What the book calls a payment."""
    return f"payment/{payment_id}"


def place_of(row: PaymentRow) -> Place:
    """Where the money of a payment that was taken came from, and goes back to."""
    if row.provider == WALLET:
        return book.wallet(row.account_id, row.taken_currency)
    return book.provider(row.provider, row.taken_currency)


def unwanted(row: PaymentRow, reason: str) -> Intent:
    """All that a payment took is owed to who paid."""
    return Intent(
        kind="payment.unwanted",
        reference=reference(row.id),
        key=f"payment/{row.id}/unwanted",
        postings=(
            Posting(place_of(row), -row.taken_minor),
            Posting(book.refunds(row.taken_currency), row.taken_minor),
        ),
        note=reason,
    )


def given_back(row: PaymentRow, refund: RefundRow, *, by_hand: bool = False) -> Intent:
    """What was owed went back to where it came from, or was sent by hand."""
    giver = book.provider(MANUAL, refund.currency) if by_hand else place_of(row)
    return Intent(
        kind="payment.refunded",
        reference=reference(row.id),
        key=f"refund/{refund.id}",
        postings=(
            Posting(book.refunds(refund.currency), -refund.amount_minor),
            Posting(giver, refund.amount_minor),
        ),
        note=refund.reason,
        by=refund.confirmed_by,
    )


# --- what is shown


def shops_of(row: PaymentRow) -> list[int]:
    """Whose goods it pays for."""
    return msgspec.json.decode(row.shop_ids, type=list[int])


def refund_shown(row: RefundRow) -> Refund:
    """The refund as an answer."""
    return Refund(
        row.id,
        row.payment_id,
        row.order_id,
        row.amount_minor,
        row.currency,
        row.reason,
        row.status,
        row.reference,
        row.note,
        iso(row.created_us),
        iso(row.done_us) if row.done_us else None,
        row.tries,
    )


def shown(row: PaymentRow, refunds: Sequence[RefundRow]) -> Payment:
    """The payment as an answer; of the refunds those that are its own."""
    return Payment(
        row.id,
        row.order_id,
        row.provider,
        row.method,
        row.reference,
        row.status,
        row.amount_minor,
        row.currency,
        row.taken_minor,
        row.taken_currency,
        row.refunding_minor,
        row.note,
        iso(row.created_us),
        iso(row.settled_us) if row.settled_us else None,
        [refund_shown(refund) for refund in refunds if refund.payment_id == row.id],
    )
