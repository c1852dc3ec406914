"""Counting how often something happens in a window of time, right across processes, in SQL alone."""

from msgspec import Struct
from sqlalchemy import bindparam, case, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from artel.db.statement import Command, Query
from artel.db.tables import tallies
from artel.db.transaction import Read, Write


class Window(Struct, frozen=True):
    """How often a bucket was used, and since when its window runs."""

    used: int
    window_start_us: int


_insert = insert(tallies).values(
    bucket=bindparam("bucket"), window_start_us=bindparam("now_us"), used=literal_column("1")
)
_over = tallies.c.window_start_us <= bindparam("expired_us")
COUNT = Query(
    Window,
    _insert.on_conflict_do_update(
        index_elements=["bucket"],
        set_={
            "used": case((_over, 1), else_=tallies.c.used + 1),
            "window_start_us": case((_over, _insert.excluded.window_start_us), else_=tallies.c.window_start_us),
        },
    ).returning(tallies.c.used, tallies.c.window_start_us),
)
LOOK = Query(
    Window,
    select(tallies.c.used, tallies.c.window_start_us).where(
        tallies.c.bucket == bindparam("bucket"), tallies.c.window_start_us > bindparam("expired_us")
    ),
)
TAKE_BACK = Command(
    update(tallies).where(tallies.c.bucket == bindparam("bucket"), tallies.c.used > 0).values(used=tallies.c.used - 1)
)
FORGET = Command(delete(tallies).where(tallies.c.window_start_us < bindparam("before_us")))


async def count(tx: Write, bucket: str, window_us: int) -> Window:
    """Count one use of the bucket. Two callers never see the same number; a window begins with its first use."""
    window = await tx.one(COUNT, bucket=bucket, now_us=tx.now_us, expired_us=tx.now_us - window_us)
    assert window is not None, "an upsert answers with its row"
    return window


async def look(tx: Read, bucket: str, window_us: int) -> Window:
    """How often the bucket was used in the window that runs now."""
    return await tx.one(LOOK, bucket=bucket, expired_us=tx.now_us - window_us) or Window(0, tx.now_us)


async def take_back(tx: Write, bucket: str) -> None:
    """Uncount one use."""
    await tx.run(TAKE_BACK, bucket=bucket)


async def forget(tx: Write, window_us: int) -> int:
    """Delete the windows that are over."""
    return await tx.run(FORGET, before_us=tx.now_us - window_us)
