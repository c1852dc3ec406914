"""The journal: what is hashed, and how two versions of a row differ. Pure."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from artel.ledger.journal.model import (
    FORMAT,
    AccountRecord,
    Block,
    BlockRecord,
    EntryRecord,
    Sealed,
    TransferRecord,
)

Row = TypeVar("Row", bound=Struct)

_encoder: Final = msgspec.msgpack.Encoder()
_transfer: Final = msgspec.msgpack.Decoder(TransferRecord)
_account: Final = msgspec.msgpack.Decoder(AccountRecord)
_block: Final = msgspec.msgpack.Decoder(BlockRecord)


def record(row: Struct) -> bytes:
    """A row as it is hashed and recorded: MessagePack, the shortest form of each number, so that there is one way."""
    return _encoder.encode(row)


def transfer_of(text: bytes) -> TransferRecord | None:
    """The transfer that a record holds; None when it is not a record of one."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return _written_so(_transfer.decode(text), text)
    return None


def account_of(text: bytes) -> AccountRecord | None:
    """The account that a record holds; None when it is not a record of one."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return _written_so(_account.decode(text), text)
    return None


def _written_so(row: Row, text: bytes) -> Row | None:
    """The row, when the text is the one way to write it: a decoder takes others as well, and skips what is too much."""
    return row if record(row) == text else None


def block_of(text: bytes) -> BlockRecord | None:
    """What a block begins with; None when it is not a record of that."""
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        return _written_so(_block.decode(text), text)
    return None


def hash_of(block: Sealed) -> bytes:
    """SHA-256 of the hash before it, of its number, time and counts, and of all records in it."""
    head = _encoder.encode((FORMAT, block.head.number, block.head.at_us, len(block.transfers), len(block.accounts)))
    texts = (block.head.previous_hash, head, *block.transfers, *(text for _, text in block.accounts))
    return hashlib.sha256(b"".join(texts)).digest()


def used_first(transfers: Iterable[TransferRecord]) -> set[int]:
    """The accounts that a block records: those that had nothing before, the new ones among them, and the hot ones.

    So it can be told from the rows of the block alone.
    """
    sides = (side for each in transfers for side in each.sides)
    return {side.account_id for side in sides if side.balance_minor in (None, side.amount_minor)}


def sealed(
    previous_hash: bytes,
    number: int,
    at_us: int,
    transfers: Sequence[TransferRecord],
    accounts: Sequence[AccountRecord],
) -> Sealed:
    """A block of these transfers, which are in the order of sealing; there is one at least."""
    last = transfers[-1].transfer
    found = as_sealed(Block(number, last.txid, last.id, len(transfers), b"", at_us), previous_hash, transfers, accounts)
    head = msgspec.structs.replace(found.head, hash=hash_of(found))
    return msgspec.structs.replace(found, head=head)


def as_sealed(
    block: Block, previous_hash: bytes, transfers: Iterable[TransferRecord], accounts: Iterable[AccountRecord]
) -> Sealed:
    """A block with the hash that it has already, whatever is in it now."""
    kept = tuple((each.id, record(each)) for each in accounts)
    head = BlockRecord(
        FORMAT,
        block.number,
        previous_hash,
        block.hash,
        block.last_txid,
        block.last_id,
        block.at_us,
        block.transfers,
        tuple(account_id for account_id, _ in kept),
    )
    return Sealed(head, tuple(map(record, transfers)), kept)


def row_of(head: BlockRecord) -> Block:
    """A block as the database holds it."""
    return Block(head.number, head.last_txid, head.last_id, head.transfers, head.hash, head.at_us)


# --- how two versions differ


def transfer_differences(book: TransferRecord, journal: TransferRecord) -> Iterator[tuple[str, str]]:
    """The rows of a transfer that differ, and how."""
    row = f"transfer {book.transfer.id}"
    yield from _fields(row, book.transfer, journal.transfer)
    in_book = {side.place: side for side in book.sides}
    in_journal = {side.place: side for side in journal.sides}
    for place in sorted(in_book.keys() | in_journal.keys()):
        yield from _entry(f"{row} entry {place}", in_book.get(place), in_journal.get(place))


def _entry(row: str, book: EntryRecord | None, journal: EntryRecord | None) -> Iterator[tuple[str, str]]:
    if book is None:
        yield row, "is missing in the book"
    elif journal is None:
        yield row, "is in the book and not in the journal"
    else:
        yield from _fields(row, book, journal)


def account_differences(book: AccountRecord, journal: AccountRecord) -> Iterator[tuple[str, str]]:
    """How an account differs from what was recorded of it."""
    yield from _fields(f"account {book.id}", book, journal)


def block_differences(book: Block, journal: BlockRecord) -> Iterator[tuple[str, str]]:
    """How a block of the book differs from what the journal says of it."""
    yield from _fields(f"block {book.number}", book, row_of(journal))


def _fields(row: str, book: Struct, journal: Struct) -> Iterator[tuple[str, str]]:
    for name in book.__struct_fields__:
        here, there = getattr(book, name), getattr(journal, name)
        if here != there:
            yield row, f"{name} is {_shown(here)} in the book and {_shown(there)} in the journal"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()[:16] + "…"
    if isinstance(value, int):
        return f"{value:,}"
    return "nothing" if value is None else repr(value)
