"""The journal on disk: appended to once, by whomever, and copied while it is in use."""

import contextlib
import itertools
import multiprocessing
import random
import time
from collections.abc import Iterator
from pathlib import Path

import lmdb
import msgspec
import pytest

from artel.ledger.journal import rules
from artel.ledger.journal.model import (
    FIRST_HASH,
    AccountRecord,
    EntryRecord,
    JournalParted,
    JournalUnreadable,
    Sealed,
    TransferFields,
    TransferRecord,
)
from artel.ledger.journal.store import FILE, Journal

STEP = 1 << 16
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def growing(note: str = "") -> Iterator[Sealed]:
    """Blocks of three transfers each, without an end."""
    before = FIRST_HASH
    for number in itertools.count(1):
        transfers = [
            TransferRecord(
                TransferFields(each, "test", "test/1", note, None, 1, f"key {each}", b"", None, 2, 0),
                [EntryRecord(each, 1, 1, "RUB", -5, each, None), EntryRecord(each, 2, 2, "RUB", 5, each, 5)],
            )
            for each in range(number * 3, number * 3 + 3)
        ]
        accounts = [AccountRecord(1, "world", "", "RUB", 1, 1)]
        block = rules.sealed(before, number, number, transfers, accounts)
        before = block.head.hash
        yield block


def chain(count: int, note: str = "") -> list[Sealed]:
    """The first of them."""
    return list(itertools.islice(growing(note), count))


def everything(journal: Journal) -> list[tuple[bytes, ...]]:
    with journal.reading() as reading:
        return [kept.transfers for kept in reading.blocks()]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", STEP)


def test_blocks_are_kept_as_they_were_sealed(journal: Journal) -> None:
    blocks = chain(3)
    assert journal.last() is None and not journal.exists()
    assert [journal.append(block) for block in blocks] == [True] * 3
    assert journal.last() == blocks[-1].head
    assert everything(journal) == [block.transfers for block in blocks]
    with journal.reading() as reading:
        assert [kept.head for kept in reading.blocks()] == [block.head for block in blocks]
        assert list(reading.accounts()) == [(1, AccountRecord(1, "world", "", "RUB", 1, 1))]
        assert reading.strays() == []
    assert journal.damage() == []


def test_a_block_that_is_there_is_not_added_again(journal: Journal) -> None:
    blocks = chain(3)
    for block in blocks:
        journal.append(block)
    assert [journal.append(block) for block in blocks] == [False] * 3
    assert everything(journal) == [block.transfers for block in blocks]


def test_a_block_that_does_not_follow_is_refused(journal: Journal) -> None:
    blocks, others = chain(3), chain(3, "of another book")
    with pytest.raises(JournalParted):
        journal.append(blocks[1])
    journal.append(blocks[0])
    for wrong in (others[0], others[1], blocks[2]):
        with pytest.raises(JournalParted, match="does not lead"):
            journal.append(wrong)
    assert journal.append(blocks[1])


def test_the_map_grows_when_it_is_full(journal: Journal) -> None:
    blocks = chain(30, "n" * 1_000)
    for block in blocks:
        assert journal.append(block)
    assert (journal.folder / FILE).stat().st_size > STEP
    large = rules.sealed(blocks[-1].head.hash, 31, 1, [_large(3 * STEP)], [])
    assert journal.append(large), "one block is larger than a step"
    assert journal.last() == large.head


def _large(size: int) -> TransferRecord:
    return TransferRecord(TransferFields(1, "test", "test/1", "n" * size, None, 1, "key", b"", None, 2, 0), [])


def test_a_copy_is_made_while_the_journal_is_in_use(journal: Journal, tmp_path: Path) -> None:
    blocks = chain(2)
    journal.append(blocks[0])
    journal.copy(tmp_path / "copy")
    journal.append(blocks[1])
    assert everything(Journal(tmp_path / "copy")) == [blocks[0].transfers]
    with pytest.raises(JournalUnreadable, match="not empty"):
        journal.copy(tmp_path / "copy")
    with pytest.raises(JournalUnreadable, match="there is none"):
        Journal(tmp_path / "nothing").copy(tmp_path / "other")


def test_damage_is_told_and_does_not_end_the_process(journal: Journal) -> None:
    for block in chain(3):
        journal.append(block)
    whole = (journal.folder / FILE).read_bytes()
    pauses: list[float] = []
    for broken in (whole[: len(whole) // 2], b"nothing of this kind", b"", b"\xff" * len(whole)):
        (journal.folder / FILE).write_bytes(broken)
        assert journal.damage(pauses.append)
    assert pauses, "it looks again: somebody may be writing"
    with pytest.raises(JournalUnreadable):
        journal.last()
    (journal.folder / FILE).write_bytes(whole)
    assert journal.damage() == []


def test_a_block_without_its_beginning_is_told(journal: Journal) -> None:
    for block in chain(2):
        journal.append(block)
    with lmdb.open(str(journal.folder)) as env, env.begin(write=True) as txn:
        txn.delete(b"b" + (2).to_bytes(8, "big") + bytes(4))
        txn.put(b"x", b"a stray")
    with pytest.raises(JournalUnreadable, match="block 2 has no beginning"):
        journal.last()
    with journal.reading() as reading:
        assert [kept.head is None for kept in reading.blocks()] == [False, True]
        assert reading.strays() == ["key 78 of the journal"]


# --- several processes


def _follow(folder: Path, count: int) -> None:
    """Append the blocks of a chain, as far as nobody else has."""
    for block in chain(count):
        Journal(folder, STEP).append(block)


def test_two_followers_at_once_write_each_block_once(journal: Journal) -> None:
    followers = [_processes.Process(target=_follow, args=(journal.folder, 40)) for _ in range(2)]
    for each in followers:
        each.start()
    for each in followers:
        each.join(60)
    assert [each.exitcode for each in followers] == [0, 0]
    assert everything(journal) == [block.transfers for block in chain(40)]


def _follow_on(folder: Path, number: int) -> None:
    """Append the blocks after this one, until killed."""
    for block in itertools.islice(growing(), number, None):
        Journal(folder, STEP).append(block)


def _goes_on(journal: Journal, number: int) -> bool:
    """Whether somebody has written a block after this one."""
    with contextlib.suppress(JournalUnreadable):  # it is being made
        last = journal.last()
        return last is not None and last.number > number
    return False


def test_a_killed_follower_leaves_whole_blocks_and_the_next_one_goes_on(journal: Journal) -> None:
    rng, there = random.Random(5), list[tuple[bytes, ...]]()
    for kill in range(10):
        process = _processes.Process(target=_follow_on, args=(journal.folder, len(there)))
        process.start()
        while not _goes_on(journal, len(there)):
            assert process.is_alive(), "it writes until it is killed"
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.join()
        there = everything(journal)
        assert there == [block.transfers for block in chain(len(there))], f"after kill {kill}"
        assert journal.damage() == []
    for block in chain(len(there) + 3):
        journal.append(block)
    assert everything(journal) == [block.transfers for block in chain(len(there) + 3)]


def test_an_account_is_kept_as_it_was_first(journal: Journal) -> None:
    (first, second) = chain(2)
    renamed = (1, rules.record(AccountRecord(1, "fees", "", "RUB", 1, 1)))
    journal.append(first)
    journal.append(msgspec.structs.replace(second, accounts=(renamed,)))
    with journal.reading() as reading:
        assert reading.account(1) == first.accounts[0][1]
