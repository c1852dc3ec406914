"""Events: written in the transaction that they tell of, delivered after it, at least once, oldest first.

A relay claims a few rows for a while, hands them over, and marks them delivered. One that dies in between lets the
claim run out, and the next relay delivers them again: whoever listens must bear a repetition, and knows it by the id.
"""

from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, delete, insert, literal_column, select, update

from artel.db.statement import Command, Query
from artel.db.tables import outbox
from artel.db.transaction import Database, Write

CLAIM_US: Final = 30_000_000
BATCH: Final = 100
KEEP_US: Final = 30 * 24 * 3600 * 1_000_000  # delivered events are kept for 30 days


class Event(Struct, frozen=True):
    """Something that happened. A subclass is one kind of event; its fields are the body."""

    kind: ClassVar[str]


class Occurrence(Struct, frozen=True):
    """An event as the outbox holds it; `body` is JSON."""

    id: int
    kind: str
    body: str
    at_us: int


EMIT = Command(
    insert(outbox)
    .inline()  # else PostgreSQL would be asked for the id, which nobody needs
    .values(
        kind=bindparam("kind"),
        body=bindparam("body"),
        at_us=bindparam("at_us"),
        claimed_until_us=0,
        delivered_us=0,
    )
)
CLAIM = Query(
    Occurrence,
    update(outbox)
    .where(
        outbox.c.id.in_(
            select(outbox.c.id)
            # A literal, since a parameter would not match the partial index of what waits.
            .where(outbox.c.delivered_us == literal_column("0"), outbox.c.claimed_until_us < bindparam("now_us"))
            .order_by(outbox.c.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )
    .values(claimed_until_us=bindparam("until_us"))
    .returning(outbox.c.id, outbox.c.kind, outbox.c.body, outbox.c.at_us),
)
DELIVERED = Command(update(outbox).where(outbox.c.id == bindparam("event_id")).values(delivered_us=bindparam("now_us")))
FORGET = Command(delete(outbox).where(outbox.c.delivered_us > 0, outbox.c.delivered_us < bindparam("before_us")))


async def emit(tx: Write, event: Event) -> None:
    """Tell of the event once this transaction is committed, and not otherwise."""
    await tx.run(EMIT, kind=event.kind, body=msgspec.json.encode(event).decode(), at_us=tx.now_us)


async def deliver(db: Database, hand_over: Callable[[Occurrence], Awaitable[None]]) -> int:
    """Hand over what waits; answers how many. What `hand_over` raises leaves the event for a later try."""
    waiting = await db.write(_claim)
    for event in waiting:
        await hand_over(event)
    if waiting:
        await db.write(_mark, waiting)
    return len(waiting)


async def forget(tx: Write) -> int:
    """Delete what was delivered long ago."""
    return await tx.run(FORGET, before_us=tx.now_us - KEEP_US)


async def _claim(tx: Write) -> list[Occurrence]:
    claimed = await tx.all(CLAIM, now_us=tx.now_us, until_us=tx.now_us + CLAIM_US)
    return sorted(claimed, key=lambda event: event.id)


async def _mark(tx: Write, events: list[Occurrence]) -> None:
    await tx.many(DELIVERED, [{"event_id": event.id, "now_us": tx.now_us} for event in events])
