"""R1 of the book: kill -9 under load loses no acknowledged transfer and leaves the book balanced, on both databases."""

import asyncio
import random
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from artel.db.migrate import migrate_sqlite
from artel.db.opening import DATABASE_FILE, open_database
from artel.ledger.book import service
from artel.ledger.book.model import Made
from artel.settings import Settings
from tests.proofs import writer
from tests.proofs.pairs import SOUND, Verdict
from tests.proofs.transfers import intent_of, judge_postgres, judge_sqlite, write_transfer
from tests.servers import Postgres

KILLS_SQLITE = 20
KILLS_POSTGRES = 10  # of the writing process
KILLS_OF_POSTGRES = 2  # of the server itself
LIFE_MAX_S = 0.25  # of a writer after its first acknowledgement
FRESH_EVERY = 10  # kills: then an empty database


def _until_killed(url: str, folder: Path, name: str, rng: random.Random, end: Callable[[], Any], **fault: bool) -> Any:
    """Let a writer write, kill it or the server at a random instant, and answer what it acknowledged."""
    process, pipe = writer.start(url, folder, name, deed=write_transfer, **fault)
    select.select([pipe], [], [], 30)
    time.sleep(rng.random() * LIFE_MAX_S)
    end()
    process.kill()
    process.join()
    return writer.acknowledged(pipe)


def _nothing() -> None:
    """The server stays."""


def test_a_killed_writer_loses_no_transfer_on_sqlite(tmp_path: Path, rng: random.Random, scale: int) -> None:
    known: list[str] = []
    written = 0
    for kill in range(KILLS_SQLITE * scale):
        folder = tmp_path / str(kill // FRESH_EVERY)
        if kill % FRESH_EVERY == 0:
            known = []
            folder.mkdir()
            migrate_sqlite(folder / DATABASE_FILE)
        acknowledged = _until_killed("", folder, f"{kill}", rng, _nothing)
        known += acknowledged
        written += len(acknowledged)
        assert judge_sqlite(folder, known) == SOUND, f"after kill {kill}"
    print(f"{KILLS_SQLITE * scale} kills, {written} acknowledged transfers, 0 lost")
    assert written > 10 * KILLS_SQLITE * scale


def test_a_killed_writer_loses_no_transfer_on_postgresql(durable: Postgres, rng: random.Random, scale: int) -> None:
    url, known = durable.url("postgres"), []
    for kill in range(KILLS_POSTGRES * scale):
        known += _until_killed(url, Path(), f"{kill}", rng, _nothing)
        if kill % 5 == 4:
            assert judge_postgres(url, known) == SOUND, f"after kill {kill}"
    print(f"{KILLS_POSTGRES * scale} kills, {len(known)} acknowledged transfers, 0 lost")
    assert len(known) > KILLS_POSTGRES * scale


def test_a_killed_postgresql_loses_no_transfer(durable: Postgres, rng: random.Random, scale: int) -> None:
    url, known = durable.url("postgres"), []

    def again() -> None:
        durable.kill()
        durable.start()

    for kill in range(KILLS_OF_POSTGRES * scale):
        known += _until_killed(url, Path(), f"{kill}", rng, again)
        assert judge_postgres(url, known) == SOUND, f"after kill {kill}"
    assert known


def test_a_transfer_acknowledged_before_its_commit_is_missed(tmp_path: Path, rng: random.Random) -> None:
    """The canary."""
    migrate_sqlite(tmp_path / DATABASE_FILE)

    def lost(kill: int) -> list[str]:
        acknowledged = _until_killed("", tmp_path, f"{kill}", rng, _nothing, too_early=True)
        verdict: Verdict = judge_sqlite(tmp_path, acknowledged)
        return verdict.lost

    assert any(lost(kill) for kill in range(30))


def test_after_a_kill_the_same_key_is_the_same_transfer(settings: Settings, rng: random.Random) -> None:
    """Whether or not the answer arrived, who asks again gets that transfer, and no money moves again."""
    acknowledged = _until_killed(settings.database, settings.data, "a", rng, _nothing)
    assert acknowledged

    async def again() -> list[Made]:
        db = await open_database(settings.database, settings.data)
        made = [await db.write(service.post, intent_of(name)) for name in acknowledged]
        await db.close()
        return made

    assert [each for each in asyncio.run(again()) if each.new] == []
    if settings.database:
        assert judge_postgres(settings.database, acknowledged) == SOUND
    else:
        assert judge_sqlite(settings.data, acknowledged) == SOUND
