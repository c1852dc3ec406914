"""A statement as a spreadsheet: all of its lines, however many there are."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import msgspec
from msgspec import Struct

from artel.db import Database
from artel.kernel.moments import FROM_TO, Moment
from artel.kernel.page import PAGE_MAX, Page
from artel.kernel.spreadsheet import csv_line
from artel.ledger.book import service
from artel.ledger.book.model import Line, StatementQuery

COLUMNS: Final = ("booked_at", "kind", "reference", "note", "amount_minor", "balance_minor", "currency", "transfer_id")


class SheetQuery(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """Which part of a statement; the time `from` is included, the time `to` is not."""

    from_at: Moment | None = None
    to_at: Moment | None = None


def written(lines: list[Line]) -> str:
    """These lines as CSV."""
    return "".join(csv_line([getattr(line, column) for column in COLUMNS]) for line in lines)


async def sheet(db: Database, account_id: int, query: SheetQuery) -> AsyncGenerator[list[Line], None]:
    """The lines of an account, the newest first, a page at a time. Raises BookAccountUnknown, Malformed."""
    wanted = StatementQuery(query.from_at, query.to_at, PAGE_MAX)
    return _pages(db, account_id, wanted, await db.read(service.statement, account_id, wanted))


async def _pages(
    db: Database, account_id: int, query: StatementQuery, found: Page[Line]
) -> AsyncGenerator[list[Line], None]:
    yield found.items
    while found.next is not None:
        await asyncio.sleep(0)  # SQLite answers without waiting: this is where others come in
        found = await db.read(service.statement, account_id, msgspec.structs.replace(query, after=found.next))
        yield found.items
