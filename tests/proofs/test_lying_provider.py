"""Proof: whatever a payment provider tells, loses, doubles or delays, money, orders, stock and book agree in the end.

No order is paid without its stock, and every sum that was taken belongs to an order that is paid, or was given back in
full, once. The provider's own books are the truth. Everything happens several at a time, and whoever does it may die
before or after any commit.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import apsw
import asyncpg
import pytest

from artel.db import Database
from artel.orders.orders import moves
from artel.payments import rules, service
from artel.payments.model import PaymentRow, Truth
from artel.payments.simulator import Simulator
from tests.conftest import Run
from tests.proofs.bazaar import Bazaar

ORDERS = 100  # of one wave, about
WAVES = 3  # so ARTEL_PROOF_SCALE=334 makes 100,000 orders
BY_THE_DATABASE = (apsw.ConstraintError, asyncpg.IntegrityConstraintViolationError)  # it may be the first to see it
CANARY_WAVES = 10  # by then a planted fault has shown itself


@pytest.fixture
def bazaar(db: Database, run: Run, rng: random.Random) -> Iterator[Bazaar]:
    bazaar = Bazaar(db, rng)
    run(bazaar.open())
    yield bazaar
    print(dict(sorted(bazaar.seen.items())))


def test_money_orders_and_stock_agree_whatever_the_provider_does(bazaar: Bazaar, run: Run, scale: int) -> None:
    for _ in range(WAVES * scale):
        run(bazaar.wave(ORDERS))
        run(bazaar.reckon())
    run(bazaar.audit())
    met = bazaar.seen
    assert met["died"] and met["paid"] and met["expired"] and met["given back unasked"], met
    assert met["orders.move_illegal"] and met["wrong_amount"] and met["late"], met
    assert met["ledger.not_enough_money"] and met["paid from a wallet"], met


# --- canaries: how it must not be done


def _caught(bazaar: Bazaar, run: Run) -> str:
    for _ in range(CANARY_WAVES):
        try:
            run(bazaar.wave(ORDERS // 2))
            run(bazaar.reckon())
            run(bazaar.audit())
        except (AssertionError, *BY_THE_DATABASE) as fault:
            return str(fault)
    return ""


def test_a_shop_that_believes_notifications_is_caught(bazaar: Bazaar, run: Run) -> None:
    bazaar.hear = bazaar.believe
    assert "was kept of order" in _caught(bazaar, run)


def test_a_payment_that_is_settled_twice_is_caught(bazaar: Bazaar, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def again(row: PaymentRow, truth: Truth) -> str | None:
        return "succeeded" if truth.status == "captured" else None

    monkeypatch.setattr(rules, "news", again)
    bazaar.hear = bazaar.believe  # what is settled is not asked for again, so somebody has to tell of it
    assert _caught(bazaar, run)


def test_refunds_that_carry_a_new_key_each_time_are_caught(
    bazaar: Bazaar, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, refund = itertools.count(1), Simulator.refund

    async def with_a_new_key(self: Simulator, reference: str, amount_minor: int, key: str) -> str:
        return await refund(self, reference, amount_minor, f"{key}-{next(keys)}")

    monkeypatch.setattr(Simulator, "refund", with_a_new_key)
    assert _caught(bazaar, run)


def test_money_that_comes_too_late_and_is_kept_is_caught(
    bazaar: Bazaar, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep(*_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(service, "promise_back", keep)
    assert "was kept of order" in _caught(bazaar, run)


def test_an_order_that_is_taken_as_paid_whatever_became_of_it_is_caught(
    bazaar: Bazaar, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def paid(*_: Any) -> bool:
        return True

    monkeypatch.setattr(moves, "paid", paid)
    assert "was kept of order" in _caught(bazaar, run)
