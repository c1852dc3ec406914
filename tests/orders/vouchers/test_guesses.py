"""Proof: a voucher is not found by trying: wrong codes are counted over carts and orders, whatever is tried at once."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest
from sqlalchemy import update

from artel.db import Command, Database, Write
from artel.db.tables import tallies
from artel.orders.vouchers.rules import GUESSES_PER_ACCOUNT, GUESSES_PER_ADDRESS
from tests.conftest import Client, Run
from tests.orders.carts.baskets import headers, open_guest_cart, put
from tests.orders.vouchers.till import enter_voucher
from tests.people import People, dump
from tests.shop.shelf import enter_offer

CART: Final = "/api/v1/cart"
ORDERS: Final = "/api/v1/orders"
END_WINDOWS = Command(update(tallies).values(window_start_us=1))


@pytest.fixture
def offer_id(db: Database, run: Run) -> int:
    """An offer; the code TENTH takes a tenth off."""
    run(db.write(enter_voucher, "TENTH"))
    found: int = run(db.write(enter_offer))
    return found


@pytest.fixture
def end_windows(db: Database, run: Run) -> Callable[[], int]:
    """Lets the hour pass."""

    async def change(tx: Write) -> int:
        return await tx.run(END_WINDOWS)

    return lambda: run(db.write(change))


def told(answer: Any) -> str:
    """What a cart says of the voucher, or the refusal."""
    return str(answer.json()["voucher"]["refusal"] if answer.status_code == 200 else answer.json()["code"])


def test_an_account_tries_a_few_wrong_codes_and_then_not_even_a_right_one_until_the_hour_is_over(
    client: Client, people: People, offer_id: int, end_windows: Callable[[], int]
) -> None:
    anna, ben = people.person().session, people.person().session
    for session in (anna, ben):
        put(client, offer_id, 1, session=session)
    codes = [f"WRONG{number}" for number in range(GUESSES_PER_ACCOUNT)]
    assert {told(client.get(f"{CART}?voucher={code}", token=anna)) for code in codes} == {"vouchers.unknown"}
    refused = client.get(f"{CART}?voucher=TENTH", token=anna)
    assert (refused.status_code, told(refused)) == (429, "vouchers.too_many_guesses")
    assert 0 < int(refused.headers["retry-after"]) <= 4_320
    order = {"lines": [{"offer_id": offer_id}], "voucher": "TENTH"}
    assert client.post(ORDERS, token=anna, json=order).json()["code"] == "vouchers.too_many_guesses"
    assert client.get(CART, token=anna).status_code == 200, "the cart itself is shown"
    assert told(client.get(f"{CART}?voucher=TENTH", token=ben)) == "None", "others are not kept from theirs"
    assert end_windows()
    assert told(client.get(f"{CART}?voucher=TENTH", token=anna)) == "None"
    assert client.post(ORDERS, token=anna, json=order).json()["discount_minor"] > 0


def test_right_codes_are_never_counted(client: Client, people: People, offer_id: int) -> None:
    anna = people.person().session
    put(client, offer_id, 1, session=anna)
    for _ in range(GUESSES_PER_ACCOUNT + 5):
        assert told(client.get(f"{CART}?voucher=tenth", token=anna)) == "None"
    assert told(client.get(f"{CART}?voucher=WRONG", token=anna)) == "vouchers.unknown"


def test_an_order_with_a_wrong_code_counts_although_nothing_was_ordered(
    client: Client, people: People, offer_id: int
) -> None:
    anna = people.person().session
    key = {"Idempotency-Key": "the same order"}
    for number in range(GUESSES_PER_ACCOUNT):
        order = {"lines": [{"offer_id": offer_id}], "voucher": f"WRONG{number}"}
        answer = client.post(ORDERS, token=anna, json=order, headers=key if number == 0 else {})
        assert (answer.status_code, answer.json()["code"]) == (404, "vouchers.unknown")
    assert told(client.get(f"{CART}?voucher=TENTH", token=anna)) == "vouchers.too_many_guesses"
    assert client.get(ORDERS, token=anna).json()["items"] == []


def test_an_order_without_a_code_is_not_held_up_to_look_for_one(
    client: Client, people: People, offer_id: int, db: Database, run: Run
) -> None:
    for none in ({}, {"voucher": None}, {"voucher": ""}):  # a form sends the last
        lines = {"lines": [{"offer_id": offer_id}]}
        answer = client.post(ORDERS, token=people.person().session, json=lines | none)
        assert (answer.status_code, run(db.read(dump))["tallies"]) == (201, []), none


def guess_at_once(client: Client, sessions: list[str], most: int) -> None:
    sent = [
        client.send("GET", f"{CART}?voucher=WRONG{number}-{place}", token=session)
        for place, session in enumerate(sessions)
        for number in range(2 * GUESSES_PER_ACCOUNT)
    ]
    answers = Counter(map(told, client.together(*sent)))
    assert answers["vouchers.unknown"] == most, answers
    assert answers["vouchers.too_many_guesses"] == len(sent) - most


def test_guesses_that_are_made_at_once_are_counted_one_by_one(client: Client, people: People) -> None:
    guess_at_once(client, [people.person().session], GUESSES_PER_ACCOUNT)


def test_many_accounts_of_one_address_have_no_more_guesses_than_the_address(client: Client, people: People) -> None:
    accounts = GUESSES_PER_ADDRESS // GUESSES_PER_ACCOUNT + 1
    guess_at_once(client, [people.person().session for _ in range(accounts)], GUESSES_PER_ADDRESS)
    anna = people.person().session
    assert told(client.get(f"{CART}?voucher=WRONG", token=anna)) == "vouchers.too_many_guesses"
    assert told(client.at("203.0.113.9").get(f"{CART}?voucher=WRONG", token=anna)) == "vouchers.unknown"


def test_a_guest_has_no_more_guesses_with_another_cart(client: Client) -> None:
    for number in range(GUESSES_PER_ADDRESS):
        guest = headers(open_guest_cart(client))
        assert told(client.get(f"{CART}?voucher=WRONG{number}", headers=guest)) == "vouchers.unknown"
    answer = client.get(f"{CART}?voucher=WRONG", headers=headers(open_guest_cart(client)))
    assert told(answer) == "vouchers.too_many_guesses"


def test_the_proof_catches_a_throttle_that_lets_more_through(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artel.orders.vouchers.rules.GUESSES_PER_ACCOUNT", GUESSES_PER_ACCOUNT + 1)
    with pytest.raises(AssertionError):
        guess_at_once(client, [people.person().session], GUESSES_PER_ACCOUNT)
