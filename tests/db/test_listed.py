"""A list of rows, or of numbers, as one parameter, on both databases."""

import asyncio
from typing import Any, Final

import asyncpg
import pytest
from msgspec import Struct
from sqlalchemy import select, update

from artel.db import Command, Database, Query, Read, among, numbers
from artel.db.listed import listed, rows
from artel.db.tables import outbox, tallies
from artel.settings import Settings
from tests.conftest import Run

ROWS: Final = 5_000  # few enough to be read whole, were there no index


class Row(Struct, frozen=True):
    number: int
    word: str


_given = listed("given", number=int, word=str)
GIVEN = Query(Row, select(_given.c.number, _given.c.word).order_by(_given.c.number))
BY_WORD = Command(update(tallies).where(tallies.c.bucket == _given.c.word).values(used=_given.c.number))
BY_NUMBER = Query(str, select(outbox.c.kind).where(among(outbox.c.id, "ids")))
FILL = (
    "insert into tallies (bucket, window_start_us, used) select 'b' || n, 0, 0 from generate_series(1, $1::int) n",
    "insert into outbox (kind, body, at_us) select 'k' || n, '', 0 from generate_series(1, $1::int) n",
)


async def _given_rows(tx: Read, values: list[tuple[int | str, ...]]) -> list[Row]:
    return await tx.all(GIVEN, given=rows(values))


@pytest.mark.parametrize(
    "values", [[], [(1, "a")], [(-(2**63), ""), (7, "слово"), (8, "'\"\\; drop"), (2**63 - 1, "\U0001f4d6\ue000")]]
)
def test_rows_come_as_they_were_given(db: Database, run: Run, values: list[Any]) -> None:
    assert run(db.read(_given_rows, values)) == [Row(*value) for value in values]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "given"), [(BY_WORD, rows([(1, "b7"), (2, "b9")])), (BY_NUMBER, numbers([7, 9]))]
)
def test_postgresql_looks_a_list_up_in_a_table_that_it_could_read_whole(
    settings: Settings, statement: Command, given: str
) -> None:
    plan = asyncio.run(_plan(settings.database, statement.postgresql.text, given))
    assert "Index" in plan, plan
    assert "Seq Scan" not in plan, plan


async def _plan(url: str, statement: str, given: str) -> str:
    """What PostgreSQL does once it has seen a statement often enough to keep one plan for it."""
    connection = await asyncpg.connect(url)
    try:
        for fill in FILL:
            await connection.execute(fill, ROWS)
        await connection.execute("analyze")
        await connection.execute(f"prepare planned as {statement}")
        for _ in range(6):
            found = await connection.fetch(f"explain execute planned('{given}')")
        return "\n".join(line for (line,) in found)
    finally:
        await connection.close()
