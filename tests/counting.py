"""A transaction that counts its statements, for promises such as "at most four at any size"."""

from collections.abc import Sequence
from typing import Any

from artel.db import Command, Query, Write
from artel.db.statement import Params


class Counting:
    """What a service asks of the transaction is asked, and counted; many of one command are one."""

    def __init__(self, tx: Write) -> None:
        self._tx, self.now_us, self.count = tx, tx.now_us, 0

    async def one(self, query: Query[Any], **params: Any) -> Any:
        self.count += 1
        return await self._tx.one(query, **params)

    async def all(self, query: Query[Any], **params: Any) -> list[Any]:
        self.count += 1
        return await self._tx.all(query, **params)

    async def run(self, command: Command, **params: Any) -> int:
        self.count += 1
        return await self._tx.run(command, **params)

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        self.count += 1
        await self._tx.many(command, params)


async def counted(tx: Any, use: Any, *args: Any) -> tuple[Any, int]:
    """What the use case answers, and how many statements it took."""
    counting = Counting(tx)
    return await use(counting, *args), counting.count
