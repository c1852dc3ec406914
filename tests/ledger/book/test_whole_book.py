"""R7 of the book: whatever is asked of it, in any order, at any time, it answers as the book in plain Python does."""

import itertools
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how_much
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from artel.db import Database
from artel.db.long_reads import LongReads
from artel.kernel.clock import iso
from artel.kernel.errors import Refusal
from artel.ledger.book import checks, posting, rules, service, ties
from artel.ledger.book.checks import Checks
from artel.ledger.book.model import (
    BalanceQuery,
    Made,
    Place,
    Posting,
    escrow,
    fees,
    payouts,
    provider,
    refunds,
    revenue,
    wallet,
    world,
)
from artel.ledger.journal import service as sealing
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.book.bank import DAY_US, Bank
from tests.ledger.book.plain_book import CAP_MINOR, PlainBook
from tests.proofs.conftest import SCALE

EXAMPLES: Final = 20 * SCALE
STEPS: Final = 30
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

amounts = st.one_of(
    st.integers(1, 300), st.sampled_from([0, -1, CAP_MINOR, CAP_MINOR - 50, 10**15, 10**15 + 1, 10**18])
)
small = st.integers(1, 60)
places = st.integers(0, 8)


class Machine(RuleBasedStateMachine):
    """The real book on one side, the plain one on the other. Each run has a currency, and so accounts, of its own."""

    bank: Bank
    reads: LongReads
    currencies: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.currency = self.currencies()
        self.plain = PlainBook()
        self._numbers = itertools.count(1)
        self.holds: dict[str, int] = {}
        code = self.currency
        self.places: list[Place] = [
            *(wallet(number, code) for number in (1, 2, 3)),
            escrow(1, code),
            revenue(1, code),
            fees(code),
            provider("manual", code),
            refunds(code),
            world(code),
        ]
        self._at(DAY_US)
        for place in self.places[:3]:
            self._post([Posting(world(code), -500), Posting(place, 500)])

    def _at(self, now_us: int) -> None:
        self.bank.clock.at_us = self.plain.now_us = now_us

    def _key(self) -> str:
        return f"{self.currency}/{next(self._numbers)}"

    def _agree(self, real: Callable[[], Any], allowed: set[type[Refusal]]) -> Any:
        """What the real book answered; a refusal, if the plain one says so."""
        try:
            answer = real()
        except Refusal as refusal:
            assert type(refusal) in allowed, f"{refusal!r} and not {allowed}"
            return None
        assert not allowed, f"{answer} and not {allowed}"
        return answer

    def _post(self, postings: list[Posting], key: str = "") -> None:
        key = key or self._key()
        known = key in self.plain.transfers
        allowed = self.plain.post(key, postings, sorted((each.place, each.amount_minor) for each in postings))
        made = self._agree(lambda: self.bank.post(*postings, key=key), allowed)
        if made is not None:
            assert made.new is not known
            self._made(key, made)

    def _made(self, key: str, made: Made) -> None:
        self.plain.made(key, made.id)
        assert (self.plain.numbers[key], self.plain.transfers[key].booked_us) == (made.id, made.booked_us)

    @rule(source=places, to=places, amount=amounts)
    def move(self, source: int, to: int, amount: int) -> None:
        if source != to:
            self._post([Posting(self.places[source], -amount), Posting(self.places[to], amount)])

    @rule(place=st.integers(0, 2), over=st.integers(-1, 1))
    def fill_up(self, place: int, over: int) -> None:
        """To the cap, nearly, or a little more."""
        full = self.places[place]
        amount = CAP_MINOR - self.plain.account(full).posted + over
        self._post([Posting(world(self.currency), -amount), Posting(full, amount)])

    @rule(place=st.integers(0, 3), over=st.integers(-1, 1))
    def empty(self, place: int, over: int) -> None:
        """All that is available, nearly, or a little more."""
        account = self.plain.account(self.places[place])
        amount = account.posted - account.held + over
        self._post([Posting(world(self.currency), amount), Posting(self.places[place], -amount)])

    @rule(source=places, to=places, amount=st.integers(2, 300), others=st.lists(places, unique=True, max_size=3))
    def share(self, source: int, to: int, amount: int, others: list[int]) -> None:
        """To several, one each and the rest to one; with the books of another currency moved beside."""
        others = [each for each in others if each not in (source, to)]
        if source == to:
            return
        sides = [Posting(self.places[each], 1) for each in others]
        whole = amount + len(others)
        beside = [Posting(world("XXX"), -7), Posting(fees("XXX"), 7)]
        self._post([Posting(self.places[source], -whole), Posting(self.places[to], amount), *sides, *beside])

    @precondition(lambda self: self.plain.transfers)
    @rule(data=st.data(), other=st.booleans())
    def again(self, data: st.DataObject, other: bool) -> None:
        asked = {key: each for key, each in self.plain.transfers.items() if isinstance(each.asked, list)}
        key = data.draw(st.sampled_from(sorted(asked)))
        sign = -1 if other else 1
        self._post([Posting(place, sign * amount) for place, amount in asked[key].postings], key)

    @precondition(lambda self: self.plain.transfers)
    @rule(data=st.data(), same_key=st.booleans())
    def reverse(self, data: st.DataObject, same_key: bool) -> None:
        of = data.draw(st.sampled_from(sorted(self.plain.transfers)))
        key = f"{of}/back" if same_key else self._key()
        number = self.plain.numbers[of]
        back = [Posting(place, -amount) for place, amount in self.plain.transfers[of].postings]
        allowed = self.plain.post(key, back, ("reversal", of), reverses=of)
        made = self._agree(lambda: self.bank.reverse(number, key=key), allowed)
        if made is not None:
            self._made(key, made)

    @rule(
        place=st.integers(0, 4), amount=small | amounts, ttl_us=st.sampled_from([0, 1, 2, DAY_US]), again=st.booleans()
    )
    def hold(self, place: int, amount: int, ttl_us: int, again: bool) -> None:
        key = sorted(self.holds)[-1] if again and self.holds else self._key()
        expires_us = self.plain.now_us + ttl_us if ttl_us else 0
        allowed = self.plain.hold(key, self.places[place], amount, expires_us)
        made = self._agree(lambda: self.bank.hold(self.places[place], amount, key=key, expires_us=expires_us), allowed)
        if made is not None:
            assert self.holds.setdefault(key, made.id) == made.id

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), part=st.sampled_from([0, 1, 2, 1_000]), fee=st.booleans())
    def settle(self, data: st.DataObject, part: int, fee: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.holds)))
        amount = self.plain.holds[key].amount * part // 2
        to = [Posting(payouts(self.currency), amount - (fee and amount > 1))]
        to += [Posting(fees(self.currency), 1)] if fee and amount > 1 else []
        number = self.holds[key]
        allowed = self.plain.settle(key, to, f"hold {key}")
        made = self._agree(lambda: self.bank.settle(number, *to), allowed)
        if made is not None:
            self._made(f"hold {key}", made)

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.holds)))
        self._agree(lambda: self.bank.void(self.holds[key]), self.plain.void(key))

    @rule(by_us=st.sampled_from([0, 2, 2 * DAY_US]))
    def expire(self, by_us: int) -> None:
        self._at(self.plain.now_us + by_us)
        assert self.bank.expire() == self.plain.expire()

    @rule(by_us=st.sampled_from([-5, -1, 1, 1, 2, 1_000, DAY_US]))
    def time_passes(self, by_us: int) -> None:
        self._at(self.plain.now_us + by_us)

    @rule(count=st.integers(1, 20))
    def seal(self, count: int) -> None:
        self.bank.run(self.bank.clock.write(sealing.seal, count))

    @rule(place=places, back_us=st.integers(-3, 10), limit=st.integers(1, 5))
    def look(self, place: int, back_us: int, limit: int) -> None:
        of = self.places[place]
        if of not in self.plain.accounts or not self.plain.accounts[of].lines:
            return
        at_us = self.plain.accounts[of].lines[-1][0] - back_us
        assert self.bank.balance_at(of, at_us) == self.plain.balance_at(of, at_us)
        lines = self.bank.lines(of, limit=limit)
        shown = [(each.booked_at, each.transfer_id, each.amount_minor, each.balance_minor) for each in lines]
        assert shown == [(iso(at_us), *rest) for at_us, *rest in self.plain.statement(of)]

    def teardown(self) -> None:
        """Every balance, every hold, and the book's own check."""
        for place, account in self.plain.accounts.items():
            if place.currency == self.currency:
                expected = account.posted, account.held, account.posted - account.held
                assert self.bank.stands(place) == expected, place
        holds = self.bank.run(self.bank.clock.read(ties.holds, self.holds.values()))
        for key, number in self.holds.items():
            found, plain = holds[number], self.plain.holds[key]
            assert (found.status, found.posted_minor, found.amount_minor) == (plain.status, plain.posted, plain.amount)
        trial = self.bank.run(self.bank.clock.read(service.trial_balance, BalanceQuery()))
        assert sum(line.balance_minor for line in trial if line.currency == self.currency) == 0
        checked = self.bank.run(checks.check(Checks(self.reads)))
        broken = [each for each in checked.broken if each.invariant != "sealing.soon"]  # this clock is of long ago
        assert broken == []
        for key, plain in self.plain.holds.items():  # the next run is not to expire them
            if plain.status == "pending":
                self.bank.clock.at_us = 1
                self.bank.void(self.holds[key])


def play(bank: Bank, installed: Settings, examples: int = EXAMPLES, **how: Any) -> None:
    codes = map("".join, itertools.product(LETTERS, repeat=3))
    reads = LongReads(installed.database, installed.data)
    words = {"bank": bank, "reads": reads, "currencies": staticmethod(lambda: next(codes))}
    machine = type("Machine", (Machine,), words)
    once = how_much(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **how,
    )
    run_state_machine_as_test(machine, settings=once)


def test_whatever_is_asked_the_book_answers_as_the_plain_one(bank: Bank, settings: Settings) -> None:
    play(bank, settings)


async def _forget(*args: Any, **kwargs: Any) -> None:
    return None


def _never(*args: Any, **kwargs: Any) -> bool:
    return False


FAULTS: Final = {
    "a cap that nobody looks at": (rules, "cap_of", lambda place: None),
    "a floor that is a little low": (rules, "FLOORS", {"wallet": -100, "escrow": 0}),
    "holds that never expire": (rules, "is_over", _never),
    "a second reversal": (posting, "_refuse_second_reversal", _forget),
    "one key for two causes": (rules, "input_hash", lambda intent: b"the same"),
}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(
    db: Database, run: Run, settings: Settings, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises(BaseException) as found:  # noqa: B017 - whatever shows the fault: several at once are a group
        play(Bank(db, run), settings, 200, phases=[Phase.generate], report_multiple_bugs=False)
    assert not isinstance(found.value, KeyboardInterrupt)
