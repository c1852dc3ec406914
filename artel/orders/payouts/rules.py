"""Payouts: pure decisions."""

from collections.abc import Collection

from artel.kernel.actor import PLATFORM, Actor
from artel.kernel.clock import iso
from artel.ledger.book import model as book
from artel.ledger.book.model import Intent, Place, Posting, StatementQuery
from artel.orders.payouts.model import Due, Payout, PayoutRow


def sees(who: Actor, own_shops: Collection[int], shop_id: int) -> bool:
    """Whether the asker may see what a shop was given: the platform sees all."""
    return who.is_any(PLATFORM) or shop_id in own_shops


def shop_of(owner: str) -> int:
    """The shop that the book calls so."""
    return int(owner.removeprefix("shop/"))


def place_of(due: Due) -> Place:
    """Where a shop's earnings are."""
    return book.revenue(due.shop_id, due.currency)


def reference(payout_id: int) -> str:
    """What the book calls a payout."""
    return f"payout/{payout_id}"


def paid_out(payout_id: int, place: Place, amount_minor: int, note: str, by: int | None) -> Intent:
    """All that a shop earned leaves."""
    return Intent(
        kind="payout.made",
        reference=reference(payout_id),
        key=reference(payout_id),
        postings=(Posting(place, -amount_minor), Posting(book.payouts(place.currency), amount_minor)),
        note=note,
        by=by,
    )


def statement_of(row: PayoutRow, limit: int, after: str | None) -> StatementQuery:
    """The part of the shop's account that a payout covers, as the book is asked for it."""
    return StatementQuery(iso(row.from_us + 1), iso(row.until_us + 1), limit, after)


def shown(row: PayoutRow) -> Payout:
    """The payout as an answer."""
    return Payout(
        row.id,
        row.shop_id,
        row.currency,
        row.amount_minor,
        row.transfer_id,
        iso(row.from_us) if row.from_us else None,
        iso(row.until_us),
        iso(row.at_us),
        row.by,
        row.note,
    )
