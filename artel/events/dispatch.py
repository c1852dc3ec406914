"""Deliveries on their way: made when an event is published, claimed by one sender at a time, settled by what came back.

A sender that dies leaves its claim, which runs out; then the delivery is sent again, under the same message id.
"""

import random
from typing import Final

from msgspec import Struct

from artel.db import Read, Write, emit, outbox
from artel.db.outbox import Occurrence
from artel.events import queries, rules
from artel.events.model import WebhookDisabled
from artel.events.queries import Job, Target
from artel.events.sight import Sight, sight_of_account
from artel.kernel.clock import US

CLAIM_US: Final = 60_000_000  # longer than any attempt takes
LOOK_AGAIN_US: Final = 5_000_000  # what waits at a failing address is all held back by earlier deliveries


class Answer(Struct, frozen=True):
    """What a receiver answered; status 0: nothing, `text` says why. `wait_s`: what it asked us to wait, 0: nothing."""

    status: int
    text: str
    took_us: int
    wait_s: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the receiver has it."""
        return 200 <= self.status < 300


class Load(Struct, frozen=True):
    """Deliveries that were claimed for one webhook, in the order in which they were made."""

    target: Target
    at_us: int
    claim_us: int
    jobs: list[Job]


# --- publishing


async def publish(tx: Write) -> list[Occurrence]:
    """Publish a batch of events, and make one delivery for each webhook that takes one; answers the batch."""
    events = await outbox.publish(tx)
    receivers = await tx.all(queries.RECEIVERS) if events else []
    sights: dict[int, Sight] = {}
    made = []
    for event in events:
        for receiver in receivers:
            if not rules.wants(receiver.id, receiver.kinds.split(), event.kind, event.subject):
                continue
            if receiver.account_id not in sights:
                sights[receiver.account_id] = await sight_of_account(tx, receiver.account_id)
            if sights[receiver.account_id].sees(event.audience):
                made.append(
                    {
                        "webhook_id": receiver.id,
                        "event_id": event.id,
                        "kind": event.kind,
                        "subject": event.subject,
                        "now_us": tx.now_us,
                    }
                )
    if made:
        await tx.many(queries.DELIVER, made)
    return events


# --- claiming


async def due(tx: Read) -> list[int]:
    """Webhooks that something waits for, the one that was served the longest ago first."""
    return await tx.all(queries.DUE, now_us=tx.now_us)


async def claim(tx: Write, webhook_id: int, room: int) -> Load | None:
    """Take up to `room` deliveries of a webhook for a while; None: there is nothing to do.

    What its account may not see any more is withheld here, at the last moment.
    """
    target = await tx.one(queries.SERVE, webhook_id=webhook_id, now_us=tx.now_us)
    if target is None:
        return None
    until_us = tx.now_us + CLAIM_US
    claimed = await tx.all(queries.CLAIM, webhook_id=webhook_id, now_us=tx.now_us, until_us=until_us, row_limit=room)
    if not claimed:
        if target.failures:
            await tx.run(queries.REST, of_id=target.id, until_us=tx.now_us + LOOK_AGAIN_US)
        return None
    sight = await sight_of_account(tx, target.account_id)
    jobs = []
    for delivery_id in sorted(claimed):
        job = await tx.one(queries.JOB, delivery_id=delivery_id)
        if job is None:  # the event was forgotten while it waited
            await _finish(tx, delivery_id, until_us, "failed")
        elif sight.sees(job.audience):
            jobs.append(job)
        else:
            await _finish(tx, delivery_id, until_us, "withheld")
    return Load(target, tx.now_us, until_us, jobs) if jobs else None


async def _finish(tx: Write, delivery_id: int, claim_us: int, status: str) -> None:
    await tx.run(
        queries.ATTEMPTED,
        of_id=delivery_id,
        claim_us=claim_us,
        new_status=status,
        tried=0,
        next_us=tx.now_us,
        done_us=tx.now_us,
    )


# --- settling


async def settle(tx: Write, target: Target, job: Job, claim_us: int, answer: Answer) -> bool:
    """Store an attempt and what follows from it; False when the claim had run out and somebody else has it."""
    tries = job.tries + 1
    gone = answer.status == rules.GONE
    next_us = None if gone else rules.next_try_us(tx.now_us, tries, random.random())
    bad = "failed" if next_us is None else "waiting"
    status = "delivered" if answer.is_good else bad
    held = await tx.run(
        queries.ATTEMPTED,
        of_id=job.id,
        claim_us=claim_us,
        new_status=status,
        tried=1,
        next_us=max(next_us or 0, tx.now_us + answer.wait_s * US),
        done_us=0 if status == "waiting" else tx.now_us,
    )
    if not held:
        return False
    await tx.run(
        queries.NOTE,
        delivery_id=job.id,
        at_us=tx.now_us,
        status=answer.status,
        took_us=answer.took_us,
        answer=answer.text,
    )
    if answer.is_good:
        await tx.run(queries.WENT_WELL, of_id=target.id)
    else:
        await _went_wrong(tx, target, answer, gone=gone)
    return True


async def _went_wrong(tx: Write, target: Target, answer: Answer, *, gone: bool) -> None:
    rest_us = max(rules.rest_us(target.failures + 1), answer.wait_s * US)
    since_us = await tx.one(queries.WENT_WRONG, of_id=target.id, now_us=tx.now_us, until_us=tx.now_us + rest_us)
    if since_us is None:
        return  # it was deleted
    problem = ""
    if gone:
        problem = "the receiver answered 410: it wants no more"
    elif tx.now_us - since_us >= rules.DISABLE_AFTER_US:
        problem = f"every attempt failed for {rules.DISABLE_AFTER_DAYS} days"
    if not problem:
        return
    account_id = await tx.one(queries.DISABLE, of_id=target.id, new_problem=problem)
    if account_id is not None:
        await emit(tx, WebhookDisabled(target.id, account_id, problem))
