"""The e-shop's words: what its clients send and read, field by field as its contract says."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from artel.accounts.model import EMAIL_MAX, Account, LoginTaken, Name, Opened, Registration, UnknownLogin, WrongPassword
from artel.dialects.cookies import carried_in, given, taken_back
from artel.dialects.roubles import price
from artel.edge.decode import INTEGER_DIGITS_MAX, checked
from artel.edge.identity import NotLoggedIn
from artel.edge.reply import STATUS, Reply, encode, refusal_headers
from artel.edge.route import Manner
from artel.kernel.errors import Malformed, Refusal
from artel.orders.carts.model import LINES_MAX, QUANTITY_MAX
from artel.orders.orders.model import NothingOrdered, Purchase
from artel.shop.offers.model import NotEnoughStock, OfferUnknown
from artel.shop.shops.model import ShopUnknown

COOKIE: Final = "AIOHTTP_SESSION"


class NewUser(Struct, frozen=True):
    """POST /v1/user. The account's own rules about logins, passwords and addresses come after this."""

    login: str
    password: str
    name: Name | None = None
    email: Annotated[str, Meta(max_length=EMAIL_MAX)] | None = None


class User(Struct, frozen=True):
    """GET /v1/user."""

    name: str
    login: str
    email: str


class Wanted(Struct, frozen=True):
    """Copies of a product in a shop: of an offer."""

    id: int
    quantity: Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]


class Basket(Struct, frozen=True):
    """PUT /v1/basket."""

    products: Annotated[list[Wanted], Meta(min_length=1, max_length=LINES_MAX)]


class CatalogLine(Struct, frozen=True):
    """One line of GET /v1/shop_catalog; `id` is what the basket takes."""

    id: int
    name: str
    description: str
    price: int | Decimal
    quantity: int


class OrderLine(Struct, frozen=True):
    """Copies of a book in an order, at the price that they were ordered for."""

    name: str
    quantity: int
    price: int | Decimal


class Order(Struct, frozen=True):
    """One order of GET /v1/order; `date` has no zone and is UTC."""

    status: str
    date: str
    products: list[OrderLine]


def registration(new: NewUser) -> Registration:
    """The account that is asked for. Raises Malformed."""
    return checked(Registration, {field: value for field, value in asdict(new).items() if value is not None})


def user(account: Account) -> User:
    """An account as the e-shop shows it."""
    return User(account.name, account.login, account.email)


def status(state: str) -> str:
    """`awaiting payment`: a state in the old service's spelling."""
    return state.replace("_", " ")


def date(at: str) -> str:
    """A time without its zone."""
    return at.removesuffix("Z")


class WhichShop(Struct, frozen=True):
    """The query of GET /v1/shop_catalog."""

    id: str = ""


def shop_id(query: WhichShop) -> int:
    """The shop that is asked for. Raises NoShopId."""
    if not (query.id.isascii() and query.id.isdigit() and len(query.id) <= INTEGER_DIGITS_MAX):
        raise NoShopId
    return int(query.id)


def offer_id(wanted: Wanted) -> int:
    """The offer that is wanted. Raises OfferUnknown for a number that is no id, however long it is."""
    if not 0 < wanted.id < 10**INTEGER_DIGITS_MAX:
        raise OfferUnknown(offer_id=wanted.id)
    return wanted.id


def order(purchase: Purchase) -> Order:
    """An order as the e-shop shows it."""
    lines = [OrderLine(line.title, line.quantity, price(line.price_minor)) for line in purchase.lines]
    return Order(status(purchase.status), date(purchase.placed_at), lines)


class NoShopId(Refusal):
    """No shop id in request"""

    code, kind = "bookshop.no_shop_id", "invalid"


# Where the old service's words are not ours; a fact's name in braces is replaced by the fact.
SAID: Final[dict[type[Refusal], tuple[int, str]]] = {
    NotLoggedIn: (401, "Unauthorized"),
    LoginTaken: (400, "Login is busy"),
    UnknownLogin: (401, "Invalid username"),
    WrongPassword: (401, "Invalid password"),
    ShopUnknown: (404, "No shop with id {shop}"),
    OfferUnknown: (404, "No product with id {offer_id}"),
    NothingOrdered: (400, "Basket is empty"),
    NotEnoughStock: (400, "Not enough copies of {title}: {left} left"),
}


def refuse(refusal: Refusal, request_id: str) -> Reply:
    """`{"error"}`; the request id travels in its header only."""
    code, message = SAID.get(type(refusal), (STATUS[refusal.kind], refusal.message))
    return Reply(code, encode({"error": message.format_map(refusal.facts)}), headers=refusal_headers(refusal))


def lacking(words: str) -> Manner:
    """The e-shop's manner where a body that lacks something, or has null for it, is refused in these words."""

    def say(refusal: Refusal, request_id: str) -> Reply:
        if isinstance(refusal, Malformed) and (
            refusal.facts["field"] == "body"
            or refusal.facts["problem"] == "is missing"
            or refusal.facts["problem"].endswith(", got null")
        ):
            return Reply(400, encode({"error": words}))
        return refuse(refusal, request_id)

    return msgspec.structs.replace(MANNER, refuse=say)


MANNER: Final = Manner(
    "bookshop", carried_in(COOKIE), refuse, json_only=False, carries=("Cookie", f"{COOKIE}={{token}}")
)


def logged_in(opened: Opened) -> Reply:
    """The session as the old service's cookie."""
    return Reply(200, encode({"msg": "login success"}), headers=(given(COOKIE, opened),))


def logged_out(_: None) -> Reply:
    """The cookie is taken back, whether there was a session or not."""
    return Reply(200, encode({"msg": "logout success"}), headers=(taken_back(COOKIE),))


def one_key(key: str) -> Callable[[Any], Reply]:
    """An answer of one key, status 200."""

    def present(value: Any) -> Reply:
        return Reply(200, encode({key: value}))

    return present


def added(_: None) -> Reply:
    """What a filled basket says."""
    return Reply(200, encode({"msg": "Products add successfully"}))


def ordered(state: str) -> Reply:
    """What a placed order says."""
    return Reply(200, encode({"msg": "Order create successfully", "order_status": status(state)}))
