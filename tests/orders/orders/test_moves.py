"""What happens to an order after it was placed: over HTTP, by those who may, and by Artel itself."""

from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import bindparam, select

from artel.db import Query, Read
from artel.db.tables import outbox
from artel.kernel.history import replayed
from artel.orders.orders import moves
from artel.orders.orders.rows import OrderRow
from tests.orders.orders.market import Market, check_histories, history_of
from tests.orders.vouchers.till import enter_voucher, uses
from tests.orders.waiting import pass_time

HOLD_US: Final = 901 * 1_000_000
DAY_US: Final = 86_401 * 1_000_000
TOLD: Final = Query(str, select(outbox.c.kind).where(outbox.c.subject == bindparam("of_subject")).order_by(outbox.c.id))
HEARD: Final = Query(
    str, select(outbox.c.audience).where(outbox.c.subject == bindparam("of_subject")).order_by(outbox.c.id)
)
BODIES: Final = Query(
    str, select(outbox.c.body).where(outbox.c.subject == bindparam("of_subject")).order_by(outbox.c.id)
)


async def told(tx: Read, order_id: int) -> list[str]:
    return [kind for kind in await tx.all(TOLD, of_subject=f"order/{order_id}") if kind.startswith("order.")]


async def heard(tx: Read, order_id: int) -> list[str]:
    return await tx.all(HEARD, of_subject=f"order/{order_id}")


async def bodies(tx: Read, order_id: int) -> list[str]:
    return await tx.all(BODIES, of_subject=f"order/{order_id}")


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def pass_hold(market: Market, by_us: int = HOLD_US) -> None:
    market.run(market.db.write(pass_time, by_us))


def expire(market: Market) -> int:
    freed: int = market.run(moves.expire_due(market.db))
    return freed


# --- the whole way


def test_an_order_goes_its_way_and_its_history_tells_it(market: Market) -> None:
    books, toys, anna = market.shop(), market.shop(), market.people.person()
    order_id = market.order(anna, (market.offer(books), 1), (market.offer(toys), 1))["id"]
    assert market.pay(order_id)
    paid = market.get(anna, order_id)
    assert (paid["status"], paid["expires_at"], paid["moves"]) == ("paid", None, ["cancel"])
    assert [each["status"] for each in paid["payments"]] == ["succeeded"]
    half = market.moved(books.keeper, order_id, f"parts/{books.shop_id}/ship", {"tracking": "RR1"})
    assert (half["status"], half["parts"][0]["tracking"], half["moves"]) == ("paid", "RR1", ["refund"])
    assert market.get(anna, order_id)["moves"] == [], "a customer does not cancel what is on its way"
    assert market.moved(toys.keeper, order_id, f"parts/{toys.shop_id}/ship")["status"] == "shipped"
    done = market.moved(anna, order_id, "complete")
    assert (done["status"], done["completed_at"] is not None, done["moves"]) == ("completed", True, [])
    kinds = [event.kind for event in market.run(market.db.read(history_of, order_id))]
    assert kinds == ["placed", "paid", "part_shipped", "shipped", "completed"]
    assert market.run(market.db.read(told, order_id)) == [f"order.{kind}" for kind in kinds]
    who = {f"account/{anna.account_id}", f"shop/{books.shop_id}", f"shop/{toys.shop_id}"}
    assert all(set(each.split()) == who for each in market.run(market.db.read(heard, order_id)))
    first = msgspec.json.decode(market.run(market.db.read(bodies, order_id))[0])
    assert first == {
        "order_id": order_id,
        "number": done["number"],
        "status": "awaiting_payment",
        "account_id": anna.account_id,
    }, "no shop hears of the others, or of their money"
    assert market.run(market.db.read(check_histories)) == 1
    assert market.stock() == [9, 9]


# --- holding


def test_an_order_that_is_not_paid_in_time_frees_what_it_held(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    voucher_id = market.run(market.db.write(enter_voucher, "ONCE", uses_max=1))
    first, second = market.offer(shop), market.offer(shop)
    order_id = market.order(anna, (first, 2), (second, 3), voucher="ONCE")["id"]
    assert expire(market) == 0 and market.stock() == [8, 7]
    pass_hold(market)
    assert not market.pay(order_id), "nobody pays what is not held any more, freed or not"
    assert market.stock() == [8, 7]
    assert expire(market) == 1 and expire(market) == 0
    assert market.stock() == [10, 10]
    assert market.run(market.db.read(uses, voucher_id)) == (0, 0)
    over = market.get(anna, order_id)
    assert (over["status"], over["expires_at"], over["moves"]) == ("expired", None, [])
    assert not market.pay(order_id)
    assert [each["refunding_minor"] for each in market.get(anna, order_id)["payments"]] == [450_00, 450_00]
    assert market.order(anna, (first, 10), voucher="ONCE")["discount_minor"] == 100_00


def test_only_what_is_over_expires(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    offer_id = market.offer(shop)
    early, paid, cancelled = (market.order(anna, (offer_id, 1))["id"] for _ in range(3))
    assert market.pay(paid)
    market.moved(anna, cancelled, "cancel")
    pass_hold(market)
    late = market.order(anna, (offer_id, 1))["id"]
    assert expire(market) == 1
    assert [market.row(each).status for each in (early, paid, cancelled, late)] == [
        *("expired", "paid", "cancelled", "awaiting_payment")
    ]
    assert market.stock() == [8]


def test_many_that_are_over_expire_in_several_rounds(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "EXPIRE_MAX", 2)
    offer_id, anna = market.offer(market.shop()), market.people.person()
    for _ in range(5):
        market.order(anna, (offer_id, 1))
    pass_hold(market)
    assert [expire(market) for _ in range(4)] == [2, 2, 1, 0]
    assert market.stock() == [10]


# --- availability


def test_an_order_waits_until_every_shop_that_looks_has_confirmed(market: Market) -> None:
    looks, looks_too, sells = market.shop(confirms=1), market.shop(confirms=1), market.shop()
    anna = market.people.person()
    order = market.order(anna, *((market.offer(shop), 1) for shop in (looks, sells, looks_too)))
    order_id = order["id"]
    assert (order["status"], order["moves"]) == ("check_availability", ["cancel"])
    assert [part["confirmed_at"] is not None for part in order["parts"]] == [False, False, True]
    assert not market.pay(order_id)
    first = f"parts/{looks.shop_id}/confirm"
    assert refused(market.move(sells.keeper, order_id, first)) == (404, "orders.part_unknown")
    assert refused(market.move(anna, order_id, first)) == (404, "orders.part_unknown")
    half = market.moved(looks.keeper, order_id, first)
    assert (half["status"], half["moves"]) == ("check_availability", ["cancel"])
    assert refused(market.move(looks.keeper, order_id, first)) == (409, "orders.move_illegal")
    staff = market.people.person("staff")
    assert refused(market.move(staff, order_id, first)) == (409, "orders.part_done")
    pass_hold(market)  # a shop has longer than a customer
    assert expire(market) == 0
    done = market.moved(staff, order_id, f"parts/{looks_too.shop_id}/confirm")
    assert done["status"] == "awaiting_payment"
    assert market.pay(order_id)
    kinds = [event.kind for event in market.run(market.db.read(history_of, order_id))]
    assert kinds == ["placed", "part_confirmed", "confirmed", "paid"]


def test_a_shop_that_says_no_cancels_and_one_that_says_nothing_lets_it_expire(market: Market) -> None:
    looks, anna = market.shop(confirms=1), market.people.person()
    offer_id = market.offer(looks)
    refusedly, forgotten = (market.order(anna, (offer_id, 1))["id"] for _ in range(2))
    no = market.moved(looks.keeper, refusedly, "cancel", {"reason": "the last copy is torn"})
    assert no["status"] == "cancelled"
    pass_hold(market, DAY_US)
    late = market.move(looks.keeper, forgotten, f"parts/{looks.shop_id}/confirm")
    assert refused(late) == (409, "orders.time_over")
    assert expire(market) == 1
    events = market.run(market.db.read(history_of, forgotten))
    assert (events[-1].reason, events[-1].account_id) == ("not confirmed in time", None)
    assert market.stock() == [10]


def test_an_order_of_nothing_to_pay_is_paid_when_it_is_confirmed(market: Market) -> None:
    looks, anna = market.shop(confirms=1), market.people.person()
    order = market.order(anna, (market.offer(looks, price_minor=0), 1))
    assert (order["status"], order["total_minor"]) == ("check_availability", 0)
    assert market.moved(looks.keeper, order["id"], f"parts/{looks.shop_id}/confirm")["status"] == "paid"


# --- cancelling


def test_a_cancelled_order_gives_back_copies_voucher_and_money_once(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    voucher_id = market.run(market.db.write(enter_voucher, "TENTH"))
    order_id = market.order(anna, (market.offer(shop), 4), voucher="TENTH")["id"]
    assert market.pay(order_id) and market.stock() == [6]
    done = market.moved(anna, order_id, "cancel", {"reason": "too dear"})
    assert (done["status"], done["refunded_minor"], done["moves"]) == ("cancelled", 360_00, [])
    assert [(each["amount_minor"], each["refunding_minor"]) for each in done["payments"]] == [(360_00, 360_00)]
    assert done["parts"][0]["refunded_tax_minor"] == done["parts"][0]["tax_minor"] == 60_00
    again = market.move(anna, order_id, "cancel")
    assert refused(again) == (409, "orders.move_illegal")
    facts = again.json()["facts"]
    assert (facts["status"], facts["by"], facts["legal"], facts["at"]) == (
        "cancelled",
        "you",
        "nothing",
        done["updated_at"],
    )
    assert market.move(shop.keeper, order_id, "cancel").json()["facts"]["by"] == "the customer"
    assert market.stock() == [10]
    assert market.run(market.db.read(uses, voucher_id)) == (0, 0)


def test_who_may_cancel_changes_on_the_way(market: Market) -> None:
    books, toys, anna = market.shop(), market.shop(), market.people.person()
    sole, offers = market.offer(books), (market.offer(books), market.offer(toys))
    shared = market.order(anna, *((each, 1) for each in offers))["id"]
    alone = market.order(anna, (sole, 1))["id"]
    for order_id in (shared, alone):
        assert market.pay(order_id)
    answer = market.move(books.keeper, shared, "cancel")  # a part of it is another shop's
    assert refused(answer) == (409, "orders.move_illegal")
    assert answer.json()["facts"]["legal"] == "ship, refund"
    for order_id, shop in ((shared, books), (shared, toys), (alone, books)):
        market.moved(shop.keeper, order_id, f"parts/{shop.shop_id}/ship")
    for order_id in (shared, alone):
        answer = market.move(anna, order_id, "cancel")
        assert refused(answer) == (409, "orders.move_illegal")
        assert (answer.json()["facts"]["by"], answer.json()["facts"]["legal"]) == ("the seller", "complete")
    assert market.moved(books.keeper, alone, "cancel")["status"] == "cancelled"
    assert market.moved(market.people.person("staff"), shared, "cancel")["status"] == "cancelled"
    assert market.stock() == [10, 10, 10]


# --- shipping


def test_a_part_is_sent_once_and_only_when_it_is_paid(market: Market) -> None:
    shop, anna = market.shop(), market.people.person()
    order_id = market.order(anna, (market.offer(shop), 1))["id"]
    ship = f"parts/{shop.shop_id}/ship"
    early = market.move(shop.keeper, order_id, ship)
    assert refused(early) == (409, "orders.move_illegal")
    assert (early.json()["facts"]["status"], early.json()["facts"]["legal"]) == ("awaiting_payment", "cancel")
    assert market.pay(order_id)
    assert market.moved(shop.keeper, order_id, ship)["status"] == "shipped"
    assert refused(market.move(shop.keeper, order_id, ship)) == (409, "orders.move_illegal")
    assert market.move(shop.keeper, order_id, f"parts/{shop.shop_id + 1}/ship").status_code == 404


# --- the history


def test_a_history_is_read_in_pages(market: Market) -> None:
    shop = market.shop()
    anna, order_id = market.bought((market.offer(shop), 5))
    for _ in range(3):
        market.moved(shop.keeper, order_id, "refunds", {"amount_minor": 1, "reason": "sorry"})
    path, found, after = f"/api/v1/orders/{order_id}/history?limit=2", [], ""
    while True:
        page = market.client.get(path + after, token=anna.session).json()
        found += [(each["kind"], each["reason"]) for each in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [kind for kind, _ in found] == ["placed", "paid", *["partly_refunded"] * 3]
    assert found[-1][1] == "sorry"


def test_a_history_that_misses_an_event_does_not_give_the_row(market: Market) -> None:
    """The canary of every check of histories."""
    _, order_id = market.bought((market.offer(market.shop()), 1))
    events = market.run(market.db.read(history_of, order_id))
    told = [event.changes for event in events]
    assert replayed(OrderRow, told) == market.row(order_id)
    assert replayed(OrderRow, told[:1]) != market.row(order_id)
