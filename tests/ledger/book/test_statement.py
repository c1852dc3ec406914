"""Proof: a statement, and the balance at any time, are what a plain sum of the entries says."""

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from artel.kernel.clock import iso
from artel.kernel.errors import Malformed
from artel.ledger.book import service
from artel.ledger.book.model import (
    BalanceQuery,
    BookAccountUnknown,
    Place,
    Posting,
    StatementQuery,
    fees,
    revenue,
    wallet,
    world,
)
from tests.ledger.book.bank import ANNA, BELA, DAY_US, RUB, Bank

FEES, SHOP, WORLD = fees(RUB), revenue(3, RUB), world(RUB)
PLACES: Final = (ANNA, BELA, SHOP, FEES, WORLD)
HOT: Final = (FEES, WORLD)
Booked = list[tuple[int, int, int]]  # time, transfer, amount


class Past:
    """Many transfers at few different times, some of them while the clock went back, and what they moved."""

    def __init__(self, bank: Bank, count: int = 60) -> None:
        seed = random.SystemRandom().randrange(2**32)
        print(f"seed {seed}")
        self.rng, self.bank = random.Random(seed), bank
        self.booked: dict[Place, Booked] = {place: [] for place in PLACES}
        bank.clock.at_us = DAY_US
        for place in (ANNA, BELA, SHOP):
            self._send(Posting(WORLD, -100_000), Posting(place, 100_000))
        for _ in range(count):
            bank.clock.at_us = DAY_US + self.rng.randrange(-2, 8)
            source, target = self.rng.sample(PLACES, 2)
            amount, fee = self.rng.randint(2, 500), self.rng.choice((0, 1))
            if fee and FEES not in (source, target):
                self._send(Posting(source, -amount), Posting(target, amount - fee), Posting(FEES, fee))
            else:
                self._send(Posting(source, -amount), Posting(target, amount))

    def _send(self, *postings: Posting) -> None:
        made = self.bank.post(*postings, effective_us=self.rng.randrange(DAY_US))
        for each in postings:
            self.booked[each.place].append((made.booked_us, made.id, each.amount_minor))

    def lines(self, place: Place) -> list[tuple[int, int, int, int]]:
        """Time, transfer, amount and the balance after it; the newest first."""
        found, balance_minor = [], 0
        for at_us, transfer_id, amount_minor in sorted(self.booked[place]):
            balance_minor += amount_minor
            found.append((at_us, transfer_id, amount_minor, balance_minor))
        return found[::-1]

    def balance_at(self, place: Place, at_us: int) -> int:
        return sum(amount_minor for booked_us, _, amount_minor in self.booked[place] if booked_us <= at_us)

    def times(self) -> list[int]:
        return sorted({at_us for booked in self.booked.values() for at_us, _, _ in booked})


@pytest.fixture
def past(bank: Bank) -> Past:
    return Past(bank)


def test_a_statement_is_every_entry_with_the_balance_after_it(past: Past) -> None:
    for place in PLACES:
        shown = [
            (each.transfer_id, each.booked_at, each.amount_minor, each.balance_minor) for each in past.bank.lines(place)
        ]
        assert shown == [(id_, iso(at_us), amount, left) for at_us, id_, amount, left in past.lines(place)], place


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
def test_pages_of_a_statement_join_without_a_gap_over_equal_times(past: Past, limit: int) -> None:
    for place in PLACES:
        assert past.bank.lines(place, limit=limit) == past.bank.lines(place, limit=13)
    assert len({at_us for at_us, _, _ in past.booked[WORLD]}) < len(past.booked[WORLD]), "no equal times"


def test_a_page_does_not_move_when_money_comes_in(past: Past) -> None:
    account_id, wanted = past.bank.account_id(ANNA), StatementQuery(limit=3)
    first = past.bank.run(past.bank.clock.read(service.statement, account_id, wanted))
    second_wanted = StatementQuery(limit=3, after=first.next)
    second = past.bank.run(past.bank.clock.read(service.statement, account_id, second_wanted))
    past.bank.fill(ANNA, 5)
    assert past.bank.run(past.bank.clock.read(service.statement, account_id, second_wanted)) == second


def test_a_part_of_a_statement_begins_with_its_time_and_ends_before_the_other(past: Past) -> None:
    for place in PLACES:
        times = past.times()
        for _ in range(10):
            from_us, to_us = sorted(past.rng.sample(range(times[0] - 1, times[-1] + 2), 2))
            shown = past.bank.lines(place, limit=4, from_at=iso(from_us), to_at=iso(to_us))
            expected = [line for line in past.lines(place) if from_us <= line[0] < to_us]
            assert [(each.transfer_id, each.balance_minor) for each in shown] == [
                (line[1], line[3]) for line in expected
            ], place


def test_the_balance_at_any_time_is_the_sum_up_to_it(past: Past) -> None:
    times = past.times()
    for place in PLACES:
        for at_us in [*times, times[0] - 1, times[-1] + 1, 0, 2**60]:
            assert past.bank.balance_at(place, at_us) == past.balance_at(place, at_us), (place, at_us)
        assert past.bank.balance(place).posted_minor == past.balance_at(place, 2**62), place


def test_the_trial_balance_of_any_time_sums_to_zero(past: Past) -> None:
    for at_us in past.times():
        lines = past.bank.run(past.bank.clock.read(service.trial_balance, BalanceQuery(at=iso(at_us))))
        assert sum(line.balance_minor for line in lines) == 0, at_us
        shown = {line.purpose: line.balance_minor for line in lines}
        wallets = past.balance_at(ANNA, at_us) + past.balance_at(BELA, at_us)
        assert shown.get("wallet", 0) == wallets, at_us
        assert shown.get("fees", 0) == past.balance_at(FEES, at_us), at_us
    lines = past.bank.run(past.bank.clock.read(service.trial_balance, BalanceQuery()))
    assert {line.purpose: line.accounts for line in lines}["wallet"] == 2


def test_entries_of_an_account_never_share_a_time_even_when_the_clock_stands_or_goes_back(bank: Bank) -> None:
    bank.clock.at_us = DAY_US
    bank.fill(ANNA, 100)
    bank.fill(BELA, 100)
    bank.clock.at_us = DAY_US - 1_000
    times = [bank.move(ANNA, BELA, 1).booked_us for _ in range(3)]
    assert times == [DAY_US + 1, DAY_US + 2, DAY_US + 3]
    bank.clock.at_us = DAY_US + 10
    assert bank.move(BELA, ANNA, 1).booked_us == DAY_US + 10


def test_a_transfer_is_booked_when_the_latest_of_its_accounts_can_take_it(bank: Bank) -> None:
    bank.clock.at_us = 2 * DAY_US
    bank.fill(ANNA, 100)
    bank.clock.at_us = DAY_US
    bank.fill(BELA, 100)
    both = bank.get(bank.post(Posting(BELA, -1), Posting(ANNA, 1)))
    assert both.booked_at == iso(2 * DAY_US + 1)
    assert bank.balance_at(BELA, 2 * DAY_US) == 100
    assert bank.move(BELA, FEES, 1).booked_us == 2 * DAY_US + 2


def test_what_counts_from_another_time_is_booked_now(bank: Bank) -> None:
    bank.clock.at_us = 5 * DAY_US
    bank.fill(ANNA, 100, effective_us=DAY_US)
    (line,) = bank.lines(ANNA)
    assert (line.booked_at, line.effective_at) == (iso(5 * DAY_US), iso(DAY_US))
    assert bank.balance_at(ANNA, DAY_US) == 0


def test_a_time_without_entries_has_an_empty_statement(bank: Bank) -> None:
    bank.clock.at_us = DAY_US
    bank.fill(ANNA, 5)
    assert bank.lines(ANNA, from_at=iso(DAY_US + 1)) == bank.lines(ANNA, to_at=iso(DAY_US)) == []


MANY: dict[str, Callable[[Bank], Any]] = {
    "statement": lambda bank: bank.run(bank.clock.read(service.statement, 99, StatementQuery())),
    "balance": lambda bank: bank.run(bank.clock.read(service.balance_at, 99, 0)),
    "account": lambda bank: bank.run(bank.clock.read(service.get_account, 99, BalanceQuery())),
}


@pytest.mark.parametrize("what", MANY)
def test_an_account_that_was_never_opened_is_unknown(bank: Bank, what: str) -> None:
    with pytest.raises(BookAccountUnknown) as refused:
        MANY[what](bank)
    assert refused.value.facts == {"book_account_id": 99}


@pytest.mark.parametrize("wrong", [{"after": "x"}, {"after": "WzFd"}, {"from_at": "soon"}, {"to_at": "2026-13-01"}])
def test_a_malformed_place_in_a_statement_is_refused(bank: Bank, wrong: dict[str, str]) -> None:
    bank.fill(wallet(1, RUB), 5)
    with pytest.raises(Malformed):
        bank.lines(wallet(1, RUB), **wrong)


def test_the_balance_of_a_past_time_has_nothing_held(bank: Bank) -> None:
    bank.clock.at_us = DAY_US
    bank.fill(ANNA, 100)
    bank.hold(ANNA, 30)
    account_id = bank.account_id(ANNA)
    now = bank.run(bank.clock.read(service.get_account, account_id, BalanceQuery()))
    then = bank.run(bank.clock.read(service.get_account, account_id, BalanceQuery(at=iso(DAY_US))))
    assert (now.posted_minor, now.held_minor, now.available_minor) == (100, 30, 70)
    assert then == msgspec.structs.replace(now, held_minor=0, available_minor=100)
