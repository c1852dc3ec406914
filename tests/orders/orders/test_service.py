"""Orders over HTTP: placing one, and who sees what of it."""

import csv
import io
from typing import Any, Final

import pytest

from artel.kernel.actor import Actor
from artel.kernel.clock import parse_iso
from artel.kernel.page import Cut
from artel.orders.orders import service
from artel.orders.orders.model import LineWanted, OrderFilter, Placing
from tests.counting import counted
from tests.orders.carts import baskets
from tests.orders.orders.market import TERMS, Market, check_histories
from tests.orders.vouchers.till import enter_voucher
from tests.shop.shelf import enter_product

MONEY: Final = ("goods_minor", "discount_minor", "delivery_minor", "tax_minor", "tax_added_minor", "total_minor")


def sums(shown: dict[str, Any]) -> tuple[int, ...]:
    return tuple(shown[name] for name in MONEY)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- placing


def test_an_order_freezes_prices_and_takes_copies(market: Market) -> None:
    shop, anna = market.shop(name="Books"), market.people.person()
    first, second = market.offer(shop, price_minor=150_00), market.offer(shop, price_minor=99)
    order = market.order(anna, (second, 3), (first, 2), address="Tver, Lesnaya 5", note="ring twice")
    assert (order["status"], order["currency"], order["number"]) == (
        "awaiting_payment",
        "RUB",
        f"{order['placed_at'][:4]}-{order['id']:06d}",
    )
    assert sums(order) == (302_97, 0, 0, 50_50, 0, 302_97)  # 20 % held: 50.00 of 300.00, 0.495 → 0.50 of 2.97
    (part,) = order["parts"]
    assert [(line["offer_id"], line["quantity"], line["total_minor"]) for line in part["lines"]] == [
        (second, 3, 297),
        (first, 2, 300_00),
    ]
    assert market.stock() == [8, 7]
    assert order["moves"] == ["pay", "cancel"] and order["whole"] and order["payments"] == []
    assert market.get(anna, order["id"]) == order
    assert 895 < _seconds(order["placed_at"], order["expires_at"]) < 905


def _seconds(begin: str, end: str) -> float:
    from_us, to_us = parse_iso(begin), parse_iso(end)
    return (to_us - from_us) / 1_000_000


def test_an_order_from_the_cart_empties_it(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    first, second = market.offer(shop), market.offer(shop)
    baskets.put(market.client, second, 2, session=anna.session)
    baskets.put(market.client, first, 1, session=anna.session)
    placed = market.client.post("/api/v1/orders", token=anna.session, json={}).json()
    assert [line["offer_id"] for line in placed["parts"][0]["lines"]] == [second, first]
    assert baskets.lines(market.client, session=anna.session) == {}
    assert refused(market.client.post("/api/v1/orders", token=anna.session, json={})) == (409, "orders.nothing_ordered")
    assert market.stock() == [9, 8]


def test_an_order_that_is_refused_leaves_cart_and_stock(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    there, short = market.offer(shop), market.offer(shop, stock=1)
    for offer_id in (there, short):
        baskets.put(market.client, offer_id, 2, session=anna.session)
    answer = market.client.post("/api/v1/orders", token=anna.session, json={})
    assert refused(answer) == (409, "offers.not_enough_stock")
    assert answer.json()["facts"]["offer_id"] == short
    assert baskets.lines(market.client, session=anna.session) == {there: 2, short: 2}
    assert market.stock() == [10, 1]
    assert market.client.get("/api/v1/orders", token=anna.session).json()["items"] == []


def test_two_orders_at_once_from_one_cart_are_one(market: Market) -> None:
    anna, offer_id = market.people.person(), market.offer(market.shop())
    for _ in range(5):
        baskets.put(market.client, offer_id, 1, session=anna.session)
        send = market.client.send
        answers = market.client.together(*(send("POST", "/api/v1/orders", anna.session, json={}) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert market.stock() == [5]


def test_an_order_with_a_key_is_placed_once(market: Market) -> None:
    anna, offer_id = market.people.person(), market.offer(market.shop())
    headers = {"Idempotency-Key": "one"}
    body = {"lines": [{"offer_id": offer_id}]}
    first, again = (
        market.client.post("/api/v1/orders", token=anna.session, json=body, headers=headers) for _ in range(2)
    )
    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    assert market.stock() == [9]


def test_an_order_of_several_shops_has_parts_that_add_up(market: Market) -> None:
    held, added = market.shop(), market.shop(tax_included=0, tax_bp=1000)
    anna = market.people.person()
    book = market.offer(held, price_minor=100_00)
    taxed = market.run(market.db.write(enter_product, tax_bp=500))
    dear, cheap = market.offer(added, price_minor=33_33), market.offer(added, price_minor=7, product_id=taxed)
    deliveries = {str(added.shop_id): market.method(added, 299_00)}
    order = market.order(anna, (dear, 3), (book, 1), (cheap, 1), deliveries=deliveries)
    first, second = order["parts"]
    assert (first["shop_id"], first["shop_name"]) == (
        held.shop_id,
        market.get(anna, order["id"])["parts"][0]["shop_name"],
    )
    assert sums(first) == (100_00, 0, 0, 16_67, 0, 100_00)
    # 10 % of 99.99 is 9.999, of 299.00 29.90, and 5 % of 0.07 is 0.0035
    assert sums(second) == (100_06, 0, 299_00, 10_00 + 29_90, 39_90, 100_06 + 299_00 + 39_90)
    assert (second["delivery_name"], first["delivery_name"]) == ("Courier", "")
    assert sums(order) == tuple(map(sum, zip(sums(first), sums(second), strict=True)))
    for part in (first, second):
        goods_and_tax = sum(line["total_minor"] for line in part["lines"])
        assert goods_and_tax <= part["total_minor"]
        assert sum(line["tax_minor"] for line in part["lines"]) <= part["tax_minor"]


def test_a_voucher_takes_its_discount_off_the_lines(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    market.run(market.db.write(enter_voucher, "WINTER"))
    first, second = market.offer(shop, price_minor=99_99), market.offer(shop, price_minor=1)
    order = market.order(anna, (first, 1), (second, 1), voucher="winter", expect_total_minor=90_00)
    assert sums(order) == (100_00, 10_00, 0, 15_00, 0, 90_00)
    assert sum(line["discount_minor"] for line in order["parts"][0]["lines"]) == 10_00
    assert order["voucher_code"] == "winter"
    assert market.get(anna, order["id"]) == order
    assert market.run(market.db.read(check_histories)) == 1


def test_an_order_that_comes_to_nothing_is_paid_at_once(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    market.run(market.db.write(enter_voucher, "GIFT", amount_minor=1_000_00))
    order = market.order(anna, (market.offer(shop), 1), voucher="GIFT")
    assert (order["status"], order["total_minor"], order["expires_at"]) == ("paid", 0, None)
    history = market.client.get(f"/api/v1/orders/{order['id']}/history", token=anna.session).json()["items"]
    assert [each["kind"] for each in history] == ["placed", "paid"]
    assert market.run(market.db.read(check_histories)) == 1
    done = market.moved(anna, order["id"], "cancel")
    assert (done["status"], done["refunded_minor"], done["payments"]) == ("cancelled", 0, [])


REFUSED: Final[list[tuple[dict[str, Any], tuple[int, str]]]] = [
    ({"expect_total_minor": 99_99}, (409, "orders.total_changed")),
    ({"voucher": "nothing"}, (404, "vouchers.unknown")),
    ({"lines": [{"offer_id": 10**17, "quantity": 1}]}, (404, "offers.unknown")),
    ({"lines": []}, (400, "request.malformed")),
    ({"lines": [{"offer_id": 1, "quantity": 0}]}, (400, "request.malformed")),
    ({"lines": [{"offer_id": 1, "quantity": 1_001}]}, (400, "request.malformed")),
    ({"lines": [{"offer_id": 1}, {"offer_id": 1}]}, (422, "orders.offer_twice")),
    ({"lines": [{"offer_id": 1, "price_minor": 1}]}, (400, "request.malformed")),
    ({"deliveries": {"1": 10**17}}, (404, "delivery.unknown")),
    ({"deliveries": {"10000": 1}}, (422, "delivery.nothing")),
    ({"deliveries": {"one": 1}}, (400, "request.malformed")),
    ({"total_minor": 1}, (400, "request.malformed")),
]


def test_what_cannot_be_ordered_is_refused_and_takes_nothing(market: Market) -> None:
    offer_id, anna = market.offer(market.shop()), market.people.person()
    for rest, problem in REFUSED:
        answer = market.place(anna, (offer_id, 1), **rest)
        assert refused(answer) == problem, (rest, answer.text)
    assert market.stock() == [10]
    answer = market.place(anna, (offer_id, 1), expect_total_minor=99_99)
    assert answer.json()["facts"] == {"total_minor": 100_00, "expected_minor": 99_99, "currency": "RUB"}
    assert market.place(anna, (offer_id, 1), expect_total_minor=100_00).status_code == 201


def test_one_order_is_paid_in_one_currency(market: Market) -> None:
    anna = market.people.person()
    roubles, euros = market.offer(market.shop()), market.offer(market.shop(currency="EUR"), currency="EUR")
    answer = market.place(anna, (roubles, 1), (euros, 1))
    assert refused(answer) == (409, "orders.currencies_mixed")
    assert "EUR, RUB" in answer.json()["detail"]
    assert market.stock() == [10, 10]
    assert market.order(anna, (euros, 1))["currency"] == "EUR"


def test_no_sum_is_larger_than_the_database_can_hold(market: Market) -> None:
    anna, offer_id = market.people.person(), market.offer(market.shop(), price_minor=10**15, stock=5_000)
    assert refused(market.place(anna, (offer_id, 2))) == (409, "orders.total_too_large")
    assert refused(market.place(anna, (offer_id, 1_000))) == (409, "orders.total_too_large")
    assert market.order(anna, (offer_id, 1))["total_minor"] == 10**15


# --- looking


def test_each_sees_the_parts_that_concern_them(market: Market) -> None:
    books, toys, anna = market.shop(), market.shop(), market.people.person()
    both = market.shop(keeper=books.keeper)
    order = market.order(anna, *((market.offer(shop), 1) for shop in (books, toys, both)), address="Tver")
    order_id = order["id"]
    seen = market.get(toys.keeper, order_id)
    assert ([part["shop_id"] for part in seen["parts"]], seen["whole"]) == ([toys.shop_id], False)
    assert (seen["total_minor"], seen["tax_minor"], seen["address"]) == (100_00, 16_67, "Tver")
    seen = market.get(books.keeper, order_id)
    assert ([part["shop_id"] for part in seen["parts"]], seen["total_minor"]) == ([books.shop_id, both.shop_id], 200_00)
    for who in (anna, market.people.person("staff"), market.people.person("owner")):
        assert [part["shop_id"] for part in market.get(who, order_id)["parts"]] == [
            books.shop_id,
            toys.shop_id,
            both.shop_id,
        ]
    stranger, other = market.people.person(), market.shop().keeper
    for who in (stranger, other):
        for path in ("", "/history"):
            answer = market.client.get(f"/api/v1/orders/{order_id}{path}", token=who.session)
            assert refused(answer) == (404, "orders.unknown")
        for move in ("cancel", "complete", f"parts/{books.shop_id}/ship"):
            assert refused(market.move(who, order_id, move, {})) == (404, "orders.unknown")


def test_a_shop_is_told_nothing_of_the_others_money(market: Market) -> None:
    books, toys, anna = market.shop(), market.shop(), market.people.person()
    order_id = market.order(anna, (market.offer(books), 1), (market.offer(toys), 1))["id"]
    market.pay(order_id)
    market.moved(toys.keeper, order_id, f"parts/{toys.shop_id}/ship", {"tracking": "toys' own"})
    history = market.client.get(f"/api/v1/orders/{order_id}/history", token=books.keeper.session)
    assert [each["kind"] for each in history.json()["items"]] == ["placed", "paid"]
    assert "_minor" not in history.text and "toys" not in history.text
    assert market.get(books.keeper, order_id)["payments"] == []
    whole = market.client.get(f"/api/v1/orders/{order_id}/history", token=anna.session).json()["items"]
    assert [each["kind"] for each in whole] == ["placed", "paid", "part_shipped"]
    assert whole[0]["changes"]["total_minor"] == 200_00
    assert (whole[1]["account_id"], whole[2]["account_id"]) == (None, toys.keeper.account_id)
    assert whole[1]["changes"]["paid_at"] == whole[1]["at"] and whole[1]["changes"]["expires_at"] is None


def test_lists_hold_ones_own_or_a_shops_or_for_staff_all(market: Market) -> None:
    books, toys = market.shop(), market.shop()
    anna, boris = market.people.person(), market.people.person()
    book, toy = market.offer(books), market.offer(toys)
    ids = [
        market.order(who, *lines)["id"]
        for who, lines in (
            (anna, [(book, 1)]),
            (boris, [(book, 1), (toy, 2)]),
            (anna, [(toy, 1)]),
        )
    ]
    market.pay(ids[1])

    def listed(who: Any, query: str) -> Any:
        answer = market.client.get(f"/api/v1/orders{query}", token=who.session)
        return [each["id"] for each in answer.json()["items"]] if answer.status_code == 200 else refused(answer)

    staff = market.people.person("staff")
    assert listed(anna, "") == [ids[2], ids[0]]
    assert listed(boris, "?status=paid") == [ids[1]] and listed(boris, "?status=shipped") == []
    assert listed(books.keeper, f"?shop={books.shop_id}") == [ids[1], ids[0]]
    assert listed(books.keeper, "") == []
    assert listed(books.keeper, f"?shop={toys.shop_id}") == (403, "shops.not_yours")
    assert listed(staff, f"?shop={toys.shop_id}&status=awaiting_payment") == [ids[2]]
    assert listed(staff, "?whose=all") == ids[::-1] and listed(staff, "") == []
    assert listed(anna, "?whose=all") == (403, "orders.all_denied")
    assert listed(anna, "?status=lost") == (400, "request.malformed")
    of_toys = market.client.get(f"/api/v1/orders?shop={toys.shop_id}", token=toys.keeper.session).json()["items"]
    assert [each["total_minor"] for each in of_toys] == [100_00, 200_00], "a shop's list tells its part's money"


def test_a_list_is_cut_into_pages_and_by_time(market: Market) -> None:
    anna, offer_id = market.people.person(), market.offer(market.shop())
    placed = [market.order(anna, (offer_id, 1)) for _ in range(5)]
    found, after = [], ""
    while True:
        page = market.client.get(f"/api/v1/orders?limit=2{after}", token=anna.session).json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == [each["id"] for each in placed][::-1]

    def between(**times: str) -> list[int]:
        page = market.client.get("/api/v1/orders", token=anna.session, params=times).json()
        return [each["id"] for each in page["items"]]

    second, fourth = placed[1]["placed_at"], placed[3]["placed_at"]
    assert between(**{"from": second, "to": fourth}) == [placed[2]["id"], placed[1]["id"]]
    assert between(**{"from": fourth}) == [placed[4]["id"], placed[3]["id"]]
    assert between(to="0001-01-01T00:00:00Z") == [] and len(between(to="9999-12-31T23:59:59Z")) == 5


def test_the_spreadsheet_has_a_line_for_each_part_and_no_formula(market: Market) -> None:
    books, toys, anna = market.shop(name="=1+1"), market.shop(), market.people.person()
    order = market.order(anna, (market.offer(books), 1), (market.offer(toys), 1), note="@evil", address='a "b", c\nd')
    answer = market.client.get("/api/v1/orders/sheet.csv", token=anna.session)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, first, second = csv.reader(io.StringIO(answer.text))
    rows = [dict(zip(header, line, strict=True)) for line in (first, second)]
    assert [row["shop"] for row in rows] == ["'=1+1", order["parts"][1]["shop_name"]]
    assert {row["number"] for row in rows} == {order["number"]}
    assert {(row["note"], row["address"]) for row in rows} == {("'@evil", 'a "b", c\nd')}
    assert sum(int(row["total_minor"]) for row in rows) == order["total_minor"]
    theirs = market.client.get(f"/api/v1/orders/sheet.csv?shop={toys.shop_id}", token=toys.keeper.session)
    assert len(theirs.text.splitlines()) == 3 and "=1+1" not in theirs.text
    for who, query, problem in (
        (anna, "whose=all", (403, "orders.all_denied")),
        (anna, f"shop={toys.shop_id}", (403, "shops.not_yours")),
    ):
        assert refused(market.client.get(f"/api/v1/orders/sheet.csv?{query}", token=who.session)) == problem


def test_a_spreadsheet_is_sent_page_by_page_without_a_limit(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, offer_id = market.people.person(), market.offer(market.shop())
    ids = [market.order(anna, (offer_id, 1))["id"] for _ in range(7)]
    for size in (3, 7, 500):
        monkeypatch.setattr(service, "SHEET_PAGE", size)
        answer = market.client.get("/api/v1/orders/sheet.csv", token=anna.session)
        assert [int(row["order_id"]) for row in csv.DictReader(io.StringIO(answer.text))] == ids
    nothing = market.client.get("/api/v1/orders/sheet.csv", token=market.people.person().session)
    assert nothing.text.startswith("number,order_id,") and nothing.text.count("\n") == 1


def test_lists_and_orders_take_few_statements_at_any_size(market: Market) -> None:
    """And one more to know who asks."""
    shop, anna = market.shop(), market.people.person()
    offer_ids = [market.offer(shop, stock=100) for _ in range(30)]
    who = {each.account_id: Actor(each.account_id, each.login, frozenset({"customer"})) for each in (anna, shop.keeper)}

    def count(account_id: int, use: Any, *args: Any) -> int:
        answered: tuple[Any, int] = market.run(market.db.write(counted, use, who[account_id], *args))
        return answered[1]

    for size in (1, 30):
        lines = [LineWanted(offer_id) for offer_id in offer_ids[:size]]
        placing = count(anna.account_id, service.place, Placing(lines=lines), TERMS)
        assert placing == size + 6, "one for each offer, and six"
        order_id = market.client.get("/api/v1/orders", token=anna.session).json()["items"][0]["id"]
        for account_id in who:
            assert count(account_id, service.get, order_id) <= 5
            assert count(account_id, service.happened, order_id, Cut()) <= 4
        assert count(anna.account_id, service.list_orders, OrderFilter()) == 1
        assert count(shop.keeper.account_id, service.list_orders, OrderFilter(shop=shop.shop_id)) == 2
