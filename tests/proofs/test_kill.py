"""R1: kill -9 under load loses no acknowledged write, on SQLite and on PostgreSQL."""

import asyncio
import random
import select
import time
from pathlib import Path

import httpx
from sqlalchemy import select as select_rows

from artel.accounts.tables import accounts
from artel.app import make
from artel.db import Query, Read
from artel.db.migrate import migrate_sqlite
from artel.db.opening import DATABASE_FILE, open_database
from artel.edge.observe import make_log
from artel.settings import Settings
from tests.conftest import PASSWORD, Log
from tests.proofs import writer
from tests.proofs.load import Connection, Unanswered
from tests.proofs.pairs import SOUND, judge_postgres, judge_sqlite
from tests.servers import Postgres, Server

KILLS_SQLITE = 100  # of the writing process
KILLS_POSTGRES = 50  # likewise: what it has sent, the server goes on with
KILLS_OF_POSTGRES = 6  # the server itself, which takes seconds to recover
LIFE_MAX_S = 0.15  # of a writer after its first acknowledgement
FRESH_EVERY = 10  # kills: then an empty database, since a check reads all of it
SERVE_KILLS = 3
SERVE_LIFE_S = (0.3, 1.2)
LOGINS = Query(str, select_rows(accounts.c.login))


def _until_killed(url: str, folder: Path, name: str, rng: random.Random, **fault: bool) -> list[str]:
    """Let a writer write, kill it at a random instant, and answer what it acknowledged."""
    process, pipe = writer.start(url, folder, name, **fault)
    if rng.random() < 0.9:  # else it may die while it opens the database
        select.select([pipe], [], [], 30)
    time.sleep(rng.random() * LIFE_MAX_S)
    process.kill()
    process.join()
    return writer.acknowledged(pipe)


def test_a_killed_writer_loses_nothing_on_sqlite(tmp_path: Path, rng: random.Random, scale: int) -> None:
    known: list[str] = []
    written = 0
    for kill in range(KILLS_SQLITE * scale):
        folder = tmp_path / str(kill // FRESH_EVERY)
        if kill % FRESH_EVERY == 0:
            known = []
            folder.mkdir()
            migrate_sqlite(folder / DATABASE_FILE)
        acknowledged = _until_killed("", folder, f"{kill}", rng)
        known += acknowledged
        written += len(acknowledged)
        assert judge_sqlite(folder, known) == SOUND, f"after kill {kill}"
    print(f"{KILLS_SQLITE * scale} kills, {written} acknowledged writes, 0 lost")
    assert written > 10 * KILLS_SQLITE * scale


def test_a_killed_writer_loses_nothing_on_postgresql(durable: Postgres, rng: random.Random, scale: int) -> None:
    url, folder = durable.url("postgres"), Path()
    known: list[str] = []
    for kill in range(KILLS_POSTGRES * scale):
        known += _until_killed(url, folder, f"{kill}", rng)
        if kill % 10 == 9:
            assert judge_postgres(url, known) == SOUND, f"after kill {kill}"
    print(f"{KILLS_POSTGRES * scale} kills, {len(known)} acknowledged writes, 0 lost")
    assert len(known) > 10 * KILLS_POSTGRES * scale


def test_a_killed_postgresql_loses_nothing(durable: Postgres, rng: random.Random, scale: int) -> None:
    url, known = durable.url("postgres"), []
    for kill in range(KILLS_OF_POSTGRES * scale):
        process, pipe = writer.start(url, Path(), f"{kill}")
        select.select([pipe], [], [], 30)
        time.sleep(rng.random() * LIFE_MAX_S)
        durable.kill()
        durable.start()
        select.select([pipe], [], [], 30)
        process.kill()
        process.join()
        known += writer.acknowledged(pipe)
        assert judge_postgres(url, known) == SOUND, f"after kill {kill}"
    print(f"{KILLS_OF_POSTGRES * scale} kills, {len(known)} acknowledged writes, 0 lost")
    assert known


def test_over_http_a_killed_postgresql_is_503_until_it_is_back(durable: Postgres, tmp_path: Path) -> None:
    async def go() -> None:
        log = Log()
        settings = Settings(data=tmp_path, database=durable.url("postgres"))
        app = make(settings, make_log("debug", log))  # type: ignore[arg-type]
        await app.start()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://artel.test") as client:

            async def register(login: str) -> httpx.Response:
                return await client.post("/api/v1/accounts", json={"login": login, "password": PASSWORD})

            assert (await register("before")).status_code == 201
            durable.kill()
            answers = [await client.get("/readyz"), *[await register(f"while-{number}") for number in range(3)]]
            assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
                (503, "storage.unavailable")
            ] * 4
            await asyncio.to_thread(durable.start)
            assert (await register("while-0")).status_code == 201
        await app.stop()
        assert "request.fault" not in {line["event"] for line in log.lines()}

    asyncio.run(go())


def test_an_acknowledgement_before_the_commit_is_caught_on_sqlite(tmp_path: Path, rng: random.Random) -> None:
    """The canary: the same check, with the fault planted, must find lost writes."""
    migrate_sqlite(tmp_path / DATABASE_FILE)
    assert any(
        judge_sqlite(tmp_path, _until_killed("", tmp_path, f"{kill}", rng, too_early=True)).lost for kill in range(30)
    )


def test_an_acknowledgement_before_the_commit_is_caught_on_postgresql(durable: Postgres, rng: random.Random) -> None:
    """The canary on PostgreSQL."""
    url = durable.url("postgres")
    assert any(
        judge_postgres(url, _until_killed(url, Path(), f"{kill}", rng, too_early=True)).lost for kill in range(30)
    )


def test_a_killed_server_keeps_every_acknowledged_registration(
    settings: Settings, rng: random.Random, scale: int
) -> None:
    options = {"database": settings.database} if settings.database else {}
    known: list[str] = []
    for kill in range(SERVE_KILLS * scale):
        server = Server(settings.data, {"ARTEL_REGISTRATIONS_PER_HOUR": "1000000"}, **options)
        try:
            server.wait()
            known += asyncio.run(_register_until_killed(server, kill, rng.uniform(*SERVE_LIFE_S)))
        finally:
            if server.process.poll() is None:
                server.kill()
        missing = set(known) - asyncio.run(_logins(settings))
        assert not missing, f"after kill {kill}"
    print(f"{SERVE_KILLS * scale} kills, {len(known)} acknowledged registrations, 0 lost")
    assert known
    if not settings.database:
        assert judge_sqlite(settings.data, []).integrity == "ok"


async def _register_until_killed(server: Server, kill: int, life_s: float) -> list[str]:
    """Several clients register one account after another; answers the logins that were acknowledged."""
    acknowledged: list[str] = []

    async def register(client: int) -> None:
        connection, number = Connection(server.url), 0
        try:
            while True:
                number += 1
                login = f"anna-{kill}-{client}-{number}"
                await connection.open()
                body = {"login": login, "password": PASSWORD}
                status, _ = await connection.ask("POST", "/api/v1/accounts", body)
                assert status == 201
                acknowledged.append(login)
        except (Unanswered, OSError):  # it was killed
            return
        finally:
            await connection.close()

    clients = [asyncio.create_task(register(client)) for client in range(8)]
    await asyncio.sleep(life_s)
    server.kill()
    await asyncio.gather(*clients)
    return acknowledged


async def _logins(settings: Settings) -> set[str]:
    db = await open_database(settings.database, settings.data)

    async def look(tx: Read) -> list[str]:
        return await tx.all(LOGINS)

    found = await db.read(look)
    await db.close()
    return set(found)
