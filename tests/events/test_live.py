"""Proof: streams and webhooks of servers as they run: several processes, SIGTERM, kill -9, readers that leave."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from artel.db import Command, Database, Write
from artel.events import streams
from artel.events.tables import deliveries
from artel.settings import Settings
from tests.conftest import Run
from tests.events.happening import WAIT_S, Happened, Receiver, happen, until
from tests.people import People
from tests.servers import Server

NEAR = {"ARTEL_WEBHOOKS_PRIVATE": "true", "ARTEL_ACCESS_LOG": "false"}
LET_GO = Command(update(deliveries).where(deliveries.c.finished_us == 0).values(claimed_until_us=0, due_us=0))


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[[], Server]]:
    """Starts servers on one database; all of them are gone after the test."""
    servers: list[Server] = []
    options = {"database": settings.database} if settings.database else {}

    def one() -> Server:
        servers.append(Server(settings.data, NEAR, **options))
        return servers[-1].wait()

    yield one
    for server in servers:
        if server.process.poll() is None:
            server.kill()


class Line:
    """A connection that listens to the stream of a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.raw = b""
        self.ended = False
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while piece := await self.reader.read(65_536):
            self.raw += piece
        self.ended = True

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1]) if b"\r\n\r\n" in self.raw else 0

    @property
    def numbers(self) -> list[int]:
        found = [line[6:] for line in self.raw.replace(b"\r\n", b"\n").split(b"\n") if line.startswith(b"data: ")]
        return [json.loads(each)["data"]["number"] for each in found]

    async def close(self) -> None:
        self._reading.cancel()
        self.writer.close()


@asynccontextmanager
async def calling(server: Server, token: str, query: str = "kinds=test.*") -> AsyncIterator[Line]:
    parts = urlsplit(server.url)
    line = Line(*await asyncio.open_connection(parts.hostname, parts.port))
    head = f"GET /api/v1/events?{query} HTTP/1.1\r\nHost: artel\r\nAccept: text/event-stream\r\n"
    line.writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
    try:
        await until(lambda: line.status and (line.status != 200 or b"retry" in line.raw))
        yield line
    finally:
        await line.close()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_server_that_is_told_to_stop_ends_its_streams_at_once(
    serve: Callable[[], Server], people: People, run: Run
) -> None:
    token = people.person("owner").session
    server = serve()

    async def go() -> tuple[float, float, bytes]:
        async with calling(server, token) as one, calling(server, token) as two:
            began_s = time.monotonic()
            server.process.terminate()
            await until(lambda: one.ended and two.ended)
            ended_s = time.monotonic() - began_s
            while server.process.poll() is None:
                await asyncio.sleep(0.01)
            return ended_s, time.monotonic() - began_s, one.raw

    streams_s, server_s, raw = run(go())
    print(f"streams ended after {streams_s:.2f} s, the server after {server_s:.2f} s")
    assert server.process.returncode == 0, server.log.read_text()
    assert raw.endswith(b"0\r\n\r\n"), "told that it is the end, not cut off"
    assert server_s < WAIT_S, "the streams did not keep it up"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_reader_that_leaves_gives_its_place_back(serve: Callable[[], Server], people: People, run: Run) -> None:
    token = people.person("owner").session
    server = serve()

    async def go() -> list[int]:
        statuses = []
        for _ in range(2 * streams.PER_ACCOUNT):
            async with calling(server, token) as line:
                statuses.append(line.status)
            await asyncio.sleep(0.05)
        return statuses

    assert run(go()) == [200] * 2 * streams.PER_ACCOUNT


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_an_event_of_one_process_is_heard_at_another(
    serve: Callable[[], Server], people: People, run: Run, db: Database
) -> None:
    token = people.person("owner").session
    first, second = serve(), serve()

    async def go() -> list[list[int]]:
        async with calling(first, token) as one, calling(second, token) as two:
            for number in range(20):
                await db.write(happen, Happened(number))
            await until(lambda: len(one.numbers) == len(two.numbers) == 20)
            return [one.numbers, two.numbers]

    assert run(go()) == [list(range(20))] * 2


async def _let_go(tx: Write) -> int:
    return await tx.run(LET_GO)


def test_kill_9_in_the_middle_loses_no_message_and_keeps_their_order(
    serve: Callable[[], Server], people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner")
    server = serve()

    async def go() -> None:
        await _make(server, owner.session, receiver.url)
        for start in range(0, 40, 20):
            await db.write(happen, *[Happened(number, f"thing/{number % 4}") for number in range(start, start + 20)])
            await until(lambda start=start: len(set(receiver.numbers)) > start + 3)
            await asyncio.to_thread(server_of[-1].kill)
            await db.write(_let_go)  # as if the claims had run out
            server_of.append(await asyncio.to_thread(serve))
        await until(lambda: set(receiver.numbers) == set(range(40)))

    server_of = [server]
    receiver.answer = lambda message: (time.sleep(0.01), (200, ""))[1]
    run(go())
    for subject in range(4):
        heard = [number for number in dict.fromkeys(receiver.numbers) if number % 4 == subject]
        assert heard == sorted(heard), "whatever came twice, first it came in order"


async def _make(server: Server, token: str, url: str) -> None:
    parts = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    body = json.dumps({"url": url, "kinds": ["test.*"]})
    head = f"POST /api/v1/webhooks HTTP/1.1\r\nHost: artel\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    writer.write(f"{head}Authorization: Bearer {token}\r\n\r\n{body}".encode())
    answer = await reader.read()
    assert b" 201 " in answer.split(b"\r\n")[0], answer
    writer.close()
