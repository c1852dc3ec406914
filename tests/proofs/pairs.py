"""What the proofs write: a pair of rows in one transaction. Later every acknowledged pair is there, and no half."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from artel.db import Write
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from tests.db.counters import PUT

SIDES = ("debit", "credit")
BUCKETS = "select bucket from tallies"


@dataclass(frozen=True)
class Verdict:
    """What was found after a crash."""

    lost: list[str]  # acknowledged, and not there
    halves: list[str]  # one row of two
    integrity: str  # SQLite's own check of the file


SOUND = Verdict([], [], "ok")


async def write_pair(tx: Write, name: str, between: Callable[[], None] | None = None) -> None:
    """Both rows, or none. What comes between them is for planting faults."""
    await tx.run(PUT, bucket=f"{name} {SIDES[0]}")
    if between:
        between()
    await tx.run(PUT, bucket=f"{name} {SIDES[1]}")


def judge(acknowledged: Iterable[str], buckets: Iterable[str], integrity: str = "ok") -> Verdict:
    """Compare what was acknowledged with what is there. What was not acknowledged may be there or not, but whole."""
    found = set(buckets)
    names = {bucket.rpartition(" ")[0] for bucket in found}
    return Verdict(
        [name for name in acknowledged if not all(f"{name} {side}" in found for side in SIDES)],
        [name for name in names if not all(f"{name} {side}" in found for side in SIDES)],
        integrity,
    )


def judge_sqlite(folder: Path, acknowledged: Iterable[str]) -> Verdict:
    """Open the file as the product does, which recovers it, and look."""
    with closing(connect(folder / DATABASE_FILE)) as connection:
        integrity = str(connection.pragma("integrity_check"))
        buckets = [str(row[0]) for row in connection.execute(BUCKETS)]
    return judge(acknowledged, buckets, integrity)


def judge_postgres(url: str, acknowledged: Iterable[str]) -> Verdict:
    """Ask the server."""

    async def ask() -> list[str]:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch(BUCKETS)
        await connection.close()
        return [row[0] for row in rows]

    return judge(acknowledged, asyncio.run(ask()))
