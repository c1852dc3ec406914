"""The journal: the words. What is sealed is written in MessagePack, as lists in the order of the fields here."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from artel.kernel.errors import Refusal

FORMAT: Final[Literal[1]] = 1  # of the records
BLOCK_MAX: Final = 1_000  # transfers that are sealed together: more would keep other writes waiting
HASH_BYTES: Final = 32
FIRST_HASH: Final = bytes(HASH_BYTES)  # what stands before the first block

Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # what the database can hold: others were never sealed


# --- what is recorded


class EntryRecord(Struct, frozen=True, array_like=True, gc=False):
    """An entry of a transfer, as the book holds it."""

    transfer_id: Number
    place: Number
    account_id: Number
    currency: str
    amount_minor: Number
    booked_us: Number
    balance_minor: Number | None


class TransferFields(Struct, frozen=True, array_like=True, gc=False):
    """A transfer without its entries, as the book holds it."""

    id: Number
    kind: str
    reference: str
    note: str
    by_account_id: Number | None
    effective_us: Number
    key: str
    input_hash: bytes
    reverses_id: Number | None
    entries: Number
    txid: Number


class TransferRecord(Struct, frozen=True, array_like=True, gc=False):
    """A transfer with its entries."""

    transfer: TransferFields
    sides: list[EntryRecord]


class AccountRecord(Struct, frozen=True, array_like=True, gc=False):
    """Whose an account is and what for; recorded with its first entry, and with some later ones."""

    id: Number
    purpose: str
    owner: str
    currency: str
    hot: Number
    created_us: Number


class BlockRecord(Struct, frozen=True, array_like=True):
    """What a block begins with in the journal."""

    format: Literal[1]
    number: Number
    previous_hash: bytes
    hash: bytes
    last_txid: Number
    last_id: Number
    at_us: Number
    transfers: Number
    account_ids: tuple[Number, ...]


class Block(Struct, frozen=True):
    """A block as the database holds it: up to which transfer it goes, how many there are, and their hash."""

    number: int
    last_txid: int
    last_id: int
    transfers: int
    hash: bytes
    at_us: int


class Sealed(Struct, frozen=True):
    """A block with everything in it, in the order of sealing, as it goes into the journal."""

    head: BlockRecord
    transfers: tuple[bytes, ...]
    accounts: tuple[tuple[int, bytes], ...]  # id and record


class Cursor(Struct, frozen=True):
    """Up to where transfers are sealed."""

    number: int
    last_txid: int
    last_id: int
    hash: bytes


# --- answers


class Finding(Struct, frozen=True):
    """A row that is not as it was sealed, or breaks the book, and how."""

    row: str
    problem: str


class Audited(Struct, frozen=True):
    """The result of an audit.

    `behind` blocks are sealed and not in the journal yet; `unsealed` transfers have no block yet, so that the journal
    cannot speak of them.
    """

    blocks: int
    transfers: int
    accounts: int
    behind: int
    unsealed: int
    findings: list[Finding]


# --- refusals


class JournalUnreadable(Refusal):
    """The journal in {folder} cannot be used: {reason}."""

    code, kind = "ledger.journal_unreadable", "unavailable"


class JournalParted(Refusal):
    """The journal in {folder} does not lead to block {number} of the book: one of them was restored or changed.

    `artel ledger audit` names what differs. Move the folder away, and a new journal is written from the book.
    """

    code, kind = "ledger.journal_parted", "conflict"
