"""A statement is a Core construct compiled once per dialect, when it is first run, to text and parameter order.

The raw driver runs the text, so nothing of SQLAlchemy is on the path of a request. `Query` yields rows as structs or
single values, `Command` only changes. Columns hold integers, text and bytes, so that no conversion stands between a
driver's row and a struct.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, Generic, Literal, TypeVar, cast

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, Identity, Integer, MetaData, Text, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import ReturnsRows

Row = TypeVar("Row")
Params = Mapping[str, Any]
Arguments = Sequence[Any]
Engine = Literal["sqlite", "postgresql"]

metadata: Final = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_name)s_fk",
        "uq": "%(table_name)s_%(column_0_name)s_uq",
        "ck": "%(table_name)s_%(constraint_name)s_ck",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
    }
)

_DIALECTS: Final[dict[Engine, DefaultDialect]] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": asyncpg.dialect(),  # type: ignore[no-untyped-call]
}


def identity() -> Column[int]:
    """The primary key of a table of ours: an integer that the database counts up."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(always=True), primary_key=True)


def integer(name: str, *, nullable: bool = False) -> Column[int]:
    """A column of whole numbers: ids, counts, times in microseconds, money in minor units, flags 0 and 1."""
    return Column(name, BigInteger, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> Column[str]:
    """A column of text; JSON is text too."""
    return Column(name, Text, nullable=nullable)


class _Among(FunctionElement[bool]):
    """Whether a column is one of the whole numbers in a JSON list."""

    inherit_cache = True


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **rest: Any) -> str:
    column, listed = (compiler.process(each, **rest) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({listed})))"  # noqa: S608 - a column and a placeholder


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **rest: Any) -> str:
    # As an array they are looked up in an index; PostgreSQL would join a set with all of a table that is not large.
    column, listed = (compiler.process(each, **rest) for each in element.clauses)
    elements = f"jsonb_array_elements_text(CAST({listed} AS JSONB))"
    return f"({column} = ANY (ARRAY(SELECT CAST({elements} AS BIGINT))))"


def among(column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """The column is one of the numbers in the parameter `name`, which is given as `numbers([...])`.

    One statement for a list of any length: neither database has to prepare it again.
    """
    return _Among(column, bindparam(name, type_=Text))


def numbers(values: Iterable[int]) -> str:
    """A list of whole numbers as the parameter of `among`."""
    return msgspec.json.encode(list(values)).decode()


class Compiled:
    """The text of a statement for one database, and how named parameters become its positional arguments."""

    __slots__ = ("arguments", "text")

    def __init__(self, construct: Executable, dialect: DefaultDialect) -> None:
        compiled = cast(SQLCompiler, construct.compile(dialect=dialect))  # type: ignore[attr-defined]
        self.text = str(compiled)
        names = tuple(compiled.positiontup or ())
        literals = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        self.arguments = _binder(names, {name: literals[name] for name in names if name in literals})


def _binder(names: tuple[str, ...], literals: dict[str, Any]) -> Callable[[Params], Arguments]:
    if not names:
        return lambda params: ()
    if len(names) == 1:
        (name,) = names
        return lambda params: (literals[name] if literals else params[name],)
    take = itemgetter(*names)
    return (lambda params: take({**literals, **params})) if literals else take


class Command:
    """A statement that changes rows and answers how many. It is compiled for a database when it is first run there."""

    def __init__(self, construct: Executable) -> None:
        self.construct = construct

    @functools.cached_property
    def sqlite(self) -> Compiled:
        """As SQLite takes it."""
        return Compiled(self.construct, _DIALECTS["sqlite"])

    @functools.cached_property
    def postgresql(self) -> Compiled:
        """As PostgreSQL takes it."""
        return Compiled(self.construct, _DIALECTS["postgresql"])


class Query(Command, Generic[Row]):
    """A statement that yields rows: structs whose fields are its columns in order, or one plain value a row.

    A struct that does not fit the columns is a programming fault and is refused where the statement is defined.
    """

    def __init__(self, row: type[Row], construct: Executable) -> None:
        super().__init__(construct)
        columns = list(cast(ReturnsRows, construct).exported_columns.keys())
        if issubclass(row, msgspec.Struct):
            fields = list(row.__struct_fields__)
            assert columns == fields, f"{row.__name__} has the fields {fields}, the statement yields {columns}"
            self.make: Callable[[Sequence[Any]], Row] = lambda values: row(*values)
            self.make_all: Callable[[Iterable[Sequence[Any]]], list[Row]] = lambda rows: [*itertools.starmap(row, rows)]
        else:
            assert len(columns) == 1, f"a plain {row.__name__} needs one column, the statement yields {columns}"
            self.make = itemgetter(0)
            self.make_all = lambda rows: [value for (value,) in rows]


def starting_with(text: str) -> str:
    """A LIKE pattern (escape character backslash) for what begins with the text, whatever the text holds."""
    return "".join(itertools.chain.from_iterable(("\\", c) if c in "\\%_" else (c,) for c in text)) + "%"
