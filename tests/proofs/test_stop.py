"""R12: SIGTERM and a rolling restart under load: every request that was sent is answered."""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Iterator

import pytest

from artel.edge import drain
from artel.settings import Settings
from tests.conftest import PASSWORD
from tests.proofs.load import Connection, Tally, keep_asking
from tests.servers import Server

ROUNDS = 3
CLIENTS = 12
LOAD_MAX_S = 0.8
QUIET = {"ARTEL_ACCESS_LOG": "false"}


@pytest.fixture
def start(settings: Settings) -> Iterator[Callable[[], Server]]:
    """Starts servers on one database; all of them are gone after the test."""
    servers: list[Server] = []
    options = {"database": settings.database} if settings.database else {}

    def one() -> Server:
        servers.append(Server(settings.data, QUIET, **options))
        return servers[-1]

    yield one
    for server in servers:
        if server.process.poll() is None:
            server.kill()


async def _log_in(url: str) -> str:
    connection = Connection(url)
    await connection.open()
    await connection.ask("POST", "/api/v1/accounts", {"login": "anna", "password": PASSWORD})
    token = await connection.token("anna", PASSWORD)
    await connection.close()
    return token


def _load(choose_url: Callable[[], str | None], tally: Tally, token: str) -> list[asyncio.Task[None]]:
    """Readers and writers, one after another on connections that are kept open."""
    made = {"name": "t", "scopes": ["profile:read"]}
    bearer = {"Authorization": f"Bearer {token}"}
    return [
        asyncio.create_task(
            keep_asking(choose_url, tally, "GET", "/api/v1/me", **bearer)
            if number % 2
            else keep_asking(choose_url, tally, "POST", "/api/v1/tokens", made, **bearer)
        )
        for number in range(CLIENTS)
    ]


async def _ended(server: Server) -> None:
    while server.process.poll() is None:
        await asyncio.sleep(0.01)


def _terminate(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)


def _interrupt(server: Server) -> None:
    os.killpg(server.process.pid, signal.SIGINT)


async def _stop_under_load(server: Server, load_s: float, stop: Callable[[Server], None]) -> Tally:
    tally = Tally()
    token = await _log_in(server.url)
    clients = _load(lambda: None if tally.refused >= CLIENTS else server.url, tally, token)
    await asyncio.sleep(load_s)
    stop(server)
    await _ended(server)
    await asyncio.gather(*clients)
    return tally


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_server_that_is_told_to_stop_answers_every_request(
    start: Callable[[], Server], rng: random.Random, scale: int
) -> None:
    for _ in range(ROUNDS * scale):
        server = start().wait()
        tally = asyncio.run(_stop_under_load(server, rng.uniform(0.1, LOAD_MAX_S), _terminate))
        print(tally.summary())
        assert server.process.returncode == 0, server.log.read_text()
        assert tally.unanswered == []
        assert tally.of(200, 201) == tally.answered() > 10 * CLIENTS


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_server_that_does_not_drain_is_caught(start: Callable[[], Server], rng: random.Random) -> None:
    """The canary: Ctrl-C ends all processes at once, and the same load must find requests without an answer."""
    assert any(
        asyncio.run(_stop_under_load(start().wait(), rng.uniform(0.3, LOAD_MAX_S), _interrupt)).unanswered
        for _ in range(10)
    )


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_rolling_restart_of_two_servers_loses_no_request(start: Callable[[], Server], scale: int) -> None:
    async def roll() -> Tally:
        servers = [start().wait(), start().wait()]
        tally, turn, ending = Tally(), 0, False
        token = await _log_in(servers[0].url)

        def round_robin() -> str | None:
            nonlocal turn
            turn += 1
            return None if ending else servers[turn % len(servers)].url

        clients = _load(round_robin, tally, token)
        for _ in range(scale):
            for place in range(len(servers)):
                await asyncio.sleep(0.5)
                server = servers[place]
                _terminate(server)
                await _ended(server)
                assert server.process.returncode == 0
                servers[place] = await asyncio.to_thread(start().wait)
        ending = True
        await asyncio.gather(*clients)
        return tally

    tally = asyncio.run(roll())
    print(tally.summary())
    assert tally.unanswered == []
    assert tally.of(200, 201) == tally.answered() > 10 * CLIENTS


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_connection_that_is_kept_open_ends_with_its_next_answer_once_the_server_stops(
    start: Callable[[], Server],
) -> None:
    async def go() -> tuple[bool, bool]:
        server = start().wait()
        connection = Connection(server.url)
        await connection.open()
        await connection.ask("GET", "/healthz")
        kept = connection.is_open()
        _terminate(server)
        await asyncio.sleep(drain.DRAIN_S / 2)
        status, _ = await connection.ask("GET", "/healthz")
        assert status == 200
        return kept, connection.is_open()

    assert asyncio.run(go()) == (True, False)
