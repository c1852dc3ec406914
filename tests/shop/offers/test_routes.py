"""Offers over HTTP: one scenario row per answer."""

from typing import Any

import httpx
import pytest

from tests.conftest import Client
from tests.people import People, Person, Things


@pytest.fixture
def keeper(people: People) -> tuple[Person, Things]:
    """A member of a shop, and the shop with one offer."""
    person = people.person()
    return person, people.things(person)


def test_an_offer_lives_from_its_entry_to_its_withdrawal(client: Client, keeper: tuple[Person, Things]) -> None:
    anna, things = keeper
    offers = f"/api/v1/shops/{things.shop_id}/offers"
    product = {"kind": "book", "title": "Война и мир", "authors": ["Лев Толстой"], "shop_id": things.shop_id}
    product_id = client.post("/api/v1/products", token=anna.session, json=product).json()["id"]
    wanted = {"product_id": product_id, "price_minor": 500, "stock": 2}
    key = {"Idempotency-Key": "once"}
    made = client.post(offers, token=anna.session, json=wanted, headers=key)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    again = client.post(offers, token=anna.session, json=wanted, headers=key)
    assert again.json() == made.json()
    offer = f"/api/v1/offers/{made.json()['id']}"
    assert client.get(offer).json() == made.json()
    assert made.json()["authors"] == ["Лев Толстой"]

    edited = client.request("PATCH", offer, token=anna.session, json={"price_minor": 450}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json()["price_minor"], edited.headers["etag"]) == (200, 450, '"2"')
    stock = client.request("PUT", f"{offer}/stock", token=anna.session, json={"add": -1})
    assert (stock.status_code, stock.json()["stock"], stock.json()["version"]) == (200, 1, 2)
    prices = client.get(f"{offer}/prices").json()["items"]
    assert [each["price_minor"] for each in prices] == [450, 500]
    for query in ("q=вайна", f"shop={things.shop_id}&sort=-price&limit=1", "price_from=450&price_to=450&in_stock=true"):
        assert [each["title"] for each in client.get(f"/api/v1/offers?{query}").json()["items"]] == ["Война и мир"]
    facets = client.get("/api/v1/offers/facets?q=толстой").json()
    assert (facets["count"], facets["authors"][0]["name"], facets["capped"]) == (1, "Лев Толстой", False)

    assert client.request("DELETE", offer, token=anna.session).status_code == 204
    assert client.get(offer).json()["for_sale"] is False
    assert client.get("/api/v1/offers?q=война").json()["items"] == []
    listed = client.get(offers, token=anna.session).json()["items"]
    assert [each["id"] for each in listed] == [things.offer_id, made.json()["id"]]


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/offers/999999", None, 404, "offers.unknown"),
        ("GET", "/api/v1/offers/x", None, 404, "request.not_found"),
        ("GET", "/api/v1/offers?sort=best", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?sort=relevance", None, 400, "offers.nothing_to_rank"),
        ("GET", "/api/v1/offers?shop=0", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?language=RU", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?price_from=-1", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?price_from=1.5", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?limit=201", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?after=x", None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?q=" + "x" * 201, None, 400, "request.malformed"),
        ("GET", "/api/v1/offers?colour=red", None, 400, "request.malformed"),
        ("PATCH", "/api/v1/offers/{offer_id}", {"price_minor": -1}, 400, "request.malformed"),
        ("PATCH", "/api/v1/offers/{offer_id}", {"price_minor": 1.5}, 400, "request.malformed"),
        ("PATCH", "/api/v1/offers/{offer_id}", {"price_minor": 10**16}, 400, "request.malformed"),
        ("PATCH", "/api/v1/offers/{offer_id}", {"stock": 1}, 400, "request.malformed"),
        ("PATCH", "/api/v1/offers/{offer_id}", {"compare_at_minor": 100}, 400, "offers.compare_at_too_low"),
        ("PATCH", "/api/v1/offers/999999", {"price_minor": 1}, 404, "offers.unknown"),
        ("PUT", "/api/v1/offers/{offer_id}/stock", {}, 400, "offers.stock_unclear"),
        ("PUT", "/api/v1/offers/{offer_id}/stock", {"stock": -1}, 400, "request.malformed"),
        ("PUT", "/api/v1/offers/{offer_id}/stock", {"add": -6}, 409, "offers.not_enough_stock"),
        ("PUT", "/api/v1/offers/{offer_id}/stock", {"add": 10**9}, 409, "offers.stock_too_large"),
        ("DELETE", "/api/v1/offers/999999", None, 404, "offers.unknown"),
        (
            "POST",
            "/api/v1/shops/{shop_id}/offers",
            {"product_id": 999999, "price_minor": 1},
            404,
            "products.unknown",
        ),
        ("POST", "/api/v1/shops/999999/offers", {"product_id": 1, "price_minor": 1}, 404, "shops.unknown"),
        ("POST", "/api/v1/shops/{shop_id}/offers", {"product_id": 1}, 400, "request.malformed"),
        ("GET", "/api/v1/shops/999999/offers", None, 404, "shops.unknown"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_is_wrong_is_refused_with_its_code(
    client: Client, keeper: tuple[Person, Things], verb: str, path: str, body: Any, status: int, code: str
) -> None:
    anna, things = keeper
    answer: httpx.Response = client.request(
        verb, path.format(offer_id=things.offer_id, shop_id=things.shop_id), token=anna.session, json=body
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_a_product_that_is_offered_already_and_an_old_version_are_refused(
    client: Client, keeper: tuple[Person, Things]
) -> None:
    anna, things = keeper
    again = {"product_id": things.product_id, "price_minor": 1}
    answer = client.post(f"/api/v1/shops/{things.shop_id}/offers", token=anna.session, json=again)
    assert (answer.status_code, answer.json()["code"]) == (409, "offers.exists")
    stale = {"verb": "PATCH", "path": f"/api/v1/offers/{things.offer_id}", "headers": {"If-Match": '"7"'}}
    answer = client.request(**stale, token=anna.session, json={"price_minor": 1})
    assert (answer.status_code, answer.json()["code"]) == (412, "offers.stale")


def test_nobody_edits_the_offers_of_another_shop(client: Client, people: People, keeper: tuple[Person, Things]) -> None:
    _, things = keeper
    boris = people.person("staff")
    people.things(boris)
    for verb, path, body in (
        ("PATCH", f"/api/v1/offers/{things.offer_id}", {"price_minor": 1}),
        ("PUT", f"/api/v1/offers/{things.offer_id}/stock", {"stock": 1}),
        ("DELETE", f"/api/v1/offers/{things.offer_id}", None),
        ("GET", f"/api/v1/shops/{things.shop_id}/offers", None),
        ("POST", f"/api/v1/shops/{things.shop_id}/offers", {"product_id": things.product_id, "price_minor": 1}),
    ):
        answer = client.request(verb, path, token=boris.session, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "shops.not_yours"), path
    assert client.get(f"/api/v1/offers/{things.offer_id}").json()["price_minor"] == 100
