"""Wallets: pure decisions."""

from typing import Final

from artel.kernel.clock import iso
from artel.ledger.book import model as book
from artel.ledger.book.model import HoldIntent, Intent, Posting
from artel.ledger.wallets.model import Correction, Move, Status, Withdrawal, WithdrawalMoved, WithdrawalRow
from artel.payments.model import PaymentRow

MOVES: Final[dict[Move, tuple[Status, Status]]] = {  # from which state into which
    "pay": ("requested", "paid"),
    "refuse": ("requested", "refused"),
    "cancel": ("requested", "cancelled"),
}
NO_ROOM: Final = "The wallet would hold more than it may."


def moved(row: WithdrawalRow, move: Move) -> Status:
    """The state that the move leads to. Raises WithdrawalMoved."""
    before, after = MOVES[move]
    if row.status != before:
        raise WithdrawalMoved(
            withdrawal_id=row.id, move=move, status=row.status, at=iso(row.settled_us or row.created_us)
        )
    return after


# --- in the book


def topped_up(payment: PaymentRow) -> Intent:
    """What a provider took is the payer's."""
    return Intent(
        kind="wallet.topped_up",
        reference=f"payment/{payment.id}",
        key=f"payment/{payment.id}",
        postings=(
            Posting(book.provider(payment.provider, payment.taken_currency), -payment.taken_minor),
            Posting(book.wallet(payment.account_id, payment.taken_currency), payment.taken_minor),
        ),
        note=payment.note,
        by=payment.confirmed_by,
    )


def corrected(account_id: int, body: Correction, sign: int, key: str, by: int | None) -> Intent:
    """What staff give (sign 1) or take (sign -1) comes from outside, or goes there."""
    amount_minor = sign * body.amount_minor
    return Intent(
        kind="wallet.credited" if sign > 0 else "wallet.debited",
        reference=f"account/{account_id}",
        key=key,
        postings=(
            Posting(book.world(body.currency), -amount_minor),
            Posting(book.wallet(account_id, body.currency), amount_minor),
        ),
        note=body.note,
        by=by,
    )


def reference(withdrawal_id: int) -> str:
    """What the book calls a withdrawal."""
    return f"withdrawal/{withdrawal_id}"


def promised(row: WithdrawalRow) -> HoldIntent:
    """What shall be withdrawn cannot be spent."""
    return HoldIntent(
        place=book.wallet(row.account_id, row.currency),
        amount_minor=row.amount_minor,
        kind="withdrawal",
        reference=reference(row.id),
        key=reference(row.id),
    )


# --- what is shown


def shown(row: WithdrawalRow) -> Withdrawal:
    """A withdrawal as an answer."""
    return Withdrawal(
        row.id,
        row.account_id,
        row.amount_minor,
        row.currency,
        row.destination,
        row.status,
        row.note,
        row.hold_id,
        row.transfer_id,
        iso(row.created_us),
        iso(row.settled_us) if row.settled_us else None,
    )
