"""Local times of a log to UTC, by the time zone that the operator named.

A time that occurs twice, when clocks go back, is taken for the first of the two; one that never occurred, when they
go forward, as if the clocks had not been changed yet. Both are what Python's `fold=0` means.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from artel.kernel.clock import US
from artel.traffic.imports.model import TimezoneUnknown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400


def load(name: str) -> ZoneInfo:
    """The zone of that name. Raises TimezoneUnknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of the zone database
        raise TimezoneUnknown(name=name) from None


def offset_sql(zone: ZoneInfo, first_us: int, last_us: int) -> str:
    """An SQL expression: what must be taken from a local `at_us` between the two, to get UTC."""
    begin, end = first_us // US - 2 * _DAY_S, last_us // US + 2 * _DAY_S
    offset = _offset_s(zone, begin)
    cases = ""
    for year in range(_year(begin), _year(end) + 1):
        for at_s, before, after in _changes(zone, year):
            if at_s > begin:
                cases += f"WHEN at_us < {(at_s + max(before, after)) * US} THEN {before * US} "
                offset = after
    return f"CASE {cases}ELSE {offset * US} END" if cases else str(offset * US)


def _year(at_s: int) -> int:
    return (_EPOCH + timedelta(seconds=at_s)).year


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).utcoffset()
    assert offset is not None, "an aware time has an offset"
    return round(offset.total_seconds())


@lru_cache(maxsize=512)
def _changes(zone: ZoneInfo, year: int) -> list[tuple[int, int, int]]:
    """Seconds since 1970 at which the offset changes in a year of UTC, with the offsets before and after."""
    begin = round((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    end = round((datetime(year + 1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    found = []
    for day in range(begin, end, _DAY_S):
        low, high = day, day + _DAY_S
        before, after = _offset_s(zone, low), _offset_s(zone, high)
        if before == after:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if _offset_s(zone, middle) == before:
                low = middle
            else:
                high = middle
        found.append((high, before, after))
    return found
