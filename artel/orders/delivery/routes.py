"""Delivery methods: the HTTP surface."""

from typing import Final

from artel.edge.route import ANYONE, LOGGED_IN, Route, get, patch, post
from artel.orders.delivery import model, service
from artel.shop.shops.model import NotYourShop, ShopUnknown

SCOPE: Final = "shop:write"

ROUTES: Final[list[Route]] = [
    get(
        "/api/v1/shops/{shop_id}/delivery-methods",
        service.methods,
        access=ANYONE,
        raises=(ShopUnknown, NotYourShop),
    ),
    get(
        "/api/v1/shops/{shop_id}/delivery-methods/{method_id}",
        service.get,
        access=ANYONE,
        raises=(model.MethodUnknown,),
    ),
    post(
        "/api/v1/shops/{shop_id}/delivery-methods",
        service.make,
        access=LOGGED_IN,
        scope=SCOPE,
        status=201,
        idempotent=True,
        raises=(ShopUnknown, NotYourShop),
        example={
            "name": "Courier",
            "price_minor": 30_000,
            "description": "To the door, the next day",
            "free_from_minor": 500_000,
        },
    ),
    patch(
        "/api/v1/shops/{shop_id}/delivery-methods/{method_id}",
        service.edit,
        access=LOGGED_IN,
        scope=SCOPE,
        raises=(ShopUnknown, NotYourShop, model.MethodUnknown, model.MethodStale),
        example={"price_minor": 25_000},
    ),
]
