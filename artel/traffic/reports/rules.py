"""Decisions and arithmetic of the reports: periods, time zones, places, labels. No SQL, no clock."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from artel.traffic.reports.model import (
    Measure,
    Question,
    QuestionMalformed,
    Ranked,
    Ranking,
    Report,
)

SLOT_S: Final = 900  # a quarter of an hour: since 1972 every zone's offset is a whole number of them
_DAY_SLOTS: Final = 96
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US: Final = -62_135_596_800_000_000  # the year 1
_END_US: Final = 253_402_300_800_000_000  # the year 10000
EVER_US: Final = (_FIRST_US, _END_US)
# Outside these years a zone keeps the offset it has at their border, so that one absurd line costs no time.
_FIRST_SLOT: Final = -2_208_988_800 // SLOT_S  # the year 1900
_LAST_SLOT: Final = 7_258_118_400 // SLOT_S  # the year 2200

PARTS_OF_DAY: Final = ("night", "morning", "daytime", "evening")  # six hours each, from midnight
STEPS: Final = ("visit", "category", "good", "cart", "pay", "paid")
_CATEGORY_MAX: Final = 200  # characters; no page of a shop is called longer

Zone = tuple[tuple[int, int, int], ...]
Key = tuple[int, str, str, int]  # number, category, good, other: the last row of a page of a table
FIRST_PAGE: Final[Key] = (-1, "", "", -1)


class Inquiry(msgspec.Struct, frozen=True):
    """A question that makes sense: its report, and every parameter decided."""

    report: Report
    category: str | None
    from_us: int
    to_us: int
    bounded: tuple[bool, bool]  # whether the period has a beginning and an end of its own
    zone: ZoneInfo
    bots: bool
    by: Measure
    top: int


def inquiry(report: Report, question: Question, timezone: str) -> Inquiry:
    """The question with every parameter checked and decided; `timezone` is for one that names none.

    Raises QuestionMalformed, naming the field.
    """
    zone = zone_of(timezone if question.timezone is None else question.timezone)
    if question.category is not None and report.category is None:
        raise _malformed("category", f"the report {report.name} asks about no category")
    if question.category is not None and not _is_category(question.category):
        raise _malformed(
            "category", f"is the name of a category as its address shows it, up to {_CATEGORY_MAX} characters"
        )
    if question.by != "requests" and not report.measures:
        raise _malformed("by", f"the report {report.name} counts {report.unit}, nothing else")
    from_us, to_us = period(question.from_time, question.to_time, zone)
    return Inquiry(
        report=report,
        category=report.category if question.category is None else question.category,
        from_us=from_us,
        to_us=to_us,
        bounded=(question.from_time is not None, question.to_time is not None),
        zone=zone,
        bots=question.bots,
        by=question.by,
        top=question.top,
    )


def _is_category(text: str) -> bool:
    return 0 < len(text) <= _CATEGORY_MAX and text.isprintable() and "/" not in text


def _malformed(field: str, problem: str) -> QuestionMalformed:
    return QuestionMalformed(field=field, problem=problem)


def quoted(text: str) -> str:
    """The text in quotes, cut to what fits a line, with nothing in it that moves a terminal's cursor."""
    return ascii(text[:60])


def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises QuestionMalformed."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder, like `America`
        problem = f"there is no time zone {quoted(name)}; write a name like UTC or Europe/Berlin"
        raise _malformed("timezone", problem) from None


def period(from_time: str | None, to_time: str | None, zone: ZoneInfo) -> tuple[int, int]:
    """The half open range of microseconds; an end that isn't told is the end of all time.

    Raises QuestionMalformed, also for a period in which no time lies.
    """
    from_us = EVER_US[0] if from_time is None else moment_us(from_time, zone, "from")
    to_us = EVER_US[1] if to_time is None else moment_us(to_time, zone, "to")
    if from_us >= to_us:
        problem = "must be after from: the period ends just before it; for one day give the next day"
        raise _malformed("to", problem)
    return from_us, to_us


def moment_us(text: str, zone: ZoneInfo, field: str) -> int:
    """Microseconds of an ISO 8601 date or time; one without an offset is a time of the zone.

    Of an hour that comes twice it is the first; a time that clocks skip is read with the offset before the
    gap.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        problem = f"{quoted(text)} is no time; write 2018-08-01, 2018-08-01T10:00 or 2018-08-01T10:00+03:00"
        raise _malformed(field, problem) from None


def offset_slots(zone: ZoneInfo, slot: int) -> int:
    """The zone's offset from UTC in quarters of an hour, rounded for times before 1972."""
    slot = min(max(slot, _FIRST_SLOT), _LAST_SLOT)
    offset = (_EPOCH + timedelta(seconds=slot * SLOT_S)).astimezone(zone).utcoffset()
    assert offset is not None, "a ZoneInfo knows its offset at every time"
    return round(offset / timedelta(seconds=SLOT_S))


def offsets(zone: ZoneInfo, first_slot: int, last_slot: int) -> Zone:
    """The zone as (from_slot, to_slot, offset_slots), half open and without gaps, over all of the range.

    Looks at one time a day and halves the days in which the offset changes: 366 looks a year. A change that
    comes within a quarter of an hour (Newfoundland until 2011, at 0:01) counts from that quarter's end.
    """
    ranges: list[tuple[int, int, int]] = []
    begin, offset = first_slot, offset_slots(zone, first_slot)
    slot, last = max(first_slot, _FIRST_SLOT), min(last_slot, _LAST_SLOT)
    while slot <= last:
        ahead = min(slot + _DAY_SLOTS, last + 1)
        changed = offset_slots(zone, ahead)
        if changed != offset:
            low, high = slot, ahead
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_slots(zone, middle) == offset else (low, middle)
            ranges.append((begin, high, offset))
            begin, offset = high, offset_slots(zone, high)
        slot = ahead
    ranges.append((begin, last_slot + 1, offset))
    return tuple(found for found in ranges if found[0] < found[1])


def hour_label(hour_no: int, shift: int) -> str:
    """`2018-08-01T14:00+03:00`: an hour, by its number since 1970 in local time and its offset in quarters."""
    moment = _EPOCH.replace(tzinfo=timezone(timedelta(seconds=shift * SLOT_S))) + timedelta(hours=hour_no)
    return moment.isoformat(timespec="minutes")


def day_label(day_no: int) -> str:
    """`2018-08-01`, by the number of the day since 1970."""
    return (_EPOCH + timedelta(days=day_no)).date().isoformat()


def ranking(listed: Iterable[tuple[Ranked, int]], top: int) -> Ranking:
    """Names with their places as winners (place 1) and at most `top` runners-up, equal counts by name."""
    ordered = sorted(listed, key=lambda entry: (entry[1], entry[0].name))
    winners = tuple(name for name, place in ordered if place == 1)
    return Ranking(winners, tuple(name for name, place in ordered if place > 1)[:top])


def ranking_of(counts: Iterable[tuple[str, int]], top: int) -> Ranking:
    """The same for counts without places; what was never counted has none."""
    counted = [(name, count) for name, count in counts if count > 0]
    places = {count: place for place, count in enumerate(sorted({c for _, c in counted}, reverse=True), 1)}
    return ranking(((Ranked(name, count), places[count]) for name, count in counted), top)


def share(part: int, whole: int) -> float:
    """The part as a number from 0 to 1; of nothing it is 0."""
    return round(part / whole, 6) if whole else 0.0


def steps_reached(deepest: Sequence[tuple[int, int]]) -> list[int]:
    """Visits by the deepest step they came to, as visits that came to each step or to a later one."""
    counts = dict(deepest)
    return [sum(n for step, n in counts.items() if step >= reached) for reached in range(len(STEPS))]


def cursor(key: Key) -> str:
    """The key of the last row shown, as an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def key_of(cursor_text: str | None) -> Key:
    """The key after which a page begins. Raises QuestionMalformed when the text is none of our cursors."""
    if cursor_text is None:
        return FIRST_PAGE
    try:
        padded = cursor_text + "=" * (-len(cursor_text) % 4)
        number, category, good, other = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Key)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise _malformed("after", "is not a cursor that this table gave out") from None
    if not all(-(2**63) <= n < 2**63 for n in (number, other)):
        raise _malformed("after", "is not a cursor that this table gave out")
    return number, category, good, other
