"""PostgreSQL through asyncpg: one pool that reads and cannot write, one that writes.

No session state is kept, so a connection needs no reset between two loans (artel/db/pool.py). A read runs statement by
statement without BEGIN and COMMIT; a write is one READ COMMITTED transaction of conditional statements, and is repeated
whole when PostgreSQL reports a serialisation failure or a deadlock.
"""

import asyncio
import contextlib
import functools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

import asyncpg

from artel.db.pool import Pool
from artel.db.statement import Command, Engine, Params, Query
from artel.db.transaction import ATTEMPTS_MAX, StorageUnavailable

Row = TypeVar("Row")
Result = TypeVar("Result")
P = ParamSpec("P")

POOL_READERS: Final = 8  # connections of one process that read
POOL_WRITERS: Final = 16  # connections of one process that write: they mostly wait for the disk or for a lock
STATEMENT_TIMEOUT_MS: Final = 30_000  # a request's statement that takes longer is a fault, not a wait
LOCK_TIMEOUT_MS: Final = 10_000
CONNECT_TIMEOUT_S: Final = 5.0
# A plan is kept as long as its connection, in triggers and foreign keys too, and one that was made while a table was
# small reads all of it when it is large. Writes find their rows by an index, one by one.
BY_INDEX: Final = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
CLOCK_AGE_MAX_S: Final = 30.0  # how long the offset to the database's clock is trusted
REPEAT_PAUSE_S: Final = 0.005  # doubled by each repetition, with jitter

CLOCK: Final = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"

REPEAT: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,  # a migration changed a table since its statements were prepared
)
AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # the database lets nobody in just now
    asyncpg.InvalidCatalogNameError,  # it was renamed or dropped
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ReadOnlySQLTransactionError,  # the server behind the address is a standby now
    asyncpg.InsufficientResourcesError,  # disk full, out of memory
    asyncpg.PostgresSystemError,  # input or output failed on the server
    asyncpg.InternalClientError,  # the connection broke in the middle of what the driver was reading
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    OSError,
    TimeoutError,
)


class _Clock:
    """The database's clock, read once in a while and carried on by this process's monotonic one.

    A jump of this host's wall clock changes nothing, and a transaction costs no round trip for its time.
    """

    def __init__(self) -> None:
        self._offset_us = 0
        self._read_s = float("-inf")

    def now_us(self) -> int:
        return self._offset_us + time.monotonic_ns() // 1000

    async def keep(self, connection: Any) -> None:
        """Read the database's clock again when the offset is old."""
        before_s = time.monotonic()
        if before_s - self._read_s < CLOCK_AGE_MAX_S:
            return
        there_us = await connection.fetchval(CLOCK)
        halfway_us = int((before_s + time.monotonic()) / 2 * 1_000_000)
        self._offset_us = there_us - halfway_us
        self._read_s = before_s


class PostgresTransaction:
    """`Read` and `Write` over one connection."""

    __slots__ = ("_connection", "now_us")

    def __init__(self, connection: Any, now_us: int) -> None:
        self._connection = connection
        self.now_us = now_us

    async def one(self, query: Query[Row], **params: Any) -> Row | None:
        """The first row, or None."""
        compiled = query.postgresql
        row = await self._connection.fetchrow(compiled.text, *compiled.arguments(params))
        return None if row is None else query.make(row)

    async def all(self, query: Query[Row], **params: Any) -> list[Row]:
        """Every row."""
        compiled = query.postgresql
        return query.make_all(await self._connection.fetch(compiled.text, *compiled.arguments(params)))

    async def run(self, command: Command, **params: Any) -> int:
        """Rows changed: the last word of PostgreSQL's command tag."""
        compiled = command.postgresql
        tag = await self._connection.execute(compiled.text, *compiled.arguments(params))
        return int(tag.rpartition(" ")[2])

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        """The same command once for each set of parameters."""
        compiled = command.postgresql
        await self._connection.executemany(compiled.text, [compiled.arguments(each) for each in params])


class PostgresDatabase:
    """The door to one PostgreSQL database."""

    engine: Engine = "postgresql"

    def __init__(self, readers: Pool, writers: Pool) -> None:
        self._readers = readers
        self._writers = writers
        self._clock = _Clock()

    @classmethod
    async def open(cls, url: str, readers: int = POOL_READERS, writers: int = POOL_WRITERS) -> Self:
        """Connect. Raises StorageUnavailable when the server does not answer or refuses us."""
        pools = Pool(_connecting(url, readonly=True), readers), Pool(_connecting(url, readonly=False), writers)
        try:
            for pool in pools:
                pool.give_back(await pool.take())
        except (asyncpg.PostgresError, OSError, TimeoutError) as fault:
            raise StorageUnavailable(reason=str(fault) or type(fault).__name__) from fault
        return cls(*pools)

    async def read(
        self, use: Callable[Concatenate[Any, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run a read on a connection that PostgreSQL itself keeps from writing."""
        try:
            connection = await self._readers.take()
            try:
                await self._clock.keep(connection)
                return await use(PostgresTransaction(connection, self._clock.now_us()), *args, **kwargs)
            finally:
                self._readers.give_back(connection)
        except AWAY as fault:
            raise StorageUnavailable(reason=str(fault) or type(fault).__name__) from fault

    async def write(
        self, use: Callable[Concatenate[Any, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run a transaction, again from its start when PostgreSQL asks for it, and commit it."""
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await self._write_once(lambda tx: use(tx, *args, **kwargs))
            except REPEAT:
                await asyncio.sleep(random.uniform(0, REPEAT_PAUSE_S * 2**attempt))
            except AWAY as fault:
                raise StorageUnavailable(reason=str(fault) or type(fault).__name__) from fault
        raise StorageUnavailable(reason=f"{ATTEMPTS_MAX} attempts met other transactions")

    async def _write_once(self, use: Callable[[PostgresTransaction], Awaitable[Result]]) -> Result:
        connection, committed = await self._writers.take(), False
        try:
            await self._clock.keep(connection)
            await connection.execute("BEGIN")
            result = await use(PostgresTransaction(connection, self._clock.now_us()))
            committed = await connection.execute("COMMIT") == "COMMIT"
            assert committed, "a service went on after a statement that failed: nothing of it was stored"
            return result
        finally:
            try:
                if not committed and not connection.is_closed():
                    with contextlib.suppress(*AWAY):  # then the connection is not lent again
                        await connection.execute("ROLLBACK")
            finally:
                self._writers.give_back(connection)

    async def close(self) -> None:
        """Wait for what is running, then disconnect."""
        await self._readers.close()
        await self._writers.close()


def _connecting(url: str, *, readonly: bool) -> Callable[[], Awaitable[Any]]:
    settings = {
        "application_name": "artel",
        "jit": "off",
        "timezone": "UTC",
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "default_transaction_read_only": "on" if readonly else "off",
        **({} if readonly else BY_INDEX),
    }
    return functools.partial(asyncpg.connect, url, timeout=CONNECT_TIMEOUT_S, server_settings=settings)
