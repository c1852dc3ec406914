"""The relay: publishes events soon after they are written, and tells this process how far it got."""

import asyncio
import contextlib
from typing import Final

from structlog.typing import FilteringBoundLogger

from artel.db import Database, outbox
from artel.events import dispatch
from artel.kernel.errors import Refusal

POLL_S: Final = 0.5  # how soon events that other processes wrote or published are noticed
GATHER_S: Final = 0.02  # what is written within this time is published together


class Pulse:
    """The last published position that this process knows of; others wait for a later one."""

    def __init__(self) -> None:
        self.position = 0
        self._moved = asyncio.Event()

    def tell(self, position: int) -> None:
        """Events up to the position are published."""
        if position > self.position:
            self.position = position
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def wait(self, after: int, timeout_s: float) -> None:
        """Until there is a later position, or until the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.position <= after:
                    await self._moved.wait()


class Relay:
    """One in each process; the database lets one of them publish at a time."""

    def __init__(self, db: Database, pulse: Pulse, log: FilteringBoundLogger) -> None:
        self._db, self._pulse, self._log = db, pulse, log
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was written in this process."""
        self._woken.set()

    async def run(self) -> None:
        """Publish until the application ends."""
        while True:
            self._woken.clear()
            more = False
            try:
                more = await self._round()
            except Refusal as fault:
                self._log.warning("relay.waits", reason=str(fault))
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._woken.wait()
                await asyncio.sleep(GATHER_S)

    async def _round(self) -> bool:
        reach = await self._db.read(outbox.reach)
        self._pulse.tell(reach.published)
        if not reach.waits:
            return False
        events = await self._db.write(dispatch.publish)
        if events:
            first, last = events[0].position, events[-1].position
            self._log.info("events", first=first, last=last, kinds=sorted({event.kind for event in events}))
            self._pulse.tell(last)
        return len(events) == outbox.BATCH
