"""A history that gives its row: each event holds the fields that it changed, one over the other."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

Row = TypeVar("Row", bound=Struct)


def changes(old: Row | None, new: Row) -> dict[str, Any]:
    """The fields that an event changed, with their new values; those of a new row are all of them."""
    fields = msgspec.structs.asdict(new)
    if old is None:
        return fields
    return {name: value for name, value in fields.items() if getattr(old, name) != value}


def replayed(row: type[Row], told: Iterable[str]) -> Row:
    """The row as its history tells it: the changes of each event, as JSON, the oldest first."""
    fields: dict[str, Any] = {}
    for each in told:
        fields |= msgspec.json.decode(each)
    return row(**fields)
