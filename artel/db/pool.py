"""Connections to PostgreSQL that are lent one after another, and kept open between two loans.

asyncpg's own pool makes a task, a future and a timer for each loan, and another task for each return: more than a
statement costs. Here a connection that is free is taken off a list.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import Struct

ACQUIRE_TIMEOUT_S: Final = 10.0  # every connection is lent for this long: the server is overloaded
IDLE_S: Final = 300.0  # after which a connection that nobody needed is closed


class _Free(Struct, frozen=True):
    connection: Any
    since_s: float


class Pool:
    """So many connections at most. Whoever borrows one gives it back, whatever happened."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], size: int) -> None:
        self._connect, self._size = connect, size
        self._open = 0  # connections that are there or being opened
        self._free: list[_Free] = []  # the one last used at the end
        self._waiting: deque[asyncio.Future[Any]] = deque()  # each gets a connection, or None: open one

    async def take(self) -> Any:
        """A connection that nobody else uses. Raises TimeoutError, ConnectionError, and what connecting raises."""
        if not self._size:
            raise ConnectionAbortedError("the database is being closed")
        while self._free:
            connection = self._free.pop().connection
            if not connection.is_closed():
                return connection
            self._open -= 1
        if self._open >= self._size:
            async with asyncio.timeout(ACQUIRE_TIMEOUT_S):
                connection = await self._wait()
            if connection is not None:
                return connection
        else:
            self._open += 1
        connection = None
        try:
            connection = await self._connect()
        finally:
            if connection is None:
                self._hand_on(None)
        return connection

    def give_back(self, connection: Any) -> None:
        """Lend it to whoever waits the longest. One that is closed, or was left in the middle of something, goes."""
        if connection.is_closed() or connection.is_in_transaction():
            connection.terminate()
            self._hand_on(None)
        else:
            self._hand_on(connection)

    async def close(self) -> None:
        """Close each connection as soon as nobody uses it."""
        self._size = 0
        while self._open:
            connection = self._free.pop().connection if self._free else await self._wait()
            self._open -= 1
            if connection is not None:
                await connection.close()

    async def _wait(self) -> Any:
        waiter: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it was lent in the moment in which this task was ended
                self._hand_on(waiter.result())
            raise

    def _hand_on(self, connection: Any | None) -> None:
        """`connection`, or the right to open one, goes to the next who waits."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._open -= 1
            return
        now_s = time.monotonic()
        self._free.append(_Free(connection, now_s))
        if self._free[0].since_s < now_s - IDLE_S:
            self._free.pop(0).connection.terminate()
            self._open -= 1
