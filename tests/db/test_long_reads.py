"""Reads that take long: off the event loop, on one look at the database, and without a way to write."""

import asyncio
import time
from typing import Any

import apsw
import asyncpg
import pytest
from sqlalchemy import bindparam, func, insert, select

from artel.db import Command, Database, Query, Read, StorageUnavailable, Write
from artel.db.long_reads import LongReads
from artel.db.tables import tallies
from artel.settings import Settings
from tests.conftest import Run

COUNT = Query(int, select(func.count()).select_from(tallies))
ADD = Command(insert(tallies).inline().values({column.name: bindparam(column.name) for column in tallies.c}))


def row(bucket: str) -> dict[str, Any]:
    return {column.name: bucket if column.name == "bucket" else 0 for column in tallies.c}


async def add(tx: Write, bucket: str) -> None:
    await tx.run(ADD, **row(bucket))


@pytest.fixture
def reads(settings: Settings) -> LongReads:
    return LongReads(settings.database, settings.data)


def test_all_statements_of_a_long_read_see_the_same(reads: LongReads, db: Database, run: Run) -> None:
    begun = asyncio.Event()

    async def look(tx: Read) -> tuple[int | None, int | None]:
        before = await tx.one(COUNT)
        if db.engine == "sqlite":
            time.sleep(0.3)  # in a thread: the event loop goes on
        else:
            begun.set()
            await asyncio.sleep(0.3)
        return before, await tx.one(COUNT)

    async def both() -> tuple[int | None, int | None]:
        looking = asyncio.create_task(reads.read(look))
        if db.engine == "sqlite":
            await asyncio.sleep(0.1)
        else:
            await begun.wait()
        await db.write(add, "one")
        assert not looking.done(), "nobody waited for it"
        return await looking

    assert run(both()) == (0, 0)
    assert run(reads.read(lambda tx: tx.one(COUNT))) == 1


def test_a_long_read_cannot_write(reads: LongReads, run: Run) -> None:
    with pytest.raises((apsw.ReadOnlyError, StorageUnavailable, asyncpg.ReadOnlySQLTransactionError)):
        run(reads.read(add, "one"))


def test_many_long_reads_take_turns(reads: LongReads, run: Run) -> None:
    async def together() -> list[int | None]:
        return await asyncio.gather(*(reads.read(lambda tx: tx.one(COUNT)) for _ in range(6)))

    assert run(together()) == [0] * 6


def test_a_database_that_is_not_there_is_told(settings: Settings, run: Run, tmp_path: Any) -> None:
    url = settings.database.rpartition("/")[0] + "/nothing" if settings.database else ""
    with pytest.raises(StorageUnavailable):
        run(LongReads(url, tmp_path / "nowhere").read(lambda tx: tx.one(COUNT)))
