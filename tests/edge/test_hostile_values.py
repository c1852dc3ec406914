"""Proof: a malformed value anywhere in a request gets a 4xx that names it, never a 500, and changes nothing.

Generated from the routes: every field of every body, every parameter of every query, every parameter of every path.
"""

import json
import re
from typing import Any, Final, get_type_hints

import httpx
import msgspec
import pytest

from artel.app import ROUTES
from artel.db import Database
from artel.edge.asgi import Edge
from artel.edge.route import Route
from artel.payments import service as payments
from tests.conftest import Client, Log, Run
from tests.edge.carrying import carried_everywhere
from tests.people import People, dump

WRONG_JSON: Final[dict[str, bytes]] = {  # hardly a field of ours takes any of these
    "null": b"null",
    "a boolean": b"true",
    "a fraction": b"1.5",
    "negative": b"-1",
    "2**63": b"9223372036854775808",
    "2**64": b"18446744073709551616",
    "400 digits": b"9" * 400,
    "1e400": b"1e400",
    "-1e400": b"-1e400",
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "an object": b'{"$gt":""}',
    "an empty object": b"{}",
    "a list of lists": b"[[]]",
    "a list of null": b"[null]",
    "a list of numbers": b"[1]",
    "NUL": rb'"a\u0000b"',
    "a raw NUL": b'"a\x00b"',
    "a raw control character": b'"a\x1bb"',
    "half a surrogate pair": rb'"\ud800"',
    "a surrogate pair the wrong way round": rb'"\udc00\ud800"',
    "an encoded surrogate": b'"\xed\xa0\x80"',
    "not UTF-8": b'"\xff\xfe"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "a bad escape": rb'"\x41"',
    "5,000 characters": b'"' + b"x" * 5_000 + b'"',
    "nothing": b"",
    "deep": b"[" * 5_000 + b"]" * 5_000,
}
UNREADABLE: Final = {  # not JSON at all, or held by no text: the path can only be the whole body
    "NaN",
    "Infinity",
    "NUL",
    "a raw NUL",
    "a raw control character",
    "half a surrogate pair",
    "a surrogate pair the wrong way round",
    "an encoded surrogate",
    "not UTF-8",
    "overlong UTF-8",
    "a bad escape",
    "nothing",
}
WRONG_BODIES: Final = [
    b"",
    b"null",
    b"[]",
    b'""',
    b"1",
    b"{",
    b"{}x",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"surprise": 1}',
    b'{"__proto__": {}}',
    b'{"": 1}',
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"[" * 100_000,
]
NASTY: Final = [  # text like any other, which must come back as it was
    "'; drop table accounts; --",
    '"><script>alert(1)</script>',
    "=cmd|'/c calc'!A1",
    "two\r\nSet-Cookie: session=stolen",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "{password}{0}%s%n$(id)`id`${jndi:ldap://x}",
    "../../../etc/passwd",
    "\\u0000 \\x00 \\",
    "👩‍🚀\U0010ffff\u2028\ufeff",
]
WRONG_TEXTS: Final = [
    "", "x", "-1", "0", "1.5", "1e400", "NaN", "١", "9223372036854775808", "18446744073709551616", "9" * 400,
    "null", "true", "[]", "{}", "' or 1=1 --", "x" * 5_000, "\r\nX: y", "\x1b[31m", "日本", "../..", "%", "\\", "*",
]  # fmt: skip
STRANGE: Final = b"\xff%s=1"  # a parameter that there is not
WRONG_QUERIES: Final = [b"%s=%%00", b"%s=a%%00b", b"%s=%%ff", b"%s=%%ed%%a0%%80", b"%s=1&%s=2", STRANGE, b"%s"]
BODIES: Final = [
    (route, wanted)
    for route in ROUTES
    if isinstance(wanted := get_type_hints(route.use).get("body"), type) and issubclass(wanted, msgspec.Struct)
]
QUERIES: Final = [(route, wanted) for route in ROUTES if (wanted := get_type_hints(route.use).get("query"))]
IN_PATH: Final = [(route, name) for route in ROUTES for name in re.findall(r"{(\w+)}", route.path)]


@pytest.fixture
def ask(client: Client, people: People) -> Any:
    """Sends a request as an owner, who has one of each thing: those with the id 1."""
    owner = people.person("owner", "staff", "customer", "executor")
    people.things(owner)
    token = owner.session

    def send(verb: str, path: str, body: bytes | None = None) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        client.http.cookies.clear()
        return client.request(verb, path, content=body, headers=headers | carried_everywhere(token))

    return send


IN_WORDS: Final = "in words"  # what the superservice says: sentences that name no field
LACKING: Final = {"No parameters", "Bad parameters"}  # what the e-shop says, whatever is lacking


def plain(path: str) -> str:
    return re.sub(r"{\w+}", "1", path.replace("{table}", "carts"))


def named(answer: httpx.Response) -> str:
    """The field that a refusal names: ours in the facts, an older API's at the start of its message."""
    body = answer.json()
    if body.get("result") == "error":
        return IN_WORDS
    field = body["facts"]["field"] if "facts" in body else (body.get("message") or body["error"]).partition(":")[0]
    return "body" if field in LACKING else re.split(r"[.\[]", field)[0]


def with_one(example: dict[str, Any], field: str, value: bytes) -> bytes:
    parts = {name: json.dumps(each).encode() for name, each in example.items()} | {field: value}
    return b"{" + b",".join(json.dumps(name).encode() + b":" + part for name, part in parts.items()) + b"}"


def test_there_is_something_to_try() -> None:
    assert len(BODIES) >= 9
    assert len(QUERIES) >= 5
    assert len(IN_PATH) >= 10
    assert all(isinstance(route.example, dict) for route, _ in BODIES), "every body has an example"


def test_every_field_of_every_body_refuses_what_it_cannot_be(ask: Any, run: Run, db: Database) -> None:
    before = run(db.read(dump))
    for route, wanted in BODIES:
        for field in msgspec.structs.fields(wanted):
            for what, value in WRONG_JSON.items():
                body = with_one(route.example, field.encode_name, value)
                if what not in UNREADABLE and _takes(wanted, body):
                    continue
                where = f"{route.verb} {route.path}: {field.encode_name} is {what}"
                answer = ask(route.verb, plain(route.path), body)
                assert answer.status_code == 400, f"{where}: {answer.status_code} {answer.text}"
                lacks = (
                    what in ("null", "a list of null") and route.manner.name == "bookshop"
                )  # null is as good as nothing there
                expected = {field.encode_name, IN_WORDS} | ({"body"} if what in UNREADABLE or lacks else set())
                assert named(answer) in expected, f"{where}: {answer.text}"
    assert run(db.read(dump)) == before


def test_every_body_that_is_no_object_of_its_kind_is_refused(ask: Any, run: Run, db: Database) -> None:
    before = run(db.read(dump))
    for route, wanted in BODIES:
        for body in WRONG_BODIES:
            if route.manner.name != "api" and b'": ' in body and not _needs(wanted):
                continue  # the old API ignores fields that it does not know
            if route.body_optional and not body:
                continue
            answer = ask(route.verb, plain(route.path), body)
            assert answer.status_code == 400, f"{route.verb} {route.path} {body[:30]!r}: {answer.text}"
            assert named(answer), answer.text
    assert run(db.read(dump)) == before


def _takes(wanted: type, body: bytes) -> bool:
    """Whether the value is right here: true for a flag, {} for free attributes, null for what may be missing."""
    try:
        msgspec.json.decode(body, type=wanted)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def test_no_field_takes_more_than_a_few_of_the_wrong_values() -> None:
    """A type that is too wide would make the test above find nothing."""
    for route, wanted in BODIES:
        for field in msgspec.structs.fields(wanted):
            if field.type is msgspec.Raw:
                continue  # a number as it was written: tests/dialects/test_roubles.py
            taken = {
                what
                for what, value in WRONG_JSON.items()
                if what not in UNREADABLE and _takes(wanted, with_one(route.example, field.encode_name, value))
            }
            right = ({"null"}, {"a boolean"}, {"negative"}, {"5,000 characters"}, {"an empty object", "an object"})
            assert any(taken <= each for each in right), f"{route.verb} {route.path}: {field.encode_name} takes {taken}"


def _needs(wanted: type) -> bool:
    return any(field.required for field in msgspec.structs.fields(wanted))


def test_a_missing_field_and_an_unknown_one_are_named(ask: Any) -> None:
    for route, wanted in BODIES:
        for field in msgspec.structs.fields(wanted):
            if field.required:
                rest = {name: value for name, value in route.example.items() if name != field.encode_name}
                answer = ask(route.verb, plain(route.path), json.dumps(rest).encode())
                lacking = {"bookshop": "body", "superservice": IN_WORDS}.get(route.manner.name, field.encode_name)
                assert (answer.status_code, named(answer)) == (400, lacking), f"{route.path}: {answer.text}"
        if route.manner.name == "api":
            answer = ask(route.verb, plain(route.path), json.dumps({**route.example, "surprise": 1}).encode())
            assert (answer.status_code, named(answer)) == (400, "surprise"), f"{route.path}: {answer.text}"


def test_every_text_field_takes_nasty_text_without_a_fault(ask: Any, log: Log) -> None:
    for route, wanted in BODIES:
        for field in msgspec.structs.fields(wanted):
            for text in NASTY:
                body = with_one(route.example, field.encode_name, json.dumps(text).encode())
                answer = ask(route.verb, plain(route.path), body)
                assert answer.status_code < 500, f"{route.path} {field.encode_name} {text!r}: {answer.text}"
                assert "set-cookie" not in answer.headers or "stolen" not in answer.headers["set-cookie"]
    assert all(line["level"] != "error" for line in log.lines())  # each line is JSON, or lines() would raise


def test_nasty_text_comes_back_as_it_was(ask: Any) -> None:
    for text in NASTY:
        for field in ("name", "first_name", "last_name"):
            assert ask("PATCH", "/api/v1/me", json.dumps({field: text}).encode()).json()[field] == text
        shown = ask("GET", "/api/v1/me")
        assert shown.json()["last_name"] == text
        assert shown.headers["content-type"] == "application/json"
        found = ask("GET", "/api/v1/accounts?search=" + str(httpx.QueryParams({"q": text}))[2:])
        assert [each["name"] for each in found.json()["items"]] == [text], text


def test_every_parameter_of_every_query_refuses_what_it_cannot_be(
    ask: Any, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("GUESSES_PER_ACCOUNT", "GUESSES_PER_ADDRESS"):
        monkeypatch.setattr(f"artel.orders.vouchers.rules.{limit}", 10**6)
    before = run(db.read(dump))
    for route, wanted in QUERIES:
        if route.verb != "GET":
            continue
        ignores = not wanted.__struct_config__.forbid_unknown_fields  # as some older APIs do
        for field in msgspec.structs.fields(wanted):
            for text in WRONG_TEXTS:
                answer = ask("GET", f"{plain(route.path)}?{httpx.QueryParams({field.encode_name: text})}")
                assert answer.status_code in (200, 400, *([404] if route.manner.name == "bookshop" else [])), (
                    f"{route.path} {field.encode_name}={text[:30]}: {answer.text}"
                )
                assert answer.status_code == 200 or named(answer), answer.text
                if text == "null" and field.default is None and field.encode_name != "after":
                    assert answer.status_code == 400, f"{field.encode_name}=null is taken for nothing"
                if field.type is int or "limit" in field.encode_name:
                    right = text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 200
                    assert (answer.status_code == 200) == right, f"{field.encode_name}={text[:30]}: {answer.text}"
            for pattern in WRONG_QUERIES:
                name = field.encode_name.encode()
                query = pattern.replace(b"%s", name).replace(b"%%", b"%").decode("latin-1")
                answer = ask("GET", f"{plain(route.path)}?{query}")
                assert answer.status_code in (200, 400, *([404] if route.manner.name == "bookshop" else [])), (
                    f"{route.path}?{query}: {answer.text}"
                )
                may = pattern == b"%s" or (ignores and pattern == STRANGE)
                assert answer.status_code == 400 or may, f"{route.path}?{query}: {answer.text}"
        refused = ["&".join(f"a{each}=1" for each in range(51)), "limit=1&limit=1"]
        for query in refused if ignores else [*refused, "surprise=1"]:
            assert ask("GET", f"{plain(route.path)}?{query}").status_code == 400, f"{route.path}?{query}"
    after = run(db.read(dump))
    assert after | {"tallies": before["tallies"]} == before, "codes of vouchers that there are not are counted"


def test_every_parameter_of_every_path_refuses_what_it_cannot_be(
    ask: Any, app: Edge, people: People, run: Run, db: Database
) -> None:
    token = people.person("owner").session
    before = run(db.read(dump))
    for route, name in IN_PATH:
        for text in [*WRONG_TEXTS, "\x00", "a\x00b", "a\nb"]:
            if "/" in text or not text:
                continue
            path = plain(route.path.replace(f"{{{name}}}", text.replace("{", "(")))
            status = run(raw(app, route, path, token))
            alike = route.use is payments.notified and status == 204  # whatever it meets
            assert alike or 400 <= status < 500, f"{route.verb} {path!r}: {status}"
    assert run(db.read(dump)) == before


def test_a_path_that_leads_nowhere_is_not_found(app: Edge, run: Run) -> None:
    for path in ("/\ufffd", "/\x00", "//", "/..", "/api/v1/me/", "/API/v1/me", "/" + "x" * 100_000, "*", ""):
        assert run(raw(app, ROUTES[0], path, "x")) == 404, path


async def raw(app: Edge, route: Route, path: str, token: str) -> int:
    """The status that the application gives to a path as a server may hand it over."""
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(route.example or {}).encode()}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    carrying = [(name.lower().encode(), value.encode()) for name, value in carried_everywhere(token).items()]
    headers = [*carrying, (b"content-type", b"application/json")]
    scope = {"type": "http", "method": route.verb, "path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return int(statuses[0])
