"""Which transactions are over: rows that are read in the order of their commits, without a gap and without a lock.

PostgreSQL gives ids before a commit, so a smaller one may appear after a larger one. A row that carries its
transaction's number is safe to read on from once every transaction with a smaller number is over (PostgreSQL's
documentation, 9.28.7, pg_snapshot_xmin). SQLite has one writer, whose ids are in the order of its commits.
"""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class transaction_id(FunctionElement[int]):  # noqa: N801 - written like a function of SQL
    """The number of the transaction that writes; 0 on SQLite."""

    inherit_cache = True


class horizon(FunctionElement[int]):  # noqa: N801
    """Every transaction with a smaller number is over, as this statement sees the database."""

    inherit_cache = True


@compiles(transaction_id, "sqlite")
def _transaction_id_sqlite(element: transaction_id, compiler: SQLCompiler, **rest: Any) -> str:
    return "0"


@compiles(transaction_id, "postgresql")
def _transaction_id_postgresql(element: transaction_id, compiler: SQLCompiler, **rest: Any) -> str:
    return "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"


@compiles(horizon, "sqlite")
def _horizon_sqlite(element: horizon, compiler: SQLCompiler, **rest: Any) -> str:
    return "1"


@compiles(horizon, "postgresql")
def _horizon_postgresql(element: horizon, compiler: SQLCompiler, **rest: Any) -> str:
    return "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)"
