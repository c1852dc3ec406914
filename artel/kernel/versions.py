"""What several people edit: which fields change, and whether the editor saw what is there."""

from typing import Any

import msgspec
from msgspec import UNSET, Struct

from artel.kernel.errors import Refusal


def refuse_stale(stale: type[Refusal], if_match: int | None, theirs: Any, yours: Struct) -> None:
    """Raise `stale` when the change was made for another version than the thing has; None takes whatever is there.

    `theirs` is the thing as its editors see it, with its `version`.
    """
    if if_match is not None and if_match != theirs.version:
        raise stale(
            version=theirs.version,
            base=if_match,
            theirs=msgspec.to_builtins(theirs),
            yours=msgspec.to_builtins(yours),
        )


def changed(thing: Struct, edit: Struct) -> dict[str, Any]:
    """The fields of the edit that are given, and whose values are not those of the thing."""
    given = {field: getattr(edit, field) for field in edit.__struct_fields__}
    return {name: value for name, value in given.items() if value is not UNSET and value != getattr(thing, name)}
