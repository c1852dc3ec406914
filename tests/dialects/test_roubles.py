"""Roubles as the older services write them: exact both ways, whatever number is sent."""

import json
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from artel.dialects.roubles import is_finer, kopecks, number, price
from artel.kernel.errors import Malformed
from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book.model import AmountUnfit


@pytest.mark.parametrize(
    ("minor", "shown"), [(450_00, 450), (399_50, Decimal("399.5")), (1, Decimal("0.01")), (0, 0), (10**15, 10**13)]
)
def test_a_price_is_whole_roubles_or_an_exact_fraction(minor: int, shown: object) -> None:
    assert price(minor) == shown
    assert type(price(minor)) is type(shown)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        (b"1", 100),
        (b"1.0", 100),
        (b"99.99", 9_999),
        (b"1e2", 10_000),
        (b"1E-2", 1),
        (b"-0.0", 0),
        (b"-2.5", -250),
        (b"1.005", 100),  # halves go to the even kopeck
        (b"1.015", 102),
        (b"1.0050000000000000000000000000000000001", 101),  # and are not made by cutting digits off first
        (b"0.30000000000000004", 30),
        (b"10000000000000.00", AMOUNT_MAX),
        (b"1e-400", 0),
        (b"1." + b"0" * 100_000 + b"1", 100),
    ],
)
def test_a_number_is_read_to_the_last_digit_and_rounded_once(text: bytes, minor: int) -> None:
    assert kopecks(number("value", Raw(text))) == minor


@pytest.mark.parametrize(
    "text",
    [b"10000000000000.01", b"1e18", b"1e400", b"-1e400", b"1e99999999999999999999", b"-1e-99999999999999999999"]
    + [b"9" * 100_000],
)
def test_more_than_any_amount_is_refused(text: bytes) -> None:
    with pytest.raises(AmountUnfit):
        kopecks(number("value", Raw(text)))


@pytest.mark.parametrize(
    "text", [b'"1"', b'"NaN"', b"true", b"null", b"[1]", b"{}", b"NaN", b"Infinity", b"+1", b"1.", b".5", b"1_0", b""]
)
def test_what_is_no_number_is_refused_by_its_name(text: bytes) -> None:
    with pytest.raises(Malformed, match="value: expected a number"):
        number("value", Raw(text))


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX - 1), st.integers(0, 10**9))
def test_the_kopecks_are_the_nearest_ones(minor: int, rest: int) -> None:
    text = f"{minor // 100}.{minor % 100:02}{rest:010}" if minor >= 0 else f"-{-minor // 100}.{-minor % 100:02}"
    wanted = round(Fraction(text) * 100)  # Python rounds fractions half to even too
    assert kopecks(number("value", Raw(text.encode()))) == wanted


@given(st.integers(0, AMOUNT_MAX))
def test_what_is_shown_is_read_as_the_same_amount(minor: int) -> None:
    shown = msgspec.json.Encoder(decimal_format="number").encode(price(minor))
    assert kopecks(number("value", Raw(shown))) == minor
    assert json.loads(shown, parse_float=Decimal) == Decimal(minor) / 100


@pytest.mark.parametrize(
    ("text", "finer"),
    [
        (b"10", False),
        (b"10.50", False),
        (b"10.500", False),
        (b"0.30000000000000004", False),
        (b"999999.9900000001", False),
        (b"10.505", True),
        (b"0.001", True),
        (b"-0.125", True),
        (b"10.5000001", True),
        (b"1e-3", True),
    ],
)
def test_what_is_finer_than_kopecks_is_seen_and_the_noise_of_floats_is_not(text: bytes, finer: bool) -> None:
    assert is_finer(number("value", Raw(text))) == finer
