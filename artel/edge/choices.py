"""Which words a field takes, for whoever wrote another one: msgspec names the word, and not those that are right."""

import re
from typing import Any, Final

from msgspec import inspect

_STEP: Final = re.compile(r"\[[^\]]*\]|[^.\[]+")  # of a path such as `.lines[0].kind`


def choices(wanted: Any, path: str) -> list[str]:
    """The words that the place `path` takes in what is decoded as `wanted`; none where it takes others than words."""
    found = _flat([inspect.type_info(wanted)])
    for step in _STEP.findall(path):
        found = _flat([inner for each in found for inner in _inner(each, step)])
    return sorted(str(value) for each in found if isinstance(each, inspect.LiteralType) for value in each.values)


def _flat(kinds: list[inspect.Type]) -> list[inspect.Type]:
    """Unions in their parts."""
    parts = [_flat(list(each.types)) if isinstance(each, inspect.UnionType) else [each] for each in kinds]
    return [each for part in parts for each in part]


def _inner(kind: inspect.Type, step: str) -> list[inspect.Type]:
    """What stands at this step below a place of this kind."""
    match kind:
        case inspect.StructType(fields=fields):
            return [field.type for field in fields if field.encode_name == step]
        case inspect.DictType(value_type=inner) | inspect.CollectionType(item_type=inner):
            return [inner]
        case _:
            return []
