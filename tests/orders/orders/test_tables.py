"""Orders: what the database itself keeps anybody from doing."""

import pytest
from sqlalchemy import bindparam, delete, insert, update

from artel.db import Command, Database, Write
from artel.orders.orders.tables import order_events, orders
from tests.conftest import Run
from tests.orders.orders.market import Market, history_of

EDIT = Command(update(order_events).where(order_events.c.order_id == bindparam("of_id")).values(reason="nothing"))
EDIT_ALL = Command(update(order_events).values(at_us=bindparam("then_us")))
ERASE = Command(delete(order_events).where(order_events.c.order_id == bindparam("of_id")))
ADD = Command(
    insert(order_events).inline().values(order_id=bindparam("of_id"), at_us=1, kind="placed", reason="", changes="{}")
)
RETOUCH = Command(update(orders).where(orders.c.id == bindparam("of_id")).values(note="by hand"))


async def run_one(tx: Write, command: Command, **params: int) -> int:
    return await tx.run(command, **params)


@pytest.mark.parametrize("edit", [EDIT, EDIT_ALL, ERASE])
def test_a_history_is_neither_edited_nor_erased(market: Market, run: Run, db: Database, edit: Command) -> None:
    order_id = market.order(market.people.person(), (market.offer(market.shop()), 1))["id"]
    before = run(db.read(history_of, order_id))
    with pytest.raises(Exception, match="append-only"):
        run(db.write(run_one, edit, of_id=order_id, then_us=1))
    assert run(db.read(history_of, order_id)) == before


def test_a_history_can_be_added_to_and_the_row_beside_it_changed(market: Market, run: Run, db: Database) -> None:
    """The canary: it is the trigger that refuses, and only there."""
    order_id = market.order(market.people.person(), (market.offer(market.shop()), 1))["id"]
    assert run(db.write(run_one, ADD, of_id=order_id)) == 1
    assert run(db.write(run_one, RETOUCH, of_id=order_id)) == 1
    assert len(run(db.read(history_of, order_id))) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"total_minor": 1},
        {"refunded_minor": 100_01},
        {"refunded_minor": -1},
        {"discount_minor": 100_01, "total_minor": -1},
    ],
)
def test_sums_that_do_not_add_up_are_not_taken(market: Market, run: Run, db: Database, changed: dict[str, int]) -> None:
    order_id = market.order(market.people.person(), (market.offer(market.shop()), 1))["id"]
    command = Command(update(orders).where(orders.c.id == bindparam("of_id")).values(**changed))
    with pytest.raises(Exception, match="_ck"):
        run(db.write(run_one, command, of_id=order_id))
