"""Counting how often something happens in a window of time that slides, right across processes, in SQL alone.

A window has five parts, and a use is forgotten with the part that it fell into, once that lies a whole window back: at
most a fifth of the window late, and never early. So no window of that length, wherever it begins, holds more uses than
its limit.
"""

from typing import Final

from msgspec import Struct
from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from artel.db.statement import Command, Query
from artel.db.tables import TALLY_PARTS, tallies
from artel.db.transaction import Read, Write


class Counted(Struct, frozen=True):
    """One use that was counted."""

    bucket: str
    part_start_us: int
    part_us: int  # length of the part
    wait_us: int  # 0: it is within the limit; else it is one too many, and there is room again after this time


class Tally(Struct, frozen=True):
    """A bucket as it is stored: its uses in the part that began last, and in those that began 1 to 5 parts before."""

    window_start_us: int  # of the part that began last
    used: int
    used_1: int
    used_2: int
    used_3: int
    used_4: int
    used_5: int


_start = tallies.c.window_start_us
_used: Final = [tallies.c[field] for field in Tally.__struct_fields__[1:]]
_part_us = bindparam("part_us", type_=BigInteger)
_none, _one = literal_column("0", BigInteger), literal_column("1", BigInteger)


def _parts(number: int) -> ColumnElement[int]:
    return literal_column(str(number), BigInteger) * _part_us


_insert = insert(tallies).values(bucket=bindparam("bucket"), window_start_us=bindparam("part_start_us"), used=_one)


def _moved(age: int) -> ColumnElement[int]:
    """The uses of the part of that age now, after the parts that have begun since the row was written."""
    begun = [(_start > _insert.excluded.window_start_us - _parts(by + 1), _used[age - by]) for by in range(age + 1)]
    return case(*begun, else_=_none)


COUNT = Query(
    Tally,
    _insert.on_conflict_do_update(
        index_elements=["bucket"],
        set_={
            # A clock that is behind the one that wrote last counts in that one's part.
            "window_start_us": case(
                (_start > _insert.excluded.window_start_us, _start), else_=_insert.excluded.window_start_us
            ),
            "used": _moved(0) + _one,
            **{_used[age].name: _moved(age) for age in range(1, TALLY_PARTS + 1)},
        },
    ).returning(_start, *_used),
)
LOOK = Query(Tally, select(_start, *_used).where(tallies.c.bucket == bindparam("bucket")))
TAKE_BACK = Command(
    update(tallies)
    .where(tallies.c.bucket == bindparam("bucket"))
    .values(
        {
            used: used
            - case((and_(_start - _parts(age) == bindparam("part_start_us"), used > _none), _one), else_=_none)
            for age, used in enumerate(_used)
        }
    )
)
FORGET = Command(delete(tallies).where(_start < bindparam("before_us")))


async def count(tx: Write, bucket: str, limit: int, window_us: int) -> Counted:
    """Count one use of the bucket, of which a window may hold `limit`. Two callers never take the same place.

    Whoever refuses one that is too many must not commit it.
    """
    part_us = window_us // TALLY_PARTS
    part_start_us = tx.now_us - tx.now_us % part_us
    tally = await tx.one(COUNT, bucket=bucket, part_start_us=part_start_us, part_us=part_us)
    assert tally is not None, "an upsert answers with its row"
    return Counted(bucket, tally.window_start_us, part_us, _wait_us(tally, limit, part_us, tx.now_us))


async def look(tx: Read, bucket: str, limit: int, window_us: int) -> int:
    """Microseconds until the bucket may be used once more; 0: now."""
    tally = await tx.one(LOOK, bucket=bucket)
    return _wait_us(tally, limit - 1, window_us // TALLY_PARTS, tx.now_us) if tally else 0


async def take_back(tx: Write, counted: Counted) -> None:
    """Uncount one use."""
    await tx.run(TAKE_BACK, bucket=counted.bucket, part_start_us=counted.part_start_us, part_us=counted.part_us)


async def forget(tx: Write, window_us: int) -> int:
    """Delete the buckets that were not used for a window, or two."""
    return await tx.run(FORGET, before_us=tx.now_us - 2 * window_us)


def _wait_us(tally: Tally, limit: int, part_us: int, now_us: int) -> int:
    """How long until the window holds no more than `limit` uses: the oldest part leaves first."""
    newest_us, *used = (getattr(tally, field) for field in tally.__struct_fields__)
    ends_us = [newest_us + (TALLY_PARTS + 1 - age) * part_us for age in range(len(used))]
    left = sum(uses for uses, end_us in zip(used, ends_us, strict=True) if end_us > now_us)
    wait_us = 0
    for uses, end_us in zip(reversed(used), reversed(ends_us), strict=True):
        if left > limit and end_us > now_us:
            left -= uses
            wait_us = end_us - now_us
    return wait_us
