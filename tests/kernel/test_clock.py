"""Times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.kernel.clock import US, iso, parse_iso, whole_s

YEAR_1_US, YEAR_9999_US = -62_135_596_800 * US, 253_402_300_799 * US


@pytest.mark.parametrize(
    ("at_us", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_763_661_600 * US, "2025-11-20T18:00:00.000000Z"),
        (951_782_400 * US, "2000-02-29T00:00:00.000000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_six_decimals(at_us: int, text: str) -> None:
    assert iso(at_us) == text
    assert parse_iso(text) == at_us


@given(st.integers(YEAR_1_US, YEAR_9999_US), st.integers(YEAR_1_US, YEAR_9999_US))
def test_what_was_written_is_read_again_and_text_sorts_like_time(one_us: int, other_us: int) -> None:
    assert parse_iso(iso(one_us)) == one_us
    assert (iso(one_us) < iso(other_us)) == (one_us < other_us)


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2026-11-20T21:00:00+03:00", "2026-11-20T18:00:00.000000Z"),
        ("2026-11-20T18:00:00", "2026-11-20T18:00:00.000000Z"),
        ("2026-11-20", "2026-11-20T00:00:00.000000Z"),
        ("2026-11-20T18:00:00Z", "2026-11-20T18:00:00.000000Z"),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, same_as: str) -> None:
    assert iso(parse_iso(text)) == same_as


@pytest.mark.parametrize("text", ["0001-01-01T05:00:00+05:00", "9999-12-31T18:59:59-05:00"])
def test_the_first_and_the_last_time_are_read_and_written(text: str) -> None:
    assert iso(parse_iso(text)) in ("0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.000000Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-31",
        "2026-11-20T25:00:00",
        "2026-11-20T18:00:00+99:00",
        "0001-01-01T04:59:59+05:00",
        "9999-12-31T19:00:00-05:00",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        parse_iso(text)


@pytest.mark.parametrize(("us", "seconds"), [(0, 0), (1, 1), (US, 1), (US + 1, 2), (300 * US, 300)])
def test_a_wait_is_in_whole_seconds_and_never_too_short(us: int, seconds: int) -> None:
    assert whole_s(us) == seconds
