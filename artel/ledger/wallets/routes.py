"""Wallets: the HTTP surface."""

from collections.abc import AsyncGenerator
from typing import Final

from artel.accounts.model import AccountUnknown
from artel.db import Database
from artel.edge.reply import Reply
from artel.edge.route import LOGGED_IN, STAFF, Route, Trial, get, post
from artel.edge.streaming import spreadsheet
from artel.kernel.actor import Actor
from artel.kernel.moments import span_us
from artel.ledger.book import sheets
from artel.ledger.book.model import KeyReused, NotEnoughMoney, TooMuchMoney
from artel.ledger.wallets import model, service
from artel.payments import model as payments

READ: Final = "wallet:read"
WRITE: Final = "wallet:write"
_CORRECTION: Final = {"amount_minor": 100_000, "currency": "EUR", "note": "For the parcel that was late"}
_MOVED: Final = (model.WithdrawalUnknown, model.WithdrawalMoved)


async def sheet(db: Database, who: Actor, query: model.SheetQuery) -> AsyncGenerator[list[str], None]:
    """All lines of the asker's wallet with the balance after each, the newest first. Raises Malformed."""
    span_us(query.from_at, query.to_at)
    account_id = await db.read(service.find, who, query.currency)
    if account_id is None:
        return sheets.nothing()
    return await sheets.sheet(db, account_id, sheets.SheetQuery(query.from_at, query.to_at))


def as_csv(pages: AsyncGenerator[list[str], None]) -> Reply:
    """A statement as a file of CSV to be saved, written while it is sent."""
    return spreadsheet("wallet.csv", pages)


ROUTES: Final[list[Route]] = [
    get("/api/v1/wallet", service.balances, access=LOGGED_IN, scope=READ),
    get(
        "/api/v1/wallet/entries",
        service.entries,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.CurrencyNeeded,),
        trial=Trial(given={"currency": "EUR"}),
    ),
    get(
        "/api/v1/wallet/entries.csv",
        sheet,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.CurrencyNeeded,),
        present=as_csv,
        produces=("text/csv",),
        trial=Trial(given={"currency": "EUR"}),
    ),
    post(
        "/api/v1/wallet/top-ups",
        service.top_up,
        access=LOGGED_IN,
        scope=WRITE,
        status=201,
        prepare=service.ask,
        idempotent=True,
        raises=(
            TooMuchMoney,
            KeyReused,
            payments.ProviderUnknown,
            payments.MethodUnknown,
            payments.MoneyNotReal,
            payments.TooManyTopUps,
        ),
        example={"amount_minor": 50_000, "currency": "EUR", "provider": "manual"},
    ),
    get("/api/v1/wallet/top-ups", service.list_top_ups, access=LOGGED_IN, scope=READ),
    post(
        "/api/v1/wallet/withdrawals",
        service.request,
        access=LOGGED_IN,
        scope=WRITE,
        status=201,
        idempotent=True,
        raises=(NotEnoughMoney, KeyReused),
        example={"amount_minor": 20_000, "currency": "EUR", "to": "Anna Blum, IBAN DE02 1203 0000 0000 2020 51"},
        trial=Trial(needs=("funds",)),
    ),
    get("/api/v1/wallet/withdrawals", service.list_own, access=LOGGED_IN, scope=READ),
    post(
        "/api/v1/wallet/withdrawals/{withdrawal_id}/cancellation",
        service.cancel,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=_MOVED,
        trial=Trial(ends=("withdrawal_id",)),
    ),
    get("/api/v1/withdrawals", service.list_all, access=STAFF, scope="ledger:read"),
    post(
        "/api/v1/withdrawals/{withdrawal_id}/paid",
        service.pay,
        access=STAFF,
        scope="ledger:write",
        idempotent=True,
        body_optional=True,
        raises=_MOVED,
        example={"note": "Transfer 4711"},
        trial=Trial(ends=("withdrawal_id",)),
    ),
    post(
        "/api/v1/withdrawals/{withdrawal_id}/refusal",
        service.refuse,
        access=STAFF,
        scope="ledger:write",
        idempotent=True,
        raises=_MOVED,
        example={"note": "The bank does not know this number"},
        trial=Trial(ends=("withdrawal_id",)),
    ),
    post(
        "/api/v1/accounts/{account_id}/wallet/credits",
        service.credit,
        access=STAFF,
        scope="ledger:write",
        status=201,
        idempotent=True,
        raises=(AccountUnknown, TooMuchMoney, KeyReused),
        example=_CORRECTION,
        trial=Trial(gives={"funds": ""}),
    ),
    post(
        "/api/v1/accounts/{account_id}/wallet/debits",
        service.debit,
        access=STAFF,
        scope="ledger:write",
        status=201,
        idempotent=True,
        raises=(AccountUnknown, NotEnoughMoney, KeyReused),
        example=_CORRECTION | {"amount_minor": 1_000, "note": "Credited twice"},
        trial=Trial(needs=("funds",), gives={"transfer_id": "id"}),
    ),
]
