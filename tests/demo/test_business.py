"""Loading the demo: how much there is, again, after a broken load; on both databases."""

from typing import Any

import pytest
from msgspec import Struct
from sqlalchemy import func, select

from artel.accounts.service import Hashed
from artel.db import Database, Query, Read, Write
from artel.demo import business, load_business, plan
from artel.demo.business import Demo
from artel.demo.orders import FATES
from artel.kernel.actor import SYSTEM
from artel.kernel.history import replayed
from artel.orders.orders import service
from artel.orders.orders.rows import EventRow, OrderRow
from artel.orders.orders.tables import order_events, orders
from artel.shop.offers.tables import offers
from artel.shop.products import isbn
from artel.shop.products.tables import books
from tests.conftest import Run
from tests.people import CHEAP_HASH, dump

AS_OF_US = 1_790_000_000_000_000
SMALL = Demo(3, plan.sizes(1), AS_OF_US)


class Offered(Struct, frozen=True):
    low_minor: int
    high_minor: int
    least: int
    most: int


def quiet(what: str, done: int, total: int) -> None:
    assert done <= total, what


async def load(db: Database, demo: Demo = SMALL) -> None:
    await load_business(db, demo, Hashed(CHEAP_HASH), quiet)


def test_the_smallest_demo_is_as_large_as_it_says_and_what_it_holds_is_sound(db: Database, run: Run) -> None:
    run(load(db))
    rows = run(db.read(dump))
    counts = {name: len(rows[name]) for name in ("shops", "products", "offers", "orders", "accounts", "carts", "jobs")}
    assert counts == {"shops": 10, "products": 100, "offers": 200, "orders": 50, "accounts": 14, "carts": 3, "jobs": 10}
    assert sorted(row[2] for row in rows["orders"]) == sorted(
        "check_availability" if fate == "asked" else fate for fate in FATES
    )
    limits = Query(
        Offered,
        select(
            func.min(offers.c.price_minor).label("low_minor"),
            func.max(offers.c.price_minor).label("high_minor"),
            func.min(offers.c.stock).label("least"),
            func.max(offers.c.stock).label("most"),
        ),
    )
    found = run(db.read(_one, limits))
    assert found.low_minor >= 500 and found.high_minor <= 400_000 and found.least >= 0 and found.most <= 1_000
    for number in run(db.read(_all, Query(str, select(books.c.isbn)))):
        assert isbn.normalised(number) == number


def test_the_history_of_each_order_gives_its_row_and_nothing_happened_later_than_the_demo(
    db: Database, run: Run
) -> None:
    run(load(db))
    for order_id in run(db.read(_all, Query(int, select(orders.c.id)))):
        order = run(db.read(service.get, SYSTEM, order_id))
        events = run(db.read(_history, order_id))
        told = replayed(OrderRow, (event.changes for event in events))
        assert (told.status, told.total_minor, told.version) == (
            order.status,
            order.total_minor,
            order.version,
        )
        times = [event.at_us for event in events]
        assert times == sorted(times) and times[-1] <= AS_OF_US and times[0] >= AS_OF_US - plan.SPAN_US


def test_loaded_twice_it_is_there_once(db: Database, run: Run) -> None:
    run(load(db))
    before = run(db.read(dump))
    run(load(db, Demo(3, plan.sizes(1), AS_OF_US + 3 * plan.DAY_US)))
    assert run(db.read(dump)) == before


def test_another_seed_is_loaded_besides(db: Database, run: Run) -> None:
    run(load(db))
    run(load(db, Demo(5, plan.sizes(1), AS_OF_US)))  # whose customers have other names
    rows = run(db.read(dump))
    counts = {name: len(rows[name]) for name in ("shops", "products", "offers", "orders", "jobs")}
    assert counts == {"shops": 20, "products": 200, "offers": 400, "orders": 100, "jobs": 20}


@pytest.mark.parametrize("broken_after", [2, 4, 5, 7])
def test_a_load_that_broke_off_is_completed_by_the_next_one(db: Database, run: Run, broken_after: int) -> None:
    class Broken(Exception):
        pass

    class Breaking:
        """Breaks off after some transactions."""

        def __init__(self) -> None:
            self.left, self.read = broken_after, db.read

        async def write(self, use: Any, *args: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Broken
            return await db.write(use, *args)

    with pytest.raises(Broken):
        run(load(Breaking()))  # type: ignore[arg-type]
    assert len(run(db.read(dump))["orders"]) < 50
    run(load(db))
    rows = run(db.read(dump))
    assert [len(rows[name]) for name in ("accounts", "shops", "products", "offers", "orders")] == [14, 10, 100, 200, 50]
    assert len(rows["delivery_methods"]) == 20 and len(rows["shop_members"]) == 10


def test_a_larger_demo_begins_like_a_smaller_one() -> None:
    shop_ids = {number: number for number in range(1, 21)}
    categories = {slug: place for place, (slug, *_) in enumerate(plan.CATEGORIES, 1)}
    for number in (1, 50, 100):
        assert plan.places(3, number) == plan.places(3, number) and max(plan.places(3, number)) <= 10
        assert plan.book(3, number, shop_ids, categories) == plan.book(3, number, shop_ids, categories)
        assert plan.book(3, number, shop_ids, categories) != plan.book(4, number, shop_ids, categories)
    assert len({plan.isbn_of(3, number) for number in range(1, 2_001)}) == 2_000


def test_an_unknown_shop_has_its_member(db: Database, run: Run) -> None:
    assert business.member_of(SMALL, 1) == "staff"
    assert business.member_of(SMALL, 2) == plan.person(3, 2).login


async def _one(tx: Read, query: Query[Any]) -> Any:
    return await tx.one(query)


async def _all(tx: Read, query: Query[Any]) -> list[Any]:
    return await tx.all(query)


async def _history(tx: Write, order_id: int) -> list[Any]:

    columns = [order_events.c[field] for field in EventRow.__struct_fields__]
    query = Query(EventRow, select(*columns).where(order_events.c.order_id == order_id).order_by(order_events.c.id))
    return await tx.all(query)
