"""What an older service's client sent, under the rules of the use case that it is for."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from artel.edge.decode import malformed

Wanted = TypeVar("Wanted", bound=msgspec.Struct)


def checked(wanted: type[Wanted], fields: Mapping[str, Any]) -> Wanted:
    """These fields as the use case takes them. Raises Malformed."""
    try:
        return msgspec.convert(fields, wanted)
    except msgspec.ValidationError as fault:
        raise malformed(fault, "body") from None
