"""An order that waits for its money, written by hand: payments know nothing of how it came about."""

import pytest

from artel.db import Database, Write
from artel.orders.orders.tables import orders
from artel.payments.model import Payable
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from tests.conftest import Run
from tests.payments.till import TOTAL, Till
from tests.people import People
from tests.shop.shelf import enter

HOUR_US = 3_600_000_000


async def place(tx: Write, account_id: int) -> Payable:
    money = {"goods_minor": TOTAL, "total_minor": TOTAL, "currency": "RUB"}
    order_id = await enter(tx, orders, account_id=account_id, status="awaiting_payment", **money)
    return Payable(order_id, account_id, [3, 5], TOTAL, "RUB")


@pytest.fixture
def order(db: Database, run: Run, people: People) -> Payable:
    return run(db.write(place, people.person().account_id))


@pytest.fixture
def simulator(db: Database) -> Simulator:
    return Simulator(db, late_us=HOUR_US)


@pytest.fixture
def providers(simulator: Simulator) -> Providers:
    return Providers({"test": simulator})


@pytest.fixture
def till(db: Database, run: Run, order: Payable, providers: Providers) -> Till:
    return Till(db, run, order, providers)
