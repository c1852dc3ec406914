"""Shops: the HTTP surface."""

from typing import Final

from artel.accounts.model import AccountUnknown
from artel.edge.route import ANYONE, LOGGED_IN, OWNER, STAFF, Route, Trial, delete, get, patch, post, put
from artel.kernel.text import SlugNeeded
from artel.shop.shops import model, service

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/shops",
        service.create,
        access=OWNER,
        scope="shop:write",
        status=201,
        idempotent=True,
        raises=(model.ShopSlugTaken, SlugNeeded),
        example={
            "name": "Книги у моря",
            "currency": "RUB",
            "slug": "knigi-u-morya",
            "description": "Old and new books, sent on the day of the order.",
            "site": "https://books.example",
            "tax_bp": 1000,
            "tax_included": True,
            "confirms": False,
            "low_stock": 3,
        },
        trial=Trial(given={"slug": "knigi-{{$guid}}"}, gives={"slug": "slug"}),
    ),
    get("/api/v1/shops", service.list_shops, access=ANYONE),
    get("/api/v1/shops/{shop_id}", service.get, access=ANYONE, raises=(model.ShopUnknown,)),
    get("/api/v1/shops/by-slug/{slug}", service.by_slug, access=ANYONE, raises=(model.ShopUnknown,)),
    patch(
        "/api/v1/shops/{shop_id}",
        service.edit,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(model.ShopUnknown, model.NotYourShop, model.ShopStale, model.ShopSlugTaken),
        example={"description": "Old and new books by the sea.", "low_stock": 5},
        trial=Trial(by="owner"),
    ),
    delete(
        "/api/v1/shops/{shop_id}",
        service.close,
        access=OWNER,
        scope="shop:write",
        status=204,
        raises=(model.ShopUnknown,),
    ),
    put(
        "/api/v1/shops/{shop_id}/open",
        service.reopen,
        access=OWNER,
        scope="shop:write",
        raises=(model.ShopUnknown,),
    ),
    get(
        "/api/v1/shops/{shop_id}/commission",
        service.commission,
        access=LOGGED_IN,
        scope="ledger:read",
        raises=(model.ShopUnknown, model.NotYourShop),
        trial=Trial(by="owner"),
    ),
    put(
        "/api/v1/shops/{shop_id}/commission",
        service.set_commission,
        access=STAFF,
        scope="ledger:write",
        raises=(model.ShopUnknown,),
        example={"rate_bp": 500},
    ),
    get(
        "/api/v1/shops/{shop_id}/members",
        service.members,
        access=LOGGED_IN,
        scope="shop:write",
        raises=(model.ShopUnknown, model.NotYourShop),
        trial=Trial(by="owner"),
    ),
    put(
        "/api/v1/shops/{shop_id}/members/{account_id}",
        service.add_member,
        access=OWNER,
        scope="shop:write",
        status=204,
        raises=(model.ShopUnknown, AccountUnknown),
    ),
    delete(
        "/api/v1/shops/{shop_id}/members/{account_id}",
        service.remove_member,
        access=OWNER,
        scope="shop:write",
        status=204,
        raises=(model.ShopUnknown, model.MemberUnknown),
    ),
]
