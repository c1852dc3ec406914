"""Proof: of a payment, a cancellation and an expiry that come at once one wins; copies and money go one way, once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from sqlalchemy import bindparam, select, update

from artel.db import Command, Database, Query, Read, Write
from artel.kernel.actor import Actor
from artel.orders.orders import moves, queries, seeing, service
from artel.orders.orders.model import Cancelling, LineWanted, MoveIllegal, Placing, Refunding, RefundTooLarge
from artel.orders.orders.tables import orders
from artel.payments.tables import payments, refunds
from artel.shop.offers import service as offers_service
from tests.conftest import Run
from tests.orders.orders.market import TERMS, check_histories, pay, stocks
from tests.people import People
from tests.proofs.conftest import SCALE, rng
from tests.shop.shelf import enter_offer

__all__ = ["rng"]

ROUNDS: Final = 30 * SCALE
COPIES: Final = 3
SPREAD_S: Final = 0.004  # all of them come within this time
END: Final = Command(update(orders).where(orders.c.id == bindparam("of_id")).values(expires_us=bindparam("end_us")))
TAKEN: Final = Query(int, select(payments.c.taken_minor).where(payments.c.order_id == bindparam("order_id")))
PROMISED: Final = Query(int, select(refunds.c.amount_minor).where(refunds.c.order_id == bindparam("order_id")))


class Desk:
    """One customer, one offer, and an order after the other that everybody moves at once."""

    def __init__(self, db: Database, run: Run, people: People, rng: random.Random) -> None:
        self.db, self.run, self.rng = db, run, rng
        person = people.person()
        self.customer = Actor(person.account_id, person.login, frozenset({"customer"}))
        self.staff = Actor(people.person("staff").account_id, "staff", frozenset({"staff"}))
        self.offer_id = run(db.write(enter_offer, stock=10))

    async def place(self) -> int:
        body = Placing(lines=[LineWanted(self.offer_id, COPIES)])
        return (await self.db.write(service.place, self.customer, body, TERMS)).id

    async def soon(self, use: Callable[[], Awaitable[Any]]) -> Any:
        """What it answers, or its refusal, at some time of the spread."""
        await asyncio.sleep(self.rng.uniform(0, SPREAD_S))
        try:
            return await use()
        except MoveIllegal as refusal:
            return refusal

    async def cancel(self, who: Actor, order_id: int) -> Any:
        return await self.db.write(moves.cancel, who, order_id, Cancelling())

    async def expire(self, order_id: int) -> bool:
        """Try until nobody waits for the order any more."""
        while not await self.db.write(moves.expire, order_id):
            if (await self.db.read(_row, order_id)).status != "awaiting_payment":
                return False
            await asyncio.sleep(0)
        return True


async def _row(tx: Read, order_id: int) -> Any:
    return await tx.one(queries.BY_ID, order_id=order_id)


async def _end_soon(tx: Write, order_id: int, in_us: int) -> None:
    await tx.run(END, of_id=order_id, end_us=tx.now_us + in_us)


async def _money(tx: Read, order_id: int) -> int:
    """What was taken and not promised back."""
    return sum(await tx.all(TAKEN, order_id=order_id)) - sum(await tx.all(PROMISED, order_id=order_id))


@pytest.fixture
def desk(db: Database, run: Run, people: People, rng: random.Random) -> Desk:
    return Desk(db, run, people, rng)


async def one_round(desk: Desk) -> str:
    """A payment and two of each other at once; answers the state that the order came to. Raises AssertionError."""
    order_id = await desk.place()
    await desk.db.write(_end_soon, order_id, desk.rng.randrange(int(SPREAD_S * 1_000_000)))
    payment = desk.soon(lambda: desk.db.write(pay, order_id))
    cancels = [desk.soon(lambda who=who: desk.cancel(who, order_id)) for who in (desk.customer, desk.staff)]
    expires = [desk.soon(lambda: desk.expire(order_id)) for _ in range(2)]
    paid, *others = await asyncio.gather(payment, *cancels, *expires)
    cancelled, expired = others[:2], others[2:]
    row = await desk.db.read(_row, order_id)
    won = [each for each in cancelled if not isinstance(each, MoveIllegal)]
    assert len(won) + sum(expired) <= 1, "two moves ended the order"
    assert (row.status == "cancelled", row.status == "expired") == (len(won) == 1, sum(expired) == 1)
    assert row.status != "awaiting_payment" and (row.status != "paid" or paid)
    for refusal in cancelled:
        if isinstance(refusal, MoveIllegal):
            assert refusal.facts["status"] == row.status and refusal.facts["by"] and refusal.facts["at"]
    kept = await desk.db.read(_money, order_id)
    assert kept == (row.total_minor if row.status == "paid" else 0), "money without goods, or goods without money"
    (left,) = await desk.db.read(stocks)
    assert left == (10 - COPIES if row.status == "paid" else 10), "copies went another way than the order"
    if row.status == "paid":
        await desk.cancel(desk.customer, order_id)
    return str(row.status)


def test_of_all_that_come_at_once_one_wins(desk: Desk) -> None:
    ends = [desk.run(one_round(desk)) for _ in range(ROUNDS)]
    assert set(ends) >= {"cancelled", "expired"}, "this was no race"
    assert desk.run(desk.db.read(check_histories)) == ROUNDS


def test_copies_paid_back_by_many_at_once_are_paid_back_once(desk: Desk) -> None:
    body = Refunding(amount_minor=70_00)

    async def one() -> None:
        order_id = await desk.place()
        assert await desk.db.write(pay, order_id)
        tries = [desk.soon(lambda: _refund(desk, order_id, body)) for _ in range(6)]
        done = sum(await asyncio.gather(*tries))
        assert done == 4, "300.00 hold 70.00 four times"
        assert await desk.db.read(_money, order_id) == 20_00
        whole = [desk.soon(lambda: _refund(desk, order_id, Refunding(everything=True, restock=True))) for _ in range(4)]
        assert sum(each is True for each in await asyncio.gather(*whole)) == 1
        assert await desk.db.read(_money, order_id) == 0
        assert await desk.db.read(stocks) == [10]

    for _ in range(max(3, ROUNDS // 10)):
        desk.run(one())


async def _refund(desk: Desk, order_id: int, body: Refunding) -> bool:
    try:
        await desk.db.write(moves.refund, desk.staff, order_id, body)
    except RefundTooLarge:
        return False
    return True


# --- canaries


async def _careless_cancel(tx: Write, order_id: int, offer_id: int) -> None:
    """Frees the stock of an order that somebody looked at before."""
    await tx.run(SET_STATUS, of_id=order_id)
    await offers_service.give_back(tx, [(offer_id, COPIES)])


SET_STATUS: Final = Command(update(orders).where(orders.c.id == bindparam("of_id")).values(status="cancelled"))


def test_who_looks_first_and_frees_then_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cancel(self: Desk, who: Actor, order_id: int) -> Any:
        seen = await self.db.read(seeing.see, who, order_id)
        await self.db.read(seeing.check, who, seen, "cancel")
        await asyncio.sleep(0.002)
        await self.db.write(_careless_cancel, order_id, self.offer_id)

    monkeypatch.setattr(Desk, "cancel", cancel)
    with pytest.raises(AssertionError, match="two moves ended|copies went|money without"):
        for _ in range(ROUNDS):
            desk.run(one_round(desk))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_move_that_does_not_lock_the_order_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "BY_ID_LOCKED", queries.BY_ID)
    with pytest.raises(AssertionError):
        for _ in range(10 * ROUNDS):
            desk.run(one_round(desk))
