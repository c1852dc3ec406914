"""Vouchers: the HTTP surface."""

from typing import Final

from artel.edge.route import LOGGED_IN, Route, Trial, get, patch, post
from artel.orders.vouchers import model, service
from artel.shop.shops.model import NotYourShop, ShopUnknown

SCOPE: Final = "shop:write"

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/vouchers",
        service.make,
        access=LOGGED_IN,
        scope=SCOPE,
        status=201,
        idempotent=True,
        raises=(model.VoucherUnfit, model.CodeTaken, model.OwnerOnly, ShopUnknown, NotYourShop),
        example={
            "code": "WINTER-10",
            "shop_id": 1,
            "percent_bp": 1000,
            "minimum_minor": 100_000,
            "until_at": "2027-03-01T00:00:00Z",
            "once_per_customer": True,
            "uses_max": 500,
        },
        trial=Trial(given={"code": "{{$guid}}"}),
    ),
    get("/api/v1/vouchers", service.list_vouchers, access=LOGGED_IN, scope=SCOPE, raises=(ShopUnknown, NotYourShop)),
    get("/api/v1/vouchers/{voucher_id}", service.get, access=LOGGED_IN, scope=SCOPE, raises=(model.VoucherMissing,)),
    patch(
        "/api/v1/vouchers/{voucher_id}",
        service.edit,
        access=LOGGED_IN,
        scope=SCOPE,
        raises=(model.VoucherMissing, model.VoucherStale, model.VoucherUnfit, model.UsedMoreOften),
        example={"uses_max": 1000},
    ),
]
