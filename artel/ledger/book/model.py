"""The book: the words."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from artel.kernel.errors import Refusal
from artel.kernel.moments import FROM_TO, Moment
from artel.kernel.money import Currency
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit

TEXT_MAX: Final = 200  # characters of a key or a reference
NOTE_MAX: Final = 1_000

Purpose = Literal["wallet", "escrow", "revenue", "fees", "refunds", "provider", "payouts", "world"]
HoldStatus = Literal["pending", "posted", "voided", "expired"]


class Place(Struct, frozen=True, order=True):
    """An account of the book by what it is for, whose it is and in which currency; it is opened when first used."""

    purpose: Purpose
    owner: str
    currency: str


def wallet(account_id: int, currency: str) -> Place:
    """What a person can spend."""
    return Place("wallet", f"account/{account_id}", currency)


def escrow(job_id: int, currency: str) -> Place:
    """The value of a job, kept until it is done."""
    return Place("escrow", f"job/{job_id}", currency)


def revenue(shop_id: int, currency: str) -> Place:
    """What a shop earned and was not paid out yet; below zero after refunds of what was."""
    return Place("revenue", f"shop/{shop_id}", currency)


def fees(currency: str) -> Place:
    """The platform's own: commissions."""
    return Place("fees", "", currency)


def refunds(currency: str) -> Place:
    """What was promised back to customers and not given yet."""
    return Place("refunds", "", currency)


def provider(name: str, currency: str) -> Place:
    """What a payment provider took for us, below zero by as much as came in through it."""
    return Place("provider", name, currency)


def payouts(currency: str) -> Place:
    """What left to the shops and to who withdrew from a wallet."""
    return Place("payouts", "", currency)


def world(currency: str) -> Place:
    """Everything outside: where credits come from, and what is written off goes."""
    return Place("world", "", currency)


class Posting(Struct, frozen=True):
    """So much more in one account, or less. `release_minor` of what is held there becomes free in the same moment."""

    place: Place
    amount_minor: int
    release_minor: int = 0


def moving(*postings: Posting) -> tuple[Posting, ...]:
    """These without those that come to nothing, which the book does not take: a fee may be nothing, or everything."""
    return tuple(posting for posting in postings if posting.amount_minor)


class Intent(Struct, frozen=True):
    """A transfer to be made: postings that sum to zero in each currency, each to another account.

    `key` names the cause for ever: a second transfer under it is the first one. `effective_us`: when it counts from,
    if that is not now.
    """

    kind: str
    reference: str
    key: str
    postings: tuple[Posting, ...]
    note: str = ""
    by: int | None = None
    effective_us: int | None = None
    reverses_id: int | None = None


class HoldIntent(Struct, frozen=True):
    """Money of an account to be promised: nobody else can spend it until it is posted, voided, or expires."""

    place: Place
    amount_minor: int
    kind: str
    reference: str
    key: str
    note: str = ""
    expires_us: int = 0


class AccountRow(Struct, frozen=True):
    """An account as the database holds it. A hot one has no balance here."""

    id: int
    purpose: Purpose
    owner: str
    currency: str
    hot: int
    floor_minor: int | None
    cap_minor: int | None
    posted_minor: int
    held_minor: int
    last_us: int | None
    created_us: int


class TransferRow(Struct, frozen=True):
    """A transfer as the database holds it; `txid` numbers the transaction that wrote it."""

    id: int
    kind: str
    reference: str
    note: str
    by_account_id: int | None
    effective_us: int
    key: str
    input_hash: bytes
    reverses_id: int | None
    entries: int
    txid: int


class EntryRow(Struct, frozen=True):
    """An entry as the database holds it."""

    transfer_id: int
    place: int
    account_id: int
    currency: str
    amount_minor: int
    booked_us: int
    balance_minor: int | None


class HoldRow(Struct, frozen=True):
    """A hold as the database holds it."""

    id: int
    account_id: int
    amount_minor: int
    posted_minor: int
    status: HoldStatus
    kind: str
    reference: str
    note: str
    key: str
    input_hash: bytes
    created_us: int
    expires_us: int
    settled_us: int
    transfer_id: int | None


class Made(Struct, frozen=True):
    """A transfer, and whether it was made just now or, under the same key, before."""

    id: int
    booked_us: int
    new: bool


class Balance(Struct, frozen=True):
    """What is in an account: all of it, the part that is promised to somebody, and what can be spent."""

    currency: str
    posted_minor: int
    held_minor: int
    available_minor: int


class BookAccount(Struct, frozen=True):
    """An account of the book with its balance; the floor and the cap are null where there are none."""

    id: int
    purpose: Purpose
    owner: str
    currency: str
    posted_minor: int
    held_minor: int
    available_minor: int
    floor_minor: int | None
    cap_minor: int | None
    created_at: str


class Entry(Struct, frozen=True):
    """One side of a transfer."""

    account_id: int
    purpose: Purpose
    owner: str
    currency: str
    amount_minor: int


class Transfer(Struct, frozen=True):
    """Money that moved: entries that sum to zero in each currency. It is never changed, only reversed by another."""

    id: int
    kind: str
    reference: str
    note: str
    by_account_id: int | None
    booked_at: str
    effective_at: str
    reverses_id: int | None
    reversed_by_id: int | None
    entries: list[Entry]


class Line(Struct, frozen=True):
    """One line of a statement, with the balance after it; as CSV it has the columns of `SHEET`."""

    transfer_id: int
    booked_at: str
    effective_at: str
    kind: str
    reference: str
    note: str
    amount_minor: int
    balance_minor: int
    currency: str


SHEET: Final = ("booked_at", "kind", "reference", "note", "amount_minor", "balance_minor", "currency", "transfer_id")


class Hold(Struct, frozen=True):
    """Money that was promised, and what became of it; `posted_minor` is what was taken in the end."""

    id: int
    account_id: int
    amount_minor: int
    posted_minor: int
    currency: str
    status: HoldStatus
    kind: str
    reference: str
    note: str
    created_at: str
    expires_at: str | None
    settled_at: str | None
    transfer_id: int | None


class TrialLine(Struct, frozen=True):
    """The accounts of one purpose and currency together."""

    purpose: Purpose
    currency: str
    accounts: int
    balance_minor: int


class Broken(Struct, frozen=True):
    """An invariant that does not hold, the row that breaks it, and how."""

    invariant: str
    row: str
    problem: str


class Checked(Struct, frozen=True):
    """The result of a check: how much was looked at, and what is wrong."""

    accounts: int
    transfers: int
    holds: int
    broken: list[Broken]


class AccountFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which accounts of the book to list."""

    purpose: Purpose | None = None
    owner: Annotated[str, Meta(max_length=TEXT_MAX, description="`account/7`, `shop/3`; '' for any.")] = ""
    currency: Currency | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class TransferFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which transfers to list: those of an order or a job, or all, the newest first."""

    reference: Annotated[str, Meta(max_length=TEXT_MAX, description="`order/5`, `job/12`; '' for any.")] = ""
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class StatementQuery(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """Which part of a statement, the newest line first; the time `from` is included, the time `to` is not."""

    from_at: Moment | None = None
    to_at: Moment | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class BalanceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """At which time; none: now."""

    at: Moment | None = None


class HoldFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which holds to list, the newest first."""

    status: HoldStatus | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Reversing(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a transfer is taken back."""

    note: Annotated[str, Meta(min_length=1, max_length=NOTE_MAX)]


class NotEnoughMoney(Refusal):
    """There is too little money for this: {available_minor} of {needed_minor} in minor units of {currency}."""

    code, kind = "ledger.not_enough_money", "conflict"


class TooMuchMoney(Refusal):
    """This would hold more than it may: at most {cap_minor} in minor units of {currency}."""

    code, kind = "ledger.too_much_money", "conflict"


class AmountUnfit(Refusal):
    """Between 1 and {max_minor} minor units can be moved at once."""

    code, kind = "ledger.amount_unfit", "invalid"


class KeyReused(Refusal):
    """What was asked for under the key {key} before was something else: take another key, or ask the same again."""

    code, kind = "ledger.key_reused", "unprocessable"


class TransferUnknown(Refusal):
    """There is no transfer {transfer_id}."""

    code, kind = "ledger.transfer_unknown", "missing"


class BookAccountUnknown(Refusal):
    """There is no account {book_account_id} in the book."""

    code, kind = "ledger.account_unknown", "missing"


class AlreadyReversed(Refusal):
    """The transfer {transfer_id} was taken back already, by transfer {by_transfer_id}."""

    code, kind = "ledger.already_reversed", "conflict"


class NotReversible(Refusal):
    """The transfer {transfer_id} takes another one back: it cannot be taken back itself."""

    code, kind = "ledger.not_reversible", "conflict"


class TiedElsewhere(Refusal):
    """The transfer {transfer_id} belongs to {reference}: take the money back there, so that both stay true."""

    code, kind = "ledger.tied_elsewhere", "conflict"


class HoldUnknown(Refusal):
    """There is no hold {hold_id}."""

    code, kind = "ledger.hold_unknown", "missing"


class HoldOver(Refusal):
    """The hold {hold_id} was {status} at {at}."""

    code, kind = "ledger.hold_over", "conflict"
