"""Values that fit a JSON schema, for the examples of the API reference."""

from collections.abc import Mapping
from typing import Any, Final

AT: Final = "2026-11-20T18:00:00.000001Z"
# Where a type alone would give a value that tells nothing.
BY_NAME: Final[Mapping[str, Any]] = {
    "next": None,
    "address": "203.0.113.7",
    "token": "as_pTf3kqUOHx2v9mB6rZ1yWcDgLsNeAi4tJoXuVhKbQ8Y",
    "roles": ["customer"],
    "scopes": ["traffic:read"],
    "status": "ok",
    "ttl_s": 2_592_000,
}
# What a value of a JSON type is here.
KINDS: Final[Mapping[Any, type]] = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def sample(schema: Mapping[str, Any], components: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """A value of the schema: its own example or default where it has one; fields in `known` as they are there."""
    schema = _resolved(schema, components)
    for word in ("examples", "enum"):
        if word in schema:
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("type") == "object" and "properties" in schema:
        return {name: _field(name, each, components, known) for name, each in schema["properties"].items()}
    return _plain(schema, components, known)


def _field(name: str, schema: Mapping[str, Any], components: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    plain = _resolved(schema, components)
    for source in (known, BY_NAME):
        # Two things may have one name; `next` may be null.
        if name in source and (_is_like(source[name], plain, components) or source[name] in plain.get("enum", [None])):
            return source[name]
    if plain.get("type") == "string" and name.endswith("_at"):
        return AT
    return sample(schema, components, known)


def _is_like(value: Any, schema: Mapping[str, Any], components: Mapping[str, Any]) -> bool:
    """Whether the value is of the schema's type: of a list the first element tells, of an object its fields."""
    if isinstance(value, list) and value and "items" in schema:
        return _is_like(value[0], _resolved(schema["items"], components), components)
    if isinstance(value, dict) and not value.keys() >= set(schema.get("required", ())):
        return False
    return type(value) is KINDS.get(schema.get("type"), object)


def _plain(schema: Mapping[str, Any], components: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "array":
        return [sample(schema["items"], components, known)] if "items" in schema else []
    plain: dict[Any, Any] = {"integer": 1, "number": 0.5, "boolean": True, "string": "text", "object": {}}
    return plain.get(kind)


def _resolved(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference; of several alternatives the first."""
    while "$ref" in schema or "anyOf" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["anyOf"][0]
    return schema
