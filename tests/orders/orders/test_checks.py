"""Whether orders and the book tell the same: what does not agree is found and named."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from artel.db import Command, Write
from artel.ledger.book import model as places
from artel.ledger.book.model import Intent, Place, Posting
from artel.orders.orders import checks
from artel.orders.orders.tables import order_parts, orders
from artel.payments.tables import refunds
from tests.orders.orders.accounts import RUB, Accounts, post
from tests.orders.orders.till import Till


@pytest.fixture
def accounts(till: Till) -> Accounts:
    accounts = Accounts(till.db, till.run)
    accounts.take_commission(till.seller.shop_id, 1_000)
    return accounts


def _intent(reference: str, giver: Place, taker: Place, amount_minor: int = 1) -> Intent:
    return Intent("test", reference, "test/1", (Posting(giver, -amount_minor), Posting(taker, amount_minor)))


async def _change(tx: Write, command: Command, **params: Any) -> None:
    assert await tx.run(command, **params) == 1


def _found(accounts: Accounts) -> set[tuple[str, str]]:
    return {(each.invariant, each.row) for each in accounts.broken()}


@pytest.mark.parametrize("page", [1, 500])
def test_what_agrees_is_not_named(till: Till, accounts: Accounts, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PAGE", page)
    waiting, paid, late, back = (till.placed() for _ in range(4))
    till.moved(till.customer, late, "cancel")
    for order_id in (paid, back):
        till.paid(order_id, "ok")
    till.moved(till.seller.keeper, back, "refunds", {"amount_minor": 777})
    assert till.get(till.customer, waiting)["status"] == "awaiting_payment"
    assert _found(accounts) == set()


def test_money_that_an_order_did_not_earn_is_named(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "ok")
    too_much = _intent(f"order/{order_id}", places.world(RUB), places.revenue(till.seller.shop_id, RUB))
    till.run(till.db.write(post, too_much))
    whole, part = accounts.broken()
    assert (whole.invariant, whole.row) == ("orders.earned", f"order/{order_id}")
    assert "20001" in whole.problem
    assert "20000" in whole.problem
    assert (part.invariant, part.row) == ("orders.shop", f"order/{order_id}")


def test_money_that_another_shop_earned_is_named(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "ok")
    theirs, others = (places.revenue(shop_id, RUB) for shop_id in (till.seller.shop_id, till.shop().shop_id))
    till.run(till.db.write(post, _intent(f"order/{order_id}", theirs, others)))
    assert _found(accounts) == {("orders.shop", f"order/{order_id}")}


def test_a_part_that_was_paid_back_without_its_order_is_named(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "ok")
    back = update(order_parts).where(order_parts.c.order_id == bindparam("of_id")).values(refunded_minor=1)
    till.run(till.db.write(_change, Command(back), of_id=order_id))
    assert _found(accounts) == {("orders.shop", f"order/{order_id}")}


def test_a_commission_that_was_not_the_sales_is_named(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "ok")
    raised = update(order_parts).where(order_parts.c.order_id == bindparam("of_id")).values(commission_minor=2_001)
    till.run(till.db.write(_change, Command(raised), of_id=order_id))
    assert _found(accounts) == {(f"orders.{what}", f"order/{order_id}") for what in ("commission", "shop")}


def test_an_order_that_is_paid_without_money_is_named(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    paid = update(orders).where(orders.c.id == bindparam("of_id")).values(status="paid", paid_us=1)
    till.run(till.db.write(_change, Command(paid), of_id=order_id))
    assert _found(accounts) == {(f"orders.{what}", f"order/{order_id}") for what in ("earned", "commission", "shop")}


def test_money_that_is_owed_and_promised_to_nobody_is_named(till: Till, accounts: Accounts) -> None:
    order_id = till.placed()
    till.paid(order_id, "ok")
    till.moved(till.customer, order_id, "cancel")
    done = update(refunds).where(refunds.c.order_id == bindparam("of_id")).values(status="done")
    till.run(till.db.write(_change, Command(done), of_id=order_id))
    assert _found(accounts) == {("orders.owed", f"order/{order_id}")}


@pytest.mark.parametrize("reference", ["order/999", "order/", "order/x", "order/99999999999999999999", "order/1x"])
def test_a_transfer_of_no_order_is_named(till: Till, accounts: Accounts, reference: str) -> None:
    till.run(till.db.write(post, _intent(reference, places.world(RUB), places.fees(RUB))))
    (broken,) = accounts.broken()
    assert (broken.invariant, broken.problem) == ("orders.known", f"there is no {reference}")


@pytest.mark.parametrize("reference", ["orders/1", "job/1", "payment/1"])
def test_a_transfer_of_something_else_is_no_matter_of_orders(till: Till, accounts: Accounts, reference: str) -> None:
    till.run(till.db.write(post, _intent(reference, places.world(RUB), places.fees(RUB))))
    assert accounts.broken() == []
