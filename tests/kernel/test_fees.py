"""Proof: fee and payout are always the value, and a fee keeps its bounds."""

import random
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel import money
from artel.kernel.money import AMOUNT_MAX, FeeTerms

CASES = 1_000_000

amounts = st.integers(0, AMOUNT_MAX)
bounds = st.one_of(st.just(0), st.integers(1, 10_000), amounts)
terms = st.builds(FeeTerms, st.integers(0, 10_000), bounds, bounds)


@pytest.mark.parametrize(
    ("value_minor", "terms", "expected"),
    [
        (10_000, FeeTerms(1_250), 1_250),
        (0, FeeTerms(1_250), 0),
        (10_000, FeeTerms(0), 0),
        (10_000, FeeTerms(10_000), 10_000),
        (50, FeeTerms(100), 0),  # 0.5 is rounded to the even 0
        (150, FeeTerms(100), 2),  # 1.5 to the even 2
        (250, FeeTerms(100), 2),  # 2.5 to the even 2
        (251, FeeTerms(100), 3),
        (10_000, FeeTerms(100, min_minor=300), 300),
        (10_000, FeeTerms(400, min_minor=300), 400),
        (10_000, FeeTerms(400, max_minor=300), 300),
        (10_000, FeeTerms(200, max_minor=300), 200),
        (10_000, FeeTerms(200, min_minor=250, max_minor=300), 250),
        (200, FeeTerms(0, min_minor=300), 200),  # never more than the value
        (10_000, FeeTerms(0, min_minor=500, max_minor=300), 300),  # the upper bound wins
    ],
)
def test_a_fee_is_a_share_within_its_bounds(value_minor: int, terms: FeeTerms, expected: int) -> None:
    assert money.fee(value_minor, terms) == expected


@given(amounts, terms)
def test_a_fee_is_never_negative_and_never_more_than_the_value(value_minor: int, terms: FeeTerms) -> None:
    taken = money.fee(value_minor, terms)
    assert 0 <= taken <= value_minor
    assert taken >= min(terms.min_minor, value_minor) or taken == terms.max_minor
    assert not terms.max_minor or taken <= terms.max_minor


@given(amounts, st.integers(0, 10_000))
def test_a_fee_without_bounds_is_the_decimal_share_rounded_half_to_even(value_minor: int, rate_bp: int) -> None:
    exact = Decimal(value_minor) * rate_bp / 10_000  # 20 digits of 28
    assert money.fee(value_minor, FeeTerms(rate_bp)) == int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))


@given(amounts, amounts, terms)
def test_a_larger_value_never_has_a_smaller_fee(one_minor: int, other_minor: int, terms: FeeTerms) -> None:
    low, high = sorted((one_minor, other_minor))
    assert money.fee(low, terms) <= money.fee(high, terms)


def test_fee_and_payout_are_the_value_in_a_million_random_cases() -> None:
    """The payout is computed by itself here, in whole hundredths of a basis point, so that a fault would show."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    fee, draw = money.fee, rng.random
    offered = [
        FeeTerms(rng.choice((0, 1, 1_250, 10_000, rng.randrange(10_001))), *rng.choices((0, 7, 3_000, 10**9), k=2))
        for _ in range(1_000)
    ]
    seen = {"share": 0, "bounded": 0}
    for number in range(CASES):
        terms = offered[number % 1_000]
        value = int(10 ** (draw() * 15))
        taken = fee(value, terms)
        paid_out = value - taken
        assert paid_out >= 0 <= taken, (value, terms)
        twice_off = 2 * (value * (10_000 - terms.rate_bp) - paid_out * 10_000)
        if abs(twice_off) <= 10_000:  # what is paid out is the rest of the share, to the half of a unit
            seen["share"] += 1
            assert abs(twice_off) < 10_000 or taken % 2 == 0 or taken in (terms.min_minor, terms.max_minor), (
                value,
                terms,
            )
        else:
            seen["bounded"] += 1
            assert taken in (terms.min_minor, terms.max_minor, value), (value, terms)
    print(seen)
    assert min(seen.values()) > CASES / 10
