"""What is seen to all the time, in every process: orders that expire, payments that are asked for, money given back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from artel.db import Database
from artel.kernel.errors import Refusal
from artel.orders.orders import moves, paying
from artel.payments import service as payments
from artel.payments.model import Hint
from artel.payments.service import Pass, Providers

PAUSE_S: Final = 1.0
COUNT_EVERY: Final = 30  # rounds

Hear = Callable[[str, str], Awaitable[None]]  # a notification: the provider, and what it calls the payment


class Rounds(Struct, frozen=True):
    """What the rounds work with."""

    db: Database
    providers: Providers
    log: FilteringBoundLogger
    show: Callable[[str, int], None]  # tells the metrics how many of something there are
    tell: Callable[[Hear], Awaitable[int]] | None = None  # lets the provider of this very process tell what it has to

    async def run(self) -> None:
        """Make rounds until the application ends."""
        rounds = 0
        while True:
            await self._round()
            if rounds % COUNT_EVERY == 0:
                await self._try("count", self._count())
            rounds += 1
            await asyncio.sleep(PAUSE_S)

    async def _round(self) -> None:
        await self._try("expire", self._expire())
        if self.tell:
            await self._try("tell", self.tell(self._hear))
        await self._try("check", self._report(paying.check_due(self.db, self.providers)))
        await self._try("refund", self._report(payments.refund_due(self.db, self.providers)))

    async def _try(self, name: str, step: Awaitable[Any]) -> None:
        """One step that cannot be made now does not keep the others from being made."""
        try:
            await step
        except Refusal as fault:
            self.log.warning("orders.waits", step=name, reason=str(fault))

    async def _expire(self) -> None:
        expired = await moves.expire_due(self.db)
        if expired:
            self.log.info("orders.expired", orders=expired)

    async def _report(self, step: Awaitable[Pass]) -> None:
        for failure in (await step).failures:
            self.log.warning("payments.again", reason=failure)

    async def _hear(self, provider: str, reference: str) -> None:
        await payments.notified(self.db, provider, Hint(reference))

    async def _count(self) -> None:
        waiting = await self.db.read(payments.count)
        for what, count in msgspec.structs.asdict(waiting).items():
            self.show(what, count)
