"""Transfers: what they move, what refuses them, and that one cause moves money once."""

import asyncio
from typing import Any

import msgspec
import pytest

from artel.db import Read, Write
from artel.kernel.clock import parse_iso
from artel.kernel.errors import Refusal
from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book import service
from artel.ledger.book.model import (
    AmountUnfit,
    Intent,
    KeyReused,
    Made,
    NotEnoughMoney,
    Posting,
    TooMuchMoney,
    escrow,
    fees,
    provider,
    revenue,
    wallet,
    world,
)
from artel.ledger.book.rules import WALLET_CAP_MINOR
from tests.ledger.book.bank import ANNA, BELA, CLEO, DAY_US, RUB, Bank
from tests.people import People

FEES, WORLD = fees(RUB), world(RUB)


def refused(bank: Bank, kind: type[Refusal], intent: Intent) -> dict[str, Any]:
    """The facts of the refusal, after which nothing is changed."""
    before = bank.rows()
    with pytest.raises(kind) as found:
        bank.send(intent)
    assert bank.rows() == before
    return found.value.facts


# --- moving


def test_a_transfer_tells_what_it_moved(bank: Bank, people: People) -> None:
    staff = people.person("staff")
    before_us = bank.run(bank.clock.read(_now))
    gift = bank.move(WORLD, ANNA, 500, reference="job/7", note="a gift", by=staff.account_id, effective_us=1_000_000)
    made = bank.get(gift)
    assert (made.kind, made.reference, made.note, made.by_account_id) == (
        "test.moved",
        "job/7",
        "a gift",
        staff.account_id,
    )
    assert made.effective_at == "1970-01-01T00:00:01.000000Z"
    assert before_us <= parse_iso(made.booked_at) == gift.booked_us <= bank.run(bank.clock.read(_now))
    assert (made.reverses_id, made.reversed_by_id) == (None, None)
    assert {(each.purpose, each.owner, each.currency, each.amount_minor) for each in made.entries} == {
        ("world", "", RUB, -500),
        ("wallet", "account/101", RUB, 500),
    }


async def _now(tx: Read) -> int:
    return tx.now_us


def test_without_a_time_of_its_own_a_transfer_counts_from_when_it_is_booked(bank: Bank) -> None:
    bank.clock.at_us = 1_000_000
    made = bank.get(bank.fill(ANNA, 5))
    assert made.effective_at == made.booked_at == "1970-01-01T00:00:01.000000Z"


def test_money_goes_from_one_account_to_several(bank: Bank) -> None:
    bank.fill(ANNA, 1_000)
    bank.post(Posting(ANNA, -1_000), Posting(revenue(3, RUB), 875), Posting(FEES, 125))
    assert bank.stands(ANNA) == (0, 0, 0)
    assert bank.stands(revenue(3, RUB)) == (875, 0, 875)
    assert bank.stands(FEES) == (125, 0, 125)
    assert bank.stands(WORLD) == (-1_000, 0, -1_000)


def test_an_account_that_was_never_used_is_empty(bank: Bank) -> None:
    assert bank.stands(ANNA) == (0, 0, 0)
    assert bank.stands(FEES) == (0, 0, 0)
    assert bank.balance(ANNA).currency == RUB


def test_accounts_differ_by_purpose_owner_and_currency(bank: Bank) -> None:
    for number, place in enumerate([ANNA, BELA, wallet(101, "EUR"), escrow(101, RUB), revenue(101, RUB)], 1):
        bank.fill(place, number)
    assert [bank.stands(place)[0] for place in (ANNA, BELA, wallet(101, "EUR"), escrow(101, RUB))] == [1, 2, 3, 4]
    assert bank.stands(revenue(101, RUB))[0] == 5
    assert bank.stands(WORLD)[0] == -12
    assert bank.stands(world("EUR"))[0] == -3


def test_a_transfer_in_two_currencies_moves_both(bank: Bank) -> None:
    bank.fill(ANNA, 9_000)
    euros = Posting(wallet(101, "EUR"), 100), Posting(world("EUR"), -100)
    bank.post(Posting(ANNA, -9_000), Posting(WORLD, 9_000), *euros)
    assert (bank.stands(ANNA)[0], bank.stands(wallet(101, "EUR"))[0]) == (0, 100)


def test_hot_accounts_alone_can_move_money(bank: Bank) -> None:
    made = bank.get(bank.move(provider("manual", RUB), FEES, 70))
    assert (bank.stands(FEES)[0], bank.stands(provider("manual", RUB))[0]) == (70, -70)
    assert len(made.entries) == 2


def test_the_largest_amount_moves(bank: Bank) -> None:
    bank.fill(revenue(1, RUB), AMOUNT_MAX)
    bank.move(revenue(1, RUB), FEES, AMOUNT_MAX)
    assert bank.stands(FEES)[0] == AMOUNT_MAX


# --- floors and caps


def test_a_wallet_never_falls_below_zero(bank: Bank) -> None:
    bank.fill(ANNA, 100)
    facts = refused(bank, NotEnoughMoney, bank.intent(Posting(ANNA, -101), Posting(BELA, 101)))
    assert facts == {"available_minor": 100, "needed_minor": 101, "currency": RUB}
    bank.move(ANNA, BELA, 100)
    assert bank.stands(ANNA) == (0, 0, 0)


def test_an_unused_wallet_has_no_money_to_move(bank: Bank) -> None:
    facts = refused(bank, NotEnoughMoney, bank.intent(Posting(ANNA, -1), Posting(BELA, 1)))
    assert facts["available_minor"] == 0


def test_an_escrow_never_falls_below_zero(bank: Bank) -> None:
    bank.fill(escrow(1, RUB), 100)
    refused(bank, NotEnoughMoney, bank.intent(Posting(escrow(1, RUB), -101), Posting(BELA, 101)))


@pytest.mark.parametrize("place", [revenue(1, RUB), FEES, WORLD, provider("manual", RUB)])
def test_other_accounts_may_fall_below_zero(bank: Bank, place: Any) -> None:
    bank.move(place, ANNA, 100)
    assert bank.stands(place) == (-100, 0, -100)


def test_a_wallet_never_rises_above_its_cap(bank: Bank) -> None:
    bank.fill(ANNA, WALLET_CAP_MINOR - 100)
    facts = refused(bank, TooMuchMoney, bank.intent(Posting(WORLD, -101), Posting(ANNA, 101)))
    assert facts["cap_minor"] == WALLET_CAP_MINOR
    bank.fill(ANNA, 100)
    assert bank.stands(ANNA)[0] == WALLET_CAP_MINOR
    refused(bank, TooMuchMoney, bank.intent(Posting(WORLD, -1), Posting(ANNA, 1)))
    bank.move(ANNA, BELA, 1)
    bank.fill(ANNA, 1)


def test_a_new_wallet_never_begins_above_its_cap(bank: Bank) -> None:
    refused(bank, TooMuchMoney, bank.intent(Posting(WORLD, -WALLET_CAP_MINOR - 1), Posting(ANNA, WALLET_CAP_MINOR + 1)))


def test_when_one_side_is_refused_the_others_keep_their_money(bank: Bank) -> None:
    bank.fill(ANNA, 100)
    bank.fill(BELA, WALLET_CAP_MINOR)
    three = Posting(ANNA, -100), Posting(FEES, 50), Posting(BELA, 50)
    refused(bank, TooMuchMoney, bank.intent(*three))
    bank.fill(CLEO, 10)
    refused(bank, NotEnoughMoney, bank.intent(Posting(ANNA, -50), Posting(CLEO, -11), Posting(FEES, 61)))
    assert (bank.stands(ANNA)[0], bank.stands(CLEO)[0], bank.stands(FEES)[0]) == (100, 10, 0)


@pytest.mark.parametrize("amount_minor", [0, AMOUNT_MAX + 1, 10**18, 2**63, 2**64])
def test_an_amount_that_cannot_be_moved_is_refused(bank: Bank, amount_minor: int) -> None:
    refused(bank, AmountUnfit, bank.intent(Posting(WORLD, -amount_minor), Posting(FEES, amount_minor)))


# --- the same cause again


def test_the_same_intent_under_the_same_key_is_the_same_transfer(bank: Bank) -> None:
    bank.fill(ANNA, 100)
    intent = bank.intent(Posting(ANNA, -40), Posting(BELA, 40), key="job/1/fulfilled")
    made = bank.send(intent)
    assert made.new
    before = bank.rows()
    bank.clock.later_us = DAY_US
    again = bank.send(intent)
    assert again == Made(made.id, made.booked_us, new=False)
    assert bank.send(msgspec.structs.replace(intent, postings=intent.postings[::-1])) == again
    assert bank.rows() == before


def test_a_replay_needs_no_money(bank: Bank) -> None:
    bank.fill(ANNA, 100)
    intent = bank.intent(Posting(ANNA, -100), Posting(BELA, 100))
    made = bank.send(intent)
    assert bank.send(intent).id == made.id
    assert (bank.stands(ANNA)[0], bank.stands(BELA)[0]) == (0, 100)


@pytest.mark.parametrize(
    "change",
    [
        {"postings": (Posting(ANNA, -41), Posting(BELA, 41))},
        {"postings": (Posting(ANNA, -40), Posting(CLEO, 40))},
        {"postings": (Posting(BELA, -40), Posting(ANNA, 40))},
        {"kind": "test.other"},
        {"reference": "job/2"},
        {"note": "other"},
        {"effective_us": 7},
    ],
)
def test_another_intent_under_the_same_key_is_refused(bank: Bank, change: dict[str, Any]) -> None:
    bank.fill(ANNA, 100)
    intent = bank.intent(Posting(ANNA, -40), Posting(BELA, 40), key="job/1/fulfilled")
    bank.send(intent)
    assert refused(bank, KeyReused, msgspec.structs.replace(intent, **change)) == {"key": "job/1/fulfilled"}


def test_a_refused_transfer_leaves_its_key_free(bank: Bank) -> None:
    intent = bank.intent(Posting(ANNA, -40), Posting(BELA, 40))
    refused(bank, NotEnoughMoney, intent)
    bank.fill(ANNA, 40)
    bank.send(intent)
    assert bank.stands(BELA)[0] == 40


def test_a_hundred_at_once_under_one_key_move_money_once_and_get_one_answer(bank: Bank) -> None:
    bank.fill(ANNA, 1_000)
    intent = bank.intent(Posting(ANNA, -10), Posting(BELA, 7), Posting(FEES, 3), key="once")

    async def all_of_them() -> list[Made]:
        return list(await asyncio.gather(*(bank.clock.write(service.post, intent) for _ in range(100))))

    answers = bank.run(all_of_them())
    assert len({(each.id, each.booked_us) for each in answers}) == 1
    assert sum(each.new for each in answers) == 1
    assert (bank.stands(ANNA)[0], bank.stands(BELA)[0], bank.stands(FEES)[0]) == (990, 7, 3)


def test_two_intents_at_once_under_one_key_are_one_transfer_and_refusals(bank: Bank) -> None:
    bank.fill(ANNA, 1_000)
    intents = [bank.intent(Posting(ANNA, -n), Posting(BELA, n), key="once") for n in (3, 5)]

    async def all_of_them() -> list[Any]:
        sent = (bank.clock.write(service.post, intents[number % 2]) for number in range(40))
        return list(await asyncio.gather(*sent, return_exceptions=True))

    answers = bank.run(all_of_them())
    assert sum(isinstance(answer, KeyReused) for answer in answers) == 20
    assert len({answer.id for answer in answers if isinstance(answer, Made)}) == 1
    assert bank.stands(BELA)[0] in (3, 5)


# --- what caused it


def test_all_transfers_of_a_reference_are_found_with_their_entries(bank: Bank) -> None:
    made = [bank.fill(place, 5, reference="order/9") for place in (ANNA, BELA, escrow(1, RUB))]
    bank.fill(ANNA, 5, reference="order/90")
    assert bank.of("order/9") == list(map(bank.get, made))
    assert bank.of("order/8") == []


def test_the_state_of_a_thing_and_its_money_are_committed_together(bank: Bank) -> None:
    """A transaction that fails after the transfer takes the transfer with it."""

    async def half(tx: Write, intent: Intent) -> None:
        await service.post(tx, intent)
        raise RuntimeError("the other half")

    before = bank.rows()
    with pytest.raises(RuntimeError):
        bank.run(bank.clock.write(half, bank.intent(Posting(WORLD, -5), Posting(ANNA, 5))))
    assert bank.rows() == before
