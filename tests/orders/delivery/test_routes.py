"""Delivery methods over HTTP, on both databases: everybody sees them, the shop's staff changes them."""

from typing import Any, Final

import pytest

from artel.db import Database
from tests.conftest import Client, Run
from tests.orders.market import Market, open_market
from tests.people import People, dump

COURIER: Final = {"name": "Courier", "price_minor": 30_000, "free_from_minor": 500_000, "description": "To the door"}
NOBODY: Final = 10**9


@pytest.fixture
def market(people: People, db: Database, run: Run) -> Market:
    return open_market(people, db, run)


def path_of(shop_id: int, method_id: int | str = "") -> str:
    return f"/api/v1/shops/{shop_id}/delivery-methods/{method_id}".rstrip("/")


def made(client: Client, token: str, shop_id: int, **fields: Any) -> Any:
    answer = client.post(path_of(shop_id), token=token, json=COURIER | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client: Client, shop_id: int, query: str = "", **rest: Any) -> Any:
    return client.get(f"{path_of(shop_id)}?{query}", **rest).json()["items"]


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_method_is_priced_in_the_currency_of_its_shop_and_seen_by_everybody(client: Client, market: Market) -> None:
    here = made(client, market.member, market.shop_id)
    there = made(client, market.owner, market.other_id)
    assert (here["currency"], there["currency"]) == ("RUB", "EUR")
    assert {name: here[name] for name in COURIER} == COURIER
    assert (here["shop_id"], here["active"], here["version"]) == (market.shop_id, True, 1)
    for token in (None, market.customer, market.stranger):
        assert listed(client, market.shop_id, token=token) == [here]
        assert client.get(path_of(market.shop_id, here["id"]), token=token).json() == here
    assert refused(client.get(path_of(NOBODY))) == (404, "shops.unknown")


def test_a_list_goes_on_where_it_stopped(client: Client, market: Market) -> None:
    ids = [made(client, market.member, market.shop_id, name=f"Way {each}")["id"] for each in range(3)]
    first = client.get(f"{path_of(market.shop_id)}?limit=2").json()
    second = client.get(f"{path_of(market.shop_id)}?limit=2&after={first['next']}").json()
    assert [each["id"] for each in first["items"] + second["items"]] == ids
    assert second["next"] is None


def test_only_who_edits_the_shop_changes_its_methods(
    client: Client, people: People, market: Market, db: Database, run: Run
) -> None:
    method_id = made(client, market.member, market.shop_id)["id"]
    before = run(db.read(dump))["delivery_methods"]
    calls: list[tuple[str, str, Any]] = [
        ("POST", path_of(market.shop_id), COURIER),
        ("PATCH", path_of(market.shop_id, method_id), {"price_minor": 0}),
        ("GET", f"{path_of(market.shop_id)}?withdrawn=true", None),
    ]
    for verb, path, body in calls:
        for token in (market.stranger, market.staff, market.customer):
            assert refused(client.request(verb, path, token=token, json=body)) == (403, "shops.not_yours")
    narrow = people.token(people.person("owner"), "orders:write").token
    for verb, path, body in calls[:2]:
        assert client.request(verb, path, json=body).status_code == 401
        assert refused(client.request(verb, path, token=narrow, json=body)) == (403, "auth.forbidden")
    assert refused(client.post(path_of(NOBODY), token=market.owner, json=COURIER)) == (404, "shops.unknown")
    assert run(db.read(dump))["delivery_methods"] == before


def test_a_method_is_changed_and_withdrawn(client: Client, market: Market) -> None:
    method = made(client, market.member, market.shop_id)
    path = path_of(market.shop_id, method["id"])
    changed = client.request("PATCH", path, token=market.member, json={"price_minor": 1}, headers={"If-Match": '"1"'})
    assert (changed.json()["price_minor"], changed.headers["etag"]) == (1, '"2"')
    stale = client.request("PATCH", path, token=market.owner, json={"name": "Post"}, headers={"If-Match": '"1"'})
    assert refused(stale) == (412, "delivery.stale")
    assert stale.json()["facts"]["theirs"] == changed.json()
    same = client.request("PATCH", path, token=market.member, json={"price_minor": 1})
    assert same.json() == changed.json()
    gone = client.request("PATCH", path, token=market.member, json={"active": False}).json()
    assert listed(client, market.shop_id) == []
    assert listed(client, market.shop_id, "withdrawn=true", token=market.member) == [gone]
    assert client.get(path).json() == gone, "an order may name it"


def test_a_method_is_found_below_its_own_shop_only(client: Client, market: Market) -> None:
    theirs = made(client, market.stranger, market.other_id)["id"]
    for method_id in (theirs, NOBODY):
        path = path_of(market.shop_id, method_id)
        assert refused(client.get(path)) == (404, "delivery.unknown")
        answer = client.request("PATCH", path, token=market.member, json={"price_minor": 0})
        assert refused(answer) == (404, "delivery.unknown")
    assert listed(client, market.other_id)[0]["price_minor"] == COURIER["price_minor"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"price_minor": -1}, "price_minor"),
        ({"price_minor": 1.5}, "price_minor"),
        ({"price_minor": 10**15 + 1}, "price_minor"),
        ({"free_from_minor": -1}, "free_from_minor"),
        ({"currency": "EUR"}, "currency"),
        ({"active": False}, "active"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_malformed_method_is_refused_by_name(client: Client, market: Market, fields: Any, named: str) -> None:
    answer = client.post(path_of(market.shop_id), token=market.member, json=COURIER | fields)
    assert (refused(answer), answer.json()["facts"]["field"]) == ((400, "request.malformed"), named)
