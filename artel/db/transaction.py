"""What a service sees of a database: `Read`, which cannot write, and `Write`. Whoever opens one commits it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from artel.db.statement import Command, Engine, Params, Query
from artel.kernel.errors import Refusal

Row = TypeVar("Row")
Result = TypeVar("Result")
P = ParamSpec("P")

ATTEMPTS_MAX: Final = 8  # of one transaction, when the database asks to repeat it


class StorageUnavailable(Refusal):
    """The database did not confirm this: {reason}. Try again; with an Idempotency-Key it cannot happen twice."""

    code, kind = "storage.unavailable", "unavailable"


class Read(Protocol):
    """A consistent look at the database. On SQLite no method ever suspends."""

    now_us: int  # the database's clock when the transaction began

    async def one(self, query: Query[Row], **params: Any) -> Row | None:
        """The first row, or None."""

    async def all(self, query: Query[Row], **params: Any) -> list[Row]:
        """Every row; the statement carries its own limit."""


class Write(Read, Protocol):
    """A transaction that is committed before anybody is answered."""

    async def run(self, command: Command, **params: Any) -> int:
        """Rows changed. 0 from a conditional write means that somebody was faster."""

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        """The same command once for each set of parameters."""


class Database(Protocol):
    """The one door to a transaction."""

    engine: Engine

    async def read(
        self, use: Callable[Concatenate[Any, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run `use(tx, *args)` in a transaction that cannot write."""

    async def write(
        self, use: Callable[Concatenate[Any, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run `use(tx, *args)` and commit; all of it is repeated when the database asks for that.

        Raises StorageUnavailable when the commit is not known to be on disk.
        """

    async def close(self) -> None:
        """Wait for what is running, then let go of the database."""
