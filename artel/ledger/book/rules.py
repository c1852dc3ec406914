"""The book: pure decisions and arithmetic."""

import hashlib
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from artel.kernel.clock import iso
from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book.model import (
    AccountRow,
    AlreadyReversed,
    AmountUnfit,
    Balance,
    BookAccount,
    Entry,
    Hold,
    HoldIntent,
    HoldRow,
    Intent,
    Line,
    NotEnoughMoney,
    Place,
    Posting,
    Purpose,
    TiedElsewhere,
    TooMuchMoney,
    Transfer,
)
from artel.ledger.book.rows import EntryShown, LineRow, Stand, TransferShown

HOT: Final[frozenset[Purpose]] = frozenset({"fees", "refunds", "provider", "payouts", "world"})
FLOORS: Final[dict[Purpose, int]] = {"wallet": 0, "escrow": 0}  # the others may fall below zero
WALLET_CAP_MINOR: Final = 100_000_000  # as the old service had it: 1,000,000 of a currency with two digits


TIED: Final = ("order/", "job/", "payment/", "payout/", "withdrawal/")  # what has its own ways to give money back
_PLACE: Final = attrgetter("place")
_ENCODE: Final = msgspec.json.Encoder().encode


def cap_of(place: Place) -> int | None:
    """What an account may not rise above."""
    return WALLET_CAP_MINOR if place.purpose == "wallet" else None


def check(intent: Intent) -> None:
    """Refuse an amount that no transfer can have; anything else that is wrong with an intent is our own fault.

    Raises AmountUnfit.
    """
    sums: dict[str, int] = {}
    for posting in intent.postings:
        if not 0 < abs(posting.amount_minor) <= AMOUNT_MAX:
            raise AmountUnfit(max_minor=AMOUNT_MAX)
        currency = posting.place.currency
        sums[currency] = sums.get(currency, 0) + posting.amount_minor
    assert not any(sums.values()), "a transfer sums to zero in each currency"
    assert len({posting.place for posting in intent.postings}) == len(intent.postings) >= 2, "an account once"


def refuse_unfit(amount_minor: int) -> None:
    """Raises AmountUnfit."""
    if not 0 < amount_minor <= AMOUNT_MAX:
        raise AmountUnfit(max_minor=AMOUNT_MAX)


def ordered(intent: Intent) -> Intent:
    """The same with its postings in the order in which accounts are locked, everywhere the same."""
    return msgspec.structs.replace(intent, postings=tuple(sorted(intent.postings, key=_PLACE)))


def input_hash(intent: Intent | HoldIntent) -> bytes:
    """What tells one cause from another under the same key: SHA-256 of all that was asked for."""
    return hashlib.sha256(_ENCODE(intent)).digest()


def reversed_postings(entries: Sequence[tuple[Place, int]]) -> tuple[Posting, ...]:
    """What takes a transfer back: every amount the other way."""
    return tuple(Posting(place, -amount_minor) for place, amount_minor in entries)


def refuse(stand: Stand, posting: Posting) -> None:
    """Raises NotEnoughMoney, TooMuchMoney where the account may not change like that."""
    available_minor = stand.posted_minor - stand.held_minor
    change_minor = posting.amount_minor + posting.release_minor
    currency = posting.place.currency
    if stand.floor_minor is not None and change_minor < 0 and available_minor + change_minor < stand.floor_minor:
        raise NotEnoughMoney(
            available_minor=available_minor - stand.floor_minor, needed_minor=-change_minor, currency=currency
        )
    raised_minor = stand.posted_minor + posting.amount_minor
    if stand.cap_minor is not None and posting.amount_minor > 0 and raised_minor > stand.cap_minor:
        raise TooMuchMoney(cap_minor=stand.cap_minor, currency=currency)


def refuse_by_hand(transfer: Transfer) -> None:
    """Raises AlreadyReversed; TiedElsewhere for what an order or a job would not know of."""
    if transfer.reference.startswith(TIED):
        raise TiedElsewhere(transfer_id=transfer.id, reference=transfer.reference)
    if transfer.reversed_by_id is not None:
        raise AlreadyReversed(transfer_id=transfer.id, by_transfer_id=transfer.reversed_by_id)


def is_over(hold: HoldRow, now_us: int) -> bool:
    """Whether the time is over for which the money is held."""
    return 0 < hold.expires_us <= now_us


# --- what is shown


def balance_of(row: AccountRow, posted_minor: int) -> Balance:
    """The balance of an account as an answer."""
    return Balance(row.currency, posted_minor, row.held_minor, posted_minor - row.held_minor)


def account_shown(row: AccountRow, posted_minor: int) -> BookAccount:
    """An account as an answer."""
    return BookAccount(
        row.id,
        row.purpose,
        row.owner,
        row.currency,
        posted_minor,
        row.held_minor,
        posted_minor - row.held_minor,
        row.floor_minor,
        row.cap_minor,
        iso(row.created_us),
    )


def transfers_shown(rows: Sequence[TransferShown], entries: Sequence[EntryShown]) -> list[Transfer]:
    """Transfers as answers, each with its entries."""
    of: dict[int, list[EntryShown]] = {row.id: [] for row in rows}
    for entry in entries:
        of[entry.transfer_id].append(entry)
    return [
        Transfer(
            row.id,
            row.kind,
            row.reference,
            row.note,
            row.by_account_id,
            iso(of[row.id][0].booked_us),
            iso(row.effective_us),
            row.reverses_id,
            row.reversed_by_id,
            [Entry(each.account_id, each.purpose, each.owner, each.currency, each.amount_minor) for each in of[row.id]],
        )
        for row in rows
    ]


def lines_shown(rows: Sequence[LineRow], currency: str, newest_minor: int) -> list[Line]:
    """Lines of a statement, the newest first; `newest_minor` is the balance after the first, of a hot account."""
    lines, balance_minor = [], newest_minor
    for row in rows:
        balance_minor = balance_minor if row.balance_minor is None else row.balance_minor
        lines.append(
            Line(
                row.transfer_id,
                iso(row.booked_us),
                iso(row.effective_us),
                row.kind,
                row.reference,
                row.note,
                row.amount_minor,
                balance_minor,
                currency,
            )
        )
        balance_minor -= row.amount_minor
    return lines


def hold_shown(row: HoldRow, currency: str) -> Hold:
    """A hold as an answer."""
    return Hold(
        row.id,
        row.account_id,
        row.amount_minor,
        row.posted_minor,
        currency,
        row.status,
        row.kind,
        row.reference,
        row.note,
        iso(row.created_us),
        iso(row.expires_us) if row.expires_us else None,
        iso(row.settled_us) if row.settled_us else None,
        row.transfer_id,
    )
