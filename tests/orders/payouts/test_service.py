"""Payouts over HTTP, on both databases: what a shop earned it is given once, and its statement says of what."""

import asyncio
from typing import Any

import httpx
import pytest

from artel.kernel.actor import SYSTEM
from artel.ledger.book import model as places
from artel.orders.payouts import service
from artel.orders.payouts.model import RunWanted
from tests.orders.orders.accounts import RUB, Accounts
from tests.orders.orders.market import Shop
from tests.orders.orders.till import Till
from tests.people import Person


def run_of(till: Till, who: Person | None = None, **wanted: Any) -> httpx.Response:
    staff = who or till.people.person("staff")
    return till.client.post("/api/v1/payouts", token=staff.session, json=wanted)


def ran(till: Till, **wanted: Any) -> list[Any]:
    answer = run_of(till, **wanted)
    assert answer.status_code == 201, answer.text
    assert answer.json()["more"] is False
    return list(answer.json()["payouts"])


def sold(till: Till, shop: Shop, price_minor: int = 10_000) -> int:
    order_id: int = till.order(till.customer, (till.offer(shop, price_minor=price_minor), 1))["id"]
    till.paid(order_id, "ok")
    return order_id


def test_a_shop_is_given_what_it_earned_less_the_commission(till: Till, accounts: Accounts) -> None:
    shop = till.seller
    accounts.take_commission(shop.shop_id, 1_000)
    sold(till, shop)
    (payout,) = ran(till, note="November")
    assert (payout["shop_id"], payout["amount_minor"], payout["currency"]) == (shop.shop_id, 9_000, RUB)
    assert (payout["note"], payout["from_at"]) == ("November", None)
    assert accounts.all(shop.shop_id) == {"test": -10_000, "fees": 1_000, "payouts": 9_000}
    assert ran(till) == []


def test_every_shop_is_paid_out_or_only_the_one_that_is_meant(till: Till, accounts: Accounts) -> None:
    others = [till.shop() for _ in range(3)]
    for shop in others:
        sold(till, shop)
    (payout,) = ran(till, shop_id=others[1].shop_id)
    assert payout["shop_id"] == others[1].shop_id
    assert {each["shop_id"] for each in ran(till)} == {others[0].shop_id, others[2].shop_id}
    assert accounts.has(places.payouts(RUB)) == 30_000


def test_a_shop_below_the_minimum_waits(till: Till, accounts: Accounts) -> None:
    sold(till, till.seller)
    assert ran(till, minimum_minor=10_001) == []
    assert ran(till, currency="EUR") == []
    assert len(ran(till, minimum_minor=10_000, currency=RUB)) == 1


def test_what_is_paid_back_after_a_payout_is_less_at_the_next(till: Till, accounts: Accounts) -> None:
    shop = till.seller
    first = sold(till, shop)
    ran(till)
    till.moved(shop.keeper, first, "refunds", {"amount_minor": 4_000})
    assert accounts.has(places.revenue(shop.shop_id, RUB)) == -4_000
    assert ran(till) == []
    sold(till, shop)
    (payout,) = ran(till)
    assert payout["amount_minor"] == 6_000
    assert accounts.broken() == []


def test_the_statement_has_every_line_since_the_payout_before_and_ends_at_nothing(
    till: Till, accounts: Accounts
) -> None:
    shop = till.seller
    accounts.take_commission(shop.shop_id, 1_000)
    sold(till, shop)
    ran(till)
    second = sold(till, shop)
    till.moved(shop.keeper, second, "refunds", {"amount_minor": 1_000})
    sold(till, shop, 500)
    (payout,) = ran(till)
    path, token = f"/api/v1/payouts/{payout['id']}", shop.keeper.session
    lines = till.client.get(f"{path}/entries", token=token).json()["items"]
    assert [(line["kind"], line["amount_minor"], line["balance_minor"]) for line in lines] == [
        ("payout.made", -8_550, 0),
        ("order.paid", 450, 8_550),
        ("order.refunded", -900, 8_100),
        ("order.paid", 9_000, 9_000),
    ]
    pages = []
    after = ""
    while True:
        page = till.client.get(f"{path}/entries?limit=1{after}", token=token).json()
        pages += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert pages == lines
    sheet = till.client.get(f"{path}/entries.csv", token=token)
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    first, *rest = sheet.text.splitlines()
    assert first.startswith("booked_at,kind,reference")
    assert [line.split(",")[1] for line in rest] == [line["kind"] for line in lines]
    sold(till, shop)
    assert till.client.get(f"{path}/entries", token=token).json()["items"] == lines, "what comes later is not in it"


def test_the_sheet_is_read_page_by_page(till: Till, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    for price_minor in (100, 200, 300):
        sold(till, till.seller, price_minor)
    (payout,) = ran(till)
    monkeypatch.setattr(service, "PAGE_MAX", 2)
    path, token = f"/api/v1/payouts/{payout['id']}/entries.csv", till.seller.keeper.session
    assert len(till.client.get(path, token=token).text.splitlines()) == 5
    monkeypatch.setattr(service, "STATEMENT_MAX", 2)
    assert till.client.get(path, token=token).json()["code"] == "payouts.statement_too_long"


def test_a_note_that_would_be_a_formula_is_text_in_the_sheet(till: Till, accounts: Accounts) -> None:
    sold(till, till.seller)
    (payout,) = ran(till, note="=1+1")
    sheet = till.client.get(f"/api/v1/payouts/{payout['id']}/entries.csv", token=till.seller.keeper.session)
    assert ",'=1+1," in sheet.text


# --- who


def test_members_see_the_payouts_of_their_shop_and_the_platform_sees_all(till: Till, accounts: Accounts) -> None:
    other = till.shop()
    for shop in (till.seller, other):
        sold(till, shop)
    made = {each["shop_id"]: each for each in ran(till)}
    mine, theirs = made[till.seller.shop_id], made[other.shop_id]
    keeper, staff = till.seller.keeper.session, till.people.person("staff").session
    get = till.client.get
    assert get("/api/v1/payouts", token=keeper).json()["items"] == [mine]
    assert get("/api/v1/payouts", token=till.customer.session).json()["items"] == []
    assert len(get("/api/v1/payouts", token=staff).json()["items"]) == 2
    assert get(f"/api/v1/payouts?shop={other.shop_id}", token=staff).json()["items"] == [theirs]
    assert get(f"/api/v1/payouts?shop={other.shop_id}", token=keeper).json()["code"] == "shops.not_yours"
    for path in (f"/api/v1/payouts/{theirs['id']}{rest}" for rest in ("", "/entries", "/entries.csv")):
        assert get(path, token=keeper).json()["code"] == "payouts.unknown"
        assert get(path, token=staff).status_code == 200
    assert get("/api/v1/payouts/999", token=staff).json()["code"] == "payouts.unknown"
    assert get(f"/api/v1/payouts/{mine['id']}", token=keeper).json() == mine


@pytest.mark.parametrize("who", ["keeper", "customer"])
def test_nobody_pays_out_but_the_platform(till: Till, accounts: Accounts, who: str) -> None:
    sold(till, till.seller)
    asker = till.seller.keeper if who == "keeper" else till.customer
    assert run_of(till, asker).status_code == 403
    assert accounts.has(places.payouts(RUB)) == 0


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"minimum_minor": 0}, 400, "request.malformed"),
        ({"minimum_minor": -1}, 400, "request.malformed"),
        ({"minimum_minor": 1.5}, 400, "request.malformed"),
        ({"minimum_minor": 10**18}, 400, "request.malformed"),
        ({"currency": "rub"}, 400, "request.malformed"),
        ({"amount_minor": 1}, 400, "request.malformed"),
        ({"shop_id": 999}, 404, "shops.unknown"),
    ],
)
def test_a_run_that_is_not_clear_is_refused(
    till: Till, accounts: Accounts, wanted: Any, status: int, code: str
) -> None:
    sold(till, till.seller)
    answer = run_of(till, **wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert accounts.has(places.payouts(RUB)) == 0


# --- once


def test_the_same_key_pays_out_once(till: Till, accounts: Accounts) -> None:
    sold(till, till.seller)
    staff = till.people.person("staff")
    answers = []
    for _ in range(2):
        answers.append(
            till.client.post("/api/v1/payouts", token=staff.session, json={}, headers={"Idempotency-Key": "run-1"})
        )
        sold(till, till.seller)
    assert answers[0].json() == answers[1].json()
    assert accounts.has(places.payouts(RUB)) == 10_000


def test_of_many_runs_at_once_each_shop_is_paid_once(till: Till, accounts: Accounts) -> None:
    shops = [till.seller, *(till.shop() for _ in range(3))]
    for _ in range(3):
        for shop in shops:
            sold(till, shop)

        async def together() -> list[Any]:
            return await asyncio.gather(*(till.db.write(service.run, SYSTEM, RunWanted()) for _ in range(8)))

        made = [payout for run in till.run(together()) for payout in run.payouts]
        assert sorted(payout.shop_id for payout in made) == sorted(shop.shop_id for shop in shops)
        assert {payout.amount_minor for payout in made} == {10_000}
    assert accounts.has(places.payouts(RUB)) == 3 * 4 * 10_000


def test_a_run_while_orders_are_paid_loses_nothing(till: Till, accounts: Accounts) -> None:
    other = till.shop()
    for shop in (till.seller, other):
        sold(till, shop)
    offers = [till.offer(shop) for shop in (till.seller, other)]
    accounts.credit(till.customer, 10 * 20_000)
    order_ids = [till.order(till.customer, *((offer_id, 1) for offer_id in offers))["id"] for _ in range(10)]
    send, token = till.client.send, till.customer.session
    paths = [f"/api/v1/orders/{order_id}/payments" for order_id in order_ids]

    async def together() -> None:
        await asyncio.gather(
            *(send("POST", path, token=token, json={"provider": "wallet"}) for path in paths),
            *(till.db.write(service.run, SYSTEM, RunWanted()) for _ in range(5)),
        )

    till.run(together())
    ran(till)
    assert accounts.all(till.seller.shop_id, other.shop_id, who=till.customer) == {
        "payouts": 220_000,
        "test": -20_000,
    }


def test_a_run_of_more_shops_than_one_transaction_takes_says_so(
    till: Till, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "RUN_MAX", 2)
    monkeypatch.setattr(service, "PAGE_MAX", 1)
    for _ in range(3):
        sold(till, till.shop())
    first, second = run_of(till).json(), run_of(till).json()
    assert (len(first["payouts"]), first["more"]) == (2, True)
    assert (len(second["payouts"]), second["more"]) == (1, False)
