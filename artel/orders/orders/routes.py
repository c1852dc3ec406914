"""Orders: the HTTP surface."""

from collections.abc import AsyncIterator
from typing import Final

from msgspec import Struct

from artel.db import Database, Write
from artel.edge.reply import Reply
from artel.edge.route import LOGGED_IN, STAFF, Route, Trial, get, post
from artel.edge.streaming import spreadsheet
from artel.kernel.actor import Actor
from artel.ledger.book.model import NotEnoughMoney, TooMuchMoney
from artel.orders.delivery.model import MethodCurrency, MethodUnknown, NothingToDeliver
from artel.orders.orders import model, moves, paying, service, views
from artel.orders.orders.rows import SheetRow
from artel.orders.vouchers import service as vouchers
from artel.orders.vouchers.model import NOT_TAKEN, TooManyGuesses, VoucherUnknown
from artel.payments import model as payments
from artel.shop.offers.model import NotEnoughStock, OfferUnknown
from artel.shop.shops.model import NotYourShop, ShopUnknown

READ: Final = "orders:read"
WRITE: Final = "orders:write"


class CodeTried(Struct, frozen=True):
    """The voucher's code was looked for; a wrong one was counted, which an order's own transaction would take back."""


def has_code(body: model.Placing) -> bool:
    """Whether a voucher is to be looked for."""
    return bool(body.voucher)


async def try_code(db: Database, who: Actor, body: model.Placing) -> CodeTried | None:
    """Look for the voucher before anything is ordered. Raises VoucherUnknown, TooManyGuesses."""
    code = body.voucher or ""
    if not await db.write(vouchers.is_known, code, who.account_id, who.address):
        raise VoucherUnknown(code=code)
    return CodeTried()


async def place(tx: Write, who: Actor, body: model.Placing, terms: model.Terms, tried: CodeTried | None) -> model.Order:
    """Order the given lines, or what is in the cart: prices are frozen, copies taken, and held for a while.

    All of it happens or nothing.
    """
    return await service.place(tx, who, body, terms)


def saved(pages: AsyncIterator[list[SheetRow]]) -> Reply:
    """The rows as a file of CSV to be saved."""
    return spreadsheet("orders.csv", views.sheet(pages))


_MOVED: Final = (model.OrderUnknown, model.MoveIllegal)
_OF_A_SHOP: Final = (*_MOVED, model.PartUnknown, model.PartDone)
_WHOSE: Final = (ShopUnknown, NotYourShop, model.AllOrdersDenied)
_BY_HAND: Final = (payments.SellerNeeded, payments.NotByHand, payments.AlreadySettled)

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/orders",
        place,
        access=LOGGED_IN,
        scope=WRITE,
        status=201,
        prepare=try_code,
        prepare_when=has_code,
        idempotent=True,
        raises=(
            model.NothingOrdered,
            model.OfferTwice,
            model.CurrenciesMixed,
            model.TotalChanged,
            model.TotalTooLarge,
            OfferUnknown,
            NotEnoughStock,
            MethodUnknown,
            MethodCurrency,
            NothingToDeliver,
            *NOT_TAKEN,
            TooManyGuesses,
        ),
        example={"lines": [{"offer_id": 1, "quantity": 1}], "address": "Anna Blum, Lesnaya 5, Tver"},
        trial=Trial(gives={"order_id": "id", "unpaid_order": ""}),
    ),
    get("/api/v1/orders", service.list_orders, access=LOGGED_IN, scope=READ, raises=_WHOSE),
    get(
        "/api/v1/orders/sheet.csv",
        service.sheet,
        access=LOGGED_IN,
        scope=READ,
        present=saved,
        produces=("text/csv",),
        raises=_WHOSE,
    ),
    get("/api/v1/orders/{order_id}", service.get, access=LOGGED_IN, scope=READ, raises=(model.OrderUnknown,)),
    get(
        "/api/v1/orders/{order_id}/history",
        service.happened,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.OrderUnknown,),
    ),
    post(
        "/api/v1/orders/{order_id}/cancel",
        moves.cancel,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        body_optional=True,
        raises=(*_MOVED, TooMuchMoney),
        example={"reason": "Ordered twice"},
        trial=Trial(ends=("order_id",)),
    ),
    post(
        "/api/v1/orders/{order_id}/complete",
        moves.complete,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=_MOVED,
        trial=Trial(needs=("shipped_order",)),
    ),
    post(
        "/api/v1/orders/{order_id}/refunds",
        moves.refund,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=(
            *_MOVED,
            model.RefundUnclear,
            model.OfferTwice,
            model.RefundTooLarge,
            model.CopiesNotThere,
            TooMuchMoney,
        ),
        example={"lines": [{"offer_id": 1, "quantity": 1}], "restock": True, "reason": "Came back unread"},
        trial=Trial(by="owner", needs=("paid_order",), gives={"refund_owed": ""}, ends=("paid_order",)),
    ),
    post(
        "/api/v1/orders/{order_id}/parts/{shop_id}/confirm",
        moves.confirm,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=(*_OF_A_SHOP, model.TimeOver),
        trial=Trial(by="owner", refused=model.MoveIllegal),  # its shop confirms nothing
    ),
    post(
        "/api/v1/orders/{order_id}/parts/{shop_id}/ship",
        moves.ship,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        body_optional=True,
        raises=_OF_A_SHOP,
        example={"tracking": "RR123456785RU"},
        trial=Trial(by="owner", needs=("paid_order",), gives={"shipped_order": ""}),
    ),
    post(
        "/api/v1/orders/{order_id}/payments",
        paying.pay,
        access=LOGGED_IN,
        scope=WRITE,
        status=201,
        prepare=paying.ask,
        idempotent=True,
        raises=(
            *_MOVED,
            model.TimeOver,
            payments.ProviderUnknown,
            payments.MethodUnknown,
            payments.MoneyNotReal,
            payments.TooManyPayments,
            NotEnoughMoney,
        ),
        example={"provider": "manual"},
        trial=Trial(needs=("unpaid_order",), gives={"payment_id": "id", "payment_minor": "amount_minor"}),
    ),
    get(
        "/api/v1/orders/{order_id}/payments",
        paying.of_order,
        access=LOGGED_IN,
        scope=READ,
        raises=(model.OrderUnknown,),
        trial=Trial(needs=("refund_owed",), gives={"refund_id": "items.0.refunds.0.id"}),
    ),
    get(
        "/api/v1/orders/{order_id}/transfers",
        paying.transfers,
        access=STAFF,
        scope="ledger:read",
        raises=(model.OrderUnknown,),
    ),
    post(
        "/api/v1/payments/{payment_id}/confirm",
        paying.confirm,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=(payments.PaymentUnknown, *_BY_HAND, payments.AmountDiffers),
        example={"amount_minor": 49900, "note": "in cash"},
        trial=Trial(
            by="owner",
            given={"amount_minor": "{{payment_minor}}"},
            needs=("order_id",),
            gives={"paid_order": ""},
            ends=("unpaid_order",),
        ),
    ),
    post(
        "/api/v1/refunds/{refund_id}/confirm",
        paying.confirm_refund,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        body_optional=True,
        raises=(payments.RefundUnknown, *_BY_HAND),
        example={"note": "in cash"},
        trial=Trial(by="owner", ends=("refund_id", "refund_owed")),
    ),
]
