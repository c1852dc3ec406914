"""R14: a full or broken disk: nothing is acknowledged that is not stored, and the next write succeeds after it."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import httpx
import pytest

from artel.app import make
from artel.db import StorageUnavailable, migrate
from artel.db import sqlite as product
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import SqliteDatabase
from artel.edge.observe import make_log
from artel.settings import Settings
from tests.conftest import PASSWORD, Log
from tests.db.counters import count
from tests.proofs.disk import Failing, Fault
from tests.proofs.pairs import SOUND, judge_sqlite, write_pair

POINTS = 50  # for each fault
CLIENTS = 8
WRITES = 60
CHECKPOINT_PAGES = 20
HANG_S = 30
FAULTS: tuple[Fault, ...] = (apsw.FullError, apsw.IOError)
WRITING = ("write", "sync", "truncate")
PAGES_CACHED = 10  # so few that a transaction reads, and spills what it has not committed


@pytest.fixture
def disk() -> Iterator[Failing]:
    failing = Failing("failing")
    yield failing
    failing.unregister()


def _from(
    first: int, fault: Fault, steps: tuple[str, ...] = WRITING, *, once: bool = False
) -> Callable[..., Fault | None]:
    """The n-th of these steps fails, and those after it unless once."""
    met = 0

    def fails(what: str, number: int) -> Fault | None:
        nonlocal met
        if what not in steps:
            return None
        met += 1
        return fault if (met == first if once else met >= first) else None

    return fails


class Outcome:
    """What became of the writes."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.unavailable = 0

    async def write(self, db: SqliteDatabase, label: str) -> None:
        """Several clients write; one that is refused goes on with the next."""

        async def client(number: int) -> None:
            for turn in range(WRITES // CLIENTS):
                name = f"{label}-{number}-{turn}"
                try:
                    await db.write(write_pair, name)
                    self.acknowledged.append(name)
                except StorageUnavailable:
                    self.unavailable += 1

        async with asyncio.timeout(HANG_S):
            await asyncio.gather(*map(client, range(CLIENTS)))


@pytest.mark.parametrize("once", [False, True], ids=["until space is back", "once"])
@pytest.mark.parametrize("steps", [WRITING, (*WRITING, "read")], ids=["writing", "reading too"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_disk_is_never_acknowledged_and_later_writes_succeed(
    quick_folder: Path,
    sqlite_template: bytes,
    disk: Failing,
    rng: random.Random,
    scale: int,
    fault: Fault,
    steps: tuple[str, ...],
    once: bool,
) -> None:
    unavailable = 0

    async def at_point(folder: Path, first: int) -> Outcome:
        db = SqliteDatabase(folder / DATABASE_FILE, disk.vfs)
        db._writer_connection.pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        db._writer_connection.pragma("cache_size", PAGES_CACHED)
        outcome = Outcome()
        await outcome.write(db, "before")
        disk.fail(_from(first, fault, steps, once=once))
        await outcome.write(db, "while")
        disk.repair()
        refused = outcome.unavailable
        await outcome.write(db, "after")
        assert outcome.unavailable == refused, "there is space again, and a write failed"
        assert db._writer.is_alive()
        assert await db.read(count) >= 2 * len(outcome.acknowledged)
        await db.close()
        return outcome

    for point in range(POINTS * scale):
        folder = quick_folder / str(point)
        folder.mkdir()
        (folder / DATABASE_FILE).write_bytes(sqlite_template)
        outcome = asyncio.run(at_point(folder, 1 + point % 20 + rng.randrange(3)))
        assert disk.failed
        assert judge_sqlite(folder, outcome.acknowledged) == SOUND, f"point {point}"
        unavailable += outcome.unavailable
    assert unavailable, "no fault was met by a write"


def test_a_disk_that_cannot_be_read_is_unavailable_until_it_can(
    quick_folder: Path, sqlite_template: bytes, disk: Failing
) -> None:
    path = quick_folder / DATABASE_FILE
    path.write_bytes(sqlite_template)

    async def go() -> None:
        db = SqliteDatabase(path, disk.vfs)
        await Outcome().write(db, "before")
        db._reader.pragma("cache_size", 0)
        disk.fail(_from(1, apsw.IOError, ("read",)))
        for _ in range(3):
            with pytest.raises(StorageUnavailable):
                await db.read(count)
        disk.repair()
        assert await db.read(count) > 0
        await db.close()

    asyncio.run(go())


@pytest.mark.parametrize("fault", FAULTS)
def test_over_http_a_full_disk_is_503_and_nothing_else(
    tmp_path: Path, sqlite_template: bytes, disk: Failing, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(sqlite_template)
    opened = product.connect
    monkeypatch.setattr(
        product, "connect", lambda path, *, readonly=False, vfs=None: opened(path, readonly=readonly, vfs=disk.vfs)
    )

    async def go() -> None:
        log = Log()
        app = make(Settings(data=tmp_path, registrations_per_hour=1000), make_log("debug", log))  # type: ignore[arg-type]
        await app.start()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://artel.test") as client:

            async def register(login: str) -> httpx.Response:
                return await client.post("/api/v1/accounts", json={"login": login, "password": PASSWORD})

            assert (await register("before")).status_code == 201
            disk.fail(_from(1, fault))
            async with asyncio.timeout(HANG_S):
                answers = await asyncio.gather(*(register(f"while-{number}") for number in range(6)))
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.json()["code"] for answer in answers} == {"storage.unavailable"}
            assert (await client.get("/readyz")).status_code == 200, "reading still works"
            disk.repair()
            assert (await register("while-0")).status_code == 201, "it was not stored when it was refused"
        await app.stop()
        assert "request.fault" not in {line["event"] for line in log.lines()}

    asyncio.run(go())


# What fails while the file is closed is reported to nobody: by then everything is in the WAL.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_migration_on_a_full_disk_leaves_the_file_as_it_was(
    quick_folder: Path, disk: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, refused = migrate.connect, 0
    monkeypatch.setattr(migrate, "connect", lambda path: opened(path, vfs=disk.vfs))
    for point in range(1, POINTS):
        path = quick_folder / f"{point}.db"
        disk.fail(_from(point, apsw.FullError))
        try:
            migrate.migrate_sqlite(path)
        except StorageUnavailable:
            refused += 1
        disk.repair()
        with closing(opened(path)) as connection:
            tables = connection.execute("select count(*) from sqlite_schema").fetchone()
            assert connection.pragma("integrity_check") == "ok"
        came_from = migrate.migrate_sqlite(path)
        assert (came_from is None) == (tables == (0,)), "all of the schema is there, or nothing"
    assert refused >= 10


def test_an_acknowledgement_in_spite_of_a_failed_commit_is_caught(
    quick_folder: Path, sqlite_template: bytes, disk: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: a writer that answers although its commit failed must be found."""
    path = quick_folder / DATABASE_FILE
    path.write_bytes(sqlite_template)
    commit_group = product.Writer._commit_group

    def careless(self: product.Writer, jobs: list[product._Job]) -> list[product._Outcome]:
        return [outcome._replace(error=None) for outcome in commit_group(self, jobs)]

    async def go() -> Outcome:
        db = SqliteDatabase(path, disk.vfs)
        outcome = Outcome()
        disk.fail(_from(5, apsw.FullError))
        await outcome.write(db, "while")
        disk.repair()
        await db.close()
        return outcome

    monkeypatch.setattr(product.Writer, "_commit_group", careless)
    outcome = asyncio.run(go())
    assert judge_sqlite(quick_folder, outcome.acknowledged).lost
