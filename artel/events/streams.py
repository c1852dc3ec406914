"""Live streams: each follows the published events from a position on, and holds no transaction while it waits.

Server-Sent Events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from artel.db import Database, Read, outbox
from artel.events import service
from artel.events.model import StreamsFull, Told, TooManyStreams
from artel.events.relay import Pulse
from artel.events.service import Look
from artel.events.sight import sight_of
from artel.kernel.actor import Actor

PER_ACCOUNT: Final = 5  # streams of one account in one process
IN_ALL: Final = 200  # streams in one process: each costs a look at the database a second
HEARTBEAT_S: Final = 15.0  # the longest silence: proxies cut connections that say nothing
CHUNK: Final = 100  # events that are read and held in memory at once
RETRY_MS: Final = 1000  # how soon a browser connects again


class Streams:
    """The open streams of this process."""

    def __init__(self, db: Database, pulse: Pulse) -> None:
        self._db, self._pulse = db, pulse
        self._open: Counter[int] = Counter()

    async def listen(self, who: Actor, kinds: list[str], after: int | None) -> AsyncGenerator[bytes, None]:
        """The events after a position, or from now on, piece by piece; it ends when nobody takes the pieces any more.

        Raises TooManyStreams, StreamsFull, PositionForgotten, Malformed.
        """
        pieces = self._pieces(who, kinds, after)
        await anext(pieces)  # up to its first piece, which is empty: by then it has its place or was refused
        return pieces

    async def _pieces(self, who: Actor, kinds: list[str], after: int | None) -> AsyncGenerator[bytes, None]:
        with self._place(who.account_id):
            position = await self._db.read(_begin, after)
            yield b""
            yield b"retry: %d\nid: %d\n\n" % (RETRY_MS, position)
            clock = asyncio.get_running_loop().time
            spoke_s = clock()
            while True:
                found = await self._db.read(_look, who, kinds, position)
                position = found.upto
                if found.events:
                    yield b"".join(map(_written, found.events))
                    spoke_s = clock()
                elif clock() - spoke_s >= HEARTBEAT_S:
                    # With the position, so that whoever wants few events does not fall behind what is kept.
                    yield b": still here\nid: %d\n\n" % position
                    spoke_s = clock()
                if not found.more:
                    await self._pulse.wait(position, spoke_s + HEARTBEAT_S - clock())

    @contextmanager
    def _place(self, account_id: int) -> Iterator[None]:
        if self._open[account_id] >= PER_ACCOUNT:
            raise TooManyStreams(limit=PER_ACCOUNT, retry_s=5)
        if self._open.total() >= IN_ALL:
            raise StreamsFull(limit=IN_ALL, retry_s=30)
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]


async def _begin(tx: Read, after: int | None) -> int:
    reach = await outbox.reach(tx)
    if after is None:
        return reach.published
    service.check_position(reach, after)
    return after


async def _look(tx: Read, who: Actor, kinds: list[str], after: int) -> Look:
    reach = await outbox.reach(tx)
    return await service.look(tx, await sight_of(tx, who.account_id, who.roles), reach.published, after, kinds, CHUNK)


def _written(told: Told) -> bytes:
    data = {"kind": told.kind, "at": told.at, "subject": told.subject, "data": told.data}
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (told.position, told.kind.encode(), msgspec.json.encode(data))
