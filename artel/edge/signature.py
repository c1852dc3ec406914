"""What a use case asks for, read from its annotations once, when the application is composed."""

import inspect
from typing import Any, get_origin, get_type_hints

import msgspec

from artel.edge.call import Call
from artel.edge.route import Route, Stream
from artel.kernel.actor import Actor


class Signature(msgspec.Struct, frozen=True):
    """What a use case asks for, read from its annotations once."""

    style: type  # Read, Write or Database
    first: str
    actor: str | None
    body: tuple[str, Any] | None
    query: tuple[str, Any] | None
    stream: str | None
    call: str | None
    if_match: bool
    request_key: bool
    path: dict[str, type]
    provided: dict[str, Any]
    prepared: str | None
    result: Any


def read_signature(route: Route, provides: tuple[Any, ...] | None) -> Signature:
    """Sort a use case's parameters. A parameter that nobody can fill is a programming fault.

    `provides` is None for who only wants to know what the route asks of its caller.
    """
    hints = get_type_hints(route.use)
    result = hints.pop("return", None)
    names = list(inspect.signature(route.use).parameters)
    prepared = get_type_hints(route.prepare).get("return") if route.prepare else None
    found: dict[str, Any] = {"path": {}, "provided": {}}
    for name in names[1:]:
        wanted = hints[name]
        if wanted is Actor:
            found["actor"] = name
        elif f"{{{name}}}" in route.path:
            found["path"][name] = wanted
        elif wanted == Stream:
            found["stream"] = name
        elif name in ("body", "query"):
            found[name] = (name, wanted)
        elif name == "if_match":
            found["if_match"] = True
        elif name == "request_key":
            found["request_key"] = True
        elif wanted is Call:
            found["call"] = name
        elif prepared is not None and wanted == prepared:
            found["prepared"] = name
        else:
            found["provided"][name] = None if provides is None else _provided(route, name, wanted, provides)
    return Signature(
        style=hints[names[0]],
        first=names[0],
        actor=found.get("actor"),
        body=found.get("body"),
        query=found.get("query"),
        stream=found.get("stream"),
        call=found.get("call"),
        if_match=found.get("if_match", False),
        request_key=found.get("request_key", False),
        path=found["path"],
        provided=found["provided"],
        prepared=found.get("prepared"),
        result=result,
    )


def _provided(route: Route, name: str, wanted: Any, provides: tuple[Any, ...]) -> Any:
    kind = get_origin(wanted) or wanted
    matching = [each for each in provides if isinstance(kind, type) and isinstance(each, kind)]
    assert matching, f"{route.name}: nobody provides `{name}: {wanted}`"
    return matching[0]
