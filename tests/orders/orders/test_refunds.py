"""What is paid back of an order: over HTTP, by those who may."""

from typing import Any, Final

import pytest

from tests.orders.orders.market import Market, check_histories
from tests.orders.vouchers.till import enter_voucher


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_copies_are_paid_back_and_restocked_once(market: Market) -> None:
    shop = market.shop()
    offer_id, other = market.offer(shop, price_minor=33_33), market.offer(shop, price_minor=1_00)
    market.run(market.db.write(enter_voucher, "TENTH"))
    anna, order_id = market.bought((offer_id, 3), (other, 1), voucher="TENTH")
    line = market.get(anna, order_id)["parts"][0]["lines"][0]
    back = {"lines": [{"offer_id": offer_id, "quantity": 2}], "restock": True, "reason": "wet"}
    done = market.moved(shop.keeper, order_id, "refunds", back)
    assert done["status"] == "partly_refunded" and market.stock() == [9, 9]
    assert done["parts"][0]["lines"][0]["refunded_quantity"] == 2
    first = done["refunded_minor"]
    assert first == round(line["total_minor"] * 2 / 3)
    again = market.move(shop.keeper, order_id, "refunds", back)
    assert refused(again) == (409, "orders.copies_not_there")
    assert (again.json()["facts"]["left"], again.json()["facts"]["wanted"]) == (1, 2)
    rest = {"lines": [{"offer_id": offer_id, "quantity": 1}]}
    done = market.moved(shop.keeper, order_id, "refunds", rest)
    assert done["refunded_minor"] == line["total_minor"] and market.stock() == [9, 9], "not restocked"
    done = market.moved(shop.keeper, order_id, "refunds", {"everything": True, "restock": True})
    assert (done["status"], done["refunded_minor"], done["moves"]) == ("refunded", done["total_minor"], [])
    assert market.stock() == [9, 10], "copies that came back without being restocked stay away"
    assert done["payments"][0]["refunding_minor"] == done["total_minor"]
    assert refused(market.move(shop.keeper, order_id, "refunds", rest)) == (409, "orders.move_illegal")
    assert market.run(market.db.read(check_histories)) == 1


def test_an_amount_is_divided_over_the_parts_and_never_more_than_was_paid(market: Market) -> None:
    books, toys, staff = market.shop(), market.shop(), market.people.person("staff")
    anna, order_id = market.bought((market.offer(books, price_minor=100), 1), (market.offer(toys, price_minor=200), 1))
    done = market.moved(staff, order_id, "refunds", {"amount_minor": 100})
    assert [part["refunded_minor"] for part in done["parts"]] == [33, 67]
    answer = market.move(staff, order_id, "refunds", {"amount_minor": 201})
    assert refused(answer) == (409, "orders.refund_too_large")
    assert answer.json()["facts"]["left_minor"] == 200
    done = market.moved(books.keeper, order_id, "refunds", {"amount_minor": 67})
    assert (done["refunded_minor"], done["moves"]) == (100, ["ship"]), "a shop's own part is all paid back"
    assert refused(market.move(books.keeper, order_id, "refunds", {"amount_minor": 1})) == (409, "orders.move_illegal")
    assert market.row(order_id).refunded_minor == 167
    done = market.moved(staff, order_id, "refunds", {"amount_minor": 133})
    assert done["status"] == "refunded" and market.stock() == [9, 9]


def test_a_shop_pays_back_its_own_part_alone(market: Market) -> None:
    books, toys = market.shop(), market.shop()
    book, toy = market.offer(books), market.offer(toys)
    anna, order_id = market.bought((book, 1), (toy, 1))
    answer = market.move(books.keeper, order_id, "refunds", {"lines": [{"offer_id": toy, "quantity": 1}]})
    assert refused(answer) == (409, "orders.copies_not_there")
    assert answer.json()["facts"]["left"] == 0
    market.moved(books.keeper, order_id, "refunds", {"everything": True, "restock": True})
    assert market.row(order_id).status == "partly_refunded"
    assert [part["refunded_minor"] for part in market.get(anna, order_id)["parts"]] == [100_00, 0]
    assert market.stock() == [10, 9]
    for shop in (books, toys):
        market.moved(shop.keeper, order_id, f"parts/{shop.shop_id}/ship")
    assert market.moved(anna, order_id, "complete")["status"] == "completed"
    done = market.moved(toys.keeper, order_id, "refunds", {"everything": True})
    assert (done["status"], market.stock()) == ("refunded", [10, 9])


@pytest.mark.parametrize("back_first", [True, False])
def test_nobody_waits_for_a_part_that_was_paid_back_whole(market: Market, back_first: bool) -> None:
    books, toys, anna = market.shop(), market.shop(), market.people.person()
    order_id = market.order(anna, (market.offer(books), 2), (market.offer(toys), 1))["id"]
    assert market.pay(order_id)
    ship, back = f"parts/{toys.shop_id}/ship", {"everything": True, "restock": True}
    if back_first:
        market.moved(books.keeper, order_id, "refunds", {"amount_minor": 199_99})
        assert "complete" not in market.get(anna, order_id)["moves"], "a kopeck's worth of it is still to come"
        market.moved(books.keeper, order_id, "refunds", back)
        assert refused(market.move(anna, order_id, "complete")) == (409, "orders.move_illegal")
        assert market.moved(toys.keeper, order_id, ship)["status"] == "shipped"
    else:
        assert market.moved(toys.keeper, order_id, ship)["status"] == "paid"
        assert market.moved(books.keeper, order_id, "refunds", back)["status"] == "partly_refunded"
    assert market.moved(anna, order_id, "complete")["status"] == "completed"
    refused_ship = market.move(books.keeper, order_id, f"parts/{books.shop_id}/ship")
    assert refused(refused_ship) == (409, "orders.move_illegal"), "it is over"
    market.moved(toys.keeper, order_id, "refunds", {"amount_minor": 1})
    assert refused(market.move(books.keeper, order_id, f"parts/{books.shop_id}/ship")) == (409, "orders.move_illegal")
    assert market.run(market.db.read(check_histories)) == 1


def test_what_was_paid_back_as_an_amount_is_not_paid_back_again_for_the_copies(market: Market) -> None:
    shop = market.shop()
    offer_id = market.offer(shop)
    anna, order_id = market.bought((offer_id, 2))
    market.moved(shop.keeper, order_id, "refunds", {"amount_minor": 150_00})
    copies = {"lines": [{"offer_id": offer_id, "quantity": 1}], "restock": True}
    done = market.moved(shop.keeper, order_id, "refunds", copies)
    assert (done["status"], done["refunded_minor"], market.stock()) == ("refunded", 200_00, [9])


def test_a_shipped_order_cancelled_after_a_refund_gives_back_the_rest(market: Market) -> None:
    shop = market.shop()
    offer_id = market.offer(shop)
    anna, order_id = market.bought((offer_id, 3))
    copies = {"lines": [{"offer_id": offer_id, "quantity": 1}], "restock": True}
    market.moved(shop.keeper, order_id, "refunds", copies)
    assert market.moved(shop.keeper, order_id, f"parts/{shop.shop_id}/ship")["status"] == "shipped"
    done = market.moved(shop.keeper, order_id, "cancel")
    assert (done["refunded_minor"], done["payments"][0]["refunding_minor"], market.stock()) == (300_00, 300_00, [10])


UNCLEAR: Final = (422, "orders.refund_unclear")
MALFORMED: Final = (400, "request.malformed")
WRONG: Final[list[tuple[dict[str, Any], tuple[int, str]]]] = [
    ({}, UNCLEAR),
    ({"everything": False}, UNCLEAR),
    ({"everything": True, "amount_minor": 1}, UNCLEAR),
    ({"lines": [{"offer_id": 1, "quantity": 1}], "amount_minor": 1}, UNCLEAR),
    ({"amount_minor": 1, "restock": True}, UNCLEAR),
    ({"lines": [{"offer_id": 1, "quantity": 1}, {"offer_id": 1, "quantity": 1}]}, (422, "orders.offer_twice")),
    ({"amount_minor": 0}, MALFORMED),
    ({"amount_minor": -1}, MALFORMED),
    ({"amount_minor": 1.5}, MALFORMED),
    ({"lines": []}, MALFORMED),
    ({"lines": [{"offer_id": 1, "quantity": 0}]}, MALFORMED),
]


def test_a_refund_that_is_not_clear_is_refused(market: Market) -> None:
    shop = market.shop()
    anna, order_id = market.bought((market.offer(shop), 2))
    for body, problem in WRONG:
        assert refused(market.move(shop.keeper, order_id, "refunds", body)) == problem, body
    answer = market.move(anna, order_id, "refunds", {"everything": True})
    assert refused(answer) == (409, "orders.move_illegal")
    assert market.row(order_id).refunded_minor == 0
