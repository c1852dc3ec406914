"""The routes as a Postman collection: a request and a test for each, in an order in which it runs by itself.

https://schema.postman.com/collection/json/v2.1.0/docs/index.html; what a test may say: the Postman sandbox's `pm`.
"""

import json
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from artel.edge.identity import NotLoggedIn
from artel.edge.itinerary import OWNER_TOKEN, REFERENCE, Itinerary, Stop, Visit
from artel.edge.openapi import Operation
from artel.edge.outlines import Expected, expected, schemas_of
from artel.edge.route import ANYONE, API, Manner, Route
from artel.edge.signature import read_signature
from artel.kernel.errors import Refusal

Json = dict[str, Any]

SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
ABOUT: Final = """\
A request with a test for every call. Run it as a whole, against a server with the demo data (`artel demo`): the owner
logs in first, and what a request needs was made by one before it. `base_url`, `owner_login` and `owner_password` are
variables of the collection. It leaves behind what cannot be deleted, and can be run again.
"""
UNQUOTED: Final = re.compile(r'"#(\{\{\w+\}\})"')
AS_WRITTEN: Final = {"disableCookies": True}  # a request carries the log-in that it names, and no other
FACT: Final = "…"  # stands for what only the server knows


class Visitor(Struct, frozen=True):
    """Where the collection asks, and as whom."""

    base_url: str
    owner_login: str
    owner_password: str


def collection(routes: Iterable[Route], version: str, visitor: Visitor, only: str = "") -> Json:
    """The collection of all routes that are not hidden, or of one API's: `api` or the name of an older one."""
    operations = [Operation(route, read_signature(route, None)) for route in routes if not route.hidden]
    schemas = schemas_of(operations)
    answers = {id(operation): expected(operation, schemas) for operation in operations}
    itinerary = Itinerary((operation, answers[id(operation)].fields) for operation in operations)
    folders = _folders([stop for stop in itinerary.stops if only in ("", stop.route.manner.name)])
    made: Json = {}
    refusing: list[str] = []
    for (api, name), visits in zip(folders, itinerary.visits(folders.values()), strict=True):
        items = [_item(visit, answers[id(visit.stop.operation)]) for visit in visits]
        manner = visits[-1].stop.route.manner.name
        of_api = made.setdefault(api, [] if manner in refusing else _refusal(manner, operations))
        of_api += [{"name": name, "item": items}] if name else items
        refusing.append(manner)
    variables = msgspec.structs.asdict(visitor) | dict.fromkeys(
        sorted({name for stop in itinerary.stops for name in (OWNER_TOKEN, *stop.gives)}), ""
    )
    return {
        "info": {"name": "Artel", "description": ABOUT, "version": version, "schema": SCHEMA},
        "item": [{"name": api, "item": items} for api, items in made.items()],
        "variable": [{"key": name, "value": value} for name, value in variables.items()],
    }


def _folders(stops: Sequence[Stop]) -> dict[tuple[str, str], list[Stop]]:
    """The stops by API and noun, in the order in which they are run: DELETEs last, the last thing made first."""
    folders: dict[tuple[str, str], list[Stop]] = {}
    endings: list[Stop] = []
    for stop in stops:
        route = stop.route
        parts = route.path.split("/")
        noun = "" if route.manner is not API else parts[3] if len(parts) > 3 else stop.operation.tag
        api = "/api/v1" if route.manner is API else route.manner.name
        folder = folders.setdefault((api, noun), [])
        if route.verb != "DELETE":
            folder.append(stop)
        elif route.manner is API:
            endings.insert(0, stop)
    for (api, _), folder in folders.items():
        if api != "/api/v1":
            folder += [
                stop for stop in reversed(stops) if stop.route.manner.name == api and stop.route.verb == "DELETE"
            ]
    return {name: folder for name, folder in folders.items() if folder} | (
        {("/api/v1, at the end", ""): endings} if endings else {}
    )


def _item(visit: Visit, answer: Expected) -> Json:
    stop = visit.stop
    name = f"{stop.name}, for {visit.gives}" if visit.gives else stop.name
    refused = stop.route.trial.refused
    lines = _told_no(stop.route.manner, refused) if refused else [*_tests(answer), *_captures(stop)]
    return {
        "name": name,
        "request": _request(stop),
        "event": [_test(lines)],
        "protocolProfileBehavior": AS_WRITTEN,
    }


def _request(stop: Stop) -> Json:
    route, asked = stop.route, stop.operation.signature
    headers = {"Accept": route.produces[0]}
    if stop.token:
        name, pattern = route.manner.carries
        headers[name] = pattern.format(token=f"{{{{{stop.token}}}}}")
    if route.idempotent:
        headers["Idempotency-Key"] = "{{$guid}}"
    if asked.if_match:
        headers["If-Match"] = "*"
    request: Json = {
        "method": route.verb,
        "description": "\n\n".join(filter(None, stop.operation.sentences)),
        "header": [{"key": key, "value": value} for key, value in headers.items()],
        "url": _url(stop),
    }
    body = _body(stop)
    if body is not None:
        kind = "application/octet-stream" if asked.stream else "application/json"
        request["header"].append({"key": "Content-Type", "value": kind})
        request["body"] = {"mode": "raw", "raw": body}
        if not asked.stream:
            request["body"]["options"] = {"raw": {"language": "json"}}
    return request


def _url(stop: Stop) -> Json:
    path = re.sub(r"\{(\w+)\}", r":\1", stop.route.path)
    url: Json = {"raw": "{{base_url}}" + path, "host": ["{{base_url}}"], "path": path.removeprefix("/").split("/")}
    names = list(stop.operation.signature.path)
    if names:
        url["variable"] = [{"key": name, "value": str(stop.given[name])} for name in names]
    query = []
    for field in stop.operation.query_fields:
        given = field.encode_name in stop.given
        value = str(stop.given[field.encode_name]) if given else ""
        query.append({"key": field.encode_name, "value": value, **({} if given else {"disabled": True})})
        assert given or not field.required, f"{stop.name}: its `trial` has to give {field.encode_name}"
    if query:
        url["query"] = query
        enabled = "&".join(f"{each['key']}={each['value']}" for each in query if "disabled" not in each)
        url["raw"] += f"?{enabled}" if enabled else ""
    return url


def _body(stop: Stop) -> str | None:
    """The body as text; a reference takes the place of a number without quotes."""
    asked, example = stop.operation.signature, stop.route.example
    if asked.stream:
        return str(stop.given.get(asked.stream, ""))
    if asked.body is None or (example is None and stop.route.body_optional):
        return None
    wanted = example
    if isinstance(example, Mapping):
        taken = {*asked.path, *(field.encode_name for field in stop.operation.query_fields)}
        given = {name: value for name, value in stop.given.items() if name not in taken}
        wanted = {**example, **{name: _unquoted(value, example.get(name)) for name, value in given.items()}}
    return UNQUOTED.sub(r"\1", json.dumps(wanted, indent=2, ensure_ascii=False))


def _unquoted(value: Any, like: Any) -> Any:
    """A value with its references marked where the example has a number."""
    if isinstance(value, Mapping):
        of = like if isinstance(like, Mapping) else {}
        return {key: _unquoted(each, of.get(key)) for key, each in value.items()}
    if isinstance(value, list):
        first = like[0] if isinstance(like, list) and like else None
        return [_unquoted(each, first) for each in value]
    whole = isinstance(value, str) and REFERENCE.fullmatch(value)
    return f"#{value}" if whole and isinstance(like, int) else value


def _tests(answer: Expected) -> list[str]:
    """One test of the status, one of the media type, one of the fields."""
    statuses = " or ".join(map(str, answer.statuses))
    lines = [
        f'pm.test("answers {statuses}", () => pm.expect(pm.response.code).to.be.oneOf({list(answer.statuses)}));',
    ]
    if answer.media is None:
        return [*lines, 'pm.test("says nothing", () => pm.expect(pm.response.text()).to.equal(""));']
    quoted = json.dumps(answer.media)
    checks = [
        f'pm.test("is {answer.media}", () => '
        f'pm.expect(pm.response.headers.get("Content-Type").split(";")[0]).to.equal({quoted}));'
    ]
    if answer.outline is not None:
        outline = json.dumps(answer.outline)
        checks.append(f'pm.test("has its fields", () => pm.response.to.have.jsonSchema({outline}));')
    elif answer.media != "application/json":
        checks.append('pm.test("is not empty", () => pm.expect(pm.response.text()).to.not.equal(""));')
    if 204 in answer.statuses:
        checks = ["if (pm.response.code !== 204) {", *(f"  {check}" for check in checks), "}"]
    return lines + checks


def _captures(stop: Stop) -> list[str]:
    lines = []
    for name, where in stop.gives.items():
        if where:
            lines += [
                f'pm.test("gives {name}", () => {{',
                f"  const given = {_place(where)};",
                "  pm.expect(given).to.be.ok;",
                f"  pm.collectionVariables.set({json.dumps(name)}, given);",
                "});",
            ]
    return lines


def _place(where: str) -> str:
    """The script for a place of `Trial.gives`."""
    source, _, name = where.rpartition(":")
    if source == "cookie":
        return f'(pm.response.headers.get("Set-Cookie") || "").match(/(?:^|, ){re.escape(name)}=([^;]*)/)[1]'
    body = "JSON.parse(pm.request.body.raw)" if source == "sent" else "pm.response.json()"
    return body + "".join(f"[{part if part.isdigit() else json.dumps(part)}]" for part in name.split("."))


def _refusal(manner: str, operations: Iterable[Operation]) -> list[Json]:
    """What an API says to who is not logged in, tried on the first of its routes that needs no more than that."""
    for operation in operations:
        route = operation.route
        if (route.manner.name, route.verb) != (manner, "GET") or route.access == ANYONE or operation.signature.path:
            continue
        request = {
            "method": "GET",
            "description": "Without a log-in.",
            "header": [{"key": "Accept", "value": "application/json"}],
            "url": {"raw": "{{base_url}}" + route.path, "host": ["{{base_url}}"], "path": route.path.split("/")[1:]},
        }
        return [
            {
                "name": f"{route.verb} {route.path}, without a log-in",
                "request": request,
                "event": [_test(_told_no(route.manner, NotLoggedIn))],
                "protocolProfileBehavior": AS_WRITTEN,
            }
        ]
    return []


def _told_no(manner: Manner, refusal: type[Refusal]) -> list[str]:
    """The tests of a refusal, in the API's own shape: all that does not depend on its facts."""
    fields = string.Formatter().parse(refusal.__doc__ or "")
    reply = manner.refuse(refusal(**{name: FACT for _, name, _, _ in fields if name}), FACT)
    if reply.content_type.startswith(b"text/plain"):
        plain = json.dumps(reply.body.decode())
        return [
            *_tests(Expected((reply.status,), "text/plain", None)),
            f'pm.test("says why", () => pm.expect(pm.response.text()).to.equal({plain}));',
        ]
    body = msgspec.json.decode(reply.body)
    said = {name: value for name, value in body.items() if FACT not in str(value)}
    return [
        *_tests(Expected((reply.status,), reply.content_type.decode(), None)),
        f'pm.test("says why", () => pm.expect(pm.response.json()).to.deep.include({json.dumps(said)}));',
    ]


def _test(lines: list[str]) -> Json:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": lines}}
