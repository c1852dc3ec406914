"""The e-shop's calls, on the same accounts, shops, carts and orders as /api/v1."""

from typing import Any, Final

from artel.accounts import model, service
from artel.accounts.hashing import Hasher
from artel.db import Database, Read, Write
from artel.dialects.bookshop import wire
from artel.dialects.bookshop.wire import MANNER
from artel.dialects.lists import whole
from artel.dialects.log_in import LogIn, prove
from artel.dialects.roubles import price
from artel.edge.route import ANYONE, LOGGED_IN, Route, Trial, get, post, put
from artel.kernel.actor import Actor
from artel.kernel.page import PAGE_MAX, Cut
from artel.orders.carts import service as carts
from artel.orders.carts.model import TooManyCopies, TooManyLines
from artel.orders.carts.service import Owner
from artel.orders.orders import service as orders
from artel.orders.orders.model import CurrenciesMixed, NothingOrdered, Placing, TotalTooLarge
from artel.orders.orders.model import Terms as OrderTerms
from artel.shop.offers import service as offers
from artel.shop.offers.model import NotEnoughStock, OfferUnknown
from artel.shop.shops.model import ShopUnknown

# --- users


async def hash_new(
    db: Database, who: Actor, body: wire.NewUser, hasher: Hasher, terms: service.Terms
) -> service.Hashed:
    """Check what is asked for and hash the password."""
    return await service.hash_new(db, who, wire.registration(body), hasher, terms)


async def register(tx: Write, who: Actor, body: wire.NewUser, hashed: service.Hashed, terms: service.Terms) -> int:
    """Open an account; no log-in follows."""
    return (await service.register(tx, who, wire.registration(body), hashed, terms)).id


async def log_in(tx: Write, who: Actor, body: LogIn, proven: service.Proven, terms: service.Terms) -> model.Opened:
    """Open a session; its token travels in the cookie."""
    return await service.log_in(tx, who, body.credentials, proven, terms)


async def log_out(tx: Write, who: Actor) -> None:
    """End the session, if there is one."""
    if who.account_id:
        await service.log_out(tx, who)


async def user(tx: Read, who: Actor) -> wire.User:
    """The account that asks."""
    return wire.user(await service.me(tx, who))


# --- the catalogue and the basket


async def shop_catalog(db: Database, query: wire.WhichShop) -> list[wire.CatalogLine]:
    """All that can be bought in a shop."""
    found = await whole(lambda cut: db.read(offers.catalogue, wire.shop_id(query), cut), Cut(PAGE_MAX))
    return [
        wire.CatalogLine(line.id, line.title, line.description, price(line.price_minor), line.stock) for line in found
    ]


async def fill_basket(tx: Write, who: Actor, body: wire.Basket) -> None:
    """Put products into the cart, all of them or none; what is there already grows."""
    for wanted in body.products:
        await carts.add_line(tx, Owner(who.account_id), wire.offer_id(wanted), wanted.quantity)


# --- orders


async def place(tx: Write, who: Actor, terms: OrderTerms) -> str:
    """The cart becomes an order."""
    return (await orders.place(tx, who, Placing(), terms)).status


async def placed(db: Database, who: Actor) -> list[wire.Order]:
    """The orders of the account that asks, the oldest first."""
    found = await whole(lambda cut: db.read(orders.purchases, who, cut), Cut(PAGE_MAX))
    return [wire.order(each) for each in reversed(found)]


def _dialect(make: Any, path: str, use: Any, **rest: Any) -> Route:
    route: Route = make(path, use, **{"manner": MANNER, **rest})
    return route


ROUTES: Final[list[Route]] = [
    _dialect(
        post,
        "/v1/user",
        register,
        access=ANYONE,
        prepare=hash_new,
        idempotent=True,
        body_optional=True,
        manner=wire.lacking("No parameters"),
        present=wire.one_key("user_id"),
        raises=(model.LoginTaken, model.LoginUnfit, model.PasswordUnfit, model.TooManyRegistrations),
        example={"name": "Anna", "login": "anna", "password": "correct horse battery", "email": "anna@example.com"},
        trial=Trial(given={"login": "anna-{{$guid}}"}, gives={"login": "sent:login"}),
    ),
    _dialect(
        post,
        "/v1/login",
        log_in,
        access=ANYONE,
        prepare=prove,
        idempotent=True,
        body_optional=True,
        manner=wire.lacking("Bad parameters"),
        present=wire.logged_in,
        raises=(model.UnknownLogin, model.WrongPassword, model.TooManyAttempts, model.HashingBusy),
        example={"login": "anna", "password": "correct horse battery"},
        trial=Trial(gives={"session_token": f"cookie:{wire.COOKIE}"}),
    ),
    _dialect(get, "/v1/user", user, access=LOGGED_IN, scope="profile:read"),
    _dialect(
        get,
        "/v1/shop_catalog",
        shop_catalog,
        access=LOGGED_IN,
        scope="orders:read",
        present=wire.one_key("catalog"),
        raises=(wire.NoShopId, ShopUnknown),
        trial=Trial(given={"id": "{{shop_id}}"}),
    ),
    _dialect(
        put,
        "/v1/basket",
        fill_basket,
        access=LOGGED_IN,
        scope="orders:write",
        body_optional=True,
        manner=wire.lacking("No parameters"),
        present=wire.added,
        raises=(OfferUnknown, TooManyLines, TooManyCopies),
        example={"products": [{"id": 1, "quantity": 1}]},
        trial=Trial(given={"products": [{"id": "{{offer_id}}", "quantity": 1}]}, gives={"basket": ""}),
    ),
    _dialect(
        put,
        "/v1/order",
        place,
        access=LOGGED_IN,
        scope="orders:write",
        present=wire.ordered,
        raises=(NothingOrdered, NotEnoughStock, OfferUnknown, CurrenciesMixed, TotalTooLarge),
        trial=Trial(needs=("basket",), ends=("basket",)),
    ),
    _dialect(get, "/v1/order", placed, access=LOGGED_IN, scope="orders:read"),
    _dialect(
        post,
        "/v1/logout",
        log_out,
        access=ANYONE,
        present=wire.logged_out,
        trial=Trial(needs=("session_token",), ends=("session_token",)),
    ),
]
