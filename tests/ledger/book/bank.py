"""A bank for the tests: a door to the book whose clock the test sets, with short words for what is done often."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select

from artel.db import Command, Database, Query, Read, Write, metadata
from artel.db.statement import Params
from artel.ledger.book import service
from artel.ledger.book.model import (
    Balance,
    Hold,
    HoldIntent,
    Intent,
    Line,
    Made,
    Place,
    Posting,
    StatementQuery,
    Transfer,
    wallet,
    world,
)
from artel.ledger.book.queries import ACCOUNT_AT
from tests.conftest import Run

RUB: Final = "RUB"
ANNA: Final = wallet(101, RUB)
BELA: Final = wallet(102, RUB)
CLEO: Final = wallet(103, RUB)
DAY_US: Final = 24 * 3600 * 1_000_000
EVERY_ROW: Final = {
    name: Query(
        msgspec.defstruct(name, [(str(column.name), Any) for column in table.c]),
        select(table).order_by(*table.primary_key),
    )
    for name, table in metadata.tables.items()
    if name.startswith("ledger_")
}


class At:
    """A transaction at a time of the test's choice."""

    def __init__(self, tx: Write, now_us: int) -> None:
        self._tx, self.now_us = tx, now_us

    async def one(self, query: Query[Any], **params: Any) -> Any:
        return await self._tx.one(query, **params)

    async def all(self, query: Query[Any], **params: Any) -> list[Any]:
        return await self._tx.all(query, **params)

    async def run(self, command: Command, **params: Any) -> int:
        return await self._tx.run(command, **params)

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        await self._tx.many(command, params)


class Clocked:
    """A door to the database whose transactions are so much later than they are, or all at one time."""

    def __init__(self, db: Database) -> None:
        self._db, self.engine = db, db.engine
        self.later_us = 0
        self.at_us: int | None = None

    async def read(self, use: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._db.read(self._in_time, use, *args, **kwargs)

    async def write(self, use: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self._db.write(self._in_time, use, *args, **kwargs)

    async def close(self) -> None:
        await self._db.close()

    async def _in_time(self, tx: Any, use: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        now_us = tx.now_us + self.later_us if self.at_us is None else self.at_us
        return await use(At(tx, now_us), *args, **kwargs)


class Bank:
    """The book, asked from code that does not await."""

    def __init__(self, db: Database, run: Run) -> None:
        self.clock = Clocked(db)
        self.run = run
        self._numbers = itertools.count(1)

    def intent(self, *postings: Posting, key: str = "", reference: str = "test/1", **rest: Any) -> Intent:
        """A transfer to be made; without a key, one that nobody used."""
        key = key or f"test/{next(self._numbers)}"
        return Intent(kind="test.moved", reference=reference, key=key, postings=postings, **rest)

    def post(self, *postings: Posting, **rest: Any) -> Made:
        return self.send(self.intent(*postings, **rest))

    def send(self, intent: Intent) -> Made:
        return self.run(self.clock.write(service.post, intent))

    def move(self, source: Place, target: Place, amount_minor: int, **rest: Any) -> Made:
        """From one account to another."""
        return self.post(Posting(source, -amount_minor), Posting(target, amount_minor), **rest)

    def fill(self, place: Place, amount_minor: int, **rest: Any) -> Made:
        """Money out of nowhere."""
        return self.move(world(place.currency), place, amount_minor, **rest)

    def reverse(self, transfer_id: int, key: str = "") -> Made:
        key = key or f"test/{next(self._numbers)}"
        words = {"key": key, "kind": "test.reversed", "reference": "test/1"}
        return self.run(self.clock.write(service.reverse, transfer_id, **words))

    def hold(self, place: Place, amount_minor: int, key: str = "", **rest: Any) -> Hold:
        key = key or f"test/{next(self._numbers)}"
        wanted = HoldIntent(place, amount_minor, kind="test.held", reference="test/1", key=key, **rest)
        return self.run(self.clock.write(service.hold, wanted))

    def settle(self, hold_id: int, *to: Posting) -> Made:
        return self.run(self.clock.write(service.settle_hold, hold_id, to, kind="test.settled"))

    def get(self, made: Made) -> Transfer:
        """A transfer as it is shown."""
        return self.run(self.clock.read(service.get, made.id))

    def void(self, hold_id: int) -> Hold:
        return self.run(self.clock.write(service.void, hold_id))

    def expire(self) -> int:
        return self.run(service.expire_due(self.clock))

    def balance(self, place: Place) -> Balance:
        return self.run(self.clock.read(service.balance, place))

    def stands(self, place: Place) -> tuple[int, int, int]:
        """What is posted, held and available."""
        found = self.balance(place)
        return found.posted_minor, found.held_minor, found.available_minor

    def balance_at(self, place: Place, at_us: int) -> int:
        return self.run(self.clock.read(service.balance_at, self.account_id(place), at_us))

    def account_id(self, place: Place) -> int:
        return self.run(self.clock.read(account_id, place))

    def lines(self, place: Place, limit: int = 50, **query: Any) -> list[Line]:
        """Every line of a statement, page after page."""
        number, found, after = self.account_id(place), [], query.pop("after", None)
        while True:
            wanted = StatementQuery(limit=limit, after=after, **query)
            page = self.run(self.clock.read(service.statement, number, wanted))
            assert len(page.items) <= limit
            found += page.items
            after = page.next
            if after is None:
                return found

    def rows(self) -> dict[str, list[Any]]:
        """Every row of the book's tables."""
        return self.run(self.clock.read(every_row))

    def of(self, reference: str) -> list[Transfer]:
        return self.run(self.clock.read(service.of_reference, reference))


async def account_id(tx: Read, place: Place) -> int:
    row = await tx.one(ACCOUNT_AT, purpose=place.purpose, owner=place.owner, currency=place.currency)
    assert row is not None, f"{place} was never used"
    return int(row.id)


async def every_row(tx: Read) -> dict[str, list[Any]]:
    return {name: await tx.all(query) for name, query in EVERY_ROW.items()}
