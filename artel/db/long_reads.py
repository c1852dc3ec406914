"""Reads that take long: each has a connection of its own and one look at the database, and nobody waits behind it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

import asyncpg

from artel.db.opening import DATABASE_FILE
from artel.db.postgres import AWAY, CLOCK, CONNECT_TIMEOUT_S, PostgresTransaction
from artel.db.sqlite import STORAGE_FAULTS, SqliteTransaction, connect, step
from artel.db.transaction import Read, StorageUnavailable

Result = TypeVar("Result")
P = ParamSpec("P")

AT_ONCE: Final = 2  # long reads of one process: each takes a processor
STATEMENT_TIMEOUT_MS: Final = 600_000


class LongReads:
    """The door for reads that are not bounded. On SQLite they run in a thread, off the event loop."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._free = asyncio.Semaphore(AT_ONCE)

    async def read(
        self, use: Callable[Concatenate[Read, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run a read of any length; all its statements see the same. Raises StorageUnavailable."""
        async with self._free:
            if self._url:
                return await self._on_postgres(lambda tx: use(tx, *args, **kwargs))
            return await asyncio.to_thread(self._on_sqlite, lambda tx: use(tx, *args, **kwargs))

    async def damage(self, tables: Iterable[str]) -> list[str]:
        """What is wrong with these tables and their indexes in the file of SQLite; PostgreSQL looks after its own."""
        return [] if self._url else await asyncio.to_thread(self._damage, tables)

    def _damage(self, tables: Iterable[str]) -> list[str]:
        connection, found = connect(self._folder / DATABASE_FILE, readonly=True), list[str]()
        try:
            for table in tables:
                try:
                    told = connection.execute(f"pragma integrity_check({table})").fetchall()
                    found += [str(problem) for (problem,) in told if problem != "ok"]
                except STORAGE_FAULTS as fault:
                    found.append(f"{table}: {fault}")
        finally:
            connection.close()
        return found

    def _on_sqlite(self, use: Callable[[Read], Awaitable[Result]]) -> Result:
        connection = connect(self._folder / DATABASE_FILE, readonly=True)
        try:
            connection.execute("begin")
            return step(cast(Coroutine[Any, Any, Result], use(SqliteTransaction(connection))))
        except STORAGE_FAULTS as fault:
            raise StorageUnavailable(reason=str(fault)) from fault
        finally:
            connection.close()

    async def _on_postgres(self, use: Callable[[Read], Awaitable[Result]]) -> Result:
        settings = {
            "application_name": "artel long read",
            "jit": "off",
            "timezone": "UTC",
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        }
        try:
            connection = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S, server_settings=settings)
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return await use(PostgresTransaction(connection, await connection.fetchval(CLOCK)))
            finally:
                await connection.close()
        except AWAY as fault:
            raise StorageUnavailable(reason=str(fault) or type(fault).__name__) from fault
