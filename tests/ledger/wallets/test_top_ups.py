"""Proof: a wallet gets what a provider took for it, once, whatever the provider tells, loses, doubles or delays."""

import asyncio
import random
from typing import Any

import pytest
from sqlalchemy import BigInteger, cast, func, select

from artel.accounts.service import authenticate
from artel.db import Query
from artel.edge.idempotency import forget
from artel.kernel.clock import US
from artel.ledger.book import rules as book_rules
from artel.ledger.book.model import provider, refunds
from artel.ledger.wallets import service
from artel.ledger.wallets.model import TopUpWanted
from artel.payments import service as payments
from artel.payments.limits import PAYMENTS_MAX
from artel.payments.service import Asked
from artel.payments.simulator import BEHAVIOURS
from artel.payments.tables import test_charges as charges
from tests.ledger.wallets.purse import GIVEN_BACK, HOUR_US, LATE_US, Purse
from tests.orders.waiting import pass_time

KEPT = Query(  # by the provider's own books
    int,
    select(cast(func.coalesce(func.sum(charges.c.amount_minor - charges.c.refunded_minor), 0), BigInteger)).where(
        charges.c.fate == "captured"
    ),
)
CAP = book_rules.WALLET_CAP_MINOR


def confirm(purse: Purse, payment: Any, **rest: Any) -> Any:
    body = {"amount_minor": payment["amount_minor"], "note": "in cash"} | rest
    return purse.post(f"/payments/{payment['id']}/confirm", body, purse.staff)


def test_money_that_a_provider_takes_is_in_the_wallet_at_once(purse: Purse) -> None:
    payment = purse.topped_up(5_000)
    assert (payment["status"], payment["order_id"], payment["taken_minor"]) == ("succeeded", None, 5_000)
    assert purse.balance() == (5_000, 5_000)
    assert purse.trial() == {"wallet": 5_000, "provider": -5_000}
    (line,) = purse.get("/wallet/entries?currency=RUB")["items"]
    assert (line["kind"], line["reference"]) == ("wallet.topped_up", f"payment/{payment['id']}")
    assert purse.kinds() == ["wallet.topped_up"]
    assert purse.top_ups() == [payment]
    assert purse.get("/wallet/top-ups", purse.people.person())["items"] == []


def test_money_by_hand_is_there_when_staff_say_so(purse: Purse) -> None:
    payment = purse.topped_up(5_000, "", "manual")
    assert (payment["status"], purse.balance()) == ("pending", (0, 0))
    path, body = f"/payments/{payment['id']}/confirm", {"amount_minor": 5_000}
    assert purse.post(path, body).json()["code"] == "payments.seller_needed"
    assert purse.post(path, body, purse.people.person()).json()["code"] == "payments.unknown"
    assert confirm(purse, payment, amount_minor=4_999).json()["code"] == "payments.amount_differs"
    assert purse.balance() == (0, 0)
    assert confirm(purse, payment).json()["status"] == "succeeded"
    assert purse.balance() == (5_000, 5_000)
    assert confirm(purse, payment).json()["code"] == "payments.already_settled"
    assert purse.balance() == (5_000, 5_000)
    assert purse.get("/payments?status=succeeded", purse.staff)["items"] == purse.top_ups()


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"provider": "bank"}, 422, "payments.provider_unknown"),
        ({"provider": "wallet"}, 422, "payments.provider_unknown"),
        ({"method": "gold"}, 422, "payments.method_unknown"),
        ({"amount_minor": CAP + 1}, 409, "ledger.too_much_money"),
    ],
)
def test_a_top_up_that_cannot_be_is_refused_and_nobody_is_asked(
    purse: Purse, wish: dict[str, Any], status: int, code: str
) -> None:
    wanted = {"amount_minor": 1, "currency": "RUB", "provider": "test"} | wish
    answer = purse.post("/wallet/top-ups", wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert purse.top_ups() == []
    assert purse.seen(GIVEN_BACK) == []


def test_whoever_pays_nothing_begins_twenty_top_ups_a_day(purse: Purse) -> None:
    for _ in range(PAYMENTS_MAX):
        purse.topped_up(1, "declined")
    answer = purse.top_up(1)
    assert (answer.status_code, answer.json()["code"]) == (409, "payments.too_many_top_ups")
    assert len(purse.top_ups()) == PAYMENTS_MAX
    assert purse.balance() == (0, 0)


# --- late, twice, lost, untrue


@pytest.mark.parametrize("method", ["lost", "flaky", "double"])
def test_a_top_up_of_which_nobody_tells_is_found_and_counts_once(purse: Purse, method: str) -> None:
    assert purse.topped_up(5_000, method)["status"] == "pending"
    for _ in range(6):
        purse.later(10 * US)
    assert purse.balance() == (5_000, 5_000)
    assert purse.kinds() == ["wallet.topped_up"]


def test_money_that_comes_late_comes_all_the_same(purse: Purse) -> None:
    purse.topped_up(5_000, "late")
    purse.later(LATE_US // 2)
    assert purse.balance() == (0, 0)
    purse.later(LATE_US)
    purse.later(24 * HOUR_US)
    assert purse.balance() == (5_000, 5_000)


def test_a_lie_about_a_top_up_is_not_believed(purse: Purse) -> None:
    reference = purse.topped_up(5_000, "lying")["reference"]
    for _ in range(4):
        answer = purse.client.post("/api/v1/payments/notifications/test", json={"reference": reference})
        assert answer.status_code == 204
        purse.later(6 * US)
    assert purse.top_ups()[0]["status"] == "failed"
    assert purse.balance() == (0, 0)
    assert purse.kinds("%")[-1:] == ["payment.declined"]


def test_another_amount_goes_back_whole(purse: Purse) -> None:
    purse.topped_up(5_000, "wrong_amount")
    for _ in range(4):
        purse.later(10 * US)
    (payment,) = purse.top_ups()
    assert (payment["taken_minor"], payment["refunding_minor"]) == (5_001, 5_001)
    assert [each["status"] for each in payment["refunds"]] == ["done"]
    assert purse.seen(GIVEN_BACK) == [5_001]
    assert purse.balance() == (0, 0)
    assert purse.trial() == {}


def test_money_for_which_there_is_no_room_goes_back_whole(purse: Purse) -> None:
    purse.topped_up(5_000, "late")
    purse.credit(CAP - 4_999)
    for _ in range(4):
        purse.later(LATE_US)
    assert purse.balance() == (CAP - 4_999, CAP - 4_999)
    (payment,) = purse.top_ups()
    assert [(each["status"], each["reason"]) for each in payment["refunds"]] == [
        ("done", "The wallet would hold more than it may.")
    ]
    assert purse.seen(GIVEN_BACK) == [5_000]
    assert purse.trial() == {"wallet": CAP - 4_999, "world": 4_999 - CAP}


def test_money_by_hand_for_which_there_is_no_room_is_owed_until_it_is_given_back(purse: Purse) -> None:
    payment = purse.topped_up(5_000, "", "manual")
    purse.credit(CAP - 4_999)
    (refund,) = confirm(purse, payment).json()["refunds"]
    assert purse.in_book(refunds("RUB")) == 5_000
    path = f"/refunds/{refund['id']}/confirm"
    assert purse.post(path).json()["code"] == "payments.seller_needed"
    assert purse.post(path, None, purse.people.person()).json()["code"] == "payments.refund_unknown"
    assert purse.post(path, {"note": "in cash"}, purse.staff).json()["status"] == "done"
    assert purse.in_book(refunds("RUB")) == purse.in_book(provider("manual", "RUB")) == 0


# --- once


def test_a_top_up_goes_on_when_its_request_is_repeated_after_a_crash(purse: Purse) -> None:
    who = purse.run(purse.db.read(authenticate, purse.owner.session))
    wanted = TopUpWanted(5_000, "RUB", "test")
    purse.run(purse.db.write(service._begin, who, wanted, "request", purse.providers))
    begun = [each["id"] for each in purse.top_ups()]
    for _ in range(2):  # it died before the provider was asked, and then before the answer was taken down
        asked = purse.run(service.ask(purse.db, who, wanted, "request", purse.providers))
    for _ in range(2):
        purse.run(purse.db.write(service.top_up, who, wanted, asked))
    assert [each["id"] for each in purse.top_ups()] == begun
    assert purse.balance() == (5_000, 5_000)


def test_a_key_names_one_top_up_for_longer_than_its_answer_is_kept(purse: Purse) -> None:
    key = {"Idempotency-Key": "top-up-1"}
    first = purse.top_up(5_000, headers=key)
    assert purse.top_up(5_000, headers=key).headers["idempotent-replayed"] == "true"
    purse.run(purse.db.write(forget, -1_000_000))
    again = purse.top_up(5_000, headers=key)
    assert again.json() == first.json()
    assert "idempotent-replayed" not in again.headers
    purse.run(purse.db.write(forget, -1_000_000))
    other = purse.top_up(4_999, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "ledger.key_reused")
    assert purse.balance() == (5_000, 5_000)


def test_twenty_requests_with_one_name_are_one_top_up(purse: Purse) -> None:
    who = purse.run(purse.db.read(authenticate, purse.owner.session))
    wanted = TopUpWanted(5_000, "RUB", "test")

    async def once() -> None:
        asked = await service.ask(purse.db, who, wanted, "request", purse.providers)
        await purse.db.write(service.top_up, who, wanted, asked)

    async def together() -> None:
        await asyncio.gather(*(once() for _ in range(20)))

    purse.run(together())
    assert len(purse.top_ups()) == 1
    assert purse.balance() == (5_000, 5_000)
    assert purse.seen(GIVEN_BACK) == [0]


def test_requests_without_a_name_are_as_many_top_ups(purse: Purse) -> None:
    assert purse.topped_up(5_000)["id"] != purse.topped_up(5_000)["id"]
    assert purse.balance() == (10_000, 10_000)


def test_what_a_provider_said_counts_once_however_often_it_is_taken_down(purse: Purse) -> None:
    purse.topped_up(5_000, "late")
    purse.run(purse.db.write(pass_time, 2 * LATE_US))
    payment = purse.run(purse.db.read(payments.get, purse.top_ups()[0]["id"]))
    asked: Asked = purse.run(payments.ask(purse.providers, payment))

    async def together() -> None:
        await asyncio.gather(*(purse.db.write(service.learn, asked) for _ in range(20)))

    purse.run(together())
    assert purse.balance() == (5_000, 5_000)
    assert purse.kinds() == ["wallet.topped_up"]


def test_wallets_and_the_providers_books_agree_whoever_dies_between_two_steps(purse: Purse) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    who = purse.run(purse.db.read(authenticate, purse.owner.session))

    async def one(number: int) -> None:
        wanted = TopUpWanted(rng.randrange(1, 10**4), "RUB", "test", rng.choice([*BEHAVIOURS]))
        steps = rng.randrange(4)
        if steps == 0:
            await purse.db.write(service._begin, who, wanted, f"request {number}", purse.providers)
        for _ in range(steps):
            asked = await service.ask(purse.db, who, wanted, f"request {number}", purse.providers)
            if rng.random() < 0.5:
                await purse.db.write(service.top_up, who, wanted, asked)

    async def together() -> None:
        await asyncio.gather(*(one(number) for number in range(PAYMENTS_MAX)))

    purse.run(together())
    for _ in range(20):
        purse.later(HOUR_US)
        purse.later(24 * HOUR_US)
    assert {each["status"] for each in purse.top_ups()} <= {"succeeded", "failed"}
    kept = sum(each["taken_minor"] - each["refunding_minor"] for each in purse.top_ups())
    assert purse.seen(KEPT) == [kept]
    assert purse.balance() == (kept, kept)
    assert purse.trial() == ({"wallet": kept, "provider": -kept} if kept else {})
