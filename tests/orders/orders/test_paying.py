"""Paying over HTTP, on both databases: who pays and who confirms, what comes late, twice, wrong or not at all."""

import asyncio
from typing import Any

import pytest

from artel.accounts.service import authenticate
from artel.app import LATE_BY_S
from artel.kernel.clock import US
from artel.orders.orders import moves, paying
from artel.payments import service as payments
from artel.payments.model import Hint, Wish
from artel.payments.rules import CHECK_AFTER_S, START_GRACE_US
from tests.orders.orders.market import Market
from tests.orders.orders.till import HOLD_US, KINDS, PAID_BACK, Till
from tests.orders.waiting import pass_time

# --- who


def test_a_customer_pays_and_the_order_is_paid_at_once(till: Till) -> None:
    order_id = till.placed()
    payment = till.paid(order_id, "ok")
    assert (payment["status"], payment["amount_minor"], payment["taken_minor"]) == ("succeeded", 20_000, 20_000)
    assert till.get(till.customer, order_id)["status"] == "paid"
    assert till.shown(order_id) == [payment]


def test_nobody_pays_or_sees_the_payments_of_anothers_order(till: Till) -> None:
    order_id, stranger = till.placed(), till.people.person()
    assert till.wish(order_id, {"provider": "manual"}, stranger).json()["code"] == "orders.unknown"
    path = f"/api/v1/orders/{order_id}/payments"
    assert till.client.get(path, token=stranger.session).json()["code"] == "orders.unknown"
    assert till.client.get(path, token=till.seller.keeper.session).status_code == 200


def test_the_seller_of_a_part_sees_no_payments_and_confirms_none(till: Till) -> None:
    other = till.shop()
    order_id = till.order(till.customer, (till.offer_id, 1), (till.offer(other), 1))["id"]
    payment = till.by_hand(order_id)
    path = f"/api/v1/orders/{order_id}/payments"
    for keeper in (till.seller.keeper, other.keeper):
        assert till.client.get(path, token=keeper.session).status_code == 404
        assert till.confirm(keeper, payment).json()["code"] == "payments.unknown"
    assert till.confirm(till.people.person("staff"), payment).status_code == 200


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("keeper", 200, None),
        ("staff", 200, None),
        ("owner", 200, None),
        ("customer", 403, "payments.seller_needed"),
        ("stranger", 404, "payments.unknown"),
    ],
)
def test_the_seller_and_staff_say_that_the_money_is_there(till: Till, who: str, status: int, code: str | None) -> None:
    asker = {"keeper": till.seller.keeper, "customer": till.customer}.get(who)
    asker = asker or till.people.person("customer" if who == "stranger" else who)
    order_id = till.placed()
    payment = till.by_hand(order_id)
    assert payment["status"] == "pending"
    answer = till.confirm(asker, payment, note="in cash")
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    wanted = "paid" if status == 200 else "awaiting_payment"
    assert till.get(till.customer, order_id)["status"] == wanted
    history = till.client.get(f"/api/v1/orders/{order_id}/history", token=till.customer.session).json()["items"]
    assert (history[-1]["kind"], history[-1]["account_id"]) == (
        ("paid", asker.account_id) if status == 200 else ("placed", till.customer.account_id)
    )


def test_another_amount_and_a_second_time_are_refused(till: Till) -> None:
    payment, keeper = till.by_hand(till.placed()), till.seller.keeper
    assert till.confirm(keeper, payment, amount_minor=19_999).json()["code"] == "payments.amount_differs"
    assert till.confirm(keeper, payment).json()["status"] == "succeeded"
    assert till.confirm(keeper, payment).json()["code"] == "payments.already_settled"
    assert till.confirm(keeper, payment | {"id": 999}).json()["code"] == "payments.unknown"


def test_a_payment_with_a_provider_is_not_confirmed_by_hand(till: Till) -> None:
    payment = till.paid(till.placed(), "late")
    assert till.confirm(till.seller.keeper, payment).json()["code"] == "payments.not_by_hand"


# --- what is refused


def test_money_that_is_not_real_is_refused_where_nobody_let_it_in(market: Market) -> None:
    customer = market.people.person()
    order_id = market.order(customer, (market.offer(market.shop()), 1))["id"]
    answer = market.client.post(
        f"/api/v1/orders/{order_id}/payments", token=customer.session, json={"provider": "test"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "payments.money_not_real")
    assert "ARTEL_PAYMENTS_TEST" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"provider": "bank"}, 422, "payments.provider_unknown"),
        ({"provider": "test", "method": "gold"}, 422, "payments.method_unknown"),
        ({"provider": ""}, 400, "request.malformed"),
        ({"provider": "test", "amount_minor": 1}, 400, "request.malformed"),
        ({}, 400, "request.malformed"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(till: Till, wish: Any, status: int, code: str) -> None:
    order_id = till.placed()
    answer = till.wish(order_id, wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert till.shown(order_id) == []


def test_an_order_that_does_not_wait_for_money_is_not_paid(till: Till) -> None:
    cancelled, late = till.placed(), till.placed()
    till.moved(till.customer, cancelled, "cancel")
    assert till.wish(cancelled, {"provider": "test"}).json()["code"] == "orders.move_illegal"
    till.run(till.db.write(pass_time, HOLD_US))
    assert till.wish(late, {"provider": "test"}).json()["code"] in ("orders.time_over", "orders.move_illegal")


# --- once


def test_a_payment_that_waits_is_answered_again(till: Till) -> None:
    order_id = till.placed()
    first = till.paid(order_id, "late")
    assert till.paid(order_id, "late") == till.paid(order_id, "ok") == first


def test_a_key_that_came_before_pays_nothing_more(till: Till) -> None:
    order_id = till.placed()
    wish, key = {"provider": "test", "method": "declined"}, {"Idempotency-Key": "pay-1"}
    first = till.wish(order_id, wish, headers=key)
    again = till.wish(order_id, wish, headers=key)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(till.shown(order_id)) == 1
    assert till.wish(order_id, wish, headers={"Idempotency-Key": "pay-2"}).json()["id"] != first.json()["id"]


def test_ten_who_pay_at_once_pay_once(till: Till) -> None:
    order_id = till.placed()
    path, wish = f"/api/v1/orders/{order_id}/payments", {"provider": "test", "method": "double"}
    send = till.client.send
    answers = till.client.together(*(send("POST", path, token=till.customer.session, json=wish) for _ in range(10)))
    assert {answer.json()["id"] for answer in answers} == {till.shown(order_id)[0]["id"]}
    till.later(5 * US)
    assert till.get(till.customer, order_id)["status"] == "paid"
    assert till.seen(PAID_BACK) == [0]


# --- late, wrong, twice, lost


def test_money_that_comes_after_the_hold_goes_back_whole_and_once(till: Till) -> None:
    order_id = till.placed()
    assert till.paid(order_id, "late")["status"] == "pending"
    assert till.stock() == [8]
    till.later(HOLD_US)
    assert till.get(till.customer, order_id)["status"] == "expired"
    assert till.stock() == [10]
    for _ in range(5):
        till.later(HOLD_US)
    (payment,) = till.shown(order_id)
    assert (payment["status"], payment["refunding_minor"]) == ("succeeded", 20_000)
    assert [(each["amount_minor"], each["status"]) for each in payment["refunds"]] == [(20_000, "done")]
    assert till.seen(PAID_BACK) == [20_000]
    assert till.get(till.customer, order_id)["status"] == "expired"
    assert till.seen(KINDS) == ["order.placed", "order.expired", "payment.refund_promised", "payment.refunded"]


def test_another_amount_than_the_orders_goes_back_and_the_order_still_waits(till: Till) -> None:
    order_id = till.placed()
    till.paid(order_id, "wrong_amount")
    for _ in range(3):
        till.later(10 * US)
    (payment,) = till.shown(order_id)
    assert (payment["taken_minor"], payment["refunding_minor"]) == (20_001, 20_001)
    assert till.seen(PAID_BACK) == [20_001]
    assert till.get(till.customer, order_id)["status"] == "awaiting_payment"
    till.paid(order_id, "ok")
    assert till.get(till.customer, order_id)["status"] == "paid"


def test_an_order_that_is_paid_twice_gives_the_second_payment_back(till: Till) -> None:
    order_id = till.placed()
    by_hand = till.by_hand(order_id)
    till.paid(order_id, "ok")
    assert till.confirm(till.seller.keeper, by_hand).json()["refunding_minor"] == 20_000
    statuses = [(each["provider"], [refund["status"] for refund in each["refunds"]]) for each in till.shown(order_id)]
    assert statuses == [("manual", ["pending"]), ("test", [])]
    assert till.get(till.customer, order_id)["status"] == "paid"


@pytest.mark.parametrize("method", ["lost", "flaky", "double"])
def test_a_payment_of_which_nobody_tells_is_found(till: Till, method: str) -> None:
    order_id = till.placed()
    assert till.paid(order_id, method)["status"] == "pending"
    for _ in range(4):
        till.later(10 * US)
    assert till.get(till.customer, order_id)["status"] == "paid"


def test_a_lie_about_a_payment_is_not_believed(till: Till) -> None:
    order_id = till.placed()
    reference = till.paid(order_id, "lying")["reference"]
    for _ in range(5):
        answer = till.client.post("/api/v1/payments/notifications/test", json={"reference": reference})
        assert answer.status_code == 204
        till.later(6 * US)
    assert till.shown(order_id)[0]["status"] == "failed"
    assert till.get(till.customer, order_id)["status"] == "awaiting_payment"


def test_every_hint_is_answered_alike(till: Till) -> None:
    reference = till.paid(till.placed(), "late")["reference"]
    answers = [
        till.client.post(f"/api/v1/payments/notifications/{provider}", json={"reference": each})
        for provider, each in [("test", reference), ("test", "foreign"), ("manual", reference), ("nobody", "x")]
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(204, "")}
    long = till.client.post("/api/v1/payments/notifications/test", json={"reference": "x" * 201})
    assert long.json()["code"] == "request.malformed"


def test_a_hint_lets_money_be_found_before_its_time(till: Till) -> None:
    order_id = till.placed()
    payment = till.paid(order_id, "late")
    pauses_us = [START_GRACE_US, *(pause_s * US for pause_s in CHECK_AFTER_S[:9])]
    for pause_us in pauses_us:  # after these it is asked for in ten minutes
        till.later(pause_us)
    till.later(HOLD_US + (LATE_BY_S + 10) * US - sum(pauses_us))
    assert till.shown(order_id)[0]["status"] == "pending", "the money is there, and nobody knows"
    till.run(payments.notified(till.db, "test", Hint(payment["reference"])))
    till.later(0)
    assert till.shown(order_id)[0]["status"] == "succeeded"


def test_a_payment_whose_request_broke_off_before_the_provider_was_asked_goes_on(till: Till) -> None:
    order_id = till.placed()
    who = till.run(till.db.read(authenticate, till.customer.session))
    till.run(till.db.write(paying._begin, who, order_id, Wish("test", "ok"), till.providers))
    assert till.shown(order_id)[0]["reference"] is None
    till.later(6 * US)
    assert till.get(till.customer, order_id)["status"] == "paid"


# --- giving back


def test_a_paid_order_that_is_cancelled_is_paid_back(till: Till) -> None:
    order_id = till.placed()
    till.paid(order_id, "refund_fails_first")
    till.moved(till.customer, order_id, "cancel")
    for _ in range(4):
        till.later(60 * US)
    assert till.seen(PAID_BACK) == [20_000]
    assert till.stock() == [10]


def test_money_that_was_taken_by_hand_is_given_back_by_hand(till: Till) -> None:
    order_id, keeper = till.placed(), till.seller.keeper
    payment = till.by_hand(order_id)
    till.confirm(keeper, payment)
    till.moved(till.customer, order_id, "cancel")
    (refund,) = till.shown(order_id)[0]["refunds"]
    path = f"/api/v1/refunds/{refund['id']}/confirm"
    send = till.client.post
    assert send(path, token=till.customer.session).json()["code"] == "payments.seller_needed"
    assert send(path, token=till.people.person().session).json()["code"] == "payments.refund_unknown"
    done = send(path, token=keeper.session, json={"note": "in cash"}).json()
    assert (done["status"], done["note"]) == ("done", "in cash")
    assert send(path, token=keeper.session).json()["code"] == "payments.already_settled"
    assert send("/api/v1/refunds/999/confirm", token=keeper.session).json()["code"] == "payments.refund_unknown"


def test_staff_list_payments_and_try_refunds_again(till: Till) -> None:
    order_id, staff = till.placed(), till.people.person("staff")
    till.paid(order_id, "ok")
    listed = till.client.get("/api/v1/payments?status=succeeded", token=staff.session).json()
    assert listed["items"] == till.shown(order_id)
    for token in (till.customer.session, till.seller.keeper.session):
        assert till.client.get("/api/v1/payments", token=token).status_code == 403
    retry = till.client.post("/api/v1/refunds/999/retry", token=staff.session)
    assert retry.json()["code"] == "payments.refund_unknown"


# --- all at once


def test_of_money_cancellation_and_expiry_at_once_one_wins_and_stock_and_money_agree(till: Till) -> None:
    for _ in range(6):
        order_id = till.placed()
        payment = till.by_hand(order_id)
        till.run(till.db.write(pass_time, HOLD_US - 30_000))
        cancel, confirm = f"/api/v1/orders/{order_id}/cancel", f"/api/v1/payments/{payment['id']}/confirm"
        body = {"amount_minor": payment["amount_minor"]}

        async def together(cancel: str = cancel, confirm: str = confirm, body: Any = body) -> None:
            send = till.client.send
            await asyncio.gather(
                send("POST", confirm, token=till.seller.keeper.session, json=body),
                send("POST", cancel, token=till.customer.session, json={}),
                moves.expire_due(till.db),
                asyncio.sleep(0.03),
                send("POST", confirm, token=till.seller.keeper.session, json=body),
                moves.expire_due(till.db),
            )

        till.run(together())
        till.run(till.db.write(pass_time, 60 * US))
        till.run(moves.expire_due(till.db))
        status = till.get(till.customer, order_id)["status"]
        (shown,) = till.shown(order_id)
        assert status in ("cancelled", "expired", "paid")
        wanted = shown["taken_minor"] if status != "paid" else 0
        assert shown["refunding_minor"] == wanted
        assert till.stock() == [8 if status == "paid" else 10]
        if status == "paid":
            till.moved(till.customer, order_id, "cancel")
