"""The book: rows that statements yield and nobody outside sees."""

from msgspec import Struct

from artel.ledger.book.model import HoldRow, Purpose


class Moved(Struct, frozen=True):
    """An account whose balance was just changed, and the time at which it was."""

    id: int
    purpose: Purpose
    owner: str
    currency: str
    last_us: int


class MadeRow(Struct, frozen=True):
    """A transfer by its key."""

    id: int
    input_hash: bytes
    booked_us: int


class Reversal(Struct, frozen=True):
    """The transfer that takes another one back."""

    id: int
    key: str


class HoldListed(HoldRow, frozen=True):
    """A hold with the currency of its account."""

    currency: str


class Stand(Struct, frozen=True):
    """How an account stands: what a refusal tells."""

    id: int
    hot: int
    floor_minor: int | None
    cap_minor: int | None
    posted_minor: int
    held_minor: int


class EntryShown(Struct, frozen=True):
    """An entry with the place of its account."""

    transfer_id: int
    account_id: int
    purpose: Purpose
    owner: str
    currency: str
    amount_minor: int
    booked_us: int


class TransferShown(Struct, frozen=True):
    """A transfer, and the one that took it back."""

    id: int
    kind: str
    reference: str
    note: str
    by_account_id: int | None
    effective_us: int
    reverses_id: int | None
    reversed_by_id: int | None


class LineRow(Struct, frozen=True):
    """A line of a statement; the balance is unknown where the account is hot."""

    transfer_id: int
    booked_us: int
    effective_us: int
    kind: str
    reference: str
    note: str
    amount_minor: int
    balance_minor: int | None


class Net(Struct, frozen=True):
    """What all transfers of one reference did to an account."""

    reference: str
    purpose: Purpose
    owner: str
    currency: str
    amount_minor: int


class Referred(Struct, frozen=True):
    """A transfer and what caused it."""

    id: int
    reference: str
