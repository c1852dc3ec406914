"""S9: of a hundred who spend one balance at once, one does, whatever they spend it on."""

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.conftest import Client
from tests.ledger.wallets.purse import Purse

SPENDERS = 100
BALANCE = 5_000


def spends(purse: Purse, number: int) -> Any:
    """One of several ways to spend everything."""
    client: Client = purse.client
    if number % 2:
        body = {"amount_minor": BALANCE, "currency": "RUB", "to": f"bank {number}"}
        return client.send("POST", "/api/v1/wallet/withdrawals", token=purse.owner.session, json=body)
    body = {"amount_minor": BALANCE, "currency": "RUB", "note": f"corrected {number}"}
    path = f"/api/v1/accounts/{purse.owner.account_id}/wallet/debits"
    return client.send("POST", path, token=purse.staff.session, json=body)


def test_a_balance_is_spent_once(purse: Purse) -> None:
    for _ in range(2):
        held = sum(purse.balance()) and purse.balance()[0]
        purse.credit(BALANCE)
        answers: list[httpx.Response] = purse.client.together(*(spends(purse, each) for each in range(SPENDERS)))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: SPENDERS - 1}
        assert {each.json()["code"] for each in answers if each.status_code == 409} == {"ledger.not_enough_money"}
        posted, available = purse.balance()
        assert available == 0 and posted in (held, held + BALANCE)


def test_of_three_who_settle_one_withdrawal_one_does(purse: Purse) -> None:
    for number in range(8):
        purse.credit(BALANCE)
        before = purse.balance()[0] - BALANCE
        withdrawal_id = purse.withdrawn(BALANCE)
        own, path = f"/api/v1/wallet/withdrawals/{withdrawal_id}", f"/api/v1/withdrawals/{withdrawal_id}"
        calls = [(f"{path}/paid", purse.staff), (f"{path}/refusal", purse.staff), (f"{own}/cancellation", purse.owner)]
        calls = [*calls[number % 3 :], *calls[: number % 3]]
        send = purse.client.send
        answers: list[httpx.Response] = purse.client.together(
            *(
                send("POST", path, token=who.session, json={"note": "x"} if "wallet" not in path else None)
                for path, who in calls
            )
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 2}
        (won,) = (answer.json()["status"] for answer in answers if answer.status_code == 200)
        for lost in answers:
            if lost.status_code == 409:
                assert lost.json()["facts"]["status"] == won, "the loser learns who won"
        left = before + (0 if won == "paid" else BALANCE)
        assert purse.balance() == (left, left)


@pytest.mark.parametrize("fits", [3, 7])
def test_of_many_who_give_at_once_so_many_do_as_there_is_room_for(purse: Purse, fits: int) -> None:
    purse.credit(100_000_000 - fits * BALANCE)
    body = {"amount_minor": BALANCE, "currency": "RUB", "note": "x"}
    path = f"/api/v1/accounts/{purse.owner.account_id}/wallet/credits"
    answers: list[httpx.Response] = purse.client.together(
        *(purse.client.send("POST", path, token=purse.staff.session, json=body) for _ in range(30))
    )
    assert Counter(answer.status_code for answer in answers) == {201: fits, 409: 30 - fits}
    assert purse.balance() == (100_000_000, 100_000_000)
