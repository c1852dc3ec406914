"""A statement as a spreadsheet: all of its lines, however many there are."""

import asyncio
from collections.abc import AsyncGenerator

import msgspec
from msgspec import Struct

from artel.db import Database
from artel.kernel.moments import FROM_TO, Moment
from artel.kernel.page import PAGE_MAX, Page
from artel.kernel.spreadsheet import csv_line
from artel.ledger.book import service
from artel.ledger.book.model import SHEET, Line, StatementQuery


class SheetQuery(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """Which part of a statement; the time `from` is included, the time `to` is not."""

    from_at: Moment | None = None
    to_at: Moment | None = None


async def sheet(db: Database, account_id: int, query: SheetQuery) -> AsyncGenerator[list[str], None]:
    """The lines of an account as CSV, the newest first, a page at a time, and before them the names of the columns.

    Raises BookAccountUnknown, Malformed.
    """
    wanted = StatementQuery(query.from_at, query.to_at, PAGE_MAX)
    return _pages(db, account_id, wanted, await db.read(service.statement, account_id, wanted))


async def nothing() -> AsyncGenerator[list[str], None]:
    """The sheet of an account that was never opened."""
    yield [csv_line(SHEET)]


def written(lines: list[Line]) -> list[str]:
    """These lines as CSV."""
    return [csv_line([getattr(line, column) for column in SHEET]) for line in lines]


async def _pages(
    db: Database, account_id: int, query: StatementQuery, found: Page[Line]
) -> AsyncGenerator[list[str], None]:
    yield [csv_line(SHEET), *written(found.items)]
    while found.next is not None:
        await asyncio.sleep(0)  # SQLite answers without waiting: this is where others come in
        found = await db.read(service.statement, account_id, msgspec.structs.replace(query, after=found.next))
        yield written(found.items)
