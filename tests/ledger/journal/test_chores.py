"""The chore that seals and keeps the journal."""

import asyncio
import random
from collections.abc import Callable

import msgspec
import pytest

from artel.db import Database, Write
from artel.edge.observe import make_log
from artel.ledger.book.model import wallet, world
from artel.ledger.journal import chores, service
from artel.ledger.journal.chores import Keeper
from artel.ledger.journal.model import BLOCK_MAX, Sealed
from artel.ledger.journal.store import Journal
from artel.settings import Settings
from tests.conftest import Client, Log, Run
from tests.ledger.journal.filled import RUB, Kept, fill, journal_of, look, move, seal_all
from tests.proofs.tamper import opened


@pytest.fixture
def keeper(settings: Settings, db: Database, log: Log) -> Keeper:
    return Keeper(db, journal_of(settings.data), make_log("debug", log))  # type: ignore[arg-type]


async def more(db: Database, key: str) -> None:
    """One more transfer, sealed."""
    await db.write(move, key, world(RUB), wallet(1, RUB), 5)
    await seal_all(db)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.05)


def test_what_was_written_is_sealed_and_in_the_journal_after_a_round(
    keeper: Keeper, settings: Settings, db: Database, run: Run, log: Log
) -> None:
    assert run(keeper.round()) == 0
    assert not keeper.journal.exists(), "nothing is opened before there is something to keep"
    run(db.write(fill, random.Random(1)))
    assert run(keeper.round(0)) == 1
    found = run(look(Kept(settings, db, keeper.journal)))
    assert (found.blocks, found.transfers, found.unsealed, found.findings) == (1, 27, 0, [])
    assert run(keeper.round(1)) == 1
    assert log.lines() == []
    assert BLOCK_MAX > 27


def test_many_blocks_are_written_some_at_once(
    keeper: Keeper, settings: Settings, db: Database, run: Run, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    appended: list[list[int]] = []
    append, seal = Journal.append, service.seal
    others = 4  # this block another process seals, between two of ours

    def recorded(journal: Journal, *blocks: Sealed) -> bool:
        appended.append([block.head.number for block in blocks])
        return append(journal, *blocks)

    async def seal_few(tx: Write) -> Sealed | None:
        block = await seal(tx, 5)
        if block and block.head.number == others:
            block = await seal(tx, 5)
        return block

    monkeypatch.setattr(Journal, "append", recorded)
    monkeypatch.setattr(service, "seal", seal_few)
    monkeypatch.setattr(chores, "BLOCK_MAX", 5)
    monkeypatch.setattr(chores, "AT_ONCE", 2)
    run(db.write(fill, random.Random(7)))
    assert run(keeper.round(0)) == 6
    assert appended == [[1, 2], [3], [4], [5], [6]]
    found = run(look(Kept(settings, db, keeper.journal)))
    assert (found.blocks, found.transfers, found.unsealed, found.findings) == (6, 27, 0, [])
    assert log.lines() == []


def test_what_others_sealed_is_followed(keeper: Keeper, settings: Settings, db: Database, run: Run) -> None:
    run(db.write(fill, random.Random(2)))
    run(seal_all(db))
    assert run(keeper.round()) == 4
    run(more(db, "x"))
    assert run(keeper.round(2)) == 5, "who is late finds it done"
    assert run(look(Kept(settings, db, keeper.journal))).findings == []


def test_a_journal_that_cannot_be_written_keeps_nothing_from_being_sealed(
    keeper: Keeper, settings: Settings, db: Database, run: Run, log: Log
) -> None:
    keeper.journal.folder.write_text("a file in its place")
    run(db.write(fill, random.Random(3)))
    assert run(keeper.round(0)) is None
    assert {line["event"] for line in log.lines()} == {"journal.waits"}
    keeper.journal.folder.unlink()
    assert run(keeper.round(None)) == 1
    found = run(look(Kept(settings, db, keeper.journal)))
    assert (found.blocks, found.unsealed, found.findings) == (1, 0, [])


def test_a_journal_of_another_book_is_left_as_it_is(
    keeper: Keeper, settings: Settings, db: Database, run: Run, log: Log
) -> None:
    run(db.write(fill, random.Random(4)))
    (block,) = run(seal_all(db, BLOCK_MAX))
    other = msgspec.structs.replace(block.head, hash=b"h" * 32)
    keeper.journal.append(msgspec.structs.replace(block, head=other))
    run(more(db, "y"))
    assert run(keeper.round()) is None
    (line,) = log.lines()
    assert line["event"] == "journal.waits" and "block 2" in line["reason"]
    assert keeper.journal.last() == other


def test_a_row_that_was_changed_before_it_came_into_the_journal_is_told(
    keeper: Keeper, settings: Settings, db: Database, run: Run, log: Log
) -> None:
    run(db.write(fill, random.Random(5)))
    run(seal_all(db))
    sql = opened(settings)
    sql.run("update ledger_transfers set note = 'never' where id = 9")
    sql.close()
    assert run(keeper.round()) == 4
    assert [(line["event"], line["number"]) for line in log.lines()] == [("journal.block_differs", 2)]
    rows = [each.row for each in run(look(Kept(settings, db, keeper.journal))).findings]
    assert rows == ["block 2"]


def test_the_server_seals(client: Client, db: Database, settings: Settings, run: Run) -> None:
    run(db.write(fill, random.Random(6)))
    journal = journal_of(settings.data)
    run(until(lambda: journal.exists() and journal.last() is not None))
    assert run(look(Kept(settings, db, journal))).findings == []
