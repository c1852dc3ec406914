"""Times are integers: microseconds since 1970-01-01 UTC inside, ISO 8601 with `Z` outside."""

import functools
from datetime import UTC, datetime, timedelta
from typing import Final

US: Final = 1_000_000  # microseconds in a second
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso(at_us: int) -> str:
    """`2026-11-20T18:00:00.000001Z`: always UTC, always six decimals, so that text sorts like time."""
    second, us = divmod(at_us, US)
    return f"{_iso_second(second)}.{us:06d}Z"


@functools.lru_cache(4096)  # what is written at one time mostly tells of the same seconds
def _iso_second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:19]


def whole_s(us: int) -> int:
    """The whole seconds that hold a time: a wait of so many is never too short."""
    return -(-us // US)


def parse_iso(text: str) -> int:
    """Microseconds of an ISO 8601 time; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    try:
        in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # in its own zone it is a time, in UTC before the year 1 or after 9999
        raise ValueError(f"{text} has no year in UTC") from None
    return (in_utc - _EPOCH) // timedelta(microseconds=1)
