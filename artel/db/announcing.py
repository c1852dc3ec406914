"""The door to a database that tells somebody of each commit, so that what was written is noticed at once."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from artel.db.statement import Engine
from artel.db.transaction import Database, Read, Write

Result = TypeVar("Result")
P = ParamSpec("P")


class AnnouncingDatabase:
    """Another door to the same database; `tell` is called after each write, on the event loop."""

    def __init__(self, db: Database, tell: Callable[[], None]) -> None:
        self.engine: Engine = db.engine
        self._db = db
        self._tell = tell

    async def read(
        self, use: Callable[Concatenate[Read, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """As the database does it."""
        return await self._db.read(use, *args, **kwargs)

    async def write(
        self, use: Callable[Concatenate[Write, P], Awaitable[Result]], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """As the database does it, and then tell."""
        result = await self._db.write(use, *args, **kwargs)
        self._tell()
        return result

    async def close(self) -> None:
        """Close the database itself."""
        await self._db.close()
