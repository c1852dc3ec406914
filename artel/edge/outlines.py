"""What an answer looks like without its values: status, media type, and the fields with their types."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from artel.edge.openapi import Operation, Schemas
from artel.edge.reply import Reply
from artel.edge.route import API
from artel.edge.samples import sample

DEPTH_MAX: Final = 6  # of fields within fields; a tree goes on for ever
KEPT: Final = ("type", "enum", "const", "required")

Outline = dict[str, Any]  # a JSON schema of few words


class Expected(Struct, frozen=True):
    """The answer that a route promises; `media` None: an empty one; `outline` None: nothing is known of its fields."""

    statuses: tuple[int, ...]
    media: str | None
    outline: Outline | None

    @property
    def fields(self) -> dict[str, str]:
        """Its fields, or those of a list's or a page's items, and where each is: `items.0.id` is in the first item."""
        found, place = self.outline or {}, ""
        if found.get("properties", {}).keys() == {"items", "next"}:
            found, place = found["properties"]["items"], "items."
        if found.get("type") == "array":
            found, place = found.get("items", {}), f"{place}0."
        return {name: place + name for name in found.get("properties", {})}


def schemas_of(operations: Iterable[Operation]) -> Schemas:
    """The schemas of all answers that have one: a Reply is already written."""
    return Schemas([operation for operation in operations if Reply not in operation.answers])


def expected(operation: Operation, schemas: Schemas) -> Expected:
    """The answer of a route, by the types of its use case.

    An older API's answer is written by its `present`: it is called with a sample, to see what it makes of it.
    """
    route = operation.route
    if route.manner is not API and route.present and Reply not in operation.answers:
        return _presented([route.present(_sampled(each, schemas)) for each in operation.results])
    empty = len(operation.answers) < len(operation.results)
    statuses = (204,) if not operation.answers else (route.status, 204) if empty else (route.status,)
    media = route.produces[0] if operation.answers else None
    outline = None
    if media == "application/json" and Reply not in operation.answers:
        outline = _outline(schemas.any_of(operation.answers), schemas.components, DEPTH_MAX)
    return Expected(statuses, media, outline)


def _presented(replies: list[Reply]) -> Expected:
    statuses = tuple(dict.fromkeys(reply.status for reply in replies))
    speaking = [reply for reply in replies if reply.body]
    if not speaking:
        return Expected(statuses, None, None)
    media = speaking[0].content_type.decode().partition(";")[0]
    known = media == "application/json" and len(speaking) == 1
    return Expected(statuses, media, _outline_of(msgspec.json.decode(speaking[0].body)) if known else None)


def _sampled(wanted: Any, schemas: Schemas) -> Any:
    if wanted is type(None):
        return None
    return msgspec.convert(sample(schemas.of(wanted), schemas.components, {}), wanted)


def _outline(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> Outline:
    """A schema without limits, descriptions and references."""
    if "$ref" in schema:
        return _outline(components[schema["$ref"].rpartition("/")[2]], components, depth)
    if not depth:
        return {}
    if "anyOf" in schema:
        return {"anyOf": [_outline(each, components, depth) for each in schema["anyOf"]]}
    outline: Outline = {word: schema[word] for word in KEPT if word in schema}
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            outline[word] = _outline(schema[word], components, depth - 1)
    if "properties" in schema:
        outline["properties"] = {
            name: _outline(each, components, depth - 1) for name, each in schema["properties"].items()
        }
    return outline


def _outline_of(value: Any) -> Outline:
    """What a sample tells: its fields. Their types may be one of several, of which it has one."""
    if isinstance(value, dict):
        fields = {name: _outline_of(each) for name, each in value.items()}
        return {"type": "object", "required": list(value), "properties": fields}
    if isinstance(value, list):
        return {"type": "array", "items": _outline_of(value[0])} if value else {"type": "array"}
    return {}
