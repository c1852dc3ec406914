"""The book: the HTTP surface. It is the staff's; people see their own money through wallets, orders and jobs."""

from collections.abc import AsyncGenerator
from typing import Final

from artel.db import Database, Read
from artel.edge.reply import Reply
from artel.edge.route import STAFF, Route, Trial, get, post
from artel.edge.streaming import spreadsheet
from artel.kernel.page import Page
from artel.ledger.book import checks, model, service, sheets

READ: Final = "ledger:read"
WRITE: Final = "ledger:write"


async def entries(tx: Read, book_account_id: int, query: model.StatementQuery) -> Page[model.Line]:
    """The statement of an account: its lines with the balance after each, the newest first."""
    return await service.statement(tx, book_account_id, query)


async def entries_sheet(
    db: Database, book_account_id: int, query: sheets.SheetQuery
) -> AsyncGenerator[list[str], None]:
    """The whole statement of an account as CSV, the newest line first."""
    return await sheets.sheet(db, book_account_id, query)


async def check(db: Database, checks_made: checks.Checks) -> model.Checked:
    """Check every invariant of the book, and what orders and jobs tie to it; rows that break one are named."""
    return await checks.check(checks_made)


def saved(pages: AsyncGenerator[list[str], None]) -> Reply:
    """A statement as a file to be saved, written while it is sent."""
    return spreadsheet("statement.csv", pages)


ROUTES: Final[list[Route]] = [
    get("/api/v1/ledger/accounts", service.list_accounts, access=STAFF, scope=READ, trial=Trial(needs=("funds",))),
    get(
        "/api/v1/ledger/accounts/{book_account_id}",
        service.get_account,
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
        present=saved,
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
