"""R9 and S9 over the superservice's API: one winner each, and no rouble made or lost; whatever is sent, an answer."""

import json
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from artel.app import CHECKS
from artel.db.long_reads import LongReads
from artel.ledger.book.checks import Checks, check
from artel.settings import Settings
from tests.conftest import Client, Run
from tests.dialects.old_client import CLOSED, TOO_LITTLE, add, ask, cookie, done, money, said, top_up
from tests.people import People, Person


def fulfil(client: Client, executor: Person, order_id: int) -> Any:
    return client.send("PUT", f"/api/orders/{order_id}/fulfill/", headers=cookie(executor))


@pytest.fixture
def sound(settings: Settings, run: Run) -> Callable[[], None]:
    """Tells whether every invariant of the book holds, and each feature finds its money there."""

    def look() -> None:
        reads = LongReads(settings.database, settings.data)
        assert run(check(Checks(reads, CHECKS))).broken == []

    return look


def test_of_many_executors_at_once_one_gets_the_order(
    start: Callable[..., Client], people: People, sound: Callable[[], None]
) -> None:
    servers = [start(), start()]
    client, anna = servers[0], people.person()
    executors = [people.person("executor") for _ in range(6)]
    top_up(client, anna, 1_000)
    for number in range(5):
        order_id = add(client, anna, 100)
        calls = [fulfil(servers[place % 2], each, order_id) for place, each in enumerate(executors)]
        answers = client.together(*calls)
        assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 5}
        assert {said(answer) for answer in answers if answer.status_code == 400} == {CLOSED}
        winner = next(each for each, answer in zip(executors, answers, strict=True) if answer.status_code == 200)
        assert done(client, anna, "GET", f"/api/orders/{order_id}/")["executor_id"] == winner.account_id
        assert money(client, anna) == 1_000 - 100 * (number + 1)
    assert sum(money(client, each) for each in executors) == 5 * 90
    sound()


def test_one_executor_who_asks_twice_at_once_is_paid_once(
    start: Callable[..., Client], people: People, sound: Callable[[], None]
) -> None:
    servers = [start(), start()]
    client, anna, ivan = servers[0], people.person(), people.person("executor")
    top_up(client, anna, 1_000)
    for number in range(5):
        order_id = add(client, anna, 100)
        answers = client.together(*(fulfil(servers[place % 2], ivan, order_id) for place in range(4)))
        assert 200 in {answer.status_code for answer in answers}
        assert {said(answer) for answer in answers if answer.status_code != 200} <= {CLOSED}
        assert (money(client, anna), money(client, ivan)) == (1_000 - 100 * (number + 1), 90 * (number + 1))
    sound()


def test_one_balance_pays_for_one_of_many_orders(
    start: Callable[..., Client], people: People, sound: Callable[[], None]
) -> None:
    servers = [start(), start()]
    client, anna = servers[0], people.person()
    top_up(client, anna, 150)
    orders = [add(client, anna, 100) for _ in range(12)]
    executors = [people.person("executor") for _ in range(4)]
    calls = [fulfil(servers[place % 2], executors[place % 4], order_id) for place, order_id in enumerate(orders)]
    answers = client.together(*calls)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 11}
    assert {said(answer) for answer in answers if answer.status_code == 400} == {TOO_LITTLE}
    assert money(client, anna) == 50
    assert sum(money(client, each) for each in executors) == 90
    assert len(done(client, anna, "GET", "/api/orders/")) == 11
    sound()


def test_many_top_ups_at_once_do_not_rise_above_the_cap(
    start: Callable[..., Client], people: People, sound: Callable[[], None]
) -> None:
    servers = [start(), start()]
    client, anna = servers[0], people.person()
    call = {"headers": cookie(anna), "json": {"value": 300_000}}
    answers = client.together(*(servers[each % 2].send("PUT", "/api/users/me/wallet/", **call) for each in range(10)))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 400: 7}
    assert money(client, anna) == 900_000
    sound()


# --- whatever is sent

CALLS = [
    ("GET", "/api/users/"),
    ("GET", "/api/users/me/"),
    ("POST", "/api/users/register/"),
    ("POST", "/api/users/login/"),
    ("PUT", "/api/users/me/wallet/"),
    ("GET", "/api/orders/"),
    ("POST", "/api/orders/add/"),
    ("GET", "/api/orders/1/"),
    ("PUT", "/api/orders/1/fulfill/"),
    ("PATCH", "/api/orders/add/"),
]
FIELDS = ("name", "user_type", "login", "password", "title", "value")
_numbers = st.one_of(
    st.integers(),
    st.floats(),  # NaN and the infinities too, as Python's own clients write them
    st.sampled_from([0, 1, 0.995, 1.005, 999_999.99, 10**6, 1e308, -0.0, 2**63, 10**400]),
)
_texts = st.one_of(
    st.text(max_size=20), st.sampled_from(["customer", "executor", "\0", "correct horse battery", "1e5"])
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_objects = st.dictionaries(st.sampled_from(FIELDS), _values, max_size=len(FIELDS))
_orders = st.fixed_dictionaries({"title": _texts, "value": _numbers})
_written = st.one_of(_values, _objects, _orders).map(lambda value: json.dumps(value).encode())
_bodies = st.one_of(_written, st.binary(max_size=40))


def in_its_shape(answer: httpx.Response) -> None:
    """The envelope with 200 or 400, or plain text for what the service does not say itself."""
    if answer.headers["content-type"].startswith("text/plain"):
        assert answer.status_code in (401, 403, 404, 405)
        assert answer.text == f"{answer.status_code}: {HTTPStatus(answer.status_code).phrase}"
        return
    body = answer.json()
    assert list(body) == ["result", "data"]
    assert (answer.status_code, body["result"]) in ((200, "success"), (400, "error"), (429, "error"))
    assert body["result"] == "success" or (isinstance(body["data"], str) and body["data"])


def test_whatever_is_sent_the_answer_has_its_shape(client: Client, people: People, sound: Callable[[], None]) -> None:
    askers = [people.person("customer", "executor"), people.person(), people.person("executor")]
    add(client, askers[1], 1)

    @trials(max_examples=300, deadline=None)
    @given(st.sampled_from(CALLS), st.sampled_from(askers), _bodies)
    def probe(call: tuple[str, str], asker: Person, body: bytes) -> None:
        client.http.cookies.clear()
        in_its_shape(client.request(*call, headers=cookie(asker), content=body))

    probe()
    for each in askers:
        assert 0 <= money(client, each) <= 1_000_000
    sound()


def test_an_answer_out_of_its_shape_is_caught(client: Client, people: People) -> None:
    with pytest.raises((AssertionError, ValueError)):
        in_its_shape(client.get("/api/v1/me"))
    answer = ask(client, people.person(), "GET", "/api/users/me/")
    answer.status_code = 201
    with pytest.raises(AssertionError):
        in_its_shape(answer)
