"""Is it alive, can it work, how is it doing."""

from typing import Final

from msgspec import Struct
from sqlalchemy import literal, select

from artel.db import Database, Query, Read
from artel.edge.observe import Metrics
from artel.edge.reply import Reply
from artel.edge.route import ANYONE, Route, get

ALIVE: Final = Query(int, select(literal(1).label("alive")))


class Health(Struct, frozen=True):
    """`ok`, or there is no such answer."""

    status: str


async def alive(db: Database) -> Health:
    """The process answers."""
    return Health("ok")


async def ready(tx: Read) -> Health:
    """The database answers. Raises StorageUnavailable."""
    await tx.one(ALIVE)
    return Health("ok")


async def metrics(db: Database, counts: Metrics) -> bytes:
    """Counts and durations for Prometheus."""
    return counts.text()


def exposition(text: bytes) -> Reply:
    """Prometheus text format 0.0.4."""
    return Reply(200, text, b"text/plain; version=0.0.4; charset=utf-8")


ROUTES: Final[list[Route]] = [
    get("/healthz", alive, access=ANYONE),
    get("/readyz", ready, access=ANYONE),
    get("/metrics", metrics, access=ANYONE, present=exposition, produces=("text/plain",)),
]
