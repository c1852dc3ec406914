"""What is seen to all the time, in every process: jobs that expire."""

import asyncio
from typing import Final

from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from artel.db import Database
from artel.jobs import service
from artel.kernel.errors import Refusal

PAUSE_S: Final = 1.0


class Expiry(Struct, frozen=True):
    """What closing jobs works with."""

    db: Database
    log: FilteringBoundLogger

    async def run(self) -> None:
        """Close what is due until the application ends."""
        waited: list[int] = []
        while True:
            waited = await self._round(waited)
            await asyncio.sleep(PAUSE_S)

    async def _round(self, waited: list[int]) -> list[int]:
        """One look; answers the jobs that have to wait, so that each is told of once."""
        try:
            expired = await service.expire_due(self.db)
        except Refusal as fault:
            self.log.warning("jobs.waits", reason=str(fault))
            return waited
        if expired.jobs:
            self.log.info("jobs.expired", jobs=expired.jobs)
        if set(expired.waiting) - set(waited):
            self.log.warning("jobs.customers_are_full", job_ids=expired.waiting)
        return expired.waiting
