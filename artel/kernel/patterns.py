"""What a text is told that does not match its pattern: people do not read regular expressions."""

from typing import Final

_PROBLEMS: Final[dict[str, str]] = {}


def told(pattern: str, problem: str) -> str:
    """The pattern, of whose misses `problem` is said after the name of the field: `is no currency`."""
    _PROBLEMS[repr(pattern)] = problem
    return pattern


def problem_of(shown: str) -> str | None:
    """What is said of a miss of this pattern, which is written as msgspec shows it in its errors: quoted."""
    return _PROBLEMS.get(shown)
