"""R3: 50 clients order the last 10 copies at once: exactly 10 are sold, whatever they do with them afterwards.

On PostgreSQL two servers serve them. With the cart or with given lines, half of the buyers wanting two offers in one
order or in the other: nobody gets half of what was ordered.
"""

from collections.abc import Callable
from typing import Any, Final

import pytest
from sqlalchemy import bindparam, update

from artel.db import Command, Database, Write
from artel.settings import Settings
from artel.shop.offers import service as offers
from artel.shop.offers.model import NotEnoughStock
from artel.shop.offers.tables import offers as offers_table
from tests.conftest import Client, Run
from tests.orders.carts import baskets
from tests.orders.orders.market import check_histories, sold_and_left
from tests.people import People, Person
from tests.proofs.conftest import SCALE
from tests.shop.shelf import enter_offer, enter_shop

CLIENTS: Final = 50
COPIES: Final = 10
ROUNDS: Final = 20 * SCALE
SET_STOCK: Final = Command(
    update(offers_table).where(offers_table.c.id == bindparam("of_id")).values(stock=bindparam("left"))
)


@pytest.fixture
def buyers(people: People) -> list[Person]:
    return [people.person() for _ in range(CLIENTS)]


@pytest.fixture
def servers(start: Callable[..., Client], settings: Settings) -> list[Client]:
    """One server, and with PostgreSQL a second one."""
    return [start() for _ in range(2 if settings.database else 1)]


def buy(servers: list[Client], buyers: list[Person], body: Callable[[int], dict[str, Any]]) -> list[int]:
    """All of them at once; answers the statuses."""
    calls = [
        servers[number % len(servers)].send("POST", "/api/v1/orders", who.session, json=body(number))
        for number, who in enumerate(buyers)
    ]
    return sorted(answer.status_code for answer in servers[0].together(*calls))


def judge(sold: int, left: int, statuses: list[int]) -> None:
    """Raises AssertionError unless exactly the copies that were there are sold, each to whom it was acknowledged."""
    assert (sold, left) == (COPIES, 0), f"{sold} of {COPIES} copies sold, {left} left"
    assert statuses == [201] * COPIES + [409] * (CLIENTS - COPIES), statuses


def test_the_last_ten_copies_are_sold_ten_times(
    servers: list[Client], buyers: list[Person], db: Database, run: Run
) -> None:
    shop_id = run(db.write(enter_shop))
    for _ in range(ROUNDS):
        offer_id = run(db.write(enter_offer, shop_id=shop_id, stock=COPIES))
        statuses = buy(servers, buyers, lambda _, wanted=offer_id: {"lines": [{"offer_id": wanted}]})
        judge(*run(db.read(sold_and_left, offer_id)), statuses)
    run(db.read(check_histories))


def test_who_wants_two_offers_gets_both_or_none(
    servers: list[Client], buyers: list[Person], db: Database, run: Run
) -> None:
    for _ in range(max(1, ROUNDS // 4)):
        many, few = (run(db.write(enter_offer, stock=stock)) for stock in (CLIENTS, COPIES))

        def both(number: int, pair: tuple[int, int] = (many, few)) -> dict[str, Any]:
            return {"lines": [{"offer_id": each} for each in pair[:: 1 if number % 2 else -1]]}

        statuses = buy(servers, buyers, both)
        judge(*run(db.read(sold_and_left, few)), statuses)
        assert run(db.read(sold_and_left, many)) == (COPIES, CLIENTS - COPIES)


def test_the_last_copies_in_every_cart_are_sold_ten_times(
    servers: list[Client], buyers: list[Person], db: Database, run: Run
) -> None:
    for _ in range(max(1, ROUNDS // 10)):
        offer_id = run(db.write(enter_offer, stock=COPIES))
        for who in buyers:
            baskets.put(servers[0], offer_id, 1, session=who.session)
        statuses = buy(servers, buyers, lambda _: {})
        judge(*run(db.read(sold_and_left, offer_id)), statuses)
        kept = [baskets.lines(servers[0], session=who.session) for who in buyers]
        assert sum(cart == {offer_id: 1} for cart in kept) == CLIENTS - COPIES, "a refused order keeps its cart"
        for who in buyers:
            baskets.put(servers[0], offer_id, 0, session=who.session)


def test_looking_first_and_selling_then_is_caught(
    servers: list[Client], buyers: list[Person], db: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary: the stock is looked at before the transaction, and what was seen is written in it."""
    offer_id = run(db.write(enter_offer, stock=COPIES))
    seen = run(db.read(offers.look, [offer_id]))[offer_id].stock

    async def careless(tx: Write, wanted: list[tuple[int, int]]) -> Any:
        ((_, quantity),) = wanted
        if seen < quantity:
            raise NotEnoughStock(offer_id=offer_id, title="", left=seen, wanted=quantity)
        await tx.run(SET_STOCK, of_id=offer_id, left=seen - quantity)
        return await offers.look(tx, [offer_id])

    monkeypatch.setattr(offers, "take", careless)
    statuses = buy(servers, buyers, lambda _: {"lines": [{"offer_id": offer_id}]})
    with pytest.raises(AssertionError, match="copies sold"):
        judge(*run(db.read(sold_and_left, offer_id)), statuses)
