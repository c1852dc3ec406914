"""Payouts: the HTTP surface."""

from typing import Final

from artel.edge.reply import Reply
from artel.edge.route import LOGGED_IN, STAFF, Route, Trial, get, post
from artel.edge.streaming import CSV
from artel.kernel.spreadsheet import csv_line
from artel.ledger.book.model import SHEET, Line
from artel.orders.payouts import model, service
from artel.shop.shops.model import NotYourShop, ShopUnknown

READ: Final = "ledger:read"
WRITE: Final = "ledger:write"


def spreadsheet(lines: list[Line]) -> Reply:
    """A statement as a file of CSV to be saved."""
    saved = (b"content-disposition", b'attachment; filename="payout.csv"')
    rows = [csv_line([getattr(line, column) for column in SHEET]) for line in lines]
    return Reply(200, "".join([csv_line(SHEET), *rows]).encode(), CSV, (saved,))


ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/payouts",
        service.run,
        access=STAFF,
        scope=WRITE,
        status=201,
        idempotent=True,
        body_optional=True,
        raises=(ShopUnknown,),
        example={"minimum_minor": 100, "note": "November"},
        trial=Trial(needs=("paid_order",), gives={"payout_id": "payouts.0.id"}),
    ),
    get("/api/v1/payouts", service.list_payouts, access=LOGGED_IN, scope=READ, raises=(NotYourShop,)),
    get(
        "/api/v1/payouts/{payout_id}",
        service.get,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.PayoutUnknown,),
        trial=Trial(by="owner"),
    ),
    get(
        "/api/v1/payouts/{payout_id}/entries",
        service.entries,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.PayoutUnknown,),
        trial=Trial(by="owner"),
    ),
    get(
        "/api/v1/payouts/{payout_id}/entries.csv",
        service.sheet,
        access=LOGGED_IN,
        scope=READ,
        present=spreadsheet,
        produces=("text/csv",),
        raises=(model.PayoutUnknown, model.StatementTooLong),
        trial=Trial(by="owner"),
    ),
]
