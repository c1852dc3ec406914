"""Money: nothing is lost and nothing is made."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel.money import AMOUNT_MAX, Currency, half_even, major, minor, share_bp, split

AMOUNTS = st.integers(0, AMOUNT_MAX)


@pytest.mark.parametrize(("over", "under", "whole"), [(1, 2, 0), (3, 2, 2), (5, 2, 2), (7, 2, 4), (7, 3, 2), (8, 3, 3)])
def test_halves_go_to_the_even_neighbour(over: int, under: int, whole: int) -> None:
    assert half_even(over, under) == whole


@given(AMOUNTS, st.integers(1, 10**9))
def test_a_quotient_is_rounded_as_the_exact_fraction_is(over: int, under: int) -> None:
    assert half_even(over, under) == round(Fraction(over, under))


@given(AMOUNTS, st.integers(0, 10_000))
def test_a_share_is_no_more_than_the_amount(amount: int, rate_bp: int) -> None:
    assert 0 <= share_bp(amount, rate_bp) <= amount


@given(AMOUNTS, st.lists(st.integers(0, AMOUNT_MAX), min_size=1, max_size=50))
def test_parts_are_exactly_the_amount_and_each_is_next_to_its_share(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        share = Fraction(amount * weight, sum(weights)) if any(weights) else Fraction(amount, len(weights))
        assert abs(part - share) < 1


def test_what_remains_goes_to_the_largest_remainders_the_earlier_first() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [1, 6, 3]) == [1, 6, 3]
    assert split(5, [0, 0]) == [3, 2]


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [(12345, "RUB", "123.45"), (5, "RUB", "0.05"), (0, "EUR", "0.00"), (500, "JPY", "500"), (1005, "KWD", "1.005")],
)
def test_an_amount_is_written_in_its_currency_s_own_unit(amount_minor: int, currency: str, text: str) -> None:
    assert major(amount_minor, currency) == text


@given(AMOUNTS, st.sampled_from(["RUB", "JPY", "KWD", "CLF"]))
def test_an_amount_is_read_as_it_was_written(amount_minor: int, currency: str) -> None:
    assert minor(major(amount_minor, currency), currency) == amount_minor


def test_fewer_digits_and_zeros_too_many_are_the_same_amount() -> None:
    assert (minor("5", "RUB"), minor("5.1", "RUB"), minor("5.1000", "RUB"), minor("5.0", "JPY")) == (500, 510, 510, 5)


@pytest.mark.parametrize("text", ["", "1,5", "1.005", "-1", "1e3", "1 000", ".5", "5.", "٣", "1" * 17])
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount|digits"):
        minor(text, "RUB")


@pytest.mark.parametrize("code", ["RUB", "EUR", "JPY", "KWD", "UYW", "XOF", "ZWG"])
def test_a_currency_is_one_in_use(code: str) -> None:
    assert msgspec.convert(code, Currency) == code


@pytest.mark.parametrize("code", ["RUR", "ZZZ", "XXX", "XTS", "XAU", "rub", "RUBB", "", "RUB\n", " RUB", "643"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(code, Currency)
