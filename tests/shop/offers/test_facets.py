"""Facets count what the list with the same filters shows."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from artel.db import Database
from artel.shop.offers import facets, service
from artel.shop.offers.model import OfferFilter
from artel.shop.offers.rules import PRICE_STEPS
from tests.conftest import Run
from tests.shop.offers.known import ABOVE, Known, some_filters, stock_shelves


def test_facets_count_what_the_list_shows(db: Database, run: Run) -> None:
    known = run(db.write(stock_shelves))
    for given in some_filters(random.Random(5), 12):
        query = OfferFilter(**given)
        counted = run(db.read(service.facets, query))
        there = [each for each in known if each.passes(query)]
        assert (counted.count, counted.capped) == (len(there), False), given
        assert counted.in_stock == sum(each.stock > 0 for each in there)
        in_or_below = {above: sum(above in ABOVE[each.category] for each in there) for above in ABOVE}
        assert {each.id: each.count for each in counted.categories} == {key: n for key, n in in_or_below.items() if n}
        for choices, field in ((counted.shops, "shop"), (counted.authors, "author")):
            assert {each.id: each.count for each in choices} == _tallied(there, lambda each, f=field: getattr(each, f))
        assert {each.language: each.count for each in counted.languages} == _tallied(there, lambda each: each.language)
        assert {each.price_from: each.count for each in counted.prices} == _tallied(there, _step)


def _step(each: Known) -> int:
    return max(step for step in PRICE_STEPS if step <= each.price)


def _tallied(there: list[Known], key: Callable[[Known], Any]) -> dict[Any, int]:
    tallied: dict[Any, int] = {}
    for each in there:
        tallied[key(each)] = tallied.get(key(each), 0) + 1
    return tallied


def test_facets_look_at_a_bounded_number_and_say_so(db: Database, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run(db.write(stock_shelves))
    monkeypatch.setattr(facets, "LOOKED_AT_MAX", 10)
    facets.counting.cache_clear()
    counted = run(db.read(service.facets, OfferFilter()))
    facets.counting.cache_clear()
    assert (counted.count, counted.capped) == (10, True)
