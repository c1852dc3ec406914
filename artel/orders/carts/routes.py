"""Carts: the HTTP surface. The account's cart and a guest's have the same routes."""

from typing import Final

from artel.db import Database, Write
from artel.edge.call import Call
from artel.edge.identity import NotAllowed
from artel.edge.route import ANYONE, LOGGED_IN, Route, Trial, delete, get, post, put
from artel.kernel.actor import Actor
from artel.orders.carts import model, service
from artel.orders.carts.service import Owner
from artel.orders.vouchers.model import TooManyGuesses
from artel.shop.offers.model import OfferUnknown

HEADER: Final = "Artel-Cart"
_HEADER: Final = HEADER.lower().encode()
SCOPE: Final = "orders:write"


def owner(who: Actor, call: Call) -> Owner:
    """The account that is logged in, else the guest whose token came. Raises NoCart, NotAllowed."""
    if who.account_id:
        if who.scopes is not None and SCOPE not in who.scopes:
            raise NotAllowed(needs=f"a token with the scope {SCOPE}")
        return Owner(who.account_id)
    token = call.header(_HEADER).strip()
    if not token:
        raise model.NoCart
    return Owner(0, token)


async def show(db: Database, who: Actor, call: Call, query: model.CartQuery) -> model.Cart:
    """The cart at the prices of now, with what changed since the customer last set each line.

    Whose it is: the account's that is logged in, else the guest's whose token is in the header `Artel-Cart`. A voucher
    that does not serve is told in the cart, not refused. Codes that there are not may be tried a few times an hour.
    """
    whose = owner(who, call)
    if query.voucher:
        return await db.write(service.try_voucher, whose, who.address, query.voucher)
    return await db.read(service.show, whose)


async def set_line(tx: Write, who: Actor, call: Call, offer_id: int, body: model.LineSet) -> model.Cart:
    """Give a line so many copies, or take it out with 0; the price of now counts as seen."""
    return await service.set_line(tx, owner(who, call), offer_id, body.quantity)


async def add_line(tx: Write, who: Actor, call: Call, body: model.LineAdded) -> model.Cart:
    """Put copies into the cart, besides those that are there."""
    return await service.add_line(tx, owner(who, call), body.offer_id, body.quantity)


async def remove_line(tx: Write, who: Actor, call: Call, offer_id: int) -> model.Cart:
    """Take a line out of the cart."""
    return await service.remove_line(tx, owner(who, call), offer_id)


async def clear(tx: Write, who: Actor, call: Call) -> model.Cart:
    """Take every line out of the cart."""
    return await service.clear(tx, owner(who, call))


async def open_guest_cart(tx: Write, who: Actor) -> model.GuestCart:
    """Open a cart for somebody who is not logged in.

    Send its token as the header `Artel-Cart` with the calls of a cart. The token is answered this once; the cart is
    forgotten 30 days after its last change.
    """
    return await service.open_guest_cart(tx, who.address)


async def merge(tx: Write, who: Actor, body: model.GuestMerged) -> model.Merged:
    """Make a guest's cart part of the account's, after a log-in.

    Quantities of one offer add up. What finds no room is told in `cut`. The guest's cart ends with it, so that a
    repetition finds none.
    """
    return await service.merge(tx, who.account_id, body.token)


_WHOSE: Final = (model.NoCart, NotAllowed, model.GuestCartUnknown)
_FULL: Final = (OfferUnknown, model.TooManyCopies, model.TooManyLines)
_HEADERS: Final = {HEADER: "The token of a guest's cart. Nobody looks at it when an account is logged in."}
_TRIAL: Final = Trial(by="customer")

ROUTES: Final[list[Route]] = [
    get("/api/v1/cart", show, access=ANYONE, headers=_HEADERS, raises=(*_WHOSE, TooManyGuesses), trial=_TRIAL),
    post(
        "/api/v1/cart/lines",
        add_line,
        access=ANYONE,
        headers=_HEADERS,
        idempotent=True,
        raises=(*_WHOSE, *_FULL),
        example={"offer_id": 1, "quantity": 2},
        trial=Trial(by="customer", gives={"filled_cart": ""}),
    ),
    put(
        "/api/v1/cart/lines/{offer_id}",
        set_line,
        access=ANYONE,
        headers=_HEADERS,
        raises=(*_WHOSE, *_FULL),
        example={"quantity": 3},
        trial=_TRIAL,
    ),
    delete(
        "/api/v1/cart/lines/{offer_id}",
        remove_line,
        access=ANYONE,
        headers=_HEADERS,
        raises=(*_WHOSE, model.LineUnknown),
        trial=Trial(by="customer", needs=("filled_cart",), ends=("filled_cart",)),
    ),
    delete(
        "/api/v1/cart",
        clear,
        access=ANYONE,
        headers=_HEADERS,
        raises=_WHOSE,
        trial=Trial(by="customer", ends=("filled_cart",)),
    ),
    post(
        "/api/v1/cart/merge",
        merge,
        access=LOGGED_IN,
        scope=SCOPE,
        idempotent=True,
        raises=(model.GuestCartUnknown,),
        example={"token": "ac_mB6rZ1yWcDgLsNeAi4tJoXuVhKbQ8YpTf3kqUOHx2v9"},
        trial=Trial(given={"token": "{{guest_cart}}"}, ends=("guest_cart",)),
    ),
    post(
        "/api/v1/guest-carts",
        open_guest_cart,
        access=ANYONE,
        status=201,
        idempotent=True,
        raises=(model.TooManyGuestCarts,),
        trial=Trial(gives={"guest_cart": "token"}),
    ),
]
