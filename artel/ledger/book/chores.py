"""What is seen to all the time, in every process: money that was held for too long is free again."""

import asyncio
from typing import Final

from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from artel.db import Database
from artel.kernel.errors import Refusal
from artel.ledger.book import service

PAUSE_S: Final = 1.0


class Holds(Struct, frozen=True):
    """What freeing holds works with."""

    db: Database
    log: FilteringBoundLogger

    async def run(self) -> None:
        """Free what is due until the application ends."""
        while True:
            try:
                expired = await service.expire_due(self.db)
                if expired:
                    self.log.info("holds.expired", holds=expired)
            except Refusal as fault:
                self.log.warning("holds.wait", reason=str(fault))
            await asyncio.sleep(PAUSE_S)
