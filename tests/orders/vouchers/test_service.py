"""Redeeming and releasing vouchers, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest

from artel.db import Database, Write
from artel.kernel.errors import Refusal
from artel.orders.vouchers import service
from artel.orders.vouchers.model import (
    VoucherCurrency,
    VoucherMinimum,
    VoucherNotForThese,
    VoucherNotYet,
    VoucherOver,
    VoucherUnknown,
    VoucherUsedByYou,
    VoucherUsedUp,
)
from tests.conftest import Run
from tests.orders.vouchers.till import enter_order, enter_voucher, uses
from tests.people import People

GOODS = [(1, 20_000), (2, 10_000)]
FAR_US = 10**17  # the year 5138

Redeem = Callable[..., list[int]]


@pytest.fixture
def redeem(db: Database, run: Run, people: People) -> Redeem:
    """Redeems for a new order of the account, or of a new one; all in one transaction."""

    async def order(tx: Write, code: str, account_id: int, rest: dict[str, Any]) -> list[int]:
        order_id = await enter_order(tx, account_id)
        return await service.redeem(tx, code, account_id, order_id, **{"currency": "RUB", "goods": GOODS} | rest)

    def redeem(code: str, account_id: int = 0, **rest: Any) -> list[int]:
        account_id = account_id or people.person().account_id
        return run(db.write(order, code, account_id, rest))

    return redeem


def test_a_voucher_is_used_and_answers_the_discount_of_each_line(db: Database, run: Run, redeem: Redeem) -> None:
    voucher_id = run(db.write(enter_voucher, "TENTH"))
    assert redeem("tenth") == [2_000, 1_000]
    assert run(db.read(uses, voucher_id)) == (1, 1)


def test_a_quote_says_the_same_and_uses_nothing(db: Database, run: Run, redeem: Redeem) -> None:
    voucher_id = run(db.write(enter_voucher, "AMOUNT", amount_minor=1_001))
    quoted = run(db.read(service.quote, "amount", 0, "RUB", GOODS))
    assert run(db.read(uses, voucher_id)) == (0, 0)
    assert quoted == redeem("AMOUNT") == [667, 334]


@pytest.mark.parametrize(
    ("values", "goods", "refusal"),
    [
        ({"active": 0}, GOODS, VoucherUnknown),
        ({"from_us": FAR_US}, GOODS, VoucherNotYet),
        ({"until_us": 1}, GOODS, VoucherOver),
        ({"uses_max": 1, "used": 1}, GOODS, VoucherUsedUp),
        ({"amount_minor": 1, "minimum_minor": 30_001}, GOODS, VoucherMinimum),
        ({"currency": "EUR"}, GOODS, VoucherCurrency),
        ({}, [(1, 0)], VoucherNotForThese),
    ],
)
def test_what_does_not_serve_is_refused_alike_by_a_quote_and_an_order_and_uses_nothing(
    db: Database, run: Run, redeem: Redeem, values: dict[str, Any], goods: Any, refusal: type[Refusal]
) -> None:
    voucher_id = run(db.write(enter_voucher, "CODE", **values))
    before = run(db.read(uses, voucher_id))
    with pytest.raises(refusal):
        redeem("CODE", goods=goods)
    with pytest.raises(refusal):
        run(db.read(service.quote, "CODE", 0, "RUB", goods))
    assert run(db.read(uses, voucher_id)) == before


def test_a_code_that_nobody_made_is_unknown(db: Database, run: Run, redeem: Redeem) -> None:
    run(db.write(enter_voucher, "TENTH"))
    for code in ("TENTHS", "", "-", "'; drop table vouchers; --", "%"):
        with pytest.raises(VoucherUnknown):
            redeem(code)


def test_a_voucher_for_once_serves_each_customer_once(db: Database, run: Run, redeem: Redeem, people: People) -> None:
    voucher_id = run(db.write(enter_voucher, "ONCE", once_per_customer=1))
    anna, boris = people.person().account_id, people.person().account_id
    redeem("ONCE", anna)
    with pytest.raises(VoucherUsedByYou):
        redeem("ONCE", anna)
    with pytest.raises(VoucherUsedByYou):
        run(db.read(service.quote, "ONCE", anna, "RUB", GOODS))
    redeem("ONCE", boris)
    assert run(db.read(uses, voucher_id)) == (2, 2)


def test_a_voucher_for_any_number_of_times_serves_one_customer_again(
    db: Database, run: Run, redeem: Redeem, people: People
) -> None:
    voucher_id = run(db.write(enter_voucher, "OFTEN"))
    anna = people.person().account_id
    for _ in range(3):
        redeem("OFTEN", anna)
    assert run(db.read(uses, voucher_id)) == (3, 3)


def test_a_use_is_given_back_once_and_serves_again(db: Database, run: Run, people: People) -> None:
    voucher_id = run(db.write(enter_voucher, "ONE", uses_max=1, once_per_customer=1))
    anna = people.person().account_id
    first, second = (run(db.write(enter_order, anna)) for _ in range(2))
    run(db.write(service.redeem, "ONE", anna, first, "RUB", GOODS))
    with pytest.raises(VoucherUsedUp):
        run(db.write(service.redeem, "ONE", anna, second, "RUB", GOODS))
    for _ in range(3):
        run(db.write(service.release, first))
        assert run(db.read(uses, voucher_id)) == (0, 0)
    run(db.write(service.redeem, "ONE", anna, second, "RUB", GOODS))
    run(db.write(service.release, first))
    assert run(db.read(uses, voucher_id)) == (1, 1)


def test_an_order_without_a_voucher_gives_nothing_back(db: Database, run: Run, people: People) -> None:
    voucher_id = run(db.write(enter_voucher, "TENTH", used=1))
    run(db.write(service.release, run(db.write(enter_order, people.person().account_id))))
    assert run(db.read(uses, voucher_id)) == (1, 0)
