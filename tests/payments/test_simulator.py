"""The simulated provider: every behaviour, and that neither a payment nor a refund happens twice."""

from typing import Any

import pytest
from msgspec import structs

from artel.db import Database
from artel.kernel.clock import US
from artel.payments import service
from artel.payments.model import Payable, PaymentRow, Truth, Wish
from artel.payments.provider import ProviderFailed
from artel.payments.service import Providers
from artel.payments.simulator import BEHAVIOURS, Simulator
from tests.conftest import Run
from tests.orders.waiting import pass_time
from tests.payments.conftest import HOUR_US
from tests.payments.till import TOTAL

TAKEN = Truth("captured", TOTAL, "RUB")
DECLINED = Truth("declined", 0, "")
PENDING = Truth("pending", 0, "")


class Asker:
    """Starts a charge and asks about it."""

    def __init__(self, db: Database, run: Run, order: Payable, providers: Providers, simulator: Simulator) -> None:
        self._db, self._run, self._order, self._providers = db, run, order, providers
        self._simulator = simulator
        self.told: list[tuple[str, str]] = []

    def payment(self, method: str) -> PaymentRow:
        wish = Wish("test", method)
        return self._run(self._db.write(service.begin, self._order, wish, self._providers))

    def start(self, method: str) -> str:
        return self._run(self._simulator.start(self.payment(method)))

    def state(self, reference: str) -> Truth:
        return self._run(self._simulator.state(reference))

    def refund(self, reference: str, amount_minor: int, key: str) -> str:
        return self._run(self._simulator.refund(reference, amount_minor, key))

    def later(self, by_us: int) -> None:
        self._run(self._db.write(pass_time, by_us))

    def tell(self) -> int:
        async def hear(provider: str, reference: str) -> None:
            self.told.append((provider, reference))

        return self._run(self._simulator.tell_due(hear))


@pytest.fixture
def asker(db: Database, run: Run, order: Payable, providers: Providers, simulator: Simulator) -> Asker:
    return Asker(db, run, order, providers, simulator)


@pytest.mark.parametrize(
    ("method", "at_once", "after_a_second", "after_the_hold"),
    [
        ("ok", TAKEN, TAKEN, TAKEN),
        ("late", PENDING, PENDING, TAKEN),
        ("double", PENDING, TAKEN, TAKEN),
        ("lost", PENDING, TAKEN, TAKEN),
        ("lying", PENDING, DECLINED, DECLINED),
        ("wrong_amount", PENDING, Truth("captured", TOTAL + 1, "RUB"), Truth("captured", TOTAL + 1, "RUB")),
        ("declined", DECLINED, DECLINED, DECLINED),
        ("refund_fails_first", TAKEN, TAKEN, TAKEN),
    ],
)
def test_a_charge_becomes_what_its_method_says(
    asker: Asker, method: str, at_once: Truth, after_a_second: Truth, after_the_hold: Truth
) -> None:
    reference = asker.start(method)
    assert asker.state(reference) == at_once
    asker.later(US)
    assert asker.state(reference) == after_a_second
    asker.later(HOUR_US)
    assert asker.state(reference) == after_the_hold


def test_every_method_is_tried_here() -> None:
    tried: Any = test_a_charge_becomes_what_its_method_says
    rows = tried.pytestmark[0].args[1]
    assert {row[0] for row in rows} | {"flaky"} == set(BEHAVIOURS)


@pytest.mark.parametrize(("method", "times"), [("ok", 1), ("double", 3), ("lying", 3), ("lost", 0)])
def test_a_charge_is_told_of_as_often_as_its_method_says(asker: Asker, method: str, times: int) -> None:
    reference = asker.start(method)
    for _ in range(5):
        asker.later(US)
        asker.tell()
    assert asker.told == [("test", reference)] * times


def test_a_lying_charge_tells_before_anything_is_decided(asker: Asker) -> None:
    reference = asker.start("lying")
    assert asker.tell() == 1
    assert asker.state(reference) == PENDING


def test_a_payment_that_is_started_twice_is_one_charge(asker: Asker, run: Run, simulator: Simulator) -> None:
    payment = asker.payment("ok")
    assert run(simulator.start(payment)) == run(simulator.start(payment))
    other = structs.replace(payment, id=payment.id + 1)
    assert run(simulator.start(payment)) != run(simulator.start(other))


def test_a_flaky_provider_loses_the_first_answer_and_every_other_one(
    asker: Asker, run: Run, simulator: Simulator
) -> None:
    payment = asker.payment("flaky")
    with pytest.raises(ProviderFailed, match="lost"):
        run(simulator.start(payment))
    reference = run(simulator.start(payment))
    for _ in range(2):
        with pytest.raises(ProviderFailed, match="no answer"):
            asker.state(reference)
        assert asker.state(reference) == PENDING


def test_a_refund_with_a_key_that_came_before_gives_nothing_more(asker: Asker) -> None:
    reference = asker.start("ok")
    first = asker.refund(reference, TOTAL - 1, "a")
    assert asker.refund(reference, TOTAL - 1, "a") == first
    with pytest.raises(ProviderFailed, match="not so much"):
        asker.refund(reference, 2, "b")
    assert asker.refund(reference, 1, "b") != first


@pytest.mark.parametrize("method", ["late", "declined"])
def test_nothing_is_given_back_of_what_was_not_taken(asker: Asker, method: str) -> None:
    reference = asker.start(method)
    with pytest.raises(ProviderFailed, match="not so much"):
        asker.refund(reference, 1, "a")


def test_a_refund_that_fails_first_is_made_once(asker: Asker) -> None:
    reference = asker.start("refund_fails_first")
    for _ in range(2):
        with pytest.raises(ProviderFailed):
            asker.refund(reference, TOTAL, "a")
    assert asker.refund(reference, TOTAL, "a")
    with pytest.raises(ProviderFailed, match="not so much"):
        asker.refund(reference, 1, "b")


def test_the_provider_says_nothing_of_a_reference_that_it_did_not_give(asker: Asker) -> None:
    for ask in (lambda: asker.state("test_x"), lambda: asker.refund("test_x", 1, "a")):
        with pytest.raises(ProviderFailed, match="knows no"):
            ask()
