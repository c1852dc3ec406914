"""SQLite: the version gate, the writer thread, and services that must not suspend."""

import asyncio
import threading
from pathlib import Path

import apsw
import pytest

from artel.db import Read, StorageUnavailable, Write
from artel.db.sqlite import CHECKPOINT_PAGES, GROUP_MAX, SqliteDatabase, SqliteUnsafe, connect, gate
from tests.db.counters import add, count, put, used


@pytest.fixture
def path(tmp_path: Path, sqlite_template: bytes) -> Path:
    file = tmp_path / "artel.db"
    file.write_bytes(sqlite_template)
    return file


@pytest.mark.parametrize("version", ["3.7.0", "3.7.0.1", "3.40.1", "3.51.1", "3.51.2"])
def test_a_version_that_can_corrupt_a_wal_is_refused_with_what_to_do(version: str) -> None:
    with pytest.raises(SqliteUnsafe, match="make env"):
        gate(version)


@pytest.mark.parametrize("version", ["3.6.23", "3.6.23.1", "3.51.3", "3.52.0", "3.54.0", "4.0.0"])
def test_a_version_beside_them_is_fine(version: str) -> None:
    gate(version)


def test_the_version_that_is_loaded_is_fine() -> None:
    gate(apsw.sqlite_lib_version())


def test_a_loaded_version_with_the_fault_never_opens_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.40.1")
    with pytest.raises(SqliteUnsafe):
        SqliteDatabase(path)


def test_a_connection_has_the_settings_that_the_promises_rest_on(path: Path) -> None:
    connection = connect(path)
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "temp_store": 2,
        "wal_autocheckpoint": CHECKPOINT_PAGES,
    }
    found = {name: connection.pragma(name) for name in wanted}
    connection.close()
    assert found == wanted


@pytest.mark.parametrize("content", [b"this is no database, whatever its name says\n" * 100])
def test_a_file_that_is_no_database_is_unavailable_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "artel.db"
    file.write_bytes(content)
    with pytest.raises(StorageUnavailable, match="not a database"):
        SqliteDatabase(file)
    assert file.read_bytes() == content


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="unable to open"):
        SqliteDatabase(tmp_path / "nowhere" / "artel.db")


def test_a_service_that_suspends_is_a_programming_fault(path: Path) -> None:
    async def sleeps(tx: Read) -> None:
        await asyncio.sleep(0)

    async def writes_and_sleeps(tx: Write) -> None:
        await put(tx, "a")
        await asyncio.sleep(0)

    async def go() -> int:
        db = SqliteDatabase(path)
        with pytest.raises(AssertionError, match="before or after it"):
            await db.read(sleeps)
        with pytest.raises(AssertionError, match="before or after it"):
            await db.write(writes_and_sleeps)
        found = await db.read(count)
        await db.close()
        return found

    assert asyncio.run(go()) == 0


def test_a_read_sees_one_state_while_others_write(path: Path) -> None:
    async def go() -> tuple[int | None, int | None, int | None]:
        db, other = SqliteDatabase(path), connect(path)
        await db.write(put, "a")

        async def twice(tx: Read) -> tuple[int | None, int | None]:
            before = await used(tx, "a")
            other.execute("update tallies set used = 5")
            return before, await used(tx, "a")

        before, after = await db.read(twice)
        later = await db.read(used, "a")
        other.close()
        await db.close()
        return before, after, later

    assert asyncio.run(go()) == (0, 0, 5)


def test_writes_that_wait_are_committed_together_and_nobody_is_forgotten(path: Path) -> None:
    async def go() -> tuple[int, int]:
        db = SqliteDatabase(path)
        gathered = threading.Event()

        async def holds_the_writer(tx: Write) -> None:
            gathered.wait(10)

        first = asyncio.ensure_future(db.write(holds_the_writer))
        await asyncio.sleep(0.05)
        commits: list[str] = []
        db._writer_connection.set_commit_hook(lambda: bool(commits.append("commit")))
        writes = [asyncio.ensure_future(db.write(put, f"counter {number}")) for number in range(GROUP_MAX * 2)]
        await asyncio.sleep(0)
        gathered.set()
        await asyncio.gather(first, *writes)
        db._writer_connection.set_commit_hook(None)
        found = await db.read(count)
        await db.close()
        return found, len(commits)

    assert asyncio.run(go()) == (GROUP_MAX * 2, 3)


def test_a_lock_held_by_another_process_is_waited_for(path: Path) -> None:
    async def go() -> int | None:
        db, other = SqliteDatabase(path), connect(path)
        await db.write(put, "a")
        other.execute("begin immediate")
        other.execute("update tallies set used = used + 1")
        waiting = asyncio.ensure_future(db.write(add, "a", 1))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        other.execute("commit")
        other.close()
        await waiting
        found = await db.read(used, "a")
        await db.close()
        return found

    assert asyncio.run(go()) == 2


def test_a_lock_held_for_too_long_is_unavailable_and_the_next_write_succeeds(path: Path) -> None:
    async def go() -> int:
        db, other = SqliteDatabase(path), connect(path)
        db._writer_connection.set_busy_timeout(50)
        other.execute("begin immediate")
        writes = await asyncio.gather(*(db.write(put, f"counter {n}") for n in range(5)), return_exceptions=True)
        assert [type(write) for write in writes] == [StorageUnavailable] * 5
        other.execute("rollback")
        other.close()
        await db.write(put, "a")
        found = await db.read(count)
        await db.close()
        return found

    assert asyncio.run(go()) == 1


def test_closing_commits_what_waits_and_takes_no_more(path: Path) -> None:
    async def go() -> None:
        db = SqliteDatabase(path)
        writes = [asyncio.ensure_future(db.write(put, f"counter {number}")) for number in range(300)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(db.close())
        await asyncio.sleep(0)
        with pytest.raises(StorageUnavailable, match="being closed"):
            await db.write(put, "late")
        await closing
        assert len(await asyncio.gather(*writes)) == 300
        reopened = SqliteDatabase(path)
        assert await reopened.read(count) == 300
        await reopened.close()

    asyncio.run(go())
