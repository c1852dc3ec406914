"""The order in which the routes are tried: whatever a route needs was given before, and nothing that has ended."""

import pytest
from msgspec import Struct

from artel.db import Read, Write
from artel.edge.itinerary import Itinerary, Stop
from artel.edge.openapi import Operation
from artel.edge.outlines import expected, schemas_of
from artel.edge.reply import problem
from artel.edge.route import ANYONE, LOGGED_IN, OWNER, Manner, Route, Trial, bearer_or_cookie, delete, get, post
from artel.edge.signature import read_signature
from artel.kernel.page import Cut, Page


class Thing(Struct, frozen=True):
    """A thing."""

    id: int
    shop_id: int


class Wanted(Struct, frozen=True):
    """A thing to be made."""

    shop_id: int
    name: str = ""


class LogIn(Struct, frozen=True):
    """Who logs in."""

    login: str
    password: str


class Opened(Struct, frozen=True):
    """A session."""

    token: str


async def log_in(tx: Write, body: LogIn) -> Opened: ...
async def register(tx: Write, body: LogIn) -> LogIn: ...
async def close(tx: Write) -> None: ...
async def make(tx: Write, body: Wanted) -> Thing: ...
async def listed(tx: Read, query: Cut) -> Page[Thing]: ...
async def one(tx: Read, thing_id: int) -> Thing: ...
async def remove(tx: Write, thing_id: int) -> None: ...
async def in_shop(tx: Write, shop_id: int) -> None: ...


SHOP = post("/api/v1/shops", make, access=OWNER, example={"shop_id": 3, "name": "Books"})
SHOWN_SHOP = get("/api/v1/shops/{shop_id}", in_shop, access=ANYONE)
CLOSE_SHOP = delete("/api/v1/shops/{shop_id}", in_shop, access=ANYONE)
THING = post("/api/v1/things", make, access=ANYONE, example={"shop_id": 3, "name": "A book"})
THINGS = get("/api/v1/things", listed, access=ANYONE)
ONE = get("/api/v1/things/{thing_id}", one, access=ANYONE)
REGISTER = post(
    "/api/v1/accounts",
    register,
    access=ANYONE,
    example={"login": "anna", "password": "p"},
    trial=Trial(given={"login": "anna-{{$guid}}"}, gives={"login": "login"}),
)
LOG_IN = post(
    "/api/v1/sessions",
    log_in,
    access=ANYONE,
    example={"login": "anna", "password": "p"},
    trial=Trial(gives={"session_token": "token"}),
)
MINE = get("/api/v1/mine", listed, access=LOGGED_IN)
LEAVE = delete("/api/v1/me", close, access=LOGGED_IN, status=204, trial=Trial(ends=("login",)))


def itinerary(*routes: Route) -> Itinerary:
    operations = [Operation(route, read_signature(route, None)) for route in routes]
    schemas = schemas_of(operations)
    return Itinerary((operation, expected(operation, schemas).fields) for operation in operations)


def walk(*routes: Route, asked: tuple[Route, ...] = ()) -> list[str]:
    """The names of the visits, when all the routes are asked for, or some of them."""
    found = itinerary(*routes)
    stops = [stop for stop in found.stops if not asked or stop.route in asked]
    (visits,) = found.visits([stops])
    return [f"{visit.stop.name} for {visit.gives}" if visit.gives else visit.stop.name for visit in visits]


def stop_of(route: Route, *routes: Route) -> Stop:
    (stop,) = (stop for stop in itinerary(route, *routes).stops if stop.route is route)
    return stop


def test_what_makes_a_thing_comes_before_what_needs_its_id() -> None:
    plain = post("/api/v1/things", make, access=ANYONE, example={"shop_id": 3})
    assert stop_of(plain, ONE).gives == {"thing_id": "id"}
    assert walk(ONE, plain) == ["POST /api/v1/things", "GET /api/v1/things/{thing_id}"]


def test_a_list_gives_the_id_where_nobody_makes_one_and_only_there() -> None:
    assert stop_of(THINGS, ONE).gives == {"thing_id": "items.0.id"}
    assert stop_of(THINGS, ONE, THING, SHOP, SHOWN_SHOP).gives == {}


def test_a_field_of_an_example_that_is_called_like_a_name_is_filled_with_it() -> None:
    assert stop_of(THING, SHOP, SHOWN_SHOP).given == {"shop_id": "{{shop_id}}"}
    assert stop_of(THING).given == {}


def test_a_name_that_ended_is_given_again_before_the_next_who_needs_it() -> None:
    shop = post("/api/v1/shops", make, access=ANYONE, example={"name": "Books"})
    assert walk(shop, CLOSE_SHOP, SHOWN_SHOP) == [
        "POST /api/v1/shops",
        "DELETE /api/v1/shops/{shop_id}",
        "POST /api/v1/shops for shop_id",
        "GET /api/v1/shops/{shop_id}",
    ]


def test_what_was_given_with_the_help_of_a_name_ends_with_it() -> None:
    assert walk(REGISTER, LOG_IN, LEAVE, MINE) == [
        "POST /api/v1/accounts",
        "POST /api/v1/sessions",
        "DELETE /api/v1/me",
        "POST /api/v1/accounts for login",
        "POST /api/v1/sessions for session_token",
        "GET /api/v1/mine",
    ]


def test_some_routes_alone_bring_what_they_need_from_the_others() -> None:
    assert walk(REGISTER, LOG_IN, MINE, THINGS, asked=(MINE,)) == [
        "POST /api/v1/accounts for login",
        "POST /api/v1/sessions for session_token",
        "GET /api/v1/mine",
    ]


def test_the_owner_asks_where_a_role_is_needed_and_a_customer_elsewhere() -> None:
    (visits,) = (found := itinerary(REGISTER, LOG_IN, SHOP, MINE)).visits([found_stops(found, SHOP)])
    assert [visit.stop.name for visit in visits] == ["POST /api/v1/sessions", "POST /api/v1/shops"]
    assert visits[0].stop.given == {"login": "{{owner_login}}", "password": "{{owner_password}}"}
    assert stop_of(SHOP, LOG_IN).token == "owner_token"
    assert stop_of(MINE, LOG_IN).token == "session_token"
    assert stop_of(THINGS, LOG_IN).token is None
    assert stop_of(get("/api/v1/cart", listed, access=ANYONE, trial=Trial(by="customer"))).token == "session_token"


def found_stops(found: Itinerary, *routes: Route) -> list[Stop]:
    return [stop for stop in found.stops if stop.route in routes]


def test_a_state_that_was_left_is_brought_about_again() -> None:
    thing = post("/api/v1/things", make, access=ANYONE, example={"name": "A book"})
    lend = post("/api/v1/things/{thing_id}/lend", remove, access=ANYONE, trial=Trial(ends=("thing_id",)))
    sell = post("/api/v1/things/{thing_id}/sell", remove, access=ANYONE, trial=Trial(gives={"sold": ""}))
    thank = post("/api/v1/thanks", close, access=ANYONE, trial=Trial(needs=("sold",)))
    assert walk(thank, thing, lend, sell) == [
        "POST /api/v1/things",
        "POST /api/v1/things/{thing_id}/sell",
        "POST /api/v1/thanks",
        "POST /api/v1/things/{thing_id}/lend",
    ]


def test_an_older_api_has_names_of_its_own_and_takes_others_from_ours() -> None:
    old = Manner("old", bearer_or_cookie, problem)
    make_old = post("/thing", make, access=ANYONE, manner=old, example={"shop_id": 1})
    see_old = get("/thing/{thing_id}", one, access=ANYONE, manner=old)
    assert stop_of(make_old, see_old, SHOP, SHOWN_SHOP).gives == {"old_thing_id": "id"}
    assert stop_of(make_old, see_old, SHOP, SHOWN_SHOP).given == {"shop_id": "{{shop_id}}"}
    assert stop_of(see_old, make_old).given == {"thing_id": "{{old_thing_id}}"}


def test_a_name_that_nobody_gives_is_a_fault_that_says_what_to_do() -> None:
    with pytest.raises(AssertionError, match="GET /api/v1/things/{thing_id} needs thing_id: let some route's `trial`"):
        walk(ONE)
    assert walk(with_a_value(ONE)) == ["GET /api/v1/things/{thing_id}"]


def with_a_value(route: Route) -> Route:
    return get(route.path, route.use, access=route.access, trial=Trial(given={"thing_id": "7"}))


def test_two_that_need_each_other_are_a_fault() -> None:
    with pytest.raises(AssertionError, match="which needs"):
        walk(
            post("/api/v1/a", close, access=ANYONE, trial=Trial(needs=("b",), gives={"a": ""})),
            post("/api/v1/b", close, access=ANYONE, trial=Trial(needs=("a",), gives={"b": ""})),
        )
