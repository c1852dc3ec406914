"""Which transactions are over: rows that are read in the order of their commits, without a gap and without a lock.

PostgreSQL gives ids before a commit, so a smaller one may appear after a larger one. A row that carries its
transaction's number is safe to read on from once every transaction with a smaller number is over (PostgreSQL's
documentation, 9.28.7, pg_snapshot_xmin). SQLite has one writer, whose ids are in the order of its commits.

Each cluster counts its transactions from the beginning, so a database that was dumped and restored into another one
would go back in its numbers. There a new era begins (artel/db/migrate.py), whose numbers are larger than all before.
"""

from typing import Any, Final

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

ERA: Final = 2**44  # transactions: 55 years of 10,000 a second; 64 bits hold half a million eras
_ERA: Final = "(SELECT era FROM transaction_era WHERE id = 1)"


class transaction_id(FunctionElement[int]):  # noqa: N801 - written like a function of SQL
    """The number of the transaction that writes, with the eras before it; 0 on SQLite."""

    inherit_cache = True


class horizon(FunctionElement[int]):  # noqa: N801
    """Every transaction with a smaller number is over, as this statement sees the database."""

    inherit_cache = True


class is_after(FunctionElement[bool]):  # noqa: N801
    """Whether a transaction's number and an id, the first two, come after the other two: found by an index.

    On SQLite every number is 0, so that the ids alone say it; it would not look further than the numbers.
    """

    inherit_cache = True
    sign = ">"


class is_up_to(is_after):  # noqa: N801
    """Whether they do not come after the other two."""

    inherit_cache = True
    sign = "<="


class commit_order(FunctionElement[int]):  # noqa: N801
    """What to order by: a transaction's number, then an id."""

    inherit_cache = True


@compiles(transaction_id, "sqlite")
def _transaction_id_sqlite(element: transaction_id, compiler: SQLCompiler, **rest: Any) -> str:
    return "0"


@compiles(transaction_id, "postgresql")
def _transaction_id_postgresql(element: transaction_id, compiler: SQLCompiler, **rest: Any) -> str:
    return f"({_ERA} * {ERA} + CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT))"


@compiles(horizon, "sqlite")
def _horizon_sqlite(element: horizon, compiler: SQLCompiler, **rest: Any) -> str:
    return "1"


@compiles(horizon, "postgresql")
def _horizon_postgresql(element: horizon, compiler: SQLCompiler, **rest: Any) -> str:
    return f"({_ERA} * {ERA} + CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT))"


@compiles(is_after, "sqlite")
@compiles(is_up_to, "sqlite")
def _compared_sqlite(element: is_after, compiler: SQLCompiler, **rest: Any) -> str:
    _, number, _, last_number = (compiler.process(each, **rest) for each in element.clauses)
    return f"({number} {element.sign} {last_number})"


@compiles(is_after, "postgresql")
@compiles(is_up_to, "postgresql")
def _compared_postgresql(element: is_after, compiler: SQLCompiler, **rest: Any) -> str:
    txid, number, last_txid, last_number = (compiler.process(each, **rest) for each in element.clauses)
    return f"(({txid}, {number}) {element.sign} ({last_txid}, {last_number}))"


@compiles(commit_order, "sqlite")
def _commit_order_sqlite(element: commit_order, compiler: SQLCompiler, **rest: Any) -> str:
    _, number = (compiler.process(each, **rest) for each in element.clauses)
    return number


@compiles(commit_order, "postgresql")
def _commit_order_postgresql(element: commit_order, compiler: SQLCompiler, **rest: Any) -> str:
    return ", ".join(compiler.process(each, **rest) for each in element.clauses)
