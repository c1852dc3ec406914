"""An order's money: what the shops earn, what the platform keeps, what goes back, and where it came from."""

import random
from typing import Any, Final

import pytest

from artel.db import Write
from artel.ledger.book import model as places
from artel.ledger.book import rules as book_rules
from artel.ledger.book.model import Intent, Place
from artel.orders.orders import money
from artel.orders.orders.rows import OrderRow, PartRow
from artel.payments.queries import REFUND_FAILED
from tests.conftest import Client
from tests.orders.orders.accounts import RUB, Accounts
from tests.orders.orders.till import HOLD_US, Till
from tests.orders.waiting import pass_time

SOURCE: Final = places.provider("test", RUB)


def part(shop_id: int, total_minor: int, commission_minor: int = 0, refunded: int = 0, clawed: int = 0) -> PartRow:
    sums = (total_minor, 0, 0, 0, 0, total_minor, refunded)
    return PartRow(1, shop_id, "Books", None, "", *sums, 1, 0, "", 0, commission_minor, clawed)


def order(*parts: PartRow, version: int = 2) -> OrderRow:
    total = sum(each.total_minor for each in parts)
    return OrderRow(1, 5, "paid", RUB, total, 0, 0, 0, 0, total, 0, "", "", "", 1, 0, 1, 0, 1, version)


def moved(intent: Intent) -> dict[Place, int]:
    """What an intent moves; the book would take it."""
    book_rules.check(intent)
    return {posting.place: posting.amount_minor for posting in intent.postings}


# --- pure


def test_what_was_paid_belongs_to_the_shops_less_the_commission() -> None:
    parts = [part(1, 1_000, 100), part(2, 500)]
    assert moved(money.sold(order(*parts), parts, SOURCE, None)) == {
        SOURCE: -1_500,
        places.revenue(1, RUB): 900,
        places.revenue(2, RUB): 500,
        places.fees(RUB): 100,
    }


@pytest.mark.parametrize(
    ("parts", "absent"),
    [
        ([part(1, 1_000)], places.fees(RUB)),
        ([part(1, 1_000, 1_000)], places.revenue(1, RUB)),
        ([part(1, 1_000), part(2, 0)], places.revenue(2, RUB)),
    ],
)
def test_an_account_that_nothing_happens_to_is_left_out(parts: list[PartRow], absent: Place) -> None:
    assert absent not in moved(money.sold(order(*parts), parts, SOURCE, None))


def test_a_part_that_goes_back_takes_its_share_of_the_commission_with_it() -> None:
    (back,) = money.returned([part(1, 1_000, 100), part(2, 500)], {1: 250, 2: 0})
    assert (back.amount_minor, back.commission_minor) == (250, 25)
    assert moved(money.paid_back(order(part(1, 1_000, 100)), [back], "why", 7)) == {
        places.revenue(1, RUB): -225,
        places.fees(RUB): -25,
        places.refunds(RUB): 250,
    }


def test_however_it_goes_back_all_of_it_takes_all_of_the_commission() -> None:
    seed = random.randrange(10**6)
    print("seed", seed)
    draw = random.Random(seed)
    for _ in range(5_000):
        total = draw.choice([draw.randint(1, 50), draw.randint(1, 10**9)])
        commission = money.commission(draw.randint(0, total), draw.randint(0, 10_000))
        refunded = clawed = 0
        while refunded < total:
            share = min(draw.randint(1, max(1, total // 3)), total - refunded)
            (back,) = money.returned([part(1, total, commission, refunded, clawed)], {1: share})
            assert 0 <= back.commission_minor <= back.amount_minor == share
            moved(money.paid_back(order(part(1, total)), [back], "", None))
            refunded, clawed = refunded + share, clawed + back.commission_minor
        assert clawed == commission


@pytest.mark.parametrize(
    ("goods_minor", "rate_bp", "kept"),
    [(1_000, 500, 50), (50, 100, 0), (150, 100, 2), (1_000, 10_000, 1_000), (9, 0, 0)],
)
def test_the_commission_is_rounded_half_to_even(goods_minor: int, rate_bp: int, kept: int) -> None:
    assert money.commission(goods_minor, rate_bp) == kept


def test_every_refund_of_an_order_has_a_key_of_its_own() -> None:
    (back,) = money.returned([part(1, 100)], {1: 10})
    keys = {money.paid_back(order(part(1, 100), version=version), [back], "", None).key for version in (3, 4)}
    assert keys == {"order/1/refund/3", "order/1/refund/4"}


# --- in the book


@pytest.fixture
def accounts(till: Till) -> Accounts:
    return Accounts(till.db, till.run)


def test_a_paid_order_is_its_shops_earning_and_the_platforms(till: Till, accounts: Accounts) -> None:
    accounts.take_commission(till.seller.shop_id, 1_000)
    order_id = till.placed()
    assert accounts.all(till.seller.shop_id) == {}
    till.paid(order_id, "ok")
    assert accounts.all(till.seller.shop_id) == {"test": -20_000, "fees": 2_000, "shop1": 18_000}
    (transfer,) = accounts.of_order(order_id)
    assert (transfer.kind, len(transfer.entries)) == ("order.paid", 3)
    assert accounts.broken() == []


def test_the_commission_is_that_of_the_sale_and_of_the_goods_without_delivery(till: Till, accounts: Accounts) -> None:
    shop = till.seller
    accounts.take_commission(shop.shop_id, 1_000)
    method_id = till.method(shop, 300_00)
    order_id = till.order(till.customer, (till.offer_id, 2), deliveries={str(shop.shop_id): method_id})["id"]
    accounts.take_commission(shop.shop_id, 5_000)
    till.paid(order_id, "ok")
    assert accounts.all(shop.shop_id) == {"test": -50_000, "fees": 2_000, "shop1": 48_000}


def test_each_shop_of_an_order_earns_its_part(till: Till, accounts: Accounts) -> None:
    other = till.shop()
    accounts.take_commission(other.shop_id, 2_500)
    order_id = till.order(till.customer, (till.offer_id, 1), (till.offer(other), 2))["id"]
    till.confirm(till.people.person("staff"), till.by_hand(order_id))
    assert accounts.all(till.seller.shop_id, other.shop_id) == {
        "manual": -30_000,
        "fees": 5_000,
        "shop1": 10_000,
        "shop2": 15_000,
    }


def test_a_refund_is_owed_until_it_is_done_and_takes_its_commission_back(till: Till, accounts: Accounts) -> None:
    shop_id, keeper = till.seller.shop_id, till.seller.keeper
    accounts.take_commission(shop_id, 1_000)
    order_id = till.placed()
    payment = till.by_hand(order_id)
    till.confirm(keeper, payment)
    till.moved(keeper, order_id, "refunds", {"amount_minor": 5_000, "reason": "a scratch"})
    assert accounts.all(shop_id) == {"manual": -20_000, "fees": 1_500, "shop1": 13_500, "refunds": 5_000}
    assert accounts.broken() == []
    (refund,) = till.shown(order_id)[0]["refunds"]
    path = f"/api/v1/refunds/{refund['id']}/confirm"
    assert till.client.post(path, token=keeper.session).status_code == 200
    assert till.client.post(path, token=keeper.session).status_code == 409
    assert accounts.all(shop_id) == {"manual": -15_000, "fees": 1_500, "shop1": 13_500}
    till.moved(keeper, order_id, "refunds", {"everything": True})
    assert accounts.all(shop_id) == {"manual": -15_000, "refunds": 15_000}
    assert accounts.broken() == []


def test_a_cancelled_order_leaves_nothing_behind(till: Till, accounts: Accounts) -> None:
    accounts.take_commission(till.seller.shop_id, 777)
    order_id = till.placed()
    till.paid(order_id, "ok")
    till.moved(till.customer, order_id, "cancel")
    assert accounts.all(till.seller.shop_id) == {"test": -20_000, "refunds": 20_000}
    till.later(0)
    assert accounts.all(till.seller.shop_id) == {}
    assert accounts.broken() == []


def test_a_refund_that_fails_stays_owed(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "refund_fails_first")
    till.moved(till.customer, order_id, "cancel")
    till.later(0)
    assert accounts.all(till.seller.shop_id) == {"test": -20_000, "refunds": 20_000}
    for _ in range(3):
        till.later(60_000_000)
    assert accounts.all(till.seller.shop_id) == {}


@pytest.mark.parametrize(
    ("said", "left"), [({}, {}), ({"by_hand": True, "note": "cash"}, {"test": -20_000, "manual": 20_000})]
)
def test_a_failed_refund_is_given_by_who_gave_it(
    till: Till, accounts: Accounts, said: dict[str, Any], left: dict[str, int]
) -> None:
    order_id, staff = till.placed(), till.people.person("staff")
    till.paid(order_id, "refund_fails_first")
    till.moved(till.customer, order_id, "cancel")
    refund_id = till.shown(order_id)[0]["refunds"][0]["id"]
    till.run(till.db.write(_fail, refund_id))
    answer = till.client.post(f"/api/v1/refunds/{refund_id}/confirm", token=staff.session, json=said)
    assert answer.json()["status"] == "done", answer.text
    till.later(10**12)
    assert accounts.all(till.seller.shop_id) == left
    assert accounts.broken() == []


async def _fail(tx: Write, refund_id: int) -> None:
    """Its provider was asked for the last time."""
    await tx.one(REFUND_FAILED, refund_id=refund_id)


@pytest.mark.parametrize(("method", "taken"), [("late", 20_000), ("wrong_amount", 20_001)])
def test_money_that_was_not_wanted_is_owed_and_goes_back(
    till: Till, accounts: Accounts, method: str, taken: int
) -> None:
    order_id = till.placed()
    till.paid(order_id, method)
    till.run(till.db.write(pass_time, 4 * HOLD_US))
    till.later(0)
    till.later(0)
    (payment,) = till.shown(order_id)
    assert [refund["amount_minor"] for refund in payment["refunds"]] == [taken]
    assert accounts.all(till.seller.shop_id) == {}
    staff = till.people.person("staff")
    shown = till.client.get(f"/api/v1/orders/{order_id}/transfers", token=staff.session).json()["items"]
    assert [(each["kind"], each["reference"]) for each in shown] == [
        ("payment.unwanted", f"payment/{payment['id']}"),
        ("payment.refunded", f"payment/{payment['id']}"),
    ]
    assert accounts.broken() == []


def test_an_order_that_costs_nothing_moves_nothing(till: Till, accounts: Accounts) -> None:
    order_id = till.order(till.customer, (till.offer(till.seller, price_minor=0), 1))["id"]
    assert till.get(till.customer, order_id)["status"] == "paid"
    assert accounts.of_order(order_id) == []
    assert accounts.broken() == []


def test_the_platform_sees_an_orders_transfers_and_nobody_else_does(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "ok")
    path = f"/api/v1/orders/{order_id}/transfers"
    for who in (till.customer, till.seller.keeper):
        assert till.client.get(path, token=who.session).status_code == 403
    staff = till.people.person("staff")
    (shown,) = till.client.get(path, token=staff.session).json()["items"]
    assert sorted((each["purpose"], each["amount_minor"]) for each in shown["entries"]) == [
        ("provider", -20_000),
        ("revenue", 20_000),
    ]
    unknown = till.client.get("/api/v1/orders/999/transfers", token=staff.session)
    assert unknown.json()["code"] == "orders.unknown"


# --- from the wallet


def from_wallet(till: Till, order_id: int, **rest: Any) -> Any:
    return till.wish(order_id, {"provider": "wallet"}, **rest)


def test_an_order_is_paid_from_the_wallet_at_once(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 25_000)
    order_id = till.placed()
    payment = from_wallet(till, order_id).json()
    assert (payment["status"], payment["taken_minor"]) == ("succeeded", 20_000)
    assert till.get(till.customer, order_id)["status"] == "paid"
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 5_000, "shop1": 20_000}
    assert accounts.broken() == []


def test_a_wallet_with_too_little_pays_nothing_and_changes_nothing(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 19_999)
    order_id = till.placed()
    answer = from_wallet(till, order_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "ledger.not_enough_money")
    assert till.shown(order_id) == []
    assert till.get(till.customer, order_id)["status"] == "awaiting_payment"
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 19_999}
    accounts.credit(till.customer, 1)
    assert from_wallet(till, order_id).status_code == 201


def test_the_same_key_pays_once_and_a_second_payment_is_refused(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 100_000)
    order_id = till.placed()
    key = {"Idempotency-Key": "wallet-1"}
    first, again = (from_wallet(till, order_id, headers=key) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert from_wallet(till, order_id).json()["code"] == "orders.move_illegal"
    assert accounts.has(places.wallet(till.customer.account_id, RUB)) == 80_000


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"provider": "wallet", "method": "gold"}, "payments.method_unknown"),
        ({"provider": "purse"}, "payments.provider_unknown"),
    ],
)
def test_a_wallet_has_one_way_to_pay(till: Till, accounts: Accounts, wish: dict[str, str], code: str) -> None:
    accounts.credit(till.customer, 100_000)
    assert till.wish(till.placed(), wish).json()["code"] == code


def test_what_was_paid_from_a_wallet_goes_back_there_at_once(till: Till, accounts: Accounts) -> None:
    accounts.take_commission(till.seller.shop_id, 1_000)
    accounts.credit(till.customer, 20_000)
    order_id = till.placed()
    from_wallet(till, order_id)
    till.moved(till.seller.keeper, order_id, "refunds", {"amount_minor": 5_000})
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 5_000, "fees": 1_500, "shop1": 13_500}
    till.moved(till.seller.keeper, order_id, "refunds", {"everything": True})
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 20_000}
    (payment,) = till.shown(order_id)
    assert [refund["status"] for refund in payment["refunds"]] == ["done", "done"]
    assert accounts.broken() == []


def test_a_cancelled_order_gives_the_wallet_its_money_back_and_the_shop_its_copies(
    till: Till, accounts: Accounts
) -> None:
    accounts.credit(till.customer, 20_000)
    order_id = till.placed()
    from_wallet(till, order_id)
    assert till.stock() == [8]
    till.moved(till.customer, order_id, "cancel")
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 20_000}
    assert till.stock() == [10]


def test_a_wallet_that_is_full_refuses_the_refund_and_nothing_changes(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 20_000)
    order_id = till.placed()
    from_wallet(till, order_id)
    accounts.credit(till.customer, book_rules.WALLET_CAP_MINOR - 1)
    answer = till.move(till.customer, order_id, "cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "ledger.too_much_money")
    assert till.get(till.customer, order_id)["status"] == "paid"
    assert till.stock() == [8]


def test_an_order_whose_hold_is_over_takes_nothing_from_the_wallet(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 20_000)
    order_id = till.placed()
    till.run(till.db.write(pass_time, HOLD_US))
    assert from_wallet(till, order_id).json()["code"] in ("orders.time_over", "orders.move_illegal")
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 20_000}


def test_a_wallet_that_pays_for_one_of_many_orders_at_once_pays_for_one(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 39_999)
    order_ids = [till.placed() for _ in range(5)]
    send, token = till.client.send, till.customer.session
    paths = [f"/api/v1/orders/{order_id}/payments" for order_id in order_ids]
    wish = {"provider": "wallet"}
    answers = till.client.together(*(send("POST", path, token=token, json=wish) for path in paths))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 19_999, "shop1": 20_000}
    assert accounts.broken() == []


def test_an_order_is_paid_once_by_many_who_pay_it_from_the_wallet(till: Till, accounts: Accounts) -> None:
    accounts.credit(till.customer, 1_000_000)
    order_id = till.placed()
    send, token, wish = till.client.send, till.customer.session, {"provider": "wallet"}
    path = f"/api/v1/orders/{order_id}/payments"
    answers = till.client.together(*(send("POST", path, token=token, json=wish) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 9]
    assert accounts.all(till.seller.shop_id, who=till.customer) == {"wallet": 980_000, "shop1": 20_000}


# --- who sets the commission


@pytest.mark.parametrize(("who", "status"), [("staff", 200), ("owner", 200), ("keeper", 403), ("customer", 403)])
def test_the_platform_sets_a_shops_commission(till: Till, who: str, status: int) -> None:
    asker = {"keeper": till.seller.keeper, "customer": till.customer}.get(who) or till.people.person(who)
    client: Client = till.client
    path = f"/api/v1/shops/{till.seller.shop_id}/commission"
    answer = client.request("PUT", path, token=asker.session, json={"rate_bp": 700})
    assert answer.status_code == status
    shown = client.get(path, token=till.seller.keeper.session).json()
    assert shown == {"rate_bp": 700 if status == 200 else 0}
    assert client.get(path, token=till.customer.session).status_code == 403


@pytest.mark.parametrize("rate_bp", [-1, 10_001, 1.5, "5", None])
def test_a_rate_that_is_none_is_refused(till: Till, rate_bp: Any) -> None:
    path = f"/api/v1/shops/{till.seller.shop_id}/commission"
    owner = till.people.person("owner")
    answer = till.client.request("PUT", path, token=owner.session, json={"rate_bp": rate_bp})
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")
