"""How a statement of the check yields rows that are not as they must be.

A row tells whose it is (`id`, and `place` where that is one among several), which of its columns is wrong (`what`),
what that says, and what it should say.
"""

from typing import Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from artel.db import Query


class Fault(Struct, frozen=True):
    """A row that is not as it must be."""

    id: int
    place: int
    what: str
    found: int | None
    wanted: int | None


_NOTHING: Final = cast(null(), BigInteger)


Faults = Select[int, int, str, int, int]


def word(text: str) -> ColumnElement[str]:
    """A word of ours in a statement."""
    return literal_column(f"'{text}'", Text)


def number(value: int) -> ColumnElement[int]:
    """A number of ours in a statement."""
    return literal_column(str(value), BigInteger)


def total(column: ColumnElement[int]) -> ColumnElement[int]:
    """The sum of a column, 0 of none."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def fault(
    row: ColumnElement[int],
    what: str,
    found: ColumnElement[int] | None = None,
    wanted: ColumnElement[int] | None = None,
    place: ColumnElement[int] | None = None,
) -> Faults:
    """A column of a row that is wrong, what it says and what it should say."""
    return select(
        row.label("id"),
        (number(0) if place is None else place).label("place"),
        word(what).label("what"),
        (_NOTHING if found is None else found).label("found"),
        (_NOTHING if wanted is None else wanted).label("wanted"),
    )


def invariant(*faults: Faults) -> Query[Fault]:
    """The statement that yields these faults, `row_limit` of them at most."""
    found = union_all(*faults).subquery("faults") if len(faults) > 1 else faults[0].subquery("faults")
    return Query(
        Fault,
        select(*(found.c[field] for field in Fault.__struct_fields__))
        .order_by(found.c.id, found.c.place, found.c.what)
        .limit(bindparam("row_limit")),
    )


def differ(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether two values are not the same, nothing being one, too."""
    return one.is_distinct_from(other)
