"""The book: the HTTP surface. It is the staff's; people see their own money through wallets, orders and jobs."""

from collections.abc import AsyncGenerator
from typing import Final

from artel.db import Database, Read
from artel.edge.reply import Pieces, Reply
from artel.edge.route import STAFF, Route, Trial, get, post
from artel.kernel.page import Page
from artel.kernel.spreadsheet import csv_line
from artel.ledger.book import checks, model, service, sheets

READ: Final = "ledger:read"
WRITE: Final = "ledger:write"


async def get_account(tx: Read, book_account_id: int, query: model.BalanceQuery) -> model.BookAccount:
    """An account of the book with its balance, now or at a past time, when nothing counts as held."""
    return await service.get_account(tx, book_account_id, query)


async def entries(tx: Read, book_account_id: int, query: model.StatementQuery) -> Page[model.Line]:
    """The statement of an account: its lines with the balance after each, the newest first."""
    return await service.statement(tx, book_account_id, query)


async def entries_sheet(
    db: Database, book_account_id: int, query: sheets.SheetQuery
) -> AsyncGenerator[list[model.Line], None]:
    """The whole statement of an account as CSV, the newest line first."""
    return await sheets.sheet(db, book_account_id, query)


async def check(db: Database, checks_made: checks.Checks) -> model.Checked:
    """Check every invariant of the book, and what orders and jobs tie to it; rows that break one are named."""
    return await checks.check(checks_made)


def spreadsheet(pages: AsyncGenerator[list[model.Line], None]) -> Reply:
    """A statement as a file to be saved, written while it is sent."""
    saved = (b"content-disposition", b'attachment; filename="statement.csv"')
    return Reply(200, content_type=b"text/csv; charset=utf-8", headers=(saved,), pieces=_written(pages))


async def _written(pages: AsyncGenerator[list[model.Line], None]) -> Pieces:
    yield csv_line(sheets.COLUMNS).encode()
    async for lines in pages:
        yield sheets.written(lines).encode()


ROUTES: Final[list[Route]] = [
    get("/api/v1/ledger/accounts", service.list_accounts, access=STAFF, scope=READ, trial=Trial(needs=("funds",))),
    get(
        "/api/v1/ledger/accounts/{book_account_id}",
        get_account,
        access=STAFF,
        scope=READ,
        raises=(model.BookAccountUnknown,),
    ),
    get(
        "/api/v1/ledger/accounts/{book_account_id}/entries",
        entries,
        access=STAFF,
        scope=READ,
        raises=(model.BookAccountUnknown,),
    ),
    get(
        "/api/v1/ledger/accounts/{book_account_id}/entries.csv",
        entries_sheet,
        access=STAFF,
        scope=READ,
        present=spreadsheet,
        produces=("text/csv",),
        raises=(model.BookAccountUnknown,),
    ),
    get("/api/v1/ledger/transfers", service.list_transfers, access=STAFF, scope=READ),
    get(
        "/api/v1/ledger/transfers/{transfer_id}",
        service.get,
        access=STAFF,
        scope=READ,
        raises=(model.TransferUnknown,),
    ),
    post(
        "/api/v1/ledger/transfers/{transfer_id}/reversal",
        service.reverse_by_hand,
        access=STAFF,
        scope=WRITE,
        status=201,
        idempotent=True,
        raises=(
            model.TransferUnknown,
            model.AlreadyReversed,
            model.NotReversible,
            model.TiedElsewhere,
            model.NotEnoughMoney,
            model.TooMuchMoney,
        ),
        example={"note": "Debited by mistake"},
        trial=Trial(ends=("transfer_id",)),
    ),
    get("/api/v1/ledger/holds", service.list_holds, access=STAFF, scope=READ),
    get("/api/v1/ledger/check", check, access=STAFF, scope=READ),
    get("/api/v1/ledger/trial-balance", service.trial_balance, access=STAFF, scope=READ),
]
