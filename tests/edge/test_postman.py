"""The Postman collection: a request with a test for each route, with what it carries; it is run in tests/postman."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from typer.testing import CliRunner

from artel import __version__, demo
from artel.app import ROUTES
from artel.cli import app as command_line
from artel.db import Database, Write
from artel.edge.postman import Visitor, collection
from artel.edge.route import ANYONE, LOGGED_IN, Route, Stream, Trial, get, post
from artel.kernel.errors import Malformed
from artel.kernel.page import Cut, Page

VISITOR = Visitor("http://artel.test", "owner", "secret")


class Line(Struct, frozen=True):
    """So many of something."""

    offer_id: int
    amount: int


class Cart(Struct, frozen=True):
    """What is wanted."""

    lines: list[Line]
    note: str = ""


class Made(Struct, frozen=True):
    """What was made."""

    id: int
    token: str


class Needed(Struct, frozen=True):
    """A query that cannot do without its field."""

    shop: int
    limit: int = 10


async def offer(tx: Write) -> Made: ...
async def shown(tx: Write, offer_id: int) -> Made: ...
async def fill(tx: Write, body: Cart, if_match: int | None) -> Made: ...
async def ask(tx: Write, query: Needed) -> Made: ...
async def upload(db: Database, pieces: Stream) -> Made: ...
async def listed(tx: Write, query: Cut) -> Page[Made]: ...


OFFER = post("/api/v1/offers", offer, access=ANYONE, status=201, trial=Trial(gives={"session_token": "token"}))
SHOWN = get("/api/v1/offers/{offer_id}", shown, access=LOGGED_IN)
CART = {"lines": [{"offer_id": 7, "amount": 2}], "note": "of 7"}


def requests(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in made["item"]:
        yield from requests(item) if "item" in item else [item]


def item_of(route: Route, *others: Route) -> dict[str, Any]:
    others = tuple(each for each in (OFFER, SHOWN, *others) if each is not route)
    made = collection([*others, route], "1", VISITOR)
    return next(item for item in requests(made) if item["name"] == f"{route.verb} {route.path}")


def headers(item: dict[str, Any]) -> dict[str, str]:
    return {each["key"]: each["value"] for each in item["request"]["header"]}


def script(item: dict[str, Any]) -> str:
    return "\n".join(item["event"][0]["script"]["exec"])


def test_every_route_that_is_not_hidden_has_a_request_with_a_test() -> None:
    made = collection(ROUTES, __version__, VISITOR)
    found = {item["name"]: item for item in requests(made)}
    assert {f"{route.verb} {route.path}" for route in ROUTES if not route.hidden} <= found.keys()
    assert all(script(item).count("pm.test(") >= 2 for item in found.values())
    assert not any(route.path in str(found.keys()) for route in ROUTES if route.hidden)


def test_every_variable_that_is_referred_to_is_one_of_the_collection() -> None:
    made = collection(ROUTES, __version__, VISITOR)
    known = {each["key"] for each in made["variable"]} | {"$guid"}
    text = json.dumps(made["item"])
    assert {each.partition("}}")[0] for each in text.split("{{")[1:]} <= known


def test_a_path_parameter_is_a_variable_of_the_address() -> None:
    url = item_of(SHOWN)["request"]["url"]
    assert url["raw"] == "{{base_url}}/api/v1/offers/:offer_id"
    assert url["variable"] == [{"key": "offer_id", "value": "{{offer_id}}"}]


def test_a_slash_at_the_end_of_a_path_stays() -> None:
    for path, parts in (("/old/", ["old", ""]), ("/old", ["old"]), ("/", [""])):
        assert item_of(post(path, offer, access=ANYONE))["request"]["url"]["path"] == parts


def test_a_reference_takes_the_place_of_a_number_without_quotes_and_of_a_text_with_them() -> None:
    cart = item_of(post("/api/v1/cart", fill, access=ANYONE, example=CART, trial=Trial(given={"note": "{{offer_id}}"})))
    body = cart["request"]["body"]["raw"]
    assert '"offer_id": {{offer_id}}' in body
    assert '"note": "{{offer_id}}"' in body
    assert '"amount": 2' in body


def test_headers_say_who_asks_what_is_sent_and_what_is_seen() -> None:
    told = headers(item_of(post("/api/v1/cart", fill, access=LOGGED_IN, example=CART, idempotent=True)))
    assert told == {
        "Accept": "application/json",
        "Authorization": "Bearer {{session_token}}",
        "Idempotency-Key": "{{$guid}}",
        "If-Match": "*",
        "Content-Type": "application/json",
    }
    assert headers(item_of(OFFER)) == {"Accept": "application/json"}


def test_a_parameter_of_the_query_is_left_out_unless_it_is_given() -> None:
    item = item_of(get("/api/v1/asked", ask, access=ANYONE, trial=Trial(given={"shop": "{{offer_id}}"})))
    shop, limit = item["request"]["url"]["query"]
    assert shop == {"key": "shop", "value": "{{offer_id}}"}
    assert limit["disabled"]
    assert item["request"]["url"]["raw"].endswith("/asked?shop={{offer_id}}")


def test_an_upload_sends_what_its_trial_gives() -> None:
    route = post("/api/v1/logs", upload, access=ANYONE, trial=Trial(given={"pieces": "a line\n"}))
    assert item_of(route)["request"]["body"] == {"mode": "raw", "raw": "a line\n"}
    assert headers(item_of(route))["Content-Type"] == "application/octet-stream"


def test_a_test_names_status_type_fields_and_what_it_keeps() -> None:
    said = script(item_of(OFFER))
    assert "oneOf([201])" in said
    assert 'to.equal("application/json")' in said
    assert '"required": ["id", "token"]' in said
    assert 'set("offer_id", given)' in said and 'pm.response.json()["id"]' in said


def test_a_name_may_be_in_a_cookie_or_in_what_was_sent() -> None:
    gives = {"ticket": "cookie:TICKET", "note": "sent:lines.0.amount"}
    said = script(item_of(post("/api/v1/cart", fill, access=ANYONE, example=CART, trial=Trial(gives=gives))))
    assert 'headers.get("Set-Cookie") || "").match(/(?:^|, )TICKET=([^;]*)/)[1]' in said
    assert 'JSON.parse(pm.request.body.raw)["lines"][0]["amount"]' in said


def test_a_route_that_cannot_succeed_there_is_told_no_and_gives_nothing() -> None:
    said = script(item_of(post("/api/v1/refused", offer, access=ANYONE, trial=Trial(refused=Malformed))))
    assert "oneOf([400])" in said and '"code": "request.malformed"' in said
    assert "detail" not in said, "it tells facts that only the server knows"
    assert "set(" not in said


def test_the_first_item_of_a_list_is_kept_where_nobody_makes_one() -> None:
    list_, one = get("/api/v1/things", listed, access=ANYONE), get("/api/v1/things/{offer_id}", shown, access=ANYONE)
    made = collection([list_, one], "1", VISITOR)
    said = script(next(item for item in requests(made) if item["name"] == "GET /api/v1/things"))
    assert 'pm.response.json()["items"][0]["id"]' in said
    assert "set(" not in script(item_of(list_))


def test_each_api_is_asked_once_without_a_log_in_and_without_cookies() -> None:
    refused = [item for item in requests(collection(ROUTES, "1", VISITOR)) if item["name"].endswith("without a log-in")]
    assert len(refused) == len({route.manner.name for route in ROUTES if route.access != ANYONE})
    for item in refused:
        assert "Authorization" not in headers(item)
        assert item["protocolProfileBehavior"] == {"disableCookies": True}
        said = "deep.include" in script(item) or 'to.equal("401: Unauthorized")' in script(item)
        assert "oneOf([401])" in script(item) and said


def test_the_command_line_prints_it_whole_or_one_api_of_it() -> None:
    whole = CliRunner().invoke(command_line, ["postman"])
    assert json.loads(whole.stdout) == collection(
        ROUTES, __version__, Visitor("http://127.0.0.1:8000", "owner", demo.PASSWORD)
    )
    part = json.loads(CliRunner().invoke(command_line, ["postman", "--dialect", "loganalysis"]).stdout)
    assert [folder["name"] for folder in part["item"]] == ["loganalysis"]
    refused = CliRunner().invoke(command_line, ["postman", "--dialect", "esperanto"])
    assert "is none of api" in str(refused.exception)
