"""A list of rows as one parameter, on both databases."""

from typing import Any

import pytest
from msgspec import Struct
from sqlalchemy import select

from artel.db import Database, Query, Read
from artel.db.listed import listed, rows
from tests.conftest import Run


class Row(Struct, frozen=True):
    number: int
    word: str


_given = listed("given", number=int, word=str)
GIVEN = Query(Row, select(_given.c.number, _given.c.word).order_by(_given.c.number))


async def _given_rows(tx: Read, values: list[tuple[int | str, ...]]) -> list[Row]:
    return await tx.all(GIVEN, given=rows(values))


@pytest.mark.parametrize(
    "values", [[], [(1, "a")], [(-(2**63), ""), (7, "слово"), (8, "'\"\\; drop"), (2**63 - 1, "\U0001f4d6\ue000")]]
)
def test_rows_come_as_they_were_given(db: Database, run: Run, values: list[Any]) -> None:
    assert run(db.read(_given_rows, values)) == [Row(*value) for value in values]
