"""R6: an answer lost after the commit, on every route that takes an Idempotency-Key: one effect, one answer."""

import contextlib
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from artel import app as composition
from artel.db import Database, Write
from artel.edge import idempotency
from artel.edge.asgi import Edge
from artel.edge.route import LOGGED_IN, Route, post
from artel.orders.orders import moves
from artel.orders.payouts import service as payouts
from artel.shop.products.isbn import check_digit
from tests.conftest import Client, Run
from tests.edge.carrying import carried
from tests.jobs import board
from tests.people import PASSWORD, People, Person, Things, dump

IDEMPOTENT = [route for route in composition.ROUTES if route.idempotent]
ROLES = ("owner", "customer", "executor")
NOT_EFFECTS = {"idempotency", "tallies"}
SAME_FOR_ALL = {"/api/users/me/wallet/"}  # what it says when all went well is one sentence
_logins = itertools.count(1)


def body_for(client: Client, route: Route, person: Person, things: Things) -> dict[str, Any]:
    """The route's example with the ids of these things; what is given once (a login, a slug, a guest's cart) is new."""
    body = dict(route.example or {})
    body |= {name: each for name, each in msgspec.structs.asdict(things).items() if name in body}
    if "lines" in body:
        body["lines"] = [line | {"offer_id": things.offer_id} for line in body["lines"]]
    if "slug" in body:
        body["slug"] = f"slug-{next(_logins)}"
    if "isbn" in body:
        twelve = f"978{next(_logins):09}"
        body["isbn"] = twelve + check_digit(twelve)
    if "code" in body:
        body["code"] = f"CODE-{next(_logins)}"
    if "login" in body:
        logs_in = route.path in ("/api/v1/sessions", "/user/auth", "/v1/login", "/api/users/login/")
        body["login"] = person.login if logs_in else f"newcomer{next(_logins)}"
    if route.path == "/api/v1/shops/{shop_id}/offers":  # a product that the shop does not offer yet
        product = {"kind": "goods", "title": "A new one", "shop_id": things.shop_id}
        body["product_id"] = client.post("/api/v1/products", token=person.session, json=product).json()["id"]
    if route.path == "/api/v1/payouts":  # not to everybody else's shops
        body["shop_id"] = things.shop_id
    if route.path == "/api/v1/cart/merge":
        body["token"] = client.post("/api/v1/guest-carts").json()["token"]
        line = {"offer_id": things.offer_id}
        client.post("/api/v1/cart/lines", json=line, headers={"Artel-Cart": body["token"]})
    return body


def ready(client: Client, route: Route, person: Person, things: Things) -> Things:
    """The things, brought into the state in which the route has an effect."""

    def made(verb: str, path: str, body: Any) -> Any:
        answer = client.request(verb, path, token=person.session, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    if route.use is moves.confirm:
        made("PATCH", f"/api/v1/shops/{things.shop_id}", {"confirms": True})
        order = made("POST", "/api/v1/orders", {"lines": [{"offer_id": things.offer_id}]})
        return msgspec.structs.replace(things, order_id=order["id"])
    order_path = f"/api/v1/orders/{things.order_id}"
    if route.use in (moves.refund, moves.ship, moves.complete, payouts.run):
        payment = made("POST", f"{order_path}/payments", {"provider": "manual"})
        made("POST", f"/api/v1/payments/{payment['id']}/confirm", {"amount_minor": payment["amount_minor"]})
    if route.use is moves.complete:
        made("POST", f"{order_path}/parts/{things.shop_id}/ship", {})
    return things


def things_for(client: Client, people: People, run: Run, db: Database, route: Route, person: Person) -> Things:
    """Things of the person, in the state in which the route has an effect."""
    things = ready(client, route, person, people.things(person))
    job_id = board.ready(people, db, run, route.use, person.account_id, things.job_id)
    return msgspec.structs.replace(things, job_id=job_id)


def effects(run: Run, db: Database) -> dict[str, list[Any]]:
    """All rows that tell of an effect: an effect may change some and make none."""
    return {name: rows for name, rows in run(db.read(dump)).items() if name not in NOT_EFFECTS}


def path_for(route: Route, person: Person, things: Things) -> str:
    """The route's path with the ids of the person and of these things."""
    ids = msgspec.structs.asdict(things) | {"account_id": person.account_id}
    return re.sub(r"{(\w+)}", lambda found: str(ids[found[1]]), route.path)


def send(client: Client, route: Route, person: Person, body: Any, key: str, path: str = "") -> Any:
    headers = carried(route, person.session) | {"Idempotency-Key": key}
    client.http.cookies.clear()  # what a log-in set is no credential of the next request
    return client.request(route.verb, path or route.path, json=body, headers=headers)


async def lose_the_answer(app: Edge, route: Route, person: Person, body: Any, key: str, path: str) -> None:
    """Send a request whose connection breaks when the answer, already committed, is on its way back."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()  # as the client writes it
    scope = {
        "type": "http",
        "method": route.verb,
        "path": path,
        "query_string": b"",
        "headers": [
            *((name.lower().encode(), value.encode()) for name, value in carried(route, person.session).items()),
            (b"content-type", b"application/json"),
            (b"idempotency-key", key.encode()),
        ],
        "client": ("127.0.0.1", 50000),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": text}

    async def send_nowhere(_: Any) -> None:
        raise ConnectionResetError

    with contextlib.suppress(ConnectionResetError):
        await app(scope, receive, send_nowhere)


def prove(app: Edge, client: Client, people: People, run: Run, db: Database, route: Route) -> None:
    """One effect for one key, although its first answer was lost and two more were asked for."""
    anna = people.person(*ROLES)
    things = things_for(client, people, run, db, route, anna)
    path, body = path_for(route, anna, things), body_for(client, route, anna, things)
    before = effects(run, db)
    run(lose_the_answer(app, route, anna, body, "key-1", path))
    once = effects(run, db)
    assert once != before, f"{route.path} had no effect: this proves nothing"
    again, third = (send(client, route, anna, body, "key-1", path) for _ in range(2))
    assert effects(run, db) == once, f"{route.path} was carried out again"
    assert again.status_code == third.status_code == route.status, again.text
    assert again.content == third.content
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("route", IDEMPOTENT, ids=lambda route: route.path)
def test_an_answer_lost_after_the_commit_is_given_again(
    app: Edge, client: Client, people: People, run: Run, db: Database, route: Route
) -> None:
    prove(app, client, people, run, db, route)


def test_the_proof_catches_a_key_that_is_not_looked_up(
    app: Edge, client: Client, people: People, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> None:
        return None

    monkeypatch.setattr(idempotency.Keys, "claim", never)
    monkeypatch.setattr(idempotency.Keys, "known", never)
    tokens = next(route for route in IDEMPOTENT if route.path == "/api/v1/tokens")
    with pytest.raises(AssertionError, match="carried out again"):
        prove(app, client, people, run, db, tokens)


def test_every_post_of_ours_that_makes_something_takes_a_key() -> None:
    """Imports need none: the same lines are never counted twice, whatever becomes of the answer."""
    without = {route.path for route in composition.ROUTES if route.verb == "POST" and not route.idempotent}
    assert without == {
        "/api/v1/traffic/imports",
        "/api/v1/traffic/imports/configured",
        "/",  # echoes
        "/api/v1/payments/notifications/{provider}",  # a hint: a second one is no other
        "/v1/logout",  # ends what there is
        "/api/users/logout/",  # the same
        "/api/v1/shops/{shop_id}/sheet",  # a second import finds everything as it is
        "/user/auth",  # the old clients send none, and a second session is no harm
    }


@pytest.mark.parametrize("route", IDEMPOTENT, ids=lambda route: route.path)
def test_one_key_serves_one_body_and_one_account(
    client: Client, people: People, run: Run, db: Database, route: Route
) -> None:
    anna, ivan = people.person(*ROLES), people.person(*ROLES)
    annas, ivans_things = (things_for(client, people, run, db, route, person) for person in (anna, ivan))
    path, path_of_ivan = path_for(route, anna, annas), path_for(route, ivan, ivans_things)
    body, body_of_ivan = body_for(client, route, anna, annas), body_for(client, route, ivan, ivans_things)
    first = send(client, route, anna, body, "key-1", path)
    assert first.status_code == route.status, first.text
    assert "idempotent-replayed" not in first.headers
    after_one = effects(run, db)
    others = (body | {"name": "another"}, body_of_ivan | {"last_name": "x"}) if route.example else ()
    for other in others:
        answer = send(client, route, anna, other, "key-1", path)
        assert answer.status_code in (400, 422), answer.text  # 400: a field that this route does not know
    assert effects(run, db) == after_one
    ivans = send(client, route, ivan, body_of_ivan, "key-1", path_of_ivan)
    assert ivans.status_code == route.status
    assert "idempotent-replayed" not in ivans.headers
    told, ivan_is_told = ((each.content, each.headers.get("set-cookie")) for each in (first, ivans))
    assert effects(run, db) != after_one
    assert ivan_is_told != told or not first.content or route.path in SAME_FOR_ALL


async def names_its_request(tx: Write, request_key: str) -> list[str]:
    return [request_key]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_use_case_can_name_its_request_by_key_and_asker(
    start: Callable[..., Client], people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = post("/new", names_its_request, access=LOGGED_IN, idempotent=True)
    monkeypatch.setattr(composition, "ROUTES", [*composition.ROUTES, route])
    client, anna, ivan = start(), people.person(), people.person()

    def named(person: Person, **headers: str) -> str:
        name: str = client.post("/new", token=person.session, headers=headers).json()[0]
        return name

    first = named(anna, **{"Idempotency-Key": "1"})
    others = {named(anna, **{"Idempotency-Key": "2"}), named(ivan, **{"Idempotency-Key": "1"}), named(anna)}
    assert len({first, *others}) == 4
    assert named(ivan) == ""


def test_two_visitors_with_one_key_do_not_meet(client: Client, people: People) -> None:
    anna = people.person()
    body = {"login": anna.login, "password": PASSWORD}
    headers = {"Idempotency-Key": "key-1"}
    one = client.post("/api/v1/sessions", json=body, headers=headers).json()["token"]
    same = client.post("/api/v1/sessions", json=body, headers=headers).json()["token"]
    other = client.at("10.0.0.2").post("/api/v1/sessions", json=body, headers=headers).json()["token"]
    assert one == same != other


def test_another_body_is_refused_and_the_first_answer_stays(client: Client, people: People) -> None:
    anna = people.person()
    tokens = next(route for route in IDEMPOTENT if route.path == "/api/v1/tokens")
    first = send(client, tokens, anna, tokens.example, "key-1")
    other = send(client, tokens, anna, {**tokens.example, "name": "another"}, "key-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert send(client, tokens, anna, tokens.example, "key-1").content == first.content


def test_a_refusal_is_not_remembered(client: Client, people: People) -> None:
    taken = {"login": people.person().login, "password": PASSWORD}
    headers = {"Idempotency-Key": "key-1"}
    for _ in range(2):
        answer = client.post("/api/v1/accounts", json=taken, headers=headers)
        assert answer.status_code == 409
        assert "idempotent-replayed" not in answer.headers
    assert client.post("/api/v1/accounts", json=taken | {"login": "free"}, headers=headers).status_code == 201


def test_a_hundred_at_once_have_one_effect_and_one_answer(
    client: Client, people: People, run: Run, db: Database
) -> None:
    anna = people.person()
    body, headers = {"name": "t", "scopes": ["profile:read"]}, {"Idempotency-Key": "key-1"}
    others = body | {"name": "other"}
    calls = [
        client.send("POST", "/api/v1/tokens", anna.session, json=others if number % 10 == 9 else body, headers=headers)
        for number in range(100)
    ]
    answers = client.together(*calls)
    same = [answer for number, answer in enumerate(answers) if number % 10 != 9]
    assert {(answer.status_code, answer.content) for answer in same} == {(201, answers[0].content)}
    assert {(answer.status_code, answer.json()["code"]) for answer in answers[9::10]} == {
        (422, "idempotency.key_reused")
    }
    assert len(effects(run, db)["api_tokens"]) == 1


def test_who_waits_too_long_for_the_first_one_is_sent_away(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_S", 0.0)
    anna = people.person()
    body, headers = {"name": "t", "scopes": ["profile:read"]}, {"Idempotency-Key": "key-1"}
    calls = [client.send("POST", "/api/v1/tokens", anna.session, json=body, headers=headers) for _ in range(10)]
    answers = client.together(*calls)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    for answer in answers:
        assert answer.status_code == 201 or answer.json()["code"] == "idempotency.in_flight"
        assert answer.status_code == 201 or int(answer.headers["retry-after"]) > 0
    assert client.post("/api/v1/tokens", token=anna.session, json=body, headers=headers).status_code == 201


def test_over_two_servers_the_second_is_answered_by_the_first_ones_commit(
    start: Callable[..., Client], people: People, run: Run, db: Database
) -> None:
    servers, anna = [start(), start()], people.person()
    body = {"name": "t", "scopes": ["profile:read"]}
    for number in range(10):
        headers = {"Idempotency-Key": f"key-{number}"}
        calls = [each.send("POST", "/api/v1/tokens", anna.session, json=body, headers=headers) for each in servers]
        one, other = servers[0].together(*calls)
        assert one.status_code == other.status_code == 201
        assert one.content == other.content
    assert len(effects(run, db)["api_tokens"]) == 10


def test_an_answer_is_given_again_only_to_who_may_still_ask(client: Client, people: People) -> None:
    anna = people.person()
    body, headers = {"name": "t", "scopes": ["profile:read"]}, {"Idempotency-Key": "key-1"}
    assert client.post("/api/v1/tokens", token=anna.session, json=body, headers=headers).status_code == 201
    assert client.post("/api/v1/tokens", json=body, headers=headers).status_code == 401
    people.expire_session(anna)
    assert client.post("/api/v1/tokens", token=anna.session, json=body, headers=headers).status_code == 401


def test_a_key_is_one_to_255_printable_characters(client: Client, people: People) -> None:
    anna = people.person()
    body = {"name": "t", "scopes": ["profile:read"]}
    for key, status in (
        (b"k", 201),
        (b"\x21" + b"k" * 253 + b"~", 201),
        (b"", 400),
        (b"k" * 256, 400),
        (b"a\tb", 400),
        (b"a\x00b", 400),
        (b"a\x7fb", 400),
        ("ключ".encode(), 400),
    ):
        answer = client.post("/api/v1/tokens", token=anna.session, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == status, key
        assert status == 201 or answer.json()["facts"]["field"] == "Idempotency-Key"


def test_a_key_is_forgotten_when_its_time_is_over(client: Client, people: People, run: Run, db: Database) -> None:
    anna = people.person()
    body, headers = {"name": "t", "scopes": ["profile:read"]}, {"Idempotency-Key": "key-1"}
    client.post("/api/v1/tokens", token=anna.session, json=body, headers=headers)
    assert run(db.write(idempotency.forget, 3600 * 1_000_000)) == 0
    later_us = 60 * 1_000_000  # each of the two doors to the database tells its time by itself
    assert run(db.write(idempotency.forget, -later_us)) == 1
    again = client.post("/api/v1/tokens", token=anna.session, json=body, headers=headers)
    assert "idempotent-replayed" not in again.headers
    assert len(effects(run, db)["api_tokens"]) == 2
