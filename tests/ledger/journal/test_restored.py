"""Proof: a book that was dumped and restored into another PostgreSQL, which counts transactions anew, is sealed on."""

import random
from collections.abc import Iterator

import asyncpg
import pytest

from artel.db import Database
from artel.db.migrate import migrate_postgres
from artel.db.opening import open_database
from artel.edge.observe import make_log
from artel.ledger.book.model import wallet, world
from artel.ledger.journal.chores import Keeper
from artel.ledger.journal.model import Audited
from artel.settings import Settings
from tests.conftest import Log, Run
from tests.ledger.journal.filled import RUB, Kept, fill, journal_of, look, move
from tests.servers import Postgres

TRANSACTIONS = 2_000  # more than a new cluster has after a restore


@pytest.fixture
def elsewhere() -> Iterator[Postgres]:
    """A PostgreSQL that is new."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def restored(settings: Settings, db: Database, run: Run, log: Log, postgres: Postgres, elsewhere: Postgres) -> Settings:
    """A book with its journal and two transfers that are not sealed, restored into the new one."""
    run(db.write(fill, random.Random(5)))
    run(_pass_time(settings.database))
    assert run(_keeper(db, settings, log).round()) == 1
    for number in range(2):
        run(db.write(move, f"late {number}", world(RUB), wallet(1, RUB), 5))
    name = settings.database.rpartition("/")[2]
    run(_execute(elsewhere.url("postgres"), f"create database {name}"))
    elsewhere.restore(postgres.dump(name).read_bytes(), name)
    return Settings(data=settings.data, database=elsewhere.url(name))


def _keeper(db: Database, settings: Settings, log: Log) -> Keeper:
    return Keeper(db, journal_of(settings.data), make_log("debug", log))  # type: ignore[arg-type]


async def _pass_time(url: str) -> None:
    connection = await asyncpg.connect(url)
    for _ in range(TRANSACTIONS):
        await connection.execute("select pg_current_xact_id()")
    await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


def _after_more(settings: Settings, run: Run, log: Log) -> tuple[int | None, Audited]:
    """What the keeper and an audit say after more was booked there."""

    async def use() -> tuple[int | None, Audited]:
        db = await open_database(settings.database, settings.data)
        try:
            for number in range(3):
                await db.write(move, f"more {number}", world(RUB), wallet(1, RUB), 5)
            keeper = _keeper(db, settings, log)
            return await keeper.round(), await look(Kept(settings, db, keeper.journal))
        finally:
            await db.close()

    found: tuple[int | None, Audited] = run(use())
    return found


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_what_is_booked_after_a_restore_is_sealed_behind_what_was_before(
    restored: Settings, run: Run, log: Log
) -> None:
    for _ in range(2):  # the second start changes nothing
        run(migrate_postgres(restored.database))
    assert _after_more(restored, run, log) == (2, Audited(2, 32, 8, 0, 0, []))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_without_a_new_era_it_would_be_passed_over(restored: Settings, run: Run, log: Log) -> None:
    """The canary."""
    sealed, audited = _after_more(restored, run, log)
    assert sealed == 1
    assert any("is in the book" in each.problem for each in audited.findings)
