"""Proof: a transfer is taken back by its opposite, once."""

import asyncio
from typing import Any

import pytest

from artel.ledger.book import service
from artel.ledger.book.model import (
    AlreadyReversed,
    Made,
    NotEnoughMoney,
    NotReversible,
    Posting,
    TransferUnknown,
    fees,
    revenue,
)
from tests.ledger.book.bank import ANNA, BELA, RUB, Bank


def test_a_reversal_is_the_opposite_and_both_name_each_other(bank: Bank) -> None:
    bank.fill(ANNA, 100)
    made = bank.post(Posting(ANNA, -100), Posting(revenue(3, RUB), 90), Posting(fees(RUB), 10))
    back = bank.get(bank.reverse(made.id))
    assert {(each.account_id, each.amount_minor) for each in back.entries} == {
        (each.account_id, -each.amount_minor) for each in bank.get(made).entries
    }
    assert back.reverses_id == made.id
    assert [each.reversed_by_id for each in bank.of("test/1") if each.id == made.id] == [back.id]
    assert (bank.stands(ANNA)[0], bank.stands(revenue(3, RUB))[0], bank.stands(fees(RUB))[0]) == (100, 0, 0)


def test_a_second_reversal_is_refused_and_names_the_first(bank: Bank) -> None:
    made = bank.fill(ANNA, 100)
    bank.fill(ANNA, 100)
    back = bank.reverse(made.id)
    with pytest.raises(AlreadyReversed) as refused:
        bank.reverse(made.id)
    assert refused.value.facts == {"transfer_id": made.id, "by_transfer_id": back.id}
    assert bank.stands(ANNA)[0] == 100


def test_the_same_reversal_under_its_key_is_the_same_transfer(bank: Bank) -> None:
    made = bank.fill(ANNA, 100)
    back = bank.reverse(made.id, key="job/1/refunded")
    assert bank.reverse(made.id, key="job/1/refunded").id == back.id
    assert bank.stands(ANNA)[0] == 0


def test_a_reversal_is_not_reversed_itself(bank: Bank) -> None:
    back = bank.reverse(bank.fill(ANNA, 100).id)
    with pytest.raises(NotReversible):
        bank.reverse(back.id)


def test_money_that_was_spent_is_not_taken_back(bank: Bank) -> None:
    made = bank.fill(ANNA, 100)
    bank.move(ANNA, BELA, 1)
    with pytest.raises(NotEnoughMoney):
        bank.reverse(made.id)
    bank.fill(ANNA, 1)
    bank.reverse(made.id)
    assert bank.stands(ANNA)[0] == 0


def test_money_that_is_held_is_not_taken_back(bank: Bank) -> None:
    made = bank.fill(ANNA, 100)
    held = bank.hold(ANNA, 1)
    with pytest.raises(NotEnoughMoney):
        bank.reverse(made.id)
    bank.void(held.id)
    bank.reverse(made.id)


def test_revenue_is_clawed_back_below_zero(bank: Bank) -> None:
    made = bank.fill(revenue(3, RUB), 100)
    bank.move(revenue(3, RUB), fees(RUB), 100)
    bank.reverse(made.id)
    assert bank.stands(revenue(3, RUB))[0] == -100


def test_a_transfer_that_nobody_made_is_unknown(bank: Bank) -> None:
    with pytest.raises(TransferUnknown):
        bank.reverse(7)


def test_of_fifty_reversals_at_once_one_is_made(bank: Bank) -> None:
    made = bank.fill(revenue(3, RUB), 100)

    async def all_of_them() -> list[Any]:
        sent = (
            bank.clock.write(service.reverse, made.id, key=f"refund/{n}", kind="test.refunded", reference="test/1")
            for n in range(50)
        )
        return list(await asyncio.gather(*sent, return_exceptions=True))

    answers = bank.run(all_of_them())
    (winner,) = (each for each in answers if isinstance(each, Made))
    losers = [each for each in answers if each is not winner]
    assert all(isinstance(each, AlreadyReversed) for each in losers), losers
    assert {each.facts["by_transfer_id"] for each in losers} == {winner.id}
    assert bank.stands(revenue(3, RUB))[0] == 0
