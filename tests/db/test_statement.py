"""A statement is compiled once for each database."""

import pytest
from msgspec import Struct
from sqlalchemy import bindparam, func, insert, select

from artel.db import Command, Database, Query, Read, among, numbers
from artel.db.statement import Compiled, starting_with
from artel.db.tables import tallies
from tests.conftest import Run
from tests.db.counters import add, put


class Pair(Struct, frozen=True):
    bucket: str
    used: int


def test_a_statement_has_the_placeholders_of_each_database() -> None:
    query = Query(int, select(tallies.c.used).where(tallies.c.bucket == bindparam("bucket")))
    assert query.sqlite.text.endswith("WHERE tallies.bucket = ?")
    assert "WHERE tallies.bucket = $1" in query.postgresql.text


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_named_parameters_are_put_in_the_order_of_the_text(engine: str) -> None:
    query = Query(
        int,
        select(tallies.c.used).where(
            tallies.c.window_start_us > bindparam("since_us"),
            tallies.c.bucket == bindparam("bucket"),
            tallies.c.used < bindparam("most"),
        ),
    )
    compiled: Compiled = getattr(query, engine)
    assert tuple(compiled.arguments({"most": 3, "bucket": "b", "since_us": 1})) == (1, "b", 3)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_value_written_into_the_statement_needs_no_parameter(engine: str) -> None:
    command = Command(insert(tallies).values(bucket=bindparam("bucket"), window_start_us=7, used=0))
    compiled: Compiled = getattr(command, engine)
    assert tuple(compiled.arguments({"bucket": "b"})) == ("b", 7, 0)


@pytest.mark.parametrize("given", [{}, {"bucket": "b"}])
def test_a_parameter_that_is_not_given_is_a_programming_fault(given: dict[str, str]) -> None:
    query = Query(
        int,
        select(tallies.c.used).where(tallies.c.bucket == bindparam("bucket"), tallies.c.used > bindparam("more_than")),
    )
    with pytest.raises(KeyError):
        query.sqlite.arguments(given)


def test_a_row_becomes_the_struct_of_its_columns() -> None:
    query = Query(Pair, select(tallies.c.bucket, tallies.c.used))
    assert query.make(("b", 2)) == Pair("b", 2)
    assert Query(int, select(func.count()).select_from(tallies)).make((2,)) == 2


def test_a_struct_that_does_not_fit_the_columns_is_refused_where_it_is_defined() -> None:
    with pytest.raises(AssertionError, match=r"Pair has the fields \['bucket', 'used'\]"):
        Query(Pair, select(tallies.c.used, tallies.c.bucket))
    with pytest.raises(AssertionError, match="the statement yields"):
        Query(Pair, select(tallies.c.bucket))


def test_a_plain_value_of_two_columns_is_refused_where_it_is_defined() -> None:
    with pytest.raises(AssertionError, match="a plain int needs one column"):
        Query(int, select(tallies.c.used, tallies.c.window_start_us))


@pytest.mark.parametrize(
    ("typed", "finds", "passes_over"),
    [
        ("ann", ["ann", "anna"], ["bann", "an"]),
        ("50%", ["50%", "50% off"], ["500", "50"]),
        ("a_b", ["a_b"], ["axb"]),
        ("a\\b", ["a\\bc"], ["ab", "a\\\\b"]),
        ("", ["", "x"], []),
    ],
)
def test_a_pattern_finds_what_begins_with_the_text_whatever_the_text_holds(
    db: Database, run: Run, typed: str, finds: list[str], passes_over: list[str]
) -> None:
    matching = Query(str, select(tallies.c.bucket).where(tallies.c.bucket.like(bindparam("pattern"), escape="\\")))

    async def found(tx: Read) -> list[str]:
        return await tx.all(matching, pattern=starting_with(typed))

    for bucket in [*finds, *passes_over]:
        run(db.write(put, bucket))
    assert sorted(run(db.read(found))) == sorted(finds)


def test_one_statement_takes_a_list_of_any_length(db: Database, run: Run) -> None:
    query = Query(int, select(tallies.c.used).where(among(tallies.c.used, "wanted")).order_by(tallies.c.used))

    async def listed(tx: Read, wanted: list[int]) -> list[int]:
        return await tx.all(query, wanted=numbers(wanted))

    for used in (1, 2, 3, 2**53 + 1):
        run(db.write(put, f"bucket{used}"))
        run(db.write(add, f"bucket{used}", used))
    assert run(db.read(listed, [3, 1, 9, 2**53 + 1])) == [1, 3, 2**53 + 1]
    assert run(db.read(listed, [])) == []
