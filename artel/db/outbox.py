"""Events: written in the transaction that they tell of, published after it, each once, in an order that has no gap.

Ids are given before a commit, so on PostgreSQL a smaller one may appear after a larger one, and whoever read up to the
larger one would miss it. Positions are given after the commit by one transaction at a time over all processes: whoever
has seen everything up to a position has missed nothing. Events of one subject keep the order of their transactions,
since those wait for each other at the subject's own row.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, case, delete, exists, insert, literal_column, select, update

from artel.db.statement import Command, Query
from artel.db.tables import outbox, outbox_audience, outbox_reach
from artel.db.transaction import Read, Write

BATCH: Final = 100  # events published by one transaction
KEEP_US: Final = 30 * 24 * 3600 * 1_000_000  # published events are kept for 30 days


class Event(Struct, frozen=True):
    """Something that happened. A subclass is one kind of event; its fields are the body."""

    kind: ClassVar[str]

    def subject(self) -> str:
        """What it happened to, such as `order/12`: events of one subject are delivered in order. '': of no matter."""
        return ""

    def audience(self) -> tuple[str, ...]:
        """Who besides the platform's staff may see it: words such as `account/7` and `shop/3`."""
        return ()

    def body(self) -> bytes:
        """What is told, as JSON: its fields, unless not all who may see it may know them all."""
        return msgspec.json.encode(self)


class Occurrence(Struct, frozen=True):
    """An event as the outbox holds it; `body` is JSON, `audience` words with spaces between, `position` 0 at first."""

    id: int
    kind: str
    body: str
    at_us: int
    subject: str
    audience: str
    position: int


class Reach(Struct, frozen=True):
    """The last position that was given, the last one that was deleted, and whether an event waits for its own."""

    published: int
    forgotten: int
    waits: int


# Literals, since parameters would not match the partial indexes.
_unpublished = outbox.c.position == literal_column("0")
_published = outbox.c.position > literal_column("0")
_the_row = outbox_reach.c.id == literal_column("1")
SHOWN: Final = [outbox.c[field] for field in Occurrence.__struct_fields__]

EMIT = Command(
    insert(outbox)
    .inline()  # else PostgreSQL would be asked for the id, which nobody needs
    .values(
        kind=bindparam("kind"),
        body=bindparam("body"),
        at_us=bindparam("at_us"),
        subject=bindparam("subject"),
        audience=bindparam("audience"),
        position=0,
    )
)
REACH = Query(
    Reach,
    select(
        outbox_reach.c.published,
        outbox_reach.c.forgotten,
        case((exists(select(outbox.c.id).where(_unpublished)), 1), else_=0).label("waits"),
    ).where(_the_row),
)
LOCK = Query(
    int,
    update(outbox_reach).where(_the_row).values(published=outbox_reach.c.published).returning(outbox_reach.c.published),
)
UNPUBLISHED = Query(Occurrence, select(*SHOWN).where(_unpublished).order_by(outbox.c.id).limit(BATCH))
PUBLISH = Command(update(outbox).where(outbox.c.id == bindparam("event_id")).values(position=bindparam("new_position")))
OPEN_TO = Command(insert(outbox_audience).values(word=bindparam("word"), position=bindparam("position")))
REACHED = Command(update(outbox_reach).where(_the_row).values(published=bindparam("last")))
OLDEST_KEPT = Query(
    int,
    select(outbox.c.position)
    .where(_published, outbox.c.at_us >= bindparam("before_us"))
    .order_by(outbox.c.position)
    .limit(1),
)
FORGET = Command(delete(outbox).where(_published, outbox.c.position <= bindparam("last")))
FORGET_AUDIENCE = Command(delete(outbox_audience).where(outbox_audience.c.position <= bindparam("last")))
FORGOTTEN = Command(
    update(outbox_reach)
    .where(_the_row, outbox_reach.c.forgotten < bindparam("last"))
    .values(forgotten=bindparam("last"))
)


async def emit(tx: Write, event: Event) -> None:
    """Tell of the event once this transaction is committed, and not otherwise."""
    await tx.run(EMIT, **_emitted(tx, event))


async def emit_all(tx: Write, events: Sequence[Event]) -> None:
    """Tell of many events, in their order."""
    await tx.many(EMIT, [_emitted(tx, event) for event in events])


def _emitted(tx: Write, event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "body": event.body().decode(),
        "at_us": tx.now_us,
        "subject": event.subject(),
        "audience": " ".join(event.audience()),
    }


async def reach(tx: Read) -> Reach:
    """How far the events are published."""
    found = await tx.one(REACH)
    assert found is not None, "the migration wrote the row"
    return found


async def publish(tx: Write) -> list[Occurrence]:
    """Give the next positions to a batch of what waits, oldest first; answers the batch.

    Whatever else this transaction writes for an event is written once, since no event is in two batches.
    """
    last = await tx.one(LOCK)
    assert last is not None, "the migration wrote the row"
    waiting = await tx.all(UNPUBLISHED)
    if not waiting:
        return []
    events = [msgspec.structs.replace(event, position=place) for place, event in enumerate(waiting, last + 1)]
    await tx.many(PUBLISH, [{"event_id": event.id, "new_position": event.position} for event in events])
    heard = [
        {"word": word, "position": event.position} for event in events for word in sorted(set(event.audience.split()))
    ]
    if heard:
        await tx.many(OPEN_TO, heard)
    await tx.run(REACHED, last=events[-1].position)
    return events


async def forget(tx: Write) -> int:
    """Delete what was published long ago, and remember up to where."""
    before_us = tx.now_us - KEEP_US
    published = await tx.one(LOCK)
    kept = await tx.one(OLDEST_KEPT, before_us=before_us)
    last = (published or 0) if kept is None else kept - 1
    await tx.run(FORGET_AUDIENCE, last=last)
    await tx.run(FORGOTTEN, last=last)
    return await tx.run(FORGET, last=last)
