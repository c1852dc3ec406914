"""PostgreSQL: repetition of a whole transaction, and what happens when the server is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from artel.db import Read, StorageUnavailable, Write
from artel.db.postgres import PostgresDatabase
from artel.db.transaction import ATTEMPTS_MAX
from artel.settings import Settings
from tests.db.counters import add, count, put, used

pytestmark = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[PostgresDatabase]:
    db = await PostgresDatabase.open(settings.database)
    try:
        yield db
    finally:
        await db.close()


def _fails_first(fault: type[asyncpg.PostgresError], times: int) -> tuple[list[int], object]:
    attempts: list[int] = []

    async def use(tx: Write) -> int:
        attempts.append(await add(tx, "a", 1))
        if len(attempts) <= times:
            raise fault("planted")
        return len(attempts)

    return attempts, use


@pytest.mark.parametrize(
    "fault", [asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.InvalidCachedStatementError]
)
def test_a_transaction_that_met_another_is_repeated_whole_and_done_once(
    settings: Settings, fault: type[asyncpg.PostgresError]
) -> None:
    async def go() -> tuple[int, int | None]:
        async with _opened(settings) as db:
            await db.write(put, "a")
            _, use = _fails_first(fault, 3)
            return await db.write(use), await db.read(used, "a")

    assert asyncio.run(go()) == (4, 1)


def test_a_transaction_that_meets_others_every_time_is_unavailable_and_leaves_nothing(settings: Settings) -> None:
    async def go() -> tuple[int, int | None]:
        async with _opened(settings) as db:
            await db.write(put, "a")
            attempts, use = _fails_first(asyncpg.SerializationError, 1000)
            with pytest.raises(StorageUnavailable, match=f"{ATTEMPTS_MAX} attempts"):
                await db.write(use)
            return len(attempts), await db.read(used, "a")

    assert asyncio.run(go()) == (ATTEMPTS_MAX, 0)


def test_a_real_deadlock_is_repeated_and_both_writers_succeed(settings: Settings) -> None:
    async def go() -> tuple[int | None, int | None, int]:
        async with _opened(settings) as db:
            await db.write(put, "a")
            await db.write(put, "b")
            attempts = 0
            both_hold_one = asyncio.Barrier(2)

            async def take(tx: Write, first: str, second: str) -> None:
                nonlocal attempts
                attempts += 1
                await add(tx, first, 1)
                if attempts <= 2:
                    await both_hold_one.wait()
                await add(tx, second, 1)

            await asyncio.gather(db.write(take, "a", "b"), db.write(take, "b", "a"))
            return await db.read(used, "a"), await db.read(used, "b"), attempts

    assert asyncio.run(go()) == (2, 2, 3)


def test_a_statement_prepared_before_a_migration_is_repeated_after_it(settings: Settings) -> None:
    async def go() -> int | None:
        async with _opened(settings) as db:
            await db.write(put, "a")

            async def look_and_add(tx: Write) -> int | None:
                await add(tx, "a", 1)
                return await used(tx, "a")

            await asyncio.gather(*(db.write(look_and_add) for _ in range(8)))
            outside = await asyncpg.connect(settings.database)
            await outside.execute("alter table tallies alter column used type numeric")
            await outside.execute("alter table tallies alter column used type bigint")
            await outside.close()
            return await db.write(look_and_add)

    assert asyncio.run(go()) == 9


def test_the_server_itself_keeps_a_read_from_writing(settings: Settings) -> None:
    async def go() -> int:
        async with _opened(settings) as db:

            async def writes(tx: Read) -> None:
                await put(tx, "a")  # type: ignore[arg-type]

            with pytest.raises(StorageUnavailable, match="read-only transaction"):
                await db.read(writes)
            return await db.read(count)

    assert asyncio.run(go()) == 0


def test_a_connection_that_was_cut_is_unavailable_and_the_next_write_gets_a_new_one(settings: Settings) -> None:
    async def go() -> int:
        async with _opened(settings) as db:
            await db.write(put, "a")
            outside = await asyncpg.connect(settings.database)

            async def cut(tx: Write) -> None:
                await put(tx, "b")
                await outside.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'artel' and datname = current_database()"
                )
                await put(tx, "c")

            with pytest.raises(StorageUnavailable):
                await db.write(cut)
            await outside.close()
            await db.write(put, "d")
            return await db.read(count)

    assert asyncio.run(go()) == 2


def test_a_server_that_is_not_there_is_unavailable(settings: Settings) -> None:
    with pytest.raises(StorageUnavailable, match="Connect call failed"):
        asyncio.run(PostgresDatabase.open("postgresql://artel@127.0.0.1:1/none"))


def test_a_database_that_is_not_there_is_unavailable(settings: Settings) -> None:
    with pytest.raises(StorageUnavailable, match="does not exist"):
        asyncio.run(PostgresDatabase.open(settings.database + "_none"))


def test_a_writer_that_is_cancelled_leaves_no_open_transaction(settings: Settings) -> None:
    async def go() -> tuple[int, int]:
        async with _opened(settings) as db:
            await db.write(put, "a")
            inside = asyncio.Event()

            async def hangs(tx: Write) -> None:
                await add(tx, "a", 1)
                inside.set()
                await asyncio.sleep(60)

            writing = asyncio.ensure_future(db.write(hangs))
            await inside.wait()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            changed = await db.write(add, "a", 5)
            return changed, await db.read(used, "a") or 0

    assert asyncio.run(go()) == (1, 5)
