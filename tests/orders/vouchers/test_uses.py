"""Proof: 100 orders placed at once use a voucher as often as it may be used, and its count is the rows of its uses."""

import asyncio
import random
from typing import Final

import pytest

from artel.db import Database, Write
from artel.orders.vouchers import queries, service
from artel.orders.vouchers.model import VoucherUsedByYou, VoucherUsedUp
from tests.conftest import Run
from tests.orders.vouchers.till import enter_order, enter_voucher, uses
from tests.people import People
from tests.proofs.conftest import SCALE

ORDERS: Final = 100
USES: Final = 10
ROUNDS: Final = 3 * SCALE
CUSTOMERS: Final = 5
GOODS: Final = [(1, 20_000)]


@pytest.fixture
def customers(people: People) -> list[int]:
    return [people.person().account_id for _ in range(CUSTOMERS)]


async def place(tx: Write, code: str, account_id: int) -> int:
    """An order with the voucher; answers its id."""
    order_id = await enter_order(tx, account_id)
    await service.redeem(tx, code, account_id, order_id, "RUB", GOODS)
    return order_id


async def placed(db: Database, code: str, account_ids: list[int]) -> list[int]:
    """The orders that got the voucher, of so many placed at once."""

    async def one(account_id: int) -> int:
        try:
            return await db.write(place, code, account_id)
        except (VoucherUsedUp, VoucherUsedByYou):
            return 0

    return [each for each in await asyncio.gather(*map(one, account_ids)) if each]


def test_a_hundred_orders_at_once_use_a_voucher_as_often_as_it_may_be_used(
    db: Database, run: Run, customers: list[int]
) -> None:
    for number in range(ROUNDS):
        voucher_id = run(db.write(enter_voucher, f"CODE-{number}", uses_max=USES))
        assert len(run(placed(db, f"CODE-{number}", customers * (ORDERS // CUSTOMERS)))) == USES
        assert run(db.read(uses, voucher_id)) == (USES, USES)


def test_a_hundred_orders_of_five_customers_at_once_use_a_voucher_once_for_each(
    db: Database, run: Run, customers: list[int]
) -> None:
    for number in range(ROUNDS):
        voucher_id = run(db.write(enter_voucher, f"ONCE-{number}", once_per_customer=1, uses_max=USES))
        assert len(run(placed(db, f"ONCE-{number}", customers * (ORDERS // CUSTOMERS)))) == CUSTOMERS
        assert run(db.read(uses, voucher_id)) == (CUSTOMERS, CUSTOMERS)


@pytest.mark.parametrize("once", [0, 1])
def test_while_orders_come_and_go_the_count_is_the_rows(
    db: Database, run: Run, customers: list[int], rng: random.Random, once: int
) -> None:
    """Each order is cancelled by two at once, while others wait for its use."""
    voucher_id = run(db.write(enter_voucher, "CODE", uses_max=3, once_per_customer=once))

    async def come_and_go(account_id: int, stays: bool) -> bool:
        try:
            order_id = await db.write(place, "CODE", account_id)
        except (VoucherUsedUp, VoucherUsedByYou):
            return False
        if not stays:
            await asyncio.gather(*(db.write(service.release, order_id) for _ in range(2)))
        return stays

    async def all_of_them() -> list[bool]:
        stay = [rng.random() < 0.1 for _ in range(ORDERS)]
        return await asyncio.gather(*(come_and_go(rng.choice(customers), each) for each in stay))

    for _ in range(ROUNDS):
        before, _ = run(db.read(uses, voucher_id))
        stayed = sum(run(all_of_them()))
        assert run(db.read(uses, voucher_id)) == (before + stayed, before + stayed)
        assert before + stayed <= 3


# --- canaries


def test_looking_first_and_writing_then_uses_a_voucher_too_often(db: Database, run: Run, customers: list[int]) -> None:
    voucher_id = run(db.write(enter_voucher, "CODE", uses_max=USES))

    async def use(tx: Write, account_id: int) -> None:
        order_id = await enter_order(tx, account_id)
        values = {"account_id": account_id, "once_account_id": None, "now_us": tx.now_us}
        await tx.run(queries.USE, order_id=order_id, voucher_id=voucher_id, **values)

    async def place_unguarded(account_id: int) -> None:
        _, rows = await db.read(uses, voucher_id)
        await asyncio.sleep(0)
        if rows is not None and rows < USES:
            await db.write(use, account_id)

    async def all_of_them() -> None:
        await asyncio.gather(*map(place_unguarded, customers * (ORDERS // CUSTOMERS)))

    run(all_of_them())
    assert run(db.read(uses, voucher_id))[1] > USES


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_giving_back_what_was_there_when_it_was_looked_at_is_seen_in_the_count(
    db: Database, run: Run, customers: list[int]
) -> None:
    """SQLite has one writer, which cannot see what another one is about to delete."""
    voucher_id = run(db.write(enter_voucher, "CODE"))
    stay = [run(db.write(place, "CODE", customers[0])) for _ in range(20)]

    async def release_unguarded(tx: Write, order_id: int) -> None:
        if await tx.one(queries.USED_BY_LOCKED, order_id=order_id):
            await tx.run(queries.UNUSE, order_id=order_id)
            await tx.run(queries.GIVE_BACK, voucher_id=voucher_id)

    async def all_of_them() -> None:
        for order_id in stay[:10]:
            await asyncio.gather(*(db.write(release_unguarded, order_id) for _ in range(2)))

    run(all_of_them())
    used, rows = run(db.read(uses, voucher_id))
    assert used is not None
    assert used < rows == 10
