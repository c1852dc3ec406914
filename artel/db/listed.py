"""A list of rows as one parameter: a table made of JSON, so that one statement serves a list of any length."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Subquery, Text, bindparam, cast, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Elements(FunctionElement[Any]):
    """The elements of a JSON list, as rows of one column `value`."""

    inherit_cache = True


@compiles(_Elements, "sqlite")
def _elements_sqlite(element: _Elements, compiler: SQLCompiler, **rest: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **rest)})"


@compiles(_Elements, "postgresql")
def _elements_postgresql(element: _Elements, compiler: SQLCompiler, **rest: Any) -> str:
    # PostgreSQL plans for 100 elements, for which it would rather read all of a table than look each of them up. The
    # condition, which holds for every row, makes it plan for one.
    given = f"jsonb_array_elements(CAST({compiler.process(element.clauses, **rest)} AS JSONB)) AS given (value)"
    return f"(SELECT value FROM {given} WHERE jsonb_typeof(value) = 'array')"  # noqa: S608 - a placeholder


def listed(parameter: str, **columns: type[int] | type[str]) -> Subquery:
    """A table with these columns; its rows are in the parameter, which is given as `rows([...])`."""
    elements = _Elements(bindparam(parameter, type_=Text)).table_valued("value", name=f"{parameter}_json")
    kinds = {int: BigInteger, str: Text}
    return select(
        *(
            cast(elements.c.value.op("->>")(literal_column(str(place))), kinds[kind]).label(name)
            for place, (name, kind) in enumerate(columns.items())
        )
    ).subquery(parameter)


def rows(values: Iterable[tuple[int | str | None, ...]]) -> str:
    """Rows as the parameter of `listed`."""
    return msgspec.json.encode(list(values)).decode()
