"""How two carts become one, what changed since a line was set, and what a cart comes to."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.orders.carts import rules
from artel.orders.carts.model import LINES_MAX, QUANTITY_MAX, CartLine, TooManyCopies, TooManyLines
from artel.shop.offers.model import OfferForSale

OFFER = OfferForSale(
    id=1,
    shop_id=1,
    shop_name="Corner",
    product_id=1,
    title="Oblomov",
    price_minor=1_000,
    compare_at_minor=0,
    currency="RUB",
    stock=5,
    active=1,
    tax_bp=0,
    tax_included=1,
    confirms=0,
    low_stock=0,
    commission_bp=0,
)


def line(offer_id: int, quantity: int = 1, seen_price_minor: int = 1_000, added_us: int = 0) -> CartLine:
    return CartLine(offer_id, quantity, seen_price_minor, added_us or offer_id)


def offer(**fields: Any) -> OfferForSale:
    return msgspec.structs.replace(OFFER, **fields)


# --- lines


def test_a_line_is_put_in_its_place_or_at_the_end() -> None:
    lines = [line(1), line(2)]
    assert rules.with_line(lines, line(1, 5, added_us=9)) == [line(1, 5), line(2)], "it keeps its age"
    assert rules.with_line(lines, line(3)) == [line(1), line(2), line(3)]


def test_a_cart_holds_so_many_lines_and_a_line_so_many_copies() -> None:
    full = [line(each) for each in range(1, LINES_MAX + 1)]
    assert len(rules.with_line(full[:-1], line(LINES_MAX))) == LINES_MAX
    assert len(rules.with_line(full, line(1, QUANTITY_MAX))) == LINES_MAX
    with pytest.raises(TooManyLines):
        rules.with_line(full, line(LINES_MAX + 1))
    with pytest.raises(TooManyCopies):
        rules.with_line(full, line(1, QUANTITY_MAX + 1))


def test_quantities_of_one_offer_add_up_and_the_guests_price_was_seen_last() -> None:
    merged, cut = rules.merge([line(1, 2, 900), line(2)], [line(1, 3, 1_000), line(3)])
    assert merged == [line(1, 5, 1_000), line(2), line(3)]
    assert cut == []


def test_what_finds_no_room_is_cut_and_told() -> None:
    mine = [line(each, added_us=1) for each in range(2, LINES_MAX + 1)]
    guests = [line(2, QUANTITY_MAX), line(500, 7), line(501, 8)]
    merged, cut = rules.merge(mine, guests)
    assert len(merged) == LINES_MAX
    assert cut == [line(2, 1), line(501, 8)]


LINES = st.dictionaries(st.integers(1, 300), st.integers(1, QUANTITY_MAX), max_size=LINES_MAX).map(
    lambda found: [line(offer_id, quantity) for offer_id, quantity in found.items()]
)


@given(LINES, LINES)
def test_of_two_carts_nothing_is_lost_or_doubled(mine: list[CartLine], guests: list[CartLine]) -> None:
    merged, cut = rules.merge(mine, guests)
    assert copies(merged) + copies(cut) == copies(mine) + copies(guests)
    assert len(merged) == len(copies(merged)) <= LINES_MAX
    assert all(0 < each.quantity <= QUANTITY_MAX for each in [*merged, *cut])
    assert all(copies(merged)[each.offer_id] >= each.quantity for each in mine), "what was there stays"


def copies(lines: Sequence[CartLine]) -> Counter[int]:
    found: Counter[int] = Counter()
    for each in lines:
        found[each.offer_id] += each.quantity
    return found


# --- what is shown


@pytest.mark.parametrize(
    ("wanted", "there", "changed"),
    [
        (line(1, 5), offer(), []),
        (line(1, 5, 999), offer(), ["price_changed"]),
        (line(1, 6), offer(), ["not_enough"]),
        (line(1, 6, 999), offer(stock=0), ["price_changed", "not_enough"]),
        (line(1, 6, 999), offer(active=0), ["withdrawn"]),
    ],
)
def test_a_line_tells_what_changed(wanted: CartLine, there: OfferForSale, changed: list[str]) -> None:
    assert rules.changes(wanted, there) == changed
    (shown,) = rules.shown([wanted], {1: there}).lines
    assert shown.changed == changed
    assert shown.left == (there.stock if "not_enough" in changed else None)


def test_a_cart_adds_up_by_shop_and_by_currency() -> None:
    there = {1: offer(), 2: offer(id=2, shop_id=2, shop_name="Far"), 3: offer(id=3, currency="EUR", price_minor=50)}
    cart = rules.shown([line(1, 2), line(2), line(3)], there, [100, 7, 0])
    assert [(each.shop_id, each.currency, each.goods_minor, each.total_minor) for each in cart.shops] == [
        (1, "RUB", 2_000, 1_900),
        (2, "RUB", 1_000, 993),
        (1, "EUR", 50, 50),
    ]
    assert [(each.currency, each.goods_minor, each.discount_minor, each.total_minor) for each in cart.totals] == [
        ("EUR", 50, 0, 50),
        ("RUB", 3_000, 107, 2_893),
    ]
    assert not cart.orderable, "an order is in one currency"


def test_a_withdrawn_line_is_shown_and_costs_nothing() -> None:
    there = {1: offer(), 2: offer(id=2, active=0)}
    cart = rules.shown([line(1), line(2, 3)], there)
    assert [each.goods_minor for each in cart.lines] == [1_000, 0]
    assert [each.goods_minor for each in cart.totals] == [1_000]
    assert rules.goods([line(1), line(2, 3)], there) == [(1, 1_000), (1, 0)]


@pytest.mark.parametrize(
    ("lines", "there", "orderable"),
    [
        ([line(1, 5)], offer(), True),
        ([line(1, 5, 999)], offer(), True),  # a new price is told, and stands against nothing
        ([line(1, 6)], offer(), False),
        ([line(1, 5)], offer(active=0), False),
        ([], offer(), False),
    ],
)
def test_a_cart_can_be_ordered_when_all_of_it_can_be_had(
    lines: list[CartLine], there: OfferForSale, orderable: bool
) -> None:
    assert rules.shown(lines, {1: there}).orderable == orderable
