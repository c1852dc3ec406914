"""Offers: the HTTP surface."""

from typing import Final

from artel.edge.route import ANYONE, LOGGED_IN, Route, Trial, delete, get, patch, post, put
from artel.shop.offers import model, service
from artel.shop.products.model import ProductUnknown
from artel.shop.shops.model import NotYourShop, ShopUnknown

ROUTES: Final[list[Route]] = [
    get("/api/v1/offers", service.list_offers, access=ANYONE, raises=(model.NothingToRank,)),
    get("/api/v1/offers/facets", service.facets, access=ANYONE),
    get("/api/v1/search/suggestions", service.suggest, access=ANYONE),
    get("/api/v1/offers/{offer_id}", service.get, access=ANYONE, raises=(model.OfferUnknown,)),
    get("/api/v1/offers/{offer_id}/prices", service.prices, access=ANYONE, raises=(model.OfferUnknown,)),
    get(
        "/api/v1/shops/{shop_id}/offers",
        service.of_shop,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(ShopUnknown, NotYourShop),
        trial=Trial(by="owner"),
    ),
    post(
        "/api/v1/shops/{shop_id}/offers",
        service.create,
        access=LOGGED_IN,
        scope="shop:write",
        status=201,
        idempotent=True,
        raises=(ShopUnknown, NotYourShop, ProductUnknown, model.OfferExists, model.CompareAtTooLow),
        example={"product_id": 1, "price_minor": 79_000, "compare_at_minor": 99_000, "stock": 12, "active": True},
        trial=Trial(by="owner", gives={"offer_id": "id"}, ends=("product_id",)),  # a shop offers a product once
    ),
    patch(
        "/api/v1/offers/{offer_id}",
        service.edit,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(model.OfferUnknown, NotYourShop, model.OfferStale, model.CompareAtTooLow),
        example={"price_minor": 69_000},
        trial=Trial(by="owner"),
    ),
    delete(
        "/api/v1/offers/{offer_id}",
        service.withdraw,
        access=LOGGED_IN,
        scope="shop:write",
        status=204,
        raises=(model.OfferUnknown, NotYourShop),
        trial=Trial(by="owner"),
    ),
    put(
        "/api/v1/offers/{offer_id}/stock",
        service.set_stock,
        access=LOGGED_IN,
        scope="shop:write",
        idempotent=True,
        raises=(model.OfferUnknown, NotYourShop, model.NotEnoughStock, model.StockTooLarge, model.StockUnclear),
        example={"add": 5},
        trial=Trial(by="owner"),
    ),
]
