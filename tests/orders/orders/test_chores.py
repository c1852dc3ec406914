"""The rounds: what is due is seen to, what fails is told and keeps nothing else from being done."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from artel.db import Database, StorageUnavailable
from artel.edge.observe import make_log
from artel.kernel.clock import US
from artel.orders.orders import chores, moves
from artel.orders.orders.chores import Rounds
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from tests.conftest import Client, Log, Run
from tests.orders.orders.market import TERMS, Market
from tests.orders.waiting import pass_time
from tests.people import People

Hear = Callable[[str, str], Awaitable[None]]


class Fair(Market):
    """A market whose rounds the test makes: the server's own only begin."""

    def __init__(self, db: Database, run: Run, client: Client, people: People, log: Log) -> None:
        super().__init__(db, run, client, people)
        self.simulator = Simulator(db, late_us=2 * TERMS.hold_s * US)
        self.shown: dict[str, int] = {}
        self.rounds = Rounds(
            db,
            Providers({"test": self.simulator}),
            make_log("debug", log),  # type: ignore[arg-type]
            self.shown.__setitem__,
            self.simulator.tell_due,
        )
        self.customer = people.person()

    def paying(self, method: str) -> int:
        """An order with a payment that waits."""
        order_id: int = self.order(self.customer, (self.offer(self.shop()), 1))["id"]
        wish = {"provider": "test", "method": method}
        answer = self.client.post(f"/api/v1/orders/{order_id}/payments", token=self.customer.session, json=wish)
        assert answer.json()["status"] == "pending", answer.text
        return order_id

    def make_rounds(self, count: int, every_us: int) -> None:
        async def several() -> None:
            for _ in range(count):
                await self.db.write(pass_time, every_us)
                task = asyncio.create_task(self.rounds.run())
                await asyncio.sleep(0.05)
                task.cancel()

        self.run(several())

    def status(self, order_id: int) -> str:
        return str(self.get(self.customer, order_id)["status"])


@pytest.fixture
def fair(
    db: Database, run: Run, start: Callable[..., Client], people: People, log: Log, monkeypatch: pytest.MonkeyPatch
) -> Fair:
    monkeypatch.setattr(chores, "PAUSE_S", 0.01)
    return Fair(db, run, start(payments_test=True), people, log)


def test_what_is_due_is_seen_to(fair: Fair) -> None:
    told, found, late = fair.paying("double"), fair.paying("lost"), fair.paying("late")
    fair.make_rounds(8, 6 * US)
    assert [fair.status(each) for each in (told, found, late)] == ["paid", "paid", "awaiting_payment"]
    fair.make_rounds(1, TERMS.hold_s * US)
    assert fair.status(late) == "expired"
    fair.make_rounds(4, TERMS.hold_s * US)
    items = fair.client.get(f"/api/v1/orders/{late}/payments", token=fair.customer.session).json()["items"]
    assert [refund["status"] for payment in items for refund in payment["refunds"]] == ["done"]


def test_the_metrics_are_told_how_many_wait(fair: Fair) -> None:
    fair.paying("late")
    fair.make_rounds(1, 0)
    assert fair.shown == {"payments_pending": 1, "refunds_pending": 0, "refunds_failed": 0}
    assert 'artel_waiting{what="payments_pending"}' in fair.client.get("/metrics").text


def test_a_step_that_fails_is_told_and_the_others_are_made(
    fair: Fair, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(db: Database) -> int:
        raise StorageUnavailable(reason="planted")

    order_id = fair.paying("flaky")
    monkeypatch.setattr(moves, "expire_due", unavailable)
    fair.make_rounds(4, 6 * US)
    assert fair.status(order_id) == "paid"
    told = [line for line in log.lines() if line["event"] in ("orders.waits", "payments.again")]
    assert {line["event"] for line in told} == {"orders.waits", "payments.again"}
    assert any("planted" in line["reason"] for line in told)
