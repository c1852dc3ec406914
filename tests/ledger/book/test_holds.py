"""Proof: money that is promised is nobody else's, is settled once, and what is not taken is free again."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from artel.ledger.book import service
from artel.ledger.book.model import (
    AmountUnfit,
    Hold,
    HoldOver,
    HoldUnknown,
    KeyReused,
    Made,
    NotEnoughMoney,
    Posting,
    fees,
    payouts,
    revenue,
)
from tests.ledger.book.bank import ANNA, BELA, DAY_US, RUB, Bank

LATER_US = 10**16


@pytest.fixture
def funded(bank: Bank) -> Bank:
    """Anna has 100."""
    bank.fill(ANNA, 100)
    return bank


def test_what_is_held_cannot_be_spent_at_once(funded: Bank) -> None:
    held = funded.hold(ANNA, 60, note="for a friend", expires_us=LATER_US)
    assert funded.stands(ANNA) == (100, 60, 40)
    assert (held.status, held.amount_minor, held.posted_minor, held.currency) == ("pending", 60, 0, RUB)
    assert (held.note, held.settled_at, held.transfer_id) == ("for a friend", None, None)
    assert held.expires_at == "2286-11-20T17:46:40.000000Z"
    with pytest.raises(NotEnoughMoney) as refused:
        funded.move(ANNA, BELA, 41)
    assert refused.value.facts["available_minor"] == 40
    funded.move(ANNA, BELA, 40)
    assert funded.stands(ANNA) == (60, 60, 0)


def test_a_hold_needs_the_money_to_be_available(funded: Bank) -> None:
    funded.hold(ANNA, 60)
    with pytest.raises(NotEnoughMoney) as refused:
        funded.hold(ANNA, 41)
    assert refused.value.facts == {"available_minor": 40, "needed_minor": 41, "currency": RUB}
    assert funded.hold(ANNA, 40).status == "pending"
    assert funded.stands(ANNA) == (100, 100, 0)


def test_an_unused_wallet_cannot_promise_money(bank: Bank) -> None:
    with pytest.raises(NotEnoughMoney):
        bank.hold(ANNA, 1)


@pytest.mark.parametrize("amount_minor", [0, -1, 10**18])
def test_an_unfit_amount_cannot_be_held(funded: Bank, amount_minor: int) -> None:
    with pytest.raises(AmountUnfit):
        funded.hold(ANNA, amount_minor)
    assert funded.stands(ANNA) == (100, 0, 100)


def test_an_account_without_a_floor_can_promise_more_than_it_has(bank: Bank) -> None:
    bank.fill(revenue(3, RUB), 10)
    bank.hold(revenue(3, RUB), 15)
    assert bank.stands(revenue(3, RUB)) == (10, 15, -5)


def test_a_posted_hold_moves_what_was_held(funded: Bank) -> None:
    held = funded.hold(ANNA, 60)
    made = funded.get(funded.settle(held.id, Posting(payouts(RUB), 60)))
    assert funded.stands(ANNA) == (40, 0, 40)
    assert funded.stands(payouts(RUB)) == (60, 0, 60)
    assert {(each.purpose, each.amount_minor) for each in made.entries} == {("wallet", -60), ("payouts", 60)}
    assert (made.kind, made.reference) == ("test.settled", held.reference)


def test_a_partly_posted_hold_returns_the_rest(funded: Bank) -> None:
    held = funded.hold(ANNA, 60)
    funded.settle(held.id, Posting(BELA, 20), Posting(fees(RUB), 5))
    assert funded.stands(ANNA) == (75, 0, 75)
    assert (funded.stands(BELA)[0], funded.stands(fees(RUB))[0]) == (20, 5)


def test_more_than_what_was_held_is_not_posted(funded: Bank) -> None:
    held = funded.hold(ANNA, 60)
    with pytest.raises(AmountUnfit):
        funded.settle(held.id, Posting(BELA, 61))
    assert funded.stands(ANNA) == (100, 60, 40)
    assert funded.stands(BELA) == (0, 0, 0)


def test_a_hold_can_be_posted_when_nothing_else_is_available(funded: Bank) -> None:
    one, other = funded.hold(ANNA, 60), funded.hold(ANNA, 40)
    funded.settle(one.id, Posting(BELA, 60))
    assert funded.stands(ANNA) == (40, 40, 0)
    funded.settle(other.id, Posting(BELA, 40))
    assert funded.stands(ANNA) == (0, 0, 0)


def test_a_voided_hold_frees_the_money(funded: Bank) -> None:
    held = funded.hold(ANNA, 60)
    voided = funded.void(held.id)
    assert (voided.status, voided.posted_minor, voided.transfer_id) == ("voided", 0, None)
    assert voided.settled_at is not None
    assert funded.stands(ANNA) == (100, 0, 100)


def test_an_expired_hold_frees_the_money_and_others_stay(funded: Bank) -> None:
    funded.clock.at_us = DAY_US
    due = funded.hold(ANNA, 10, expires_us=2 * DAY_US)
    funded.hold(ANNA, 20, expires_us=3 * DAY_US)
    funded.hold(ANNA, 30)  # never
    assert funded.expire() == 0
    funded.clock.at_us = 2 * DAY_US
    assert funded.expire() == 1
    assert funded.stands(ANNA) == (100, 50, 50)
    with pytest.raises(HoldOver) as refused:
        funded.void(due.id)
    assert refused.value.facts == {"hold_id": due.id, "status": "expired", "at": "1970-01-03T00:00:00.000000Z"}
    funded.clock.at_us = 1_000 * DAY_US
    assert funded.expire() == 1
    assert funded.expire() == 0
    assert funded.stands(ANNA) == (100, 30, 70)


ENDS: dict[str, Callable[[Bank, Hold], Any]] = {
    "posted": lambda bank, held: bank.settle(held.id, Posting(BELA, held.amount_minor)),
    "voided": lambda bank, held: bank.void(held.id),
}


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
def test_a_hold_ends_once(funded: Bank, first: str, second: str) -> None:
    held = funded.hold(ANNA, 60)
    ENDS[first](funded, held)
    stood = funded.stands(ANNA), funded.stands(BELA)
    with pytest.raises(HoldOver) as refused:
        ENDS[second](funded, held)
    assert (refused.value.facts["hold_id"], refused.value.facts["status"]) == (held.id, first)
    assert (funded.stands(ANNA), funded.stands(BELA)) == stood


def test_the_same_hold_under_the_same_key_is_one_hold(funded: Bank) -> None:
    held = funded.hold(ANNA, 60, key="withdrawal/1")
    assert funded.hold(ANNA, 60, key="withdrawal/1") == held
    with pytest.raises(KeyReused):
        funded.hold(ANNA, 59, key="withdrawal/1")
    with pytest.raises(KeyReused):
        funded.hold(BELA, 60, key="withdrawal/1")
    assert funded.stands(ANNA) == (100, 60, 40)


def test_a_refused_hold_leaves_its_key_free(funded: Bank) -> None:
    with pytest.raises(NotEnoughMoney):
        funded.hold(ANNA, 101, key="withdrawal/1")
    assert funded.hold(ANNA, 100, key="withdrawal/1").status == "pending"


def test_a_hold_that_nobody_made_is_unknown(bank: Bank) -> None:
    with pytest.raises(HoldUnknown):
        bank.void(7)
    with pytest.raises(HoldUnknown):
        bank.settle(7, Posting(BELA, 5))


def test_a_hundred_at_once_under_one_key_hold_once(funded: Bank) -> None:
    wanted = service.HoldIntent(ANNA, 30, kind="test.held", reference="test/1", key="once")

    async def all_of_them() -> list[Hold]:
        return list(await asyncio.gather(*(funded.clock.write(service.hold, wanted) for _ in range(100))))

    answers = funded.run(all_of_them())
    assert set(answers) == {answers[0]}
    assert funded.stands(ANNA) == (100, 30, 70)


def test_of_many_that_end_a_hold_at_once_one_wins(funded: Bank) -> None:
    for number in range(10):
        funded.clock.at_us = 1_000 * DAY_US + number
        held = funded.hold(ANNA, 5, expires_us=DAY_US)
        before = funded.stands(ANNA)[0], funded.stands(BELA)[0]

        async def all_of_them(held: Hold = held) -> list[Any]:
            moves = [funded.clock.write(service.void, held.id) for _ in range(3)]
            moves += [funded.clock.write(service.settle_hold, held.id, (Posting(BELA, 5),), kind="test.settled")]
            moves += [service.expire_due(funded.clock)]
            return list(await asyncio.gather(*moves, return_exceptions=True))

        answers = funded.run(all_of_them())
        assert sum(isinstance(each, Hold | Made) or each == 1 for each in answers) == 1, answers
        assert all(isinstance(each, Hold | Made | HoldOver | int) for each in answers), answers
        moved = 5 if any(isinstance(each, Made) for each in answers) else 0
        assert funded.stands(ANNA) == (before[0] - moved, 0, before[0] - moved)
        assert funded.balance(BELA).posted_minor == before[1] + moved
