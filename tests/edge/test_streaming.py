"""Answers in pieces: a file is all there or seen to be broken off, and no more of it is made than somebody takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import pytest

from artel.edge import streaming
from artel.edge.call import Call
from artel.edge.reply import Reply
from artel.edge.streaming import PIECE_BYTES, pour, spreadsheet
from artel.kernel.errors import Malformed
from tests.conftest import Run

LINE: Final = "a line\n"


class Reader:
    """Who takes the pieces; `leaves` after so many, or takes none any more after so many."""

    def __init__(self, leaves: int = 10**9, takes: int = 10**9) -> None:
        self.text, self.pieces, self.ended = b"", 0, False
        self._leaves, self._takes = leaves, takes
        self._left = asyncio.Event()

    async def send(self, message: Any) -> None:
        if self.pieces >= self._takes:
            await asyncio.Event().wait()
        self.text += message["body"]
        self.pieces += bool(message["body"])
        self.ended |= not message["more_body"]
        if self.pieces >= self._leaves:
            self._left.set()
            await asyncio.sleep(0.01)

    async def receive(self) -> Any:
        await self._left.wait()
        return {"type": "http.disconnect"}

    @property
    def call(self) -> Call:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "client": None}
        return Call(scope, self.receive)


class Source:
    """Pages of lines, and how many were asked for."""

    def __init__(self, count: int, fails: bool = False) -> None:
        self.made, self._count, self._fails = 0, count, fails

    async def pages(self) -> AsyncIterator[list[str]]:
        for _ in range(self._count):
            self.made += 1
            yield [LINE] * 3
        if self._fails:
            raise Malformed(field="page", problem="was not found")


async def never() -> None:
    await asyncio.Event().wait()


async def at_once() -> None:
    """The server stops."""


async def poured(
    reply: Reply, reader: Reader, leaving: Callable[[], Awaitable[None]] = never, limit_s: float = 5
) -> None:
    async with asyncio.timeout(limit_s):
        await pour(reader.call, reply, reader.send, leaving)


async def read(source: Source, *, leaving: Callable[[], Awaitable[None]] = never, **reader: int) -> Reader:
    taker = Reader(**reader)
    await poured(spreadsheet("x.csv", source.pages()), taker, leaving)
    return taker


def test_a_file_is_sent_to_its_end_although_the_server_is_about_to_stop(run: Run) -> None:
    for leaving in (never, at_once):
        reader = run(read(Source(5), leaving=leaving))
        assert (reader.text.decode(), reader.ended) == (LINE * 15, True)


def test_a_stream_ends_with_the_server(run: Run) -> None:
    async def go() -> Reader:
        reader, reply = Reader(), spreadsheet("x.csv", Source(10**9).pages())
        await poured(Reply(200, pieces=reply.pieces), reader, at_once)
        return reader

    assert run(go()).ended


def test_a_file_that_breaks_off_has_no_end(run: Run) -> None:
    async def go() -> Reader:
        reader = Reader()
        with pytest.raises(Malformed):
            await poured(spreadsheet("x.csv", Source(5, fails=True).pages()), reader)
        return reader

    reader = run(go())
    assert (reader.text.decode(), reader.ended) == (LINE * 15, False), "else it would be taken for all of it"


def test_a_file_ends_without_its_end_when_its_reader_may_not_have_it_any_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STILL_S", 0.01)

    async def go() -> Reader:
        asked = iter([True, True, False])

        async def still() -> bool:
            return next(asked)

        reader, reply = Reader(), spreadsheet("x.csv", Source(10**9).pages())
        await poured(Reply(200, pieces=reply.pieces, still=still, is_file=True), reader)
        return reader

    reader = run(go())
    assert reader.text and not reader.ended


def test_no_more_pages_are_made_than_a_reader_takes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(10**9)
    assert not run(read(source, leaves=10)).ended
    assert source.made <= 12
    monkeypatch.setattr(streaming, "TAKEN_MAX_S", 0.1)
    waited = Source(10**9)
    assert not run(read(waited, takes=7)).ended
    assert waited.made == 8, "one waits to be taken, and is given up"


def test_a_large_page_goes_in_pieces_that_a_slow_reader_takes_one_by_one(run: Run) -> None:
    async def pages() -> AsyncIterator[list[str]]:
        yield []
        yield ["ё" * PIECE_BYTES]

    async def go() -> Reader:
        reader = Reader()
        await poured(spreadsheet("x.csv", pages()), reader)
        return reader

    reader = run(go())
    assert (reader.text.decode(), reader.pieces) == ("ё" * PIECE_BYTES, 2)
