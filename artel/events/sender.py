"""The sender: takes deliveries that are due, a few at a time, and sends each once for each claim."""

import asyncio
from collections import Counter
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from artel import __version__
from artel.db import Database
from artel.events import dispatch, post, rules
from artel.events.dispatch import Answer, Load
from artel.events.queries import Job
from artel.events.relay import Pulse
from artel.events.service import WebhookTerms
from artel.kernel.clock import US, iso
from artel.kernel.errors import Refusal
from artel.kernel.secrets import Sealer

AT_ONCE: Final = 16  # attempts of one process that run at the same time, not counting slow ones
AT_ONCE_EACH: Final = 4  # of one webhook
SLOW_S: Final = 1.0  # an attempt that has taken longer only waits for its receiver, and holds up no other one
IN_ALL: Final = 256  # attempts of one process, slow ones too: each is a connection and some memory
POLL_S: Final = 1.0  # how soon a retry that is due, a replay, or what another process published is noticed
FAREWELL_S: Final = 2.0  # what is on its way when the application ends may finish for this long


class Sender:
    """One in each process; a delivery is claimed, so that only one of them sends it."""

    def __init__(
        self, db: Database, pulse: Pulse, sealer: Sealer, terms: WebhookTerms, log: FilteringBoundLogger
    ) -> None:
        self._db, self._pulse, self._sealer, self._terms, self._log = db, pulse, sealer, terms, log
        self._running: dict[asyncio.Task[None], float] = {}  # and when they began, by the loop's clock
        self._at: Counter[int] = Counter()
        self._freed = asyncio.Event()

    async def run(self) -> None:
        """Send until the application ends."""
        try:
            while True:
                seen = self._pulse.position
                self._freed.clear()
                try:
                    await self._round()
                except Refusal as fault:
                    self._log.warning("sender.waits", reason=str(fault))
                await self._pause(seen)
        finally:
            await self._let_finish()

    async def _pause(self, seen: int) -> None:
        """Until something was published, an attempt ended, or the time is up."""
        waits = [asyncio.create_task(self._pulse.wait(seen, POLL_S)), asyncio.create_task(self._freed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _round(self) -> None:
        for webhook_id in await self._db.read(dispatch.due):
            room = min(self._room(), AT_ONCE_EACH - self._at[webhook_id])
            if room <= 0:
                continue
            load = await self._db.write(dispatch.claim, webhook_id, room)
            if load:
                for job in load.jobs:
                    self._start(load, job)

    def _room(self) -> int:
        """How many attempts may begin now."""
        since_s = asyncio.get_running_loop().time() - SLOW_S
        quick = sum(began_s > since_s for began_s in self._running.values())
        return min(AT_ONCE - quick, IN_ALL - len(self._running))

    def _start(self, load: Load, job: Job) -> None:
        task = asyncio.create_task(self._send(load, job))
        self._running[task] = asyncio.get_running_loop().time()
        self._at[load.target.id] += 1
        task.add_done_callback(lambda done: self._ended(done, load.target.id))

    def _ended(self, task: asyncio.Task[None], webhook_id: int) -> None:
        del self._running[task]
        self._at[webhook_id] -= 1
        if not self._at[webhook_id]:
            del self._at[webhook_id]
        self._freed.set()

    async def _send(self, load: Load, job: Job) -> None:
        answer = await self._attempt(load, job)
        try:
            held = await self._db.write(dispatch.settle, load.target, job, load.claim_us, answer)
        except Refusal as fault:  # not settled: the claim runs out, and it is sent again
            self._log.warning("sender.waits", reason=str(fault))
            return
        self._log.info(
            "webhook.sent",
            webhook_id=load.target.id,
            delivery_id=job.id,
            status=answer.status,
            took_us=answer.took_us,
            late=not held,
        )

    async def _attempt(self, load: Load, job: Job) -> Answer:
        target, at_us = load.target, load.at_us
        sealed = [target.secret] + ([target.old_secret] if target.old_secret_until_us > at_us else [])
        secrets = [self._sealer.open(each, rules.sealed_for(target.id)) for each in sealed]
        known = [each for each in secrets if each is not None]
        if not known:
            return Answer(0, "its secret cannot be read: the installation's key was replaced; ask for a new secret", 0)
        body = payload(job)
        message_id, at_s = rules.message_id(job.event_id), at_us // US
        headers = {
            "content-type": "application/json",
            "user-agent": f"Artel/{__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": rules.signature(known, message_id, at_s, body),
        }
        return await post.post(target.url, headers, body, private=self._terms.private)

    async def _let_finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=FAREWELL_S)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def payload(job: Job) -> bytes:
    """The message: what happened, when, and the event itself."""
    return msgspec.json.encode({"type": job.kind, "timestamp": iso(job.at_us), "data": msgspec.Raw(job.body.encode())})
