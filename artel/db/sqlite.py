"""SQLite: reads in line on the event loop, writes on one thread that commits them in groups.

A service is a coroutine that never suspends here, so one `send(None)` runs it to its end. The writer takes what waits,
runs each write in a savepoint of its own, commits once with synchronous=FULL, and only then answers. Measured before
the start: group commit is about six times faster than single commits, and NORMAL loses acknowledged writes.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeVar, cast

import apsw

from artel.db.statement import Command, Engine, Params, Query
from artel.db.transaction import StorageUnavailable

Row = TypeVar("Row")
Result = TypeVar("Result")
P = ParamSpec("P")

GROUP_MAX: Final = 128  # writes in one commit: more would keep the first of them waiting
BUSY_TIMEOUT_MS: Final = 15_000  # another process, such as an import, may hold the lock for a commit
PAGE_CACHE_KIB: Final = 16 * 1024
STATEMENTS_CACHED: Final = 512
# Pages in the WAL, 16 MiB, before a commit also writes them into the file: most pages of a busy database change again
# and again, so that fewer of them are written than at SQLite's 1,000. A reader looks through one hash table of 4,096.
CHECKPOINT_PAGES: Final = 4_000
STORAGE_FAULTS: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,  # a file system that went wrong is mounted read-only
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.ProtocolError,
    apsw.NoMemError,
)

# A WAL can be corrupted by two connections that checkpoint at once: https://sqlite.org/wal.html
WAL_FAULT_FIRST: Final = (3, 7, 0)
WAL_FAULT_LAST: Final = (3, 51, 2)


class SqliteUnsafe(RuntimeError):
    """The SQLite library that is loaded can corrupt the database."""


def gate(version: str) -> None:
    """Refuse a SQLite version with the WAL fault. Raises SqliteUnsafe."""
    numbers = tuple(int(part) for part in version.split("."))
    if WAL_FAULT_FIRST <= numbers <= WAL_FAULT_LAST:
        raise SqliteUnsafe(
            f"SQLite {version} can corrupt a database that several connections write (versions 3.7.0 to 3.51.2); "
            "install the apsw wheel, which carries a newer one: make env"
        )


def connect(path: Path, *, readonly: bool = False, vfs: str | None = None) -> apsw.Connection:
    """A connection with the settings that the product's promises rest on. Raises StorageUnavailable, SqliteUnsafe."""
    gate(apsw.sqlite_lib_version())
    try:
        return _connect(path, readonly=readonly, vfs=vfs)
    except STORAGE_FAULTS as fault:
        raise StorageUnavailable(reason=f"{path}: {fault}") from fault


def _connect(path: Path, *, readonly: bool, vfs: str | None) -> apsw.Connection:
    flags = (
        apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    ) | apsw.SQLITE_OPEN_NOMUTEX
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=STATEMENTS_CACHED)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    # One plan for one text: else SQLite prepares a statement again whenever a value in it changes, thrice the cost.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    if not readonly:
        connection.execute("pragma journal_mode=wal")
        # What a savepoint would undo stays in memory: a checkout changes more pages than the 64 KiB above which SQLite
        # would write each of them to a temporary file as well, a quarter of the writer's time.
        connection.execute("pragma temp_store=memory")
        connection.wal_autocheckpoint(CHECKPOINT_PAGES)
    # Recursive triggers: else REPLACE would delete rows behind the back of the triggers that forbid it.
    for pragma in ("synchronous=full", f"cache_size=-{PAGE_CACHE_KIB}", "foreign_keys=on", "recursive_triggers=on"):
        connection.execute(f"pragma {pragma}")
    return connection


class SqliteTransaction:
    """`Read` and `Write` over one connection; a reader's connection is opened read-only."""

    __slots__ = ("_connection", "_execute", "now_us")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        self.now_us = time.time_ns() // 1000

    async def one(self, query: Query[Row], **params: Any) -> Row | None:
        """The first row, or None."""
        compiled = query.sqlite
        row = self._execute(compiled.text, compiled.arguments(params)).fetchone()
        return None if row is None else query.make(row)

    async def all(self, query: Query[Row], **params: Any) -> list[Row]:
        """Every row."""
        compiled = query.sqlite
        return query.make_all(self._execute(compiled.text, compiled.arguments(params)))

    async def run(self, command: Command, **params: Any) -> int:
        """Rows changed."""
        compiled = command.sqlite
        self._execute(compiled.text, compiled.arguments(params))
        return self._connection.changes()

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        """The same command once for each set of parameters."""
        compiled = command.sqlite
        self._connection.executemany(compiled.text, [compiled.arguments(each) for each in params])


def step(use: Coroutine[Any, Any, Result]) -> Result:
    """Run a service to its end without an event loop. One that suspends awaited what is not the database."""
    try:
        use.send(None)
    except StopIteration as end:
        return cast(Result, end.value)
    use.close()
    raise AssertionError("a service awaited something that is not the database: do that before or after it")


class _Job(NamedTuple):
    use: Callable[[SqliteTransaction], Awaitable[Any]]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class _Outcome(NamedTuple):
    future: asyncio.Future[Any]
    result: Any
    error: BaseException | None


class Writer(threading.Thread):
    """The thread through which every write of this process goes."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(name="artel-writer", daemon=True)
        self._connection = connection
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopping = False

    def submit(self, use: Callable[[SqliteTransaction], Awaitable[Result]]) -> asyncio.Future[Result]:
        """Hand a write over; the future is done after the commit that holds it. Raises StorageUnavailable."""
        if self._stopping:
            raise StorageUnavailable(reason="the database is being closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.put(_Job(use, future, loop))
        return future

    def stop(self) -> None:
        """Take no more; the thread ends when what waits is committed. Called where writes are handed over."""
        self._stopping = True
        self._waiting.put(None)

    def run(self) -> None:
        """Take what waits, commit it together, answer; until stopped."""
        while True:
            jobs, stopping = self._take()
            if jobs:
                outcomes = self._commit_group(jobs)
                jobs[0].loop.call_soon_threadsafe(_answer, outcomes)
            if stopping:
                return

    def _take(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        job = self._waiting.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == GROUP_MAX:
                return jobs, False
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit_group(self, jobs: list[_Job]) -> list[_Outcome]:
        execute = self._connection.execute
        try:
            if self._connection.in_transaction:  # what went wrong last time kept it from being undone
                execute("rollback")
            execute("begin immediate")
            outcomes = [self._run_in_savepoint(job) for job in jobs]
            execute("commit")
        except apsw.Error as fault:
            # The disk is full, broken or busy: nothing of this group is known to be stored, nobody is told so.
            with contextlib.suppress(apsw.Error):
                if self._connection.in_transaction:
                    execute("rollback")
            return [_Outcome(job.future, None, StorageUnavailable(reason=str(fault))) for job in jobs]
        return outcomes

    def _run_in_savepoint(self, job: _Job) -> _Outcome:
        execute = self._connection.execute
        execute("savepoint job")
        try:
            result = step(cast(Coroutine[Any, Any, Any], job.use(SqliteTransaction(self._connection))))
        except STORAGE_FAULTS:
            raise  # these may have rolled back the whole group
        except Exception as error:  # noqa: BLE001 - whatever a service raises is its caller's, not the writer's
            execute("rollback to job")
            execute("release job")
            return _Outcome(job.future, None, error)
        execute("release job")
        return _Outcome(job.future, result, None)


def _answer(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():  # the caller went away; the write stands
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


class SqliteDatabase:
    """The door to one SQLite file."""

    engine: Engine = "sqlite"

    def __init__(self, path: Path, vfs: str | None = None) -> None:
        self._writer_connection = connect(path, vfs=vfs)
        self._reader = connect(path, readonly=True, vfs=vfs)
        self._writer = Writer(self._writer_connection)
        self._writer.start()

    async def read(
        self, use: Callable[Concatenate[Any, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run a bounded read in line, on one snapshot."""
        execute = self._reader.execute
        try:
            execute("begin")
            return step(cast(Coroutine[Any, Any, Result], use(SqliteTransaction(self._reader), *args, **kwargs)))
        except STORAGE_FAULTS as fault:
            raise StorageUnavailable(reason=str(fault)) from fault
        finally:
            if self._reader.in_transaction:
                execute("commit")

    async def write(
        self, use: Callable[Concatenate[Any, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Hand a write to the writer thread and wait for its commit."""
        return await self._writer.submit(lambda tx: use(tx, *args, **kwargs))

    async def close(self) -> None:
        """Commit what waits and close the file, which writes the WAL back."""
        self._writer.stop()
        await asyncio.get_running_loop().run_in_executor(None, self._writer.join)
        self._reader.close()
        self._writer_connection.close()
