"""Named counters in the table of tallies: the smallest thing to read and write in tests of the database's door."""

from sqlalchemy import bindparam, func, insert, select, update

from artel.db import Command, Query, Read, Write
from artel.db.tables import tallies

PUT = Command(insert(tallies).values(bucket=bindparam("bucket"), window_start_us=0, used=0))
ADD = Command(
    update(tallies).where(tallies.c.bucket == bindparam("of")).values(used=tallies.c.used + bindparam("more"))
)
USED = Query(int, select(tallies.c.used).where(tallies.c.bucket == bindparam("bucket")))
COUNT = Query(int, select(func.count().label("n")).select_from(tallies))


async def put(tx: Write, bucket: str) -> str:
    """A new counter at 0."""
    await tx.run(PUT, bucket=bucket)
    return bucket


async def add(tx: Write, bucket: str, more: int) -> int:
    """Answers how many counters changed."""
    return await tx.run(ADD, of=bucket, more=more)


async def used(tx: Read, bucket: str) -> int | None:
    return await tx.one(USED, bucket=bucket)


async def count(tx: Read) -> int:
    """How many counters there are."""
    return await tx.one(COUNT) or 0
