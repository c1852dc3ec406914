"""Sealing: every transfer once, in the order of transactions, and the checkpoints of hot accounts."""

import asyncio
import random
from collections.abc import Iterable

import asyncpg
import pytest
from sqlalchemy import select

from artel.db import Database, Query, Read, Write, outbox
from artel.db.long_reads import LongReads
from artel.db.postgres import PostgresTransaction
from artel.ledger.book import checks
from artel.ledger.book import service as book
from artel.ledger.book.checks import Checks
from artel.ledger.book.model import fees, wallet, world
from artel.ledger.book.tables import ledger_checkpoints, ledger_entries
from artel.ledger.journal import queries, rules, service
from artel.ledger.journal.model import FIRST_HASH, Sealed
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.book.bank import At
from tests.ledger.journal.filled import RUB, fill, move, seal_all

POINTS = Query(queries.Point, select(*(ledger_checkpoints.c[name] for name in queries.Point.__struct_fields__)))
AMOUNTS = Query(
    queries.Point,  # an entry, its amount in the place of the balance
    select(
        ledger_entries.c.account_id,
        ledger_entries.c.booked_us,
        ledger_entries.c.transfer_id,
        ledger_entries.c.amount_minor.label("balance_minor"),
        ledger_entries.c.place.label("entries"),
    ),
)
T_US = 1_000_000_000


def ids(blocks: Iterable[Sealed]) -> list[int]:
    """The transfers of these blocks, in their order."""
    found = [rules.transfer_of(text) for block in blocks for text in block.transfers]
    return [each.transfer.id for each in found if each]


async def at(tx: Write, now_us: int, key: str, amount_minor: int) -> int:
    """A transfer between two hot accounts that is booked at this time."""
    return await move(At(tx, now_us), key, world(RUB), fees(RUB), amount_minor)


async def balance_of(tx: Read, account_id: int, at_us: int) -> int:
    return await book.balance_at(tx, account_id, at_us)


def test_each_transfer_is_sealed_once_and_the_blocks_are_chained(db: Database, run: Run) -> None:
    assert run(db.write(service.seal)) is None, "there is nothing to seal"
    assert not run(db.read(service.waits))
    run(db.write(fill, random.Random(1)))
    assert run(db.read(service.waits))
    blocks = run(seal_all(db))
    assert [block.head.number for block in blocks] == [1, 2, 3, 4]
    assert ids(blocks) == list(range(1, 28))
    before = FIRST_HASH
    for block in blocks:
        assert block.head.previous_hash == before
        assert block.head.hash == rules.hash_of(block)
        before = block.head.hash
    assert run(db.write(service.seal)) is None, "all of it is sealed"


def test_a_block_reads_as_it_was_sealed(db: Database, run: Run) -> None:
    run(db.write(fill, random.Random(2)))
    for block in run(seal_all(db)):
        assert run(db.read(service.next_block, block.head.number - 1)) == block
    assert run(db.read(service.next_block, 4)) is None


def test_many_may_seal_at_once(db: Database, run: Run) -> None:
    run(db.write(fill, random.Random(3)))

    async def together() -> list[Sealed | None]:
        return await asyncio.gather(*(db.write(service.seal, 2) for _ in range(20)))

    blocks = [block for block in run(together()) if block]
    assert sorted(ids(blocks)) == list(range(1, 28)), "each once"
    assert sorted(block.head.number for block in blocks) == list(range(1, 15))


def test_no_event_tells_of_sealing(db: Database, run: Run) -> None:
    run(db.write(fill, random.Random(3)))
    before = run(db.read(outbox.reach))
    run(seal_all(db))
    assert run(db.read(outbox.reach)) == before


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_what_commits_out_of_order_is_sealed_once_and_nothing_is_passed_over(
    settings: Settings, db: Database, run: Run
) -> None:
    run(db.write(fill, random.Random(4)))
    run(seal_all(db))

    async def race() -> tuple[list[Sealed], list[Sealed], list[int]]:
        first, second = await asyncpg.connect(settings.database), await asyncpg.connect(settings.database)
        slow, fast = first.transaction(), second.transaction()
        await slow.start()
        await first.execute("select pg_current_xact_id()")  # its number is smaller, and its transfer's id larger
        await fast.start()
        ahead = await move(PostgresTransaction(second, T_US), "ahead", world(RUB), wallet(1, RUB), 5)
        behind = await move(PostgresTransaction(first, T_US), "behind", world(RUB), wallet(2, RUB), 5)
        await fast.commit()
        early = await seal_all(db)
        await slow.commit()
        late = await seal_all(db)
        await first.close()
        await second.close()
        return early, late, [behind, ahead]

    early, late, in_order = run(race())
    assert early == [], "a transaction that began before is not over"
    assert ids(late) == in_order and in_order[0] > in_order[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_hot_balances_are_right_at_any_time_also_after_late_arrivals(
    settings: Settings, db: Database, run: Run, seed: int
) -> None:
    rng = random.Random(seed)

    async def some(tx: Write, name: str, count: int, first_us: int, last_us: int, *, late: bool = False) -> None:
        times = [rng.randint(first_us, last_us) for _ in range(count)]
        for number, at_us in enumerate(times if late else sorted(times)):
            await at(tx, at_us, f"{name} {number}", rng.randint(1, 100))

    def right() -> None:
        entries = run(db.read(_all, AMOUNTS))
        for account_id in sorted({each.account_id for each in entries}):
            for at_us in [*(rng.randint(T_US, 2 * T_US) for _ in range(20)), 2**61]:
                sides = [each for each in entries if each.account_id == account_id and each.booked_us <= at_us]
                assert run(db.read(balance_of, account_id, at_us)) == sum(each.balance_minor for each in sides)
        broken = run(checks.check(Checks(LongReads(settings.database, settings.data)))).broken
        assert [each for each in broken if each.invariant != "sealing.soon"] == []

    run(db.write(some, "early", 450, T_US, T_US + 500_000))
    run(seal_all(db, 100))
    points = run(db.read(_all, POINTS))
    assert len(points) == 6, "three of each account: two that stay, and the last"
    right()
    run(db.write(some, "late", 60, T_US, T_US + 500_000, late=True))
    right()  # before they are sealed
    run(seal_all(db, 25))
    right()
    run(db.write(some, "then", 300, T_US + 500_000, 2 * T_US))
    right()
    run(seal_all(db, 100))
    right()
    assert len(run(db.read(_all, POINTS))) > len(points)


async def _all(tx: Read, query: Query[queries.Point]) -> list[queries.Point]:
    return await tx.all(query)
