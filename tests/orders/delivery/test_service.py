"""Choosing how an order's parts are delivered, on both databases."""

from typing import Any

import pytest

from artel.db import Database, Read
from artel.kernel.errors import Refusal
from artel.orders.delivery import service
from artel.orders.delivery.model import Chosen, MethodCurrency, MethodUnknown, NothingToDeliver
from artel.orders.delivery.tables import delivery_methods
from tests.conftest import Run
from tests.shop.shelf import enter, enter_shop

Market = tuple[int, int, int, int]


@pytest.fixture
def market(db: Database, run: Run) -> Market:
    """Two shops, and a method of each: for 300, free from 5,000; and for 100, never free."""
    one, other = (run(db.write(enter_shop)) for _ in range(2))
    plain = {"name": "Courier", "currency": "RUB", "active": 1}
    dear = run(db.write(enter, delivery_methods, shop_id=one, price_minor=300, free_from_minor=5_000, **plain))
    cheap = run(db.write(enter, delivery_methods, shop_id=other, price_minor=100, **plain))
    return one, other, dear, cheap


def test_each_shop_delivers_as_chosen_and_free_from_a_worth_on(db: Database, run: Run, market: Market) -> None:
    one, other, dear, cheap = market
    for worth, price_minor in ((4_999, 300), (5_000, 0), (10**15, 0)):
        found = run(db.read(service.chosen, {one: dear, other: cheap}, {one: worth, other: worth}, "RUB"))
        assert found == {one: Chosen(dear, "Courier", price_minor), other: Chosen(cheap, "Courier", 100)}


def test_what_is_not_chosen_is_not_delivered_and_costs_no_statement(db: Database, run: Run, market: Market) -> None:
    one, other, _, cheap = market
    assert run(db.read(service.chosen, {other: cheap}, {one: 1, other: 1}, "RUB")).keys() == {other}
    assert run(service.chosen(Asleep(), {}, {one: 1}, "RUB")) == {}


class Asleep(Read):
    """A database that must not be asked."""


def test_a_choice_that_does_not_fit_is_refused(db: Database, run: Run, market: Market) -> None:
    one, other, dear, cheap = market
    plain = {"name": "Gone", "price_minor": 1, "shop_id": one}
    gone = run(db.write(enter, delivery_methods, currency="RUB", active=0, **plain))
    euros = run(db.write(enter, delivery_methods, currency="EUR", active=1, **plain))
    cases: list[tuple[dict[int, int], Any, type[Refusal]]] = [
        ({one: cheap}, {one: 1, other: 1}, MethodUnknown),  # the other shop's
        ({one: gone}, {one: 1}, MethodUnknown),
        ({one: 10**9}, {one: 1}, MethodUnknown),
        ({one: euros}, {one: 1}, MethodCurrency),
        ({one: dear}, {other: 1}, NothingToDeliver),
    ]
    for choices, goods, refusal in cases:
        with pytest.raises(refusal):
            run(db.read(service.chosen, choices, goods, "RUB"))
