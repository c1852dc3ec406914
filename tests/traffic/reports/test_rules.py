"""Periods, time zones, places and cursors."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from artel.kernel.clock import parse_iso
from artel.traffic.reports import catalogue, rules
from artel.traffic.reports.model import QuestionMalformed, Ranked, ReportUnknown

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2018-08-01", "2018-07-31T22:00:00Z"),
        ("2018-08-01T10:00", "2018-08-01T08:00:00Z"),
        ("2018-08-01 10:00:30.5", "2018-08-01T08:00:30.5Z"),
        ("2018-08-01T10:00Z", "2018-08-01T10:00:00Z"),
        ("2018-08-01T10:00-05:00", "2018-08-01T15:00:00Z"),
        ("2018-10-28T02:30", "2018-10-28T00:30:00Z"),  # comes twice: the first
        ("2018-03-25T02:30", "2018-03-25T01:30:00Z"),  # is skipped: the offset before
    ],
)
def test_a_time_without_an_offset_is_of_the_zone(text: str, utc: str) -> None:
    assert rules.moment_us(text, BERLIN, "from") == parse_iso(utc)


@pytest.mark.parametrize("text", ["", "yesterday", "2018-13-01", "2018-08-01T25:00", "1e9", "0001-01-01T00:00", "\x00"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuestionMalformed, match="write 2018-08-01, "):
        rules.moment_us(text, ZoneInfo("Asia/Tokyo"), "from")


def test_a_period_in_which_no_time_lies_is_refused() -> None:
    assert rules.period("2018-08-01", "2018-08-02", BERLIN)[1] - rules.period("2018-08-01", None, BERLIN)[0] == (
        86_400_000_000
    )
    with pytest.raises(QuestionMalformed, match="to: must be after from"):
        rules.period("2018-08-02", "2018-08-01", BERLIN)


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"]
)
def test_the_ranges_of_a_zone_give_its_offset_at_any_time(name: str) -> None:
    zone = ZoneInfo(name)
    first, last = (round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 900 for year in (1995, 2040))
    ranges = rules.offsets(zone, first, last)
    assert ranges[0][0] == first and ranges[-1][1] == last + 1
    assert all(before[1] == after[0] for before, after in zip(ranges, ranges[1:], strict=False))
    edges = [edge for begin, end, _ in ranges for edge in (begin, end - 1)]
    chance = random.Random(7)
    for slot in edges + [chance.randint(first, last) for _ in range(2_000)]:
        offset = datetime.fromtimestamp(slot * 900, zone).utcoffset()
        assert offset is not None
        (found,) = [shift for begin, end, shift in ranges if begin <= slot < end]
        assert timedelta(minutes=15 * found) == offset, (name, slot)


def test_a_zone_of_one_moment_or_of_all_time_has_no_gap() -> None:
    assert rules.offsets(BERLIN, 5, 5) == ((5, 6, 4),)
    ever = rules.offsets(BERLIN, -(10**8), 10**10)
    assert (ever[0][0], ever[-1][1]) == (-(10**8), 10**10 + 1)
    assert len(ever) < 700
    assert rules.offsets(BERLIN, 10**9, 10**9 + 5) == ((10**9, 10**9 + 6, 4),)


def test_winners_are_all_of_the_greatest_count_by_name() -> None:
    found = rules.ranking_of([("b", 3), ("d", 1), ("a", 3), ("c", 2), ("e", 0)], top=1)
    assert found.winners == (Ranked("a", 3), Ranked("b", 3))
    assert found.runners_up == (Ranked("c", 2),)


def test_nothing_counted_has_no_winner_and_a_share_of_nothing_is_nothing() -> None:
    found = rules.ranking_of([("a", 0)], top=3)
    assert (found.winners, found.runners_up, rules.share(0, 0)) == ((), (), 0)
    assert rules.share(1, 3) == 0.333333


@pytest.mark.parametrize("key", [rules.FIRST_PAGE, (8642, "caviar", "чёрная", 0), (2**63 - 1, "", "", -(2**63))])
def test_a_cursor_gives_its_key_back(key: rules.Key) -> None:
    assert rules.key_of(rules.cursor(key)) == key


@pytest.mark.parametrize("text", ["", "!", "AAAA", "WzFd", "é", "W1td", rules.cursor((2**63, "", "", 0))])
def test_a_cursor_of_somebody_else_is_refused(text: str) -> None:
    with pytest.raises(QuestionMalformed, match="after: is not a cursor"):
        rules.key_of(text)


def test_the_seven_have_the_numbers_from_1_to_7() -> None:
    assert sorted(report.number for report in catalogue.REPORTS if report.number) == [1, 2, 3, 4, 5, 6, 7]
    assert catalogue.find(" Countries ") is catalogue.find("1")
    with pytest.raises(ReportUnknown):
        catalogue.find("0")


def test_the_contract_asks_for_its_own_categories() -> None:
    assert [catalogue.find(str(n)).category for n in (2, 3, 5)] == ["fresh_fish", "frozen_fish", "semi_manufactures"]
