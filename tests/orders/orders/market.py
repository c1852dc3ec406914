"""A market for the tests: shops with their members and offers, customers who order, and what the database holds."""

from typing import Any, Final

import httpx
from msgspec import Struct
from sqlalchemy import BigInteger, bindparam, cast, func, insert, select

from artel.db import Command, Database, Query, Read, Write
from artel.kernel.history import replayed
from artel.orders.delivery.tables import delivery_methods
from artel.orders.orders import moves, queries
from artel.orders.orders.model import Terms
from artel.orders.orders.rows import EventRow, OrderRow
from artel.orders.orders.tables import order_lines, orders
from artel.payments import service as payments
from artel.payments.model import Payable, Receipt, Wish
from artel.payments.service import Providers
from artel.shop.offers.tables import offers
from artel.shop.shops.tables import shop_members
from tests.conftest import Client, Run
from tests.people import People, Person
from tests.shop.shelf import enter, enter_offer, enter_shop

TERMS: Final = Terms(hold_s=900, confirm_s=86_400)
EVERYTHING: Final = 10**6  # rows of a history
JOIN: Final = Command(
    insert(shop_members).inline().values({column.name: bindparam(column.name) for column in shop_members.c})
)
SOLD: Final = Query(
    int,
    select(cast(func.coalesce(func.sum(order_lines.c.quantity), 0), BigInteger)).where(
        order_lines.c.offer_id == bindparam("offer_id")
    ),
)
LEFT: Final = Query(int, select(offers.c.stock).where(offers.c.id == bindparam("offer_id")))
STOCKS: Final = Query(int, select(offers.c.stock).order_by(offers.c.id))
IDS: Final = Query(int, select(orders.c.id).order_by(orders.c.id))


class Shop(Struct, frozen=True):
    """A shop and who keeps it."""

    shop_id: int
    keeper: Person


class Market:
    """Enters what can be ordered, and orders it over HTTP."""

    def __init__(self, db: Database, run: Run, client: Client, people: People) -> None:
        self.db, self.run, self.client, self.people = db, run, client, people

    def shop(self, keeper: Person | None = None, **values: Any) -> Shop:
        """A shop with one member."""
        keeper = keeper or self.people.person()
        shop_id: int = self.run(self.db.write(enter_shop, **values))
        self.run(self.db.write(_join, shop_id, keeper.account_id))
        return Shop(shop_id, keeper)

    def offer(self, shop: Shop, **values: Any) -> int:
        """An offer of 10 copies for 100 roubles."""
        offer_id: int = self.run(self.db.write(enter_offer, shop_id=shop.shop_id, **values))
        return offer_id

    def method(self, shop: Shop, price_minor: int = 300_00) -> int:
        """A way to deliver."""
        values = {"shop_id": shop.shop_id, "name": "Courier", "price_minor": price_minor, "currency": "RUB"}
        method_id: int = self.run(self.db.write(enter, delivery_methods, active=1, **values))
        return method_id

    def order(self, who: Person, *lines: tuple[int, int], **rest: Any) -> Any:
        """An order of these offers and quantities; answers it as it is shown."""
        answer = self.place(who, *lines, **rest)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def place(self, who: Person, *lines: tuple[int, int], **rest: Any) -> httpx.Response:
        """The same, whatever is answered."""
        wanted = [{"offer_id": offer_id, "quantity": quantity} for offer_id, quantity in lines]
        return self.client.post("/api/v1/orders", token=who.session, json={"lines": wanted} | rest)

    def move(self, who: Person, order_id: int, move: str, body: Any = None) -> httpx.Response:
        """`cancel`, `parts/3/ship`, …"""
        return self.client.post(f"/api/v1/orders/{order_id}/{move}", token=who.session, json=body)

    def moved(self, who: Person, order_id: int, move: str, body: Any = None) -> Any:
        """The same; answers the order."""
        answer = self.move(who, order_id, move, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, who: Person, order_id: int) -> Any:
        """The order as it is shown to somebody."""
        answer = self.client.get(f"/api/v1/orders/{order_id}", token=who.session)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pay(self, order_id: int) -> bool:
        """The money comes; answers whether the order took it."""
        taken: bool = self.run(self.db.write(pay, order_id))
        return taken

    def bought(self, *lines: tuple[int, int], **rest: Any) -> tuple[Person, int]:
        """A customer with a paid order."""
        anna = self.people.person()
        order_id = self.order(anna, *lines, **rest)["id"]
        assert self.pay(order_id)
        return anna, order_id

    def stock(self) -> list[int]:
        """The copies that can be sold, by offer."""
        return list(self.run(self.db.read(stocks)))

    def row(self, order_id: int) -> OrderRow:
        """The order's row."""
        row: OrderRow = self.run(self.db.read(_row, order_id))
        return row


async def _join(tx: Write, shop_id: int, account_id: int) -> None:
    await tx.run(JOIN, shop_id=shop_id, account_id=account_id, added_us=tx.now_us)


async def pay(tx: Write, order_id: int) -> bool:
    """What a payment that somebody takes by hand does: the order moves, or the money is promised back."""
    order = await tx.one(queries.BY_ID_LOCKED, order_id=order_id)
    assert order is not None
    payable = Payable(order.id, order.account_id, [], order.total_minor, order.currency)
    payment = await payments.begin(tx, payable, Wish("manual"), Providers({}))
    settled = await payments.receive(tx, payment.id, Receipt(order.total_minor), None)
    assert settled is not None
    if await moves.paid(tx, order_id, settled):
        return True
    await payments.promise_back(tx, settled, "came too late")
    return False


async def stocks(tx: Read) -> list[int]:
    return await tx.all(STOCKS)


async def sold_and_left(tx: Read, offer_id: int) -> tuple[int, int]:
    """The copies of an offer that orders have, and those in stock."""
    return await tx.one(SOLD, offer_id=offer_id) or 0, await tx.one(LEFT, offer_id=offer_id) or 0


async def _row(tx: Read, order_id: int) -> OrderRow:
    row = await tx.one(queries.BY_ID, order_id=order_id)
    assert row is not None
    return row


async def history_of(tx: Read, order_id: int) -> list[EventRow]:
    """The whole history of an order."""
    return await tx.all(queries.HISTORY, order_id=order_id, after_id=0, row_limit=EVERYTHING)


async def check_histories(tx: Read) -> int:
    """Raises AssertionError where replaying a history does not give the row; answers how many orders there are."""
    order_ids = await tx.all(IDS)
    for order_id in order_ids:
        told = [event.changes for event in await history_of(tx, order_id)]
        assert replayed(OrderRow, told) == await tx.one(queries.BY_ID, order_id=order_id)
    return len(order_ids)
