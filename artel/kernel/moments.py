"""Times as people type them in a request."""

from typing import Annotated, Final

from msgspec import Meta

from artel.kernel.clock import parse_iso
from artel.kernel.errors import Malformed

MOMENT_MAX: Final = 40  # characters
END_US: Final = 2**62  # after every time, and after every id
FROM_TO: Final = {"from_at": "from", "to_at": "to"}  # as they are called in a request: `from` is a word of Python

_DATE_TIME: Final = {"format": "date-time", "examples": ["2026-11-01T00:00:00Z"]}
Moment = Annotated[str, Meta(max_length=MOMENT_MAX, extra_json_schema=_DATE_TIME)]


def moment_us(field: str, text: str) -> int:
    """Microseconds of a time as it was typed; one without a zone is UTC. Raises Malformed."""
    try:
        return parse_iso(text)
    except ValueError:
        raise Malformed(field=field, problem="is no time: write 2026-11-01 or 2026-11-01T10:00:00Z") from None


def span_us(from_at: str | None, to_at: str | None) -> tuple[int, int]:
    """From when, and up to when, which is not included; open where nothing is given. Raises Malformed."""
    from_us = -END_US if from_at is None else moment_us("from", from_at)
    return from_us, END_US if to_at is None else moment_us("to", to_at)
