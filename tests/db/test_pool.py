"""Connections are lent: never to two, never more than allowed, and none is lost, whatever its borrower met."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from artel.db import pool as pools
from artel.db.pool import Pool


class Line:
    """A connection without a server."""

    def __init__(self) -> None:
        self.closed = self.begun = False

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.begun

    def terminate(self) -> None:
        self.closed = True

    async def close(self) -> None:
        self.closed = True


class Server:
    """Opens lines, and counts them; refuses the next ones when told so."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.refused = 0

    async def connect(self) -> Line:
        await asyncio.sleep(0)
        if self.refused:
            self.refused -= 1
            raise ConnectionRefusedError
        self.lines.append(Line())
        return self.lines[-1]

    def open(self) -> int:
        return sum(not line.closed for line in self.lines)


def tried(use: Callable[[Pool, Server], Awaitable[None]], size: int = 2) -> None:
    server = Server()
    asyncio.run(asyncio.wait_for(use(Pool(server.connect, size), server), 10))


def test_what_was_given_back_last_is_lent_next_and_nothing_is_opened() -> None:
    async def use(pool: Pool, server: Server) -> None:
        one, other = await pool.take(), await pool.take()
        pool.give_back(one)
        pool.give_back(other)
        assert [await pool.take(), await pool.take()] == [other, one]
        assert server.open() == 2

    tried(use)


@pytest.mark.parametrize("size", [1, 3])
def test_no_connection_is_lent_to_two_and_never_more_than_allowed(size: int) -> None:
    async def use(pool: Pool, server: Server) -> None:
        lent: set[Line] = set()

        async def borrow() -> None:
            line = await pool.take()
            assert line not in lent
            lent.add(line)
            await asyncio.sleep(0)
            lent.discard(line)
            pool.give_back(line)

        await asyncio.gather(*(borrow() for _ in range(50)))
        assert len(server.lines) == size

    tried(use, size)


@pytest.mark.parametrize("spoil", ["closed", "begun"])
def test_one_that_broke_or_was_left_in_a_transaction_is_not_lent_again(spoil: str) -> None:
    async def use(pool: Pool, server: Server) -> None:
        line = await pool.take()
        waiting = asyncio.ensure_future(pool.take())
        await asyncio.sleep(0)
        setattr(line, spoil, True)
        pool.give_back(line)
        assert await waiting is not line
        assert (line.closed, server.open()) == (True, 1)

    tried(use, 1)


def test_one_that_broke_while_it_was_free_is_replaced() -> None:
    async def use(pool: Pool, server: Server) -> None:
        line = await pool.take()
        pool.give_back(line)
        line.closed = True
        assert await pool.take() is not line
        assert server.open() == 1

    tried(use, 1)


def test_when_connecting_fails_whoever_waits_may_try() -> None:
    async def use(pool: Pool, server: Server) -> None:
        server.refused = 1
        answers = await asyncio.gather(pool.take(), pool.take(), return_exceptions=True)
        assert isinstance(answers[0], ConnectionRefusedError)
        assert answers[1] is server.lines[0]

    tried(use, 1)


@pytest.mark.parametrize("lent_meanwhile", [False, True])
def test_who_gives_up_waiting_takes_no_connection_with_him(lent_meanwhile: bool) -> None:
    async def use(pool: Pool, server: Server) -> None:
        line = await pool.take()
        waiting = asyncio.ensure_future(pool.take())
        await asyncio.sleep(0)
        if lent_meanwhile:
            pool.give_back(line)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if not lent_meanwhile:
            pool.give_back(line)
        assert await pool.take() is line

    tried(use, 1)


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "ACQUIRE_TIMEOUT_S", 0.01)

    async def use(pool: Pool, server: Server) -> None:
        line = await pool.take()
        with pytest.raises(TimeoutError):
            await pool.take()
        pool.give_back(line)
        assert await pool.take() is line

    tried(use, 1)


def test_those_that_nobody_needed_for_long_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(pool: Pool, server: Server) -> None:
        one, other = await pool.take(), await pool.take()
        pool.give_back(one)
        pool.give_back(other)
        monkeypatch.setattr(pools, "IDLE_S", -1.0)
        pool.give_back(await pool.take())
        assert (one.closed, other.closed) == (True, False)
        assert {await pool.take(), await pool.take()} & {one} == set()

    tried(use)


def test_closing_waits_for_those_that_are_lent_and_lends_no_more() -> None:
    async def use(pool: Pool, server: Server) -> None:
        line, free = await pool.take(), await pool.take()
        pool.give_back(free)
        closing = asyncio.ensure_future(pool.close())
        for _ in range(5):
            await asyncio.sleep(0)
        assert (free.closed, line.closed, closing.done()) == (True, False, False)
        with pytest.raises(ConnectionAbortedError, match="being closed"):
            await pool.take()
        pool.give_back(line)
        await closing
        assert server.open() == 0

    tried(use)
