"""Carts over HTTP, on both databases: an account's and a guest's, what changed, what a voucher takes off."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from sqlalchemy import bindparam, update

from artel.db import Command, Database, Write
from artel.edge import openapi
from artel.orders.carts import rules, service
from artel.orders.carts.model import LINES_MAX, QUANTITY_MAX
from artel.orders.carts.routes import ROUTES
from artel.orders.carts.tables import carts
from artel.shop.offers.tables import offers
from tests.conftest import Client, Run
from tests.counting import counted
from tests.orders.carts.baskets import headers, lines, open_guest_cart, put
from tests.orders.vouchers.till import enter_voucher
from tests.people import People, dump
from tests.shop.shelf import enter_offer, enter_shop

PATH: Final = "/api/v1/cart"
NOBODY: Final = 10**9
RAISE_PRICE = Command(update(offers).where(offers.c.id == bindparam("of")).values(price_minor=offers.c.price_minor + 1))
SELL_OUT = Command(update(offers).where(offers.c.id == bindparam("of")).values(stock=1))
WITHDRAW = Command(update(offers).where(offers.c.id == bindparam("of")).values(active=0))
AGE = Command(update(carts).values(updated_us=carts.c.updated_us - bindparam("by_us")))

Shelf = Callable[..., int]


@pytest.fixture
def shelf(db: Database, run: Run) -> Shelf:
    """Enters an offer; answers its id."""
    return lambda **values: run(db.write(enter_offer, **values))


@pytest.fixture
def happen(db: Database, run: Run) -> Callable[..., int]:
    """Changes rows behind the cart's back."""

    async def change(tx: Write, command: Command, params: dict[str, Any]) -> int:
        return await tx.run(command, **params)

    return lambda command, **params: run(db.write(change, command, params))


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- lines


def test_a_cart_is_filled_changed_and_emptied(client: Client, people: People, shelf: Shelf) -> None:
    anna, one, other = people.person().session, shelf(), shelf()
    assert lines(client, session=anna) == {}
    assert put(client, one, 2, session=anna)["totals"][0]["goods_minor"] == 20_000
    added = client.post(f"{PATH}/lines", token=anna, json={"offer_id": one, "quantity": 3})
    assert [line["quantity"] for line in added.json()["lines"]] == [5]
    client.post(f"{PATH}/lines", token=anna, json={"offer_id": other})
    assert lines(client, session=anna) == {one: 5, other: 1}
    assert put(client, one, 0, session=anna)["lines"][0]["offer_id"] == other
    assert client.request("DELETE", f"{PATH}/lines/{other}", token=anna).json()["lines"] == []
    assert refused(client.request("DELETE", f"{PATH}/lines/{other}", token=anna)) == (404, "carts.line_unknown")
    put(client, one, 1, session=anna)
    assert client.request("DELETE", PATH, token=anna).json()["lines"] == []
    assert lines(client, session=anna) == {}


def test_each_answer_is_the_cart_that_a_look_shows(client: Client, people: People, shelf: Shelf) -> None:
    anna = people.person().session
    for offer_id, quantity in ((shelf(), 2), (shelf(stock=1), 2), (shelf(currency="EUR"), 1)):
        told = put(client, offer_id, quantity, session=anna)
        assert told == client.get(PATH, token=anna).json()


def test_everybody_has_a_cart_of_their_own(client: Client, people: People, shelf: Shelf) -> None:
    anna, boris, guest, offer_id = people.person().session, people.person().session, open_guest_cart(client), shelf()
    put(client, offer_id, 1, session=anna)
    put(client, offer_id, 2, session=boris)
    put(client, offer_id, 3, guest=guest)
    assert [lines(client, session=anna), lines(client, session=boris), lines(client, guest=guest)] == [
        {offer_id: 1},
        {offer_id: 2},
        {offer_id: 3},
    ]


def test_what_is_not_sold_is_not_put_into_a_cart(client: Client, people: People, shelf: Shelf) -> None:
    anna, gone = people.person().session, shelf(active=0)
    for offer_id in (gone, NOBODY):
        answer = client.request("PUT", f"{PATH}/lines/{offer_id}", token=anna, json={"quantity": 1})
        assert refused(answer) == (404, "offers.unknown")
        assert refused(client.post(f"{PATH}/lines", token=anna, json={"offer_id": offer_id})) == (404, "offers.unknown")
        assert put(client, offer_id, 0, session=anna)["lines"] == [], "to take it out is no fault"
    assert lines(client, session=anna) == {}


def test_a_quantity_is_a_whole_number_within_limits(client: Client, people: People, shelf: Shelf) -> None:
    anna, offer_id = people.person().session, shelf()
    for quantity in (-1, QUANTITY_MAX + 1, 1.5, "1", None, True):
        for verb, path, body in (
            ("PUT", f"{PATH}/lines/{offer_id}", {}),
            ("POST", f"{PATH}/lines", {"offer_id": offer_id}),
        ):
            answer = client.request(verb, path, token=anna, json={**body, "quantity": quantity})
            assert refused(answer) == (400, "request.malformed"), quantity
            assert answer.json()["facts"]["field"] == "quantity"
    assert refused(client.post(f"{PATH}/lines", token=anna, json={"offer_id": offer_id, "quantity": 0}))[0] == 400


def test_limits_hold_for_what_is_added_too(
    client: Client, people: People, shelf: Shelf, db: Database, run: Run
) -> None:
    anna, offer_id = people.person().session, shelf()
    put(client, offer_id, QUANTITY_MAX, session=anna)
    answer = client.post(f"{PATH}/lines", token=anna, json={"offer_id": offer_id})
    assert refused(answer) == (409, "carts.too_many_copies")
    assert answer.json()["facts"] == {"limit": QUANTITY_MAX, "wanted": QUANTITY_MAX + 1}
    run(db.write(fill, people.person("customer", login="full").account_id))
    full = client.log_in("full")
    assert len(lines(client, session=full)) == LINES_MAX
    assert refused(client.post(f"{PATH}/lines", token=full, json={"offer_id": offer_id})) == (
        409,
        "carts.too_many_lines",
    )
    assert len(lines(client, session=full)) == LINES_MAX


async def fill(tx: Write, account_id: int) -> None:
    """As many lines as a cart holds, all of one shop."""
    shop_id = await enter_shop(tx)
    for _ in range(LINES_MAX):
        await service.set_line(tx, service.Owner(account_id), await enter_offer(tx, shop_id=shop_id), 1)


# --- what changed


def test_a_cart_tells_what_changed_until_the_line_is_set_again(
    client: Client, people: People, shelf: Shelf, happen: Callable[..., int]
) -> None:
    anna, dear, scarce, gone = people.person().session, shelf(), shelf(), shelf()
    for offer_id in (dear, scarce, gone):
        put(client, offer_id, 2, session=anna)
    for command, offer_id in ((RAISE_PRICE, dear), (SELL_OUT, scarce), (WITHDRAW, gone)):
        happen(command, of=offer_id)
    cart = client.get(PATH, token=anna).json()
    assert [(line["changed"], line["left"]) for line in cart["lines"]] == [
        (["price_changed"], None),
        (["not_enough"], 1),
        (["withdrawn"], None),
    ]
    assert [(line["seen_price_minor"], line["price_minor"]) for line in cart["lines"]][0] == (10_000, 10_001)
    assert (cart["totals"][0]["goods_minor"], cart["orderable"]) == (2 * 10_001 + 2 * 10_000, False)
    put(client, dear, 2, session=anna)
    put(client, scarce, 1, session=anna)
    cart = put(client, gone, 0, session=anna)
    assert [line["changed"] for line in cart["lines"]] == [[], []]
    assert cart["orderable"]


# --- vouchers


def test_a_voucher_shows_what_it_would_take_off(
    client: Client, people: People, shelf: Shelf, db: Database, run: Run
) -> None:
    anna, mine, other = people.person().session, shelf(shop_id=run(db.write(enter_shop))), shelf(price_minor=333)
    put(client, mine, 1, session=anna)
    put(client, other, 1, session=anna)
    run(db.write(enter_voucher, "TENTH"))
    before = run(db.read(dump))
    cart = client.get(f"{PATH}?voucher=tenth", token=anna).json()
    after = run(db.read(dump))
    assert [row[2:] for row in after.pop("tallies")] == [(0,) * 6] * 2, "a right code is no guess"
    assert after == {name: rows for name, rows in before.items() if name != "tallies"}, "nothing is used up"
    assert cart["voucher"] == {"code": "tenth", "discount_minor": 1_033, "refusal": None, "detail": None}
    assert [line["discount_minor"] for line in cart["lines"]] == [1_000, 33]
    assert (cart["totals"][0]["discount_minor"], cart["totals"][0]["total_minor"]) == (1_033, 10_333 - 1_033)
    assert sum(each["total_minor"] for each in cart["shops"]) == 10_333 - 1_033
    assert client.get(f"{PATH}?voucher=", token=anna).json()["voucher"] is None


def test_a_voucher_that_does_not_serve_is_told_and_the_cart_is_shown(
    client: Client, people: People, shelf: Shelf, db: Database, run: Run
) -> None:
    guest = open_guest_cart(client)
    put(client, shelf(), 1, guest=guest)
    run(db.write(enter_voucher, "OVER", until_us=1))
    for code, refusal in (("OVER", "vouchers.over"), ("NONE", "vouchers.unknown"), ("-", "vouchers.unknown")):
        answer = client.get(f"{PATH}?voucher={code}", headers=headers(guest))
        assert answer.status_code == 200, answer.text
        assert (answer.json()["voucher"]["refusal"], answer.json()["totals"][0]["discount_minor"]) == (refusal, 0)
    put(client, shelf(currency="EUR"), 1, guest=guest)
    mixed = client.get(f"{PATH}?voucher=OVER", headers=headers(guest)).json()
    assert mixed["voucher"]["refusal"] == "carts.mixed_currencies"
    assert [each["currency"] for each in mixed["totals"]] == ["EUR", "RUB"]
    empty = client.get(f"{PATH}?voucher=OVER", token=people.person().session).json()
    assert empty["voucher"]["refusal"] == "vouchers.over"


# --- whose cart


def test_who_is_nobody_has_no_cart(client: Client, people: People) -> None:
    over = people.person()
    people.expire_session(over)
    for given in ({}, {"token": over.session}, {"headers": headers(" ")}):
        for verb, path in (("GET", PATH), ("DELETE", PATH), ("DELETE", f"{PATH}/lines/1")):
            assert refused(client.request(verb, path, **given)) == (401, "carts.none")


def test_a_token_that_was_never_given_out_opens_nothing(client: Client, shelf: Shelf) -> None:
    calls = [("GET", PATH, None), ("DELETE", PATH, None), ("PUT", f"{PATH}/lines/{shelf()}", {"quantity": 1})]
    for token in ("ac_nobodys", "x" * 5_000, "' or 1=1 --", "é"):
        for verb, path, body in calls:
            answer = client.request(verb, path, headers={"Artel-Cart": token.encode("latin-1")}, json=body)
            assert refused(answer) == (404, "carts.unknown")


def test_a_session_wins_and_the_guests_cart_stays_as_it_is(client: Client, people: People, shelf: Shelf) -> None:
    anna, guest, offer_id = people.person().session, open_guest_cart(client), shelf()
    put(client, offer_id, 1, guest=guest)
    put(client, offer_id, 5, session=anna, guest=guest)
    assert lines(client, session=anna) == {offer_id: 5}
    assert lines(client, guest=guest) == {offer_id: 1}


def test_an_api_token_needs_the_scope(client: Client, people: People, shelf: Shelf) -> None:
    anna = people.person()
    put(client, shelf(), 1, session=people.token(anna, "orders:write").token)
    narrow, guest = people.token(anna, "orders:read", "shop:write").token, open_guest_cart(client)
    for sent in ({}, headers(guest)):
        assert refused(client.get(PATH, token=narrow, headers=sent)) == (403, "auth.forbidden")
        assert refused(client.request("DELETE", PATH, token=narrow, headers=sent)) == (403, "auth.forbidden")
    assert len(lines(client, session=anna.session)) == 1


def test_the_token_of_a_guest_is_not_in_the_database(client: Client, db: Database, run: Run) -> None:
    guest = open_guest_cart(client)
    held = repr(run(db.read(dump)))
    assert guest not in held
    assert guest.removeprefix("ac_") not in held


def test_the_reference_names_the_guests_header_where_it_is_read() -> None:
    reading = {
        (path, verb)
        for path, operations in openapi.document(ROUTES, "1")["paths"].items()
        for verb, operation in operations.items()
        if any(parameter["name"] == "Artel-Cart" for parameter in operation["parameters"])
    }
    assert {path for path, _ in reading} == {PATH, f"{PATH}/lines", f"{PATH}/lines/{{offer_id}}"}
    assert len(reading) == 5


# --- merging


def test_a_guests_cart_becomes_part_of_the_accounts_once(client: Client, people: People, shelf: Shelf) -> None:
    anna, guest, one, both, other = people.person().session, open_guest_cart(client), shelf(), shelf(), shelf()
    for offer_id in (one, both):
        put(client, offer_id, 1, session=anna)
    for offer_id in (both, other):
        put(client, offer_id, 2, guest=guest)
    answer = client.post(f"{PATH}/merge", token=anna, json={"token": guest})
    assert answer.status_code == 200, answer.text
    assert answer.json()["cut"] == []
    assert {line["offer_id"]: line["quantity"] for line in answer.json()["cart"]["lines"]} == {
        one: 1,
        both: 3,
        other: 2,
    }
    assert client.get(PATH, token=anna).json() == answer.json()["cart"]
    again = client.post(f"{PATH}/merge", token=anna, json={"token": guest})
    assert refused(again) == (404, "carts.unknown")
    assert refused(client.get(PATH, headers=headers(guest))) == (404, "carts.unknown")
    assert lines(client, session=anna) == {one: 1, both: 3, other: 2}


def test_an_answer_that_was_lost_is_given_again_and_merges_nothing_twice(
    client: Client, people: People, shelf: Shelf
) -> None:
    anna, guest, offer_id = people.person().session, open_guest_cart(client), shelf()
    put(client, offer_id, 2, guest=guest)
    answers = [
        client.post(f"{PATH}/merge", token=anna, json={"token": guest}, headers={"Idempotency-Key": "k"})
        for _ in range(3)
    ]
    assert [each.status_code for each in answers] == [200] * 3
    assert len({each.content for each in answers}) == 1
    assert lines(client, session=anna) == {offer_id: 2}


def test_what_found_no_room_is_told(client: Client, people: People, shelf: Shelf) -> None:
    anna, guest, offer_id = people.person().session, open_guest_cart(client), shelf()
    put(client, offer_id, QUANTITY_MAX - 1, session=anna)
    put(client, offer_id, 3, guest=guest)
    merged = client.post(f"{PATH}/merge", token=anna, json={"token": guest}).json()
    title = merged["cart"]["lines"][0]["title"]
    assert merged["cut"] == [{"offer_id": offer_id, "title": title, "quantity": 2}]
    assert lines(client, session=anna) == {offer_id: QUANTITY_MAX}


def test_only_who_is_logged_in_merges(client: Client, people: People) -> None:
    guest = open_guest_cart(client)
    assert client.post(f"{PATH}/merge", json={"token": guest}, headers=headers(guest)).status_code == 401
    narrow = people.token(people.person(), "orders:read").token
    assert client.post(f"{PATH}/merge", json={"token": guest}, token=narrow).status_code == 403
    assert lines(client, guest=guest) == {}


# --- limits of strangers


def test_one_address_opens_so_many_carts_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "GUEST_CARTS_MAX", 3)
    for _ in range(3):
        open_guest_cart(client.at("2001:db8::1"))
    answer = client.at("2001:db8::2").post("/api/v1/guest-carts")
    assert refused(answer) == (429, "carts.too_many_guests")
    assert 3_590 <= int(answer.headers["retry-after"]) <= 3_600 * 6 / 5, "a use is forgotten a fifth late at most"
    open_guest_cart(client.at("2001:db8:0:1::1"))


# --- forgetting


def test_a_guests_cart_is_forgotten_thirty_days_after_its_last_change(
    client: Client, people: People, shelf: Shelf, happen: Callable[..., int], db: Database, run: Run
) -> None:
    anna, kept, gone, offer_id = people.person().session, open_guest_cart(client), open_guest_cart(client), shelf()
    put(client, offer_id, 1, session=anna)
    put(client, offer_id, 1, guest=gone)
    happen(AGE, by_us=(30 * 86_400 + 1) * 1_000_000)
    put(client, offer_id, 1, guest=kept)
    assert run(db.write(service.sweep)) == 1
    assert refused(client.get(PATH, headers=headers(gone))) == (404, "carts.unknown")
    assert lines(client, guest=kept) == {offer_id: 1}
    assert lines(client, session=anna) == {offer_id: 1}, "an account's cart is never forgotten"
    assert len(run(db.read(dump))["cart_lines"]) == 2


# --- cost


def test_a_cart_takes_three_statements_at_any_size_and_four_with_a_voucher(
    people: People, db: Database, run: Run
) -> None:
    anna = people.person().account_id
    run(db.write(enter_voucher, "TENTH"))
    run(db.write(fill, anna))
    for voucher, most in (("", 2), ("TENTH", 3)):  # and one to know who asks
        cart, statements = run(db.read(counted, service.show, service.Owner(anna), voucher))
        assert (len(cart.lines), statements) == (LINES_MAX, most)
