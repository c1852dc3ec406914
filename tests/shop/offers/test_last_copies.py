"""R3: 50 buyers and the last 10 copies: exactly 10 are sold."""

import asyncio
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from artel.db import Command, Database, Query, Read, Write
from artel.shop.offers import service
from artel.shop.offers.model import NotEnoughStock
from artel.shop.offers.tables import offers
from tests.conftest import Run
from tests.proofs.conftest import SCALE
from tests.shop.shelf import enter_offer

BUYERS: Final = 50
COPIES: Final = 10
ROUNDS: Final = 4 * SCALE
STOCK = Query(int, select(offers.c.stock).where(offers.c.id == bindparam("offer_id")))
SET_STOCK = Command(update(offers).where(offers.c.id == bindparam("of")).values(stock=bindparam("left")))


async def _stock(tx: Read, offer_id: int) -> int | None:
    return await tx.one(STOCK, offer_id=offer_id)


async def _buyers(db: Database, *offer_ids: int) -> list[Any]:
    """Every buyer wants one copy of each offer, half of them in the other order."""

    async def buy(number: int) -> bool:
        try:
            await db.write(service.take, [(each, 1) for each in offer_ids[:: 1 if number % 2 else -1]])
        except NotEnoughStock:
            return False
        return True

    return await asyncio.gather(*(buy(number) for number in range(BUYERS)))


def test_fifty_buyers_and_the_last_ten_copies_make_ten_sales(db: Database, run: Run) -> None:
    for _ in range(ROUNDS):
        offer_id = run(db.write(enter_offer, stock=COPIES))
        assert sum(run(_buyers(db, offer_id))) == COPIES
        assert run(db.read(_stock, offer_id)) == 0


def test_fifty_buyers_of_several_offers_take_all_or_nothing(db: Database, run: Run) -> None:
    """The scarcest offer decides; of the others no copy is lost."""
    for _ in range(ROUNDS):
        many, few, some = (run(db.write(enter_offer, stock=stock)) for stock in (BUYERS, COPIES, BUYERS - 1))
        assert sum(run(_buyers(db, many, few, some))) == COPIES
        left = [run(db.read(_stock, each)) for each in (many, few, some)]
        assert left == [BUYERS - COPIES, 0, BUYERS - 1 - COPIES]


def test_copies_that_come_back_meanwhile_are_sold_once(db: Database, run: Run) -> None:
    offer_id = run(db.write(enter_offer, stock=0))

    async def returns() -> int:
        for _ in range(COPIES):
            await db.write(service.give_back, [(offer_id, 1)])
        return COPIES

    async def both() -> tuple[list[Any], int]:
        return await asyncio.gather(_buyers(db, offer_id), returns())

    for _ in range(ROUNDS):
        sold, returned = run(both())
        left = run(db.read(_stock, offer_id))
        assert left is not None
        assert sum(sold) + left == returned
        run(db.write(_sell_out, offer_id))


async def _sell_out(tx: Write, offer_id: int) -> None:
    await tx.run(SET_STOCK, of=offer_id, left=0)


def test_looking_first_and_writing_then_sells_copies_twice(db: Database, run: Run) -> None:
    """The canary: buyers who look at the stock and then write what is left are seen to sell more than there is."""
    offer_id = run(db.write(enter_offer, stock=COPIES))

    async def buy() -> bool:
        seen = await db.read(_stock, offer_id)
        assert seen is not None
        await asyncio.sleep(0)
        if seen < 1:
            return False

        async def write(tx: Write) -> None:
            await tx.run(SET_STOCK, of=offer_id, left=seen - 1)

        await db.write(write)
        return True

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(buy() for _ in range(BUYERS)))

    assert sum(run(all_of_them())) > COPIES
