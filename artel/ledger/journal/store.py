"""The journal on disk: an LMDB file in a folder of its own. It is opened when it is used, and closed again.

Keys are `b`, a block's number and a place in it: place 0 is what the block begins with, the others are its transfers;
and `a` with the id of an account. Numbers are big-endian, so that the keys of a block stand together and in order.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import lmdb
import lmdb.verify
from msgspec import Struct

from artel.ledger.journal import rules
from artel.ledger.journal.model import (
    FIRST_HASH,
    AccountRecord,
    BlockRecord,
    JournalParted,
    JournalUnreadable,
    Sealed,
)

FOLDER: Final = "journal"  # in the data folder
FILE: Final = "data.mdb"
STEP_BYTES: Final = 256 * 1024**2  # of addresses, not of disk: by so much the map grows when it is full
LOOKS: Final = 3  # at a file that seems damaged: somebody may have written to it meanwhile
LOOK_PAUSE_S: Final = 0.2
PROBLEMS_MAX: Final = 20  # of the file's structure that are told
ACCOUNT: Final = b"a"
BLOCK: Final = b"b"
_NUMBER_BYTES: Final = 8
_PLACE_BYTES: Final = 4
_KEY_BYTES: Final = {ACCOUNT: 1 + _NUMBER_BYTES, BLOCK: 1 + _NUMBER_BYTES + _PLACE_BYTES}

_one_at_a_time: Final = threading.Lock()  # LMDB forbids to open a file twice in one process


class Kept(Struct, frozen=True):
    """A block as the journal holds it; `head` is None where it cannot be read."""

    number: int
    head: BlockRecord | None
    transfers: tuple[bytes, ...]


def _block_key(number: int, place: int = 0) -> bytes:
    return BLOCK + number.to_bytes(_NUMBER_BYTES, "big") + place.to_bytes(_PLACE_BYTES, "big")


def _account_key(account_id: int) -> bytes:
    return ACCOUNT + account_id.to_bytes(_NUMBER_BYTES, "big")


_END: Final = bytes([BLOCK[0] + 1])  # behind the key of every block


class Journal:
    """The journal in a folder. Several processes of a host may write and read it at once."""

    def __init__(self, folder: Path, step_bytes: int = STEP_BYTES) -> None:
        self.folder, self._step_bytes = folder, step_bytes

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return (self.folder / FILE).exists()

    def last(self) -> BlockRecord | None:
        """What the last block begins with; None when there is none. Raises JournalUnreadable."""
        if not self.exists():
            return None
        with self._opened(readonly=True) as env, env.begin() as txn:
            return self._last(txn)

    def append(self, *blocks: Sealed) -> bool:
        """Add these blocks in one transaction that is on disk afterwards; False when somebody was faster with all.

        A block whose `previous_hash` is not the hash of the last one is refused.
        Raises JournalUnreadable, JournalParted.
        """
        with self._opened(readonly=False) as env:
            while True:
                try:
                    with env.begin(write=True) as txn:
                        return any([self._append(txn, block) for block in blocks])
                except lmdb.MapFullError:
                    env.set_mapsize(env.info()["map_size"] + self._step_bytes)

    def _append(self, txn: "lmdb.Transaction[bytes]", block: Sealed) -> bool:
        head, last = block.head, self._last(txn)
        if last is not None and last.number >= head.number:
            known = rules.block_of(txn.get(_block_key(head.number)) or b"")
            if known is None or known.hash != head.hash:
                raise JournalParted(folder=self.folder, number=head.number)
            return False
        number, hash_before = (last.number, last.hash) if last else (0, FIRST_HASH)
        if (head.number, head.previous_hash) != (number + 1, hash_before):
            raise JournalParted(folder=self.folder, number=head.number)
        for account_id, text in block.accounts:
            txn.put(_account_key(account_id), text, overwrite=False)  # as it was when it was recorded first
        texts = (rules.record(head), *block.transfers)
        beginning = _block_key(head.number)[:-_PLACE_BYTES]
        keys = (beginning + place.to_bytes(_PLACE_BYTES, "big") for place in range(len(texts)))
        txn.cursor().putmulti(list(zip(keys, texts, strict=True)), append=True)
        return True

    def _last(self, txn: "lmdb.Transaction[bytes]") -> BlockRecord | None:
        cursor = txn.cursor()
        found = cursor.prev() if cursor.set_range(_END) else cursor.last()
        if not found or not cursor.key().startswith(BLOCK):
            return None
        number = int.from_bytes(cursor.key()[1 : 1 + _NUMBER_BYTES], "big")
        head = rules.block_of(txn.get(_block_key(number)) or b"")
        if head is None:
            raise JournalUnreadable(folder=self.folder, reason=f"block {number} has no beginning")
        return head

    def copy(self, folder: Path) -> None:
        """Write a copy of the journal as it is now into an empty folder, while others go on writing.

        Raises JournalUnreadable.
        """
        if not self.exists():
            raise JournalUnreadable(folder=self.folder, reason="there is none")
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise JournalUnreadable(folder=folder, reason="the folder for the copy is not empty")
        with self._opened(readonly=True) as env:
            env.copy(str(folder), compact=True)

    def damage(self, pause: Callable[[float], None] = time.sleep) -> list[str]:
        """What is wrong with the file itself, found without LMDB's own code, which trusts what it reads."""
        found: list[str] = []
        for _ in range(LOOKS):
            try:
                found = lmdb.verify.verify(self.folder)  # type: ignore[no-untyped-call]
            except (lmdb.verify.VerifyError, OSError) as fault:
                found = [str(fault)]
            if not found:
                break
            pause(LOOK_PAUSE_S)
        return found[:PROBLEMS_MAX]

    @contextmanager
    def reading(self) -> Iterator["Reading"]:
        """One look at all of it, which no writer changes. Raises JournalUnreadable."""
        with self._opened(readonly=True) as env, env.begin() as txn:
            yield Reading(txn)

    @contextmanager
    def _opened(self, *, readonly: bool) -> Iterator[lmdb.Environment]:
        path = self.folder / FILE
        try:
            if not readonly:
                self.folder.mkdir(parents=True, exist_ok=True)
            size = path.stat().st_size if path.exists() else 0
            with (
                _one_at_a_time,
                lmdb.open(
                    str(self.folder),
                    map_size=(size // self._step_bytes + 1) * self._step_bytes,
                    readonly=readonly,
                    readahead=readonly,
                    mode=0o600,
                ) as env,
            ):
                yield env
        except (lmdb.Error, OSError) as fault:
            raise JournalUnreadable(folder=self.folder, reason=str(fault)) from fault


class Reading:
    """What an audit reads of a journal."""

    def __init__(self, txn: "lmdb.Transaction[bytes]") -> None:
        self._txn = txn

    def strays(self) -> list[str]:
        """Keys that are neither a block's nor an account's."""
        keys = self._txn.cursor().iternext(values=False)
        return [f"key {key.hex()} of the journal" for key in keys if not _is_ours(key)]

    def blocks(self) -> Iterator[Kept]:
        """Every block in the order of its number."""
        cursor = self._txn.cursor()
        number, records = 0, list[tuple[int, bytes]]()
        for key, text in _from(cursor, BLOCK):
            if not _is_ours(key):
                continue
            of_number, place = int.from_bytes(key[1:-_PLACE_BYTES], "big"), int.from_bytes(key[-_PLACE_BYTES:], "big")
            if records and of_number != number:
                yield _kept(number, records)
                records = []
            number = of_number
            records.append((place, text))
        if records:
            yield _kept(number, records)

    def account(self, account_id: int) -> bytes | None:
        """The record of an account."""
        return self._txn.get(_account_key(account_id)) if account_id >= 0 else None

    def accounts(self) -> Iterator[tuple[int, AccountRecord | None]]:
        """Every account in the order of its id; None where its record cannot be read."""
        for key, text in _from(self._txn.cursor(), ACCOUNT):
            if not key.startswith(ACCOUNT):
                return
            if _is_ours(key):
                yield int.from_bytes(key[1:], "big"), rules.account_of(text)


def _is_ours(key: bytes) -> bool:
    return len(key) == _KEY_BYTES.get(key[:1])


def _from(cursor: "lmdb.Cursor[bytes]", key: bytes) -> Iterable[tuple[bytes, bytes]]:
    return cursor.iternext() if cursor.set_range(key) else ()


def _kept(number: int, records: list[tuple[int, bytes]]) -> Kept:
    head = rules.block_of(records[0][1]) if records[0][0] == 0 else None
    head = head if head and head.number == number else None
    return Kept(number, head, tuple(text for place, text in records if place))
