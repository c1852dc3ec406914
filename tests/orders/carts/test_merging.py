"""Proof: carts that are merged, filled, ordered and forgotten at once neither lose a copy nor double one."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import bindparam, delete, select

from artel.db import Database, Query, Read, Write
from artel.kernel.secrets import token_hash
from artel.orders.carts import queries, rules, service
from artel.orders.carts.model import CartLine, GuestCartUnknown
from artel.orders.carts.service import Owner
from artel.orders.carts.tables import cart_lines, carts
from tests.conftest import Run
from tests.people import People
from tests.proofs.conftest import SCALE
from tests.shop.shelf import enter_offer

MERGES: Final = 4
ADDS: Final = 6
ORDERS: Final = 20
ROUNDS: Final = 5 * SCALE


class Case(msgspec.Struct, frozen=True):
    """Two accounts that have a guest's token, and two offers."""

    one: Owner
    other: Owner
    guest: Owner
    offer_ids: tuple[int, int]


@pytest.fixture
def case(db: Database, run: Run, people: People) -> Case:
    one, other = (Owner(people.person().account_id) for _ in range(2))
    return Case(one, other, _open(db, run), (run(db.write(enter_offer)), run(db.write(enter_offer))))


def _open(db: Database, run: Run) -> Owner:
    return Owner(0, run(db.write(service.open_guest_cart, "")).token)


async def lines(tx: Read, owner: Owner) -> Counter[int]:
    """The quantities in a cart, by offer."""
    cart = await service.show(tx, owner)
    return Counter({line.offer_id: line.quantity for line in cart.lines})


async def acknowledged(write: Awaitable[Any]) -> bool:
    """Whether a write on a guest's cart came before its end."""
    try:
        await write
    except GuestCartUnknown:
        return False
    return True


async def race(db: Database, case: Case) -> tuple[list[bool], Counter[int]]:
    """Which merges found the guest's cart, and what was put into it and into an account's meanwhile."""
    first, second = case.offer_ids
    merges = [
        acknowledged(db.write(service.merge, owner.account_id, case.guest.token))
        for _ in range(MERGES)
        for owner in (case.one, case.other)
    ]
    guests = [acknowledged(db.write(service.add_line, case.guest, first, 1)) for _ in range(ADDS)]
    mine = [acknowledged(db.write(service.add_line, case.one, second, 1)) for _ in range(ADDS)]
    put, won, also = await asyncio.gather(asyncio.gather(*guests), asyncio.gather(*merges), asyncio.gather(*mine))
    return won, Counter({first: sum(put), second: sum(also)})


def test_carts_merged_by_two_accounts_at_once_while_they_are_filled_keep_every_copy(
    db: Database, run: Run, case: Case
) -> None:
    first, second = case.offer_ids
    expected: Counter[int] = Counter()
    for _ in range(ROUNDS):
        case = msgspec.structs.replace(case, guest=_open(db, run))
        for offer_id, quantity in ((first, 2), (second, 3)):
            run(db.write(service.set_line, case.guest, offer_id, quantity))
        expected += Counter({first: 2, second: 3})
        won, put = run(race(db, case))
        assert sum(won) == 1, "a guest's cart is merged once"
        expected += put
        assert run(db.read(lines, case.one)) + run(db.read(lines, case.other)) == expected
        with pytest.raises(GuestCartUnknown):
            run(db.read(lines, case.guest))


def test_looking_first_and_writing_then_doubles_lines(db: Database, run: Run, case: Case) -> None:
    """The canary: what the proof above counts is seen to go wrong when nothing is held."""
    run(db.write(service.set_line, case.guest, case.offer_ids[0], 2))

    async def look(tx: Read) -> list[CartLine]:
        cart_id = await tx.one(queries.GUEST_CART, token_hash=token_hash(case.guest.token))
        return await tx.all(queries.LINES, cart_id=cart_id)

    async def put(tx: Write, owner: Owner, seen: list[CartLine]) -> None:
        for line in seen:
            await service.add_line(tx, owner, line.offer_id, line.quantity)

    async def merge_unguarded(owner: Owner) -> None:
        seen = await db.read(look)
        await asyncio.sleep(0)
        await db.write(put, owner, seen)

    async def both() -> None:
        await asyncio.gather(merge_unguarded(case.one), merge_unguarded(case.other))

    run(both())
    found = run(db.read(lines, case.one)) + run(db.read(lines, case.other))
    assert found == {case.offer_ids[0]: 4}


# --- orders


async def order_and_fill(db: Database, case: Case, take: Callable[..., Awaitable[list[CartLine]]]) -> Counter[int]:
    """What orders placed at once got out of a cart, into which copies are put meanwhile."""
    (offer_id, _), account_id = case.offer_ids, case.one.account_id
    orders = [db.write(take, account_id) for _ in range(ORDERS)]
    adds = [db.write(service.add_line, case.one, offer_id, 1) for _ in range(ORDERS)]
    found = await asyncio.gather(*(each for pair in zip(adds, orders, strict=True) for each in pair))
    got: Counter[int] = Counter()
    for lines in found[1::2]:
        got.update({line.offer_id: line.quantity for line in lines})
    return got


def test_of_orders_placed_at_once_from_one_cart_one_gets_its_lines(db: Database, run: Run, case: Case) -> None:
    async def all_of_them() -> list[list[CartLine]]:
        return await asyncio.gather(*(db.write(service.take_lines, case.one.account_id) for _ in range(ORDERS)))

    assert run(all_of_them()) == [[]] * ORDERS, "there is no cart yet"
    for _ in range(ROUNDS):
        run(db.write(service.set_line, case.one, case.offer_ids[0], 2))
        got = [found for found in run(all_of_them()) if found]
        assert [(line.offer_id, line.quantity) for found in got for line in found] == [(case.offer_ids[0], 2)]
        assert run(db.read(lines, case.one)) == {}


def test_a_cart_that_is_filled_while_orders_are_placed_from_it_loses_and_doubles_nothing(
    db: Database, run: Run, case: Case
) -> None:
    for _ in range(ROUNDS):
        got = run(order_and_fill(db, case, service.take_lines))
        left = run(db.write(service.take_lines, case.one.account_id))
        assert got.total() + sum(line.quantity for line in left) == ORDERS


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_orders_that_do_not_hold_the_cart_double_copies(db: Database, run: Run, case: Case) -> None:
    """The canary. SQLite has one writer, which cannot look at what another one is about to take."""
    take_unheld = Query(
        CartLine,
        delete(cart_lines)
        .where(
            cart_lines.c.cart_id
            == select(carts.c.id).where(carts.c.account_id == bindparam("account_id")).scalar_subquery()
        )
        .returning(*(cart_lines.c[field] for field in CartLine.__struct_fields__)),
    )

    async def take(tx: Write, account_id: int) -> list[CartLine]:
        return await tx.all(take_unheld, account_id=account_id)

    wrong = 0
    for _ in range(20):
        got = run(order_and_fill(db, case, take)).total()
        wrong += got + sum(line.quantity for line in run(db.write(take, case.one.account_id))) != ORDERS
    assert wrong


# --- forgetting


def test_a_guest_who_comes_back_while_the_cart_is_forgotten_keeps_all_of_it_or_is_told(
    db: Database, run: Run, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "GUEST_TTL_US", 0)  # a cart is old as soon as it is there
    first, second = case.offer_ids

    async def meet(guest: Owner) -> tuple[int, bool]:
        return await asyncio.gather(db.write(service.sweep), acknowledged(db.write(service.set_line, guest, second, 1)))

    for _ in range(ROUNDS):
        guest = _open(db, run)
        run(db.write(service.set_line, guest, first, 1))
        _, came = run(meet(guest))
        try:
            assert run(db.read(lines, guest)) == {first: 1, second: 1}
            assert came
        except GuestCartUnknown:
            run(db.write(service.sweep))


def test_forgetting_a_cart_takes_its_lines(db: Database, run: Run, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "GUEST_TTL_US", -1_000_000)
    for owner in (case.guest, case.one):
        run(db.write(service.set_line, owner, case.offer_ids[0], 1))
    assert run(db.write(service.sweep)) == 1
    assert run(db.read(lines, case.one)) == {case.offer_ids[0]: 1}
