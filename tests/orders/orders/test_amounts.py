"""Orders: what they come to. Whatever is ordered, lines, parts and the order add up exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel.money import AMOUNT_MAX
from artel.orders.orders import amounts
from artel.orders.orders.amounts import Delivery, Priced, Sums
from artel.orders.orders.model import TotalTooLarge

SHOPS = {1: (2000, 1), 2: (1000, 0), 3: (0, 1)}  # the shop's own rate, and whether its prices hold the tax
rates = st.integers(0, 10_000)


@st.composite
def priced(draw: st.DrawFn) -> Priced:
    shop_id = draw(st.sampled_from(list(SHOPS)))
    quantity, price_minor = draw(st.integers(1, 1_000)), draw(st.integers(0, 10**9))
    discount_minor = draw(st.integers(0, quantity * price_minor))
    return Priced(shop_id, quantity, price_minor, draw(rates), SHOPS[shop_id][1], discount_minor)


deliveries = st.dictionaries(st.sampled_from(list(SHOPS)), st.integers(0, 10**7), max_size=3).map(
    lambda prices: {shop_id: Delivery(price, *SHOPS[shop_id]) for shop_id, price in prices.items()}
)


@given(st.lists(priced(), min_size=1, max_size=20), deliveries)
def test_parts_add_up_to_the_order_and_lines_to_the_parts(lines: list[Priced], given: dict[int, Delivery]) -> None:
    there = {line.shop_id for line in lines}
    given = {shop_id: each for shop_id, each in given.items() if shop_id in there}
    parts = amounts.of_parts(lines, given)
    assert set(parts) == there
    for shop_id, part in parts.items():
        mine = [amounts.of_line(line) for line in lines if line.shop_id == shop_id]
        carried = amounts.of_delivery(given.get(shop_id, Delivery(0, 0, 1)))
        assert part.total_minor == sum(each.total_minor for each in mine) + carried.total_minor
        assert part.tax_minor == sum(each.tax_minor for each in mine) + carried.tax_minor
        assert part.tax_added_minor in (0, part.tax_minor)
    whole = amounts.together(list(parts.values()))
    assert whole.total_minor == sum(part.total_minor for part in parts.values())
    assert whole.total_minor == (
        whole.goods_minor - whole.discount_minor + whole.delivery_minor + whole.tax_added_minor
    )


@given(priced())
def test_the_tax_of_a_line_is_never_more_than_its_rate_of_what_is_paid(line: Priced) -> None:
    sums = amounts.of_line(line)
    net_minor = sums.goods_minor - sums.discount_minor
    if line.tax_included:
        assert 0 <= sums.tax_minor <= net_minor and sums.total_minor == net_minor
        assert abs(sums.tax_minor * (10_000 + line.tax_bp) - net_minor * line.tax_bp) * 2 <= 10_000 + line.tax_bp
    else:
        assert sums.total_minor == net_minor + sums.tax_minor
        assert abs(sums.tax_minor * 10_000 - net_minor * line.tax_bp) <= 5_000


@pytest.mark.parametrize(
    ("net_minor", "tax_bp", "included", "tax"),
    [
        (12_000, 2000, 1, (2_000, 0)),  # 20 % held in 120.00
        (10_000, 2000, 0, (2_000, 2_000)),  # 20 % on top of 100.00
        (0, 2000, 1, (0, 0)),
        (999, 0, 0, (0, 0)),
        (1, 10_000, 1, (0, 0)),  # half a kopeck goes to the even neighbour
        (3, 10_000, 1, (2, 0)),
        (5, 1000, 0, (0, 0)),
        (15, 1000, 0, (2, 2)),
        (25, 1000, 0, (2, 2)),
    ],
)
def test_tax_is_rounded_half_to_even(net_minor: int, tax_bp: int, included: int, tax: tuple[int, int]) -> None:
    assert amounts.tax_of(net_minor, tax_bp, included) == tax


def test_an_order_has_a_largest_sum() -> None:
    largest = Priced(1, 1, AMOUNT_MAX, 0, 1)
    assert amounts.of_parts([largest], {})[1].total_minor == AMOUNT_MAX
    with pytest.raises(TotalTooLarge):
        amounts.of_parts([largest, Priced(2, 1, 1, 0, 1)], {})
    with pytest.raises(TotalTooLarge):  # the tax that comes on top counts
        amounts.of_parts([Priced(1, 1, AMOUNT_MAX, 100, 0)], {})
    with pytest.raises(TotalTooLarge):  # and what a voucher takes off makes room for nothing
        amounts.of_parts([Priced(1, 2, AMOUNT_MAX, 0, 1, AMOUNT_MAX)], {})


@given(st.integers(0, 10**12), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_copies_paid_back_one_after_another_come_to_the_line(total_minor: int, batches: list[int]) -> None:
    quantity, back, paid = sum(batches), 0, 0
    for batch in batches:
        share = amounts.due_for(back + batch, total_minor, quantity) - amounts.due_for(back, total_minor, quantity)
        assert 0 <= share <= total_minor
        back, paid = back + batch, paid + share
    assert paid == total_minor


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=10))
def test_the_tax_that_goes_back_grows_to_all_of_it(tax_minor: int, payments: list[int]) -> None:
    total_minor = sum(payments) + tax_minor
    told = [amounts.tax_back(tax_minor, sum(payments[:end]), total_minor) for end in range(len(payments) + 1)]
    assert told == sorted(told) and told[0] == 0
    assert amounts.tax_back(tax_minor, total_minor, total_minor) == (tax_minor if total_minor else 0)


def test_nothing_costs_nothing() -> None:
    assert Sums().total_minor == 0
    assert amounts.tax_back(0, 0, 0) == 0
