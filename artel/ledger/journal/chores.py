"""What is seen to all the time, in every process: transfers are sealed, and what is sealed goes into the journal."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from artel.db import Database
from artel.kernel.errors import Refusal
from artel.ledger.journal import rules, service
from artel.ledger.journal.model import BLOCK_MAX, Sealed
from artel.ledger.journal.store import Journal

PAUSE_S: Final = 1.0  # what comes within this time is sealed together
AT_ONCE: Final = 10  # blocks that are written into the journal together: it waits for the disk once for all of them


class Keeper(Struct, frozen=True):
    """Who seals and keeps the journal. The database lets one seal at a time, and the journal one write to it."""

    db: Database
    journal: Journal
    log: FilteringBoundLogger

    async def run(self) -> None:
        """Seal and follow until the application ends."""
        number: int | None = None  # of the last block that is known to be in the journal
        while True:
            number = await self.round(number)
            await asyncio.sleep(PAUSE_S)

    async def round(self, number: int | None = None) -> int | None:
        """Seal what waits, and bring the journal up to it; answers the last block there, None when that is not known.

        What cannot be written into the journal does not keep transfers from being sealed.
        """
        while True:
            sealed: list[Sealed] = []
            try:
                await self._seal(sealed)
            except Refusal as fault:
                self.log.warning("sealing.waits", reason=str(fault))
            number = await self._try(self._follow(number, sealed))
            if len(sealed) < AT_ONCE:
                return number

    async def _seal(self, sealed: list[Sealed]) -> None:
        while len(sealed) < AT_ONCE and await self.db.read(service.waits):
            block = await self.db.write(service.seal)
            if block is None:
                return
            sealed.append(block)
            if block.head.transfers < BLOCK_MAX:
                return

    async def _try(self, step: Awaitable[int]) -> int | None:
        try:
            return await step
        except Refusal as fault:
            self.log.warning("journal.waits", reason=str(fault))
            return None

    async def _follow(self, number: int | None, sealed: Sequence[Sealed]) -> int:
        """Write into the journal what was sealed after the block of this number, `sealed` here or by whomever.

        A block goes in as the book holds it now, with the hash that it was sealed with: an audit finds the difference.
        """
        if number is None:
            last = await asyncio.to_thread(self.journal.last)
            number = last.number if last else 0
        at_hand = [block for place, block in enumerate(sealed, number + 1) if block.head.number == place]
        if at_hand:  # else another process sealed the next one
            number = await self._append(*at_hand)
        while block := await self.db.read(service.next_block, number):
            if rules.hash_of(block) != block.head.hash:
                self.log.error("journal.block_differs", number=block.head.number, reason="artel ledger audit names it")
            number = await self._append(block)
        return number

    async def _append(self, *blocks: Sealed) -> int:
        await asyncio.to_thread(self.journal.append, *blocks)
        return blocks[-1].head.number
