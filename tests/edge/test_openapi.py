"""The API reference says what the server does: made from the routes, valid, and answered from the package alone."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from msgspec import Struct
from typer.testing import CliRunner

from artel import __version__
from artel.app import ROUTES
from artel.cli import app as command_line
from artel.db import Database, Read, Write
from artel.edge.openapi import document
from artel.edge.route import ANYONE, API, LOGGED_IN, Route, Stream, get, post
from artel.edge.samples import sample
from artel.kernel.errors import Refusal
from artel.kernel.page import Cut, Page
from artel.kernel.patterns import problem_of
from tests.conftest import PASSWORD, Client

SHOWN = [route for route in ROUTES if route.manner is API and not route.hidden]
VERBS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """The document as a reader gets it."""
    return msgspec.json.decode(msgspec.json.encode(document(ROUTES, __version__)))


def operations(reference: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, verbs in reference["paths"].items():
        for verb, operation in verbs.items():
            yield path, verb, operation


def fits(reference: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, by the document's schema."""
    whole = {"components": reference["components"], **schema}
    return [fault.message for fault in jsonschema_rs.Draft202012Validator(whole).iter_errors(value)]


def resolved(reference: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    return reference["components"]["responses"][name] if name else response


def test_the_document_is_valid_openapi(reference: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(reference).validate()
    assert reference["openapi"].startswith("3.1")


def test_every_reference_in_it_resolves(reference: dict[str, Any]) -> None:
    text = msgspec.json.encode(reference).decode()
    for pointer in set(re.findall(r'"\$ref":"#/([^"]+)"', text)):
        found: Any = reference
        for part in pointer.split("/"):
            found = found[part]


def test_every_route_of_our_own_is_in_it_and_nothing_else(reference: dict[str, Any]) -> None:
    assert {(path, verb) for path, verb, _ in operations(reference)} == {
        (route.path, route.verb.lower()) for route in SHOWN
    }


def test_every_operation_can_be_told_from_the_others_and_says_what_it_does(reference: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(reference)]
    assert len(ids) == len(set(ids))
    for path, verb, operation in operations(reference):
        assert operation["summary"].endswith("."), f"{verb} {path} has no docstring"
        assert "Raises" not in operation["summary"] + operation["description"]


def test_every_body_has_an_example_that_fits_its_schema(reference: dict[str, Any]) -> None:
    for path, verb, operation in operations(reference):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            assert "example" in body, f"{verb} {path}: give the route an example"
            assert not fits(reference, body["schema"], body["example"]), f"{verb} {path}"


def test_every_answer_has_an_example_that_fits_its_schema(reference: dict[str, Any]) -> None:
    for path, verb, operation in operations(reference):
        for status, response in operation["responses"].items():
            for media, content in resolved(reference, response).get("content", {}).items():
                values = [content["example"]] if "example" in content else content.get("examples", {}).values()
                for value in values:
                    plain = value["value"] if "example" not in content else value
                    assert not fits(reference, content["schema"], plain), f"{verb} {path} {status} {media}"


def patterns(node: Any) -> Iterator[str]:
    """Every pattern of a text but those of headers, which have words of their own, and of the names in an object."""
    if isinstance(node, list):
        for each in node:
            yield from patterns(each)
    elif isinstance(node, dict) and node.get("in") != "header":
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for name, each in node.items():
            if name != "propertyNames":
                yield from patterns(each)


def test_for_every_pattern_there_are_words_for_people(reference: dict[str, Any]) -> None:
    found = set(patterns(reference))
    assert len(found) > 8
    assert {each for each in found if problem_of(repr(each)) is None} == set()


def test_what_misses_a_pattern_is_told_what_to_write(client: Client) -> None:
    body = {"login": "anna", "password": PASSWORD, "email": "nobody"}
    answer = client.post("/api/v1/accounts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")
    assert answer.json()["facts"] == {"field": "email", "problem": "is no address: write it as name@example.com"}


def test_an_example_that_does_not_fit_is_seen(reference: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    assert fits(reference, schema, {"status": "late"})


class Thing(Struct, frozen=True):
    """A thing."""

    id: int
    version: int


class ThingGone(Refusal):
    """There is no thing {thing_id}."""

    code, kind = "things.gone", "missing"


class Wanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A thing to be made."""

    name: str


async def look(tx: Read, thing_id: int, query: Cut) -> Page[Thing]:
    """Look at a thing. It costs one row.

    It is found by its id.

    Raises ThingGone.
    """


async def change(tx: Write, thing_id: int, body: Wanted, if_match: int | None) -> Thing | None:
    """Change a thing. Raises ThingGone."""


async def upload(db: Database, pieces: Stream) -> Thing:
    """Take a thing in."""


def described(route: Route) -> dict[str, Any]:
    found = msgspec.json.decode(msgspec.json.encode(document([route], "1")))
    return found["paths"][route.path][route.verb.lower()]


def test_a_docstring_becomes_summary_and_description_without_its_refusals() -> None:
    operation = described(get("/api/v1/things/{thing_id}", look, access=ANYONE, raises=(ThingGone,)))
    assert operation["summary"] == "Look at a thing."
    told = operation["description"].split("\n\n")
    assert told[:2] == ["It costs one row.", "It is found by its id."]
    assert told[2].startswith("Which page is wanted")
    assert told[3] == "Needs no log-in."


def test_a_route_that_anyone_may_call_asks_for_no_token_and_any_other_does() -> None:
    assert "security" not in described(get("/t/{thing_id}", look, access=ANYONE))
    guarded = described(get("/t/{thing_id}", look, access=frozenset({"staff"}), scope="things:read"))
    assert guarded["security"] == [{"bearer": []}, {"cookie": []}]
    assert {"401", "403"} <= guarded["responses"].keys()
    assert guarded["description"].endswith(
        "Needs a session or an API token with the scope `things:read`. One of the roles staff."
    )


def test_parameters_carry_their_limits_and_defaults() -> None:
    operation = described(get("/t/{thing_id}", look, access=ANYONE))
    by_name = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert by_name["thing_id"]["schema"] == {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
    assert by_name["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert "null" not in str(by_name["after"]["schema"])
    assert not any(parameter["required"] for name, parameter in by_name.items() if name != "thing_id")


def test_refusals_become_responses_with_their_codes() -> None:
    route = post("/t/{thing_id}", change, access=LOGGED_IN, idempotent=True, raises=(ThingGone,))
    whole = document([route], "1")
    responses = whole["paths"]["/t/{thing_id}"]["post"]["responses"]
    assert sorted(responses) == ["200", "204", "400", "401", "403", "404", "408", "409", "413", "415", "422", "503"]
    missing = resolved(whole, responses["404"])["content"]["application/problem+json"]
    assert missing["schema"]["allOf"][1]["properties"]["code"]["enum"] == ["things.gone", "request.not_found"]
    assert responses["200"]["headers"].keys() == {"ETag", "Idempotent-Replayed"}


def test_headers_are_told_only_where_they_apply() -> None:
    changing = described(post("/t/{thing_id}", change, access=ANYONE, idempotent=True))
    assert [each["name"] for each in changing["parameters"] if each["in"] == "header"] == [
        "If-Match",
        "Idempotency-Key",
    ]
    assert not [each for each in described(post("/t", upload, access=ANYONE))["parameters"] if each["in"] == "header"]


def test_an_upload_is_a_stream_of_bytes() -> None:
    body = described(post("/t", upload, access=ANYONE))["requestBody"]
    assert list(body["content"]) == ["application/octet-stream"]


def test_two_routes_with_one_use_case_are_told_apart_by_their_last_word() -> None:
    routes = [post("/t", upload, access=ANYONE), post("/t/sheet.csv", upload, access=ANYONE, produces=("text/csv",))]
    found = [(operation["operationId"], operation["summary"]) for _, _, operation in operations(document(routes, "1"))]
    assert found == [
        ("edge_upload", "Take a thing in."),
        ("edge_upload_sheet_csv", "Take a thing in. As text/csv."),
    ]


def test_two_routes_that_cannot_be_told_apart_are_refused() -> None:
    routes = [post(path, upload, access=ANYONE) for path in ("/t", "/u/sheet.csv", "/v/sheet.csv")]
    with pytest.raises(AssertionError, match="they need two use cases"):
        document(routes, "1")


def test_a_sample_takes_what_it_knows_and_fits_the_type_otherwise() -> None:
    components = {"Inner": {"type": "object", "properties": {"made_at": {"type": "string"}, "n": {"type": "integer"}}}}
    schema = {
        "type": "object",
        "properties": {
            "login": {"type": "string"},
            "kind": {"enum": ["a", "b"]},
            "inner": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]},
            "many": {"type": "array", "items": {"type": "number"}},
        },
    }
    assert sample(schema, components, {"login": "anna"}) == {
        "login": "anna",
        "kind": "a",
        "inner": {"made_at": "2026-11-20T18:00:00.000001Z", "n": 1},
        "many": [0.5],
    }


def test_the_server_and_the_command_line_give_the_same_document(client: Client, reference: dict[str, Any]) -> None:
    answer = client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == reference
    printed = CliRunner().invoke(command_line, ["openapi"])
    assert printed.exit_code == 0
    assert msgspec.json.decode(printed.stdout) == reference


def test_answers_of_the_server_fit_the_document(client: Client, reference: dict[str, Any]) -> None:
    client.register("anna")
    token = client.log_in("anna")
    new = {"login": "bert", "password": PASSWORD}
    calls = [
        ("get", "/api/v1/me", {}),
        ("patch", "/api/v1/me", {"json": {"name": "A"}, "headers": {"If-Match": '"7"'}}),
        ("post", "/api/v1/accounts", {"json": new}),
        ("post", "/api/v1/accounts", {"json": {"login": "bert"}}),
        ("get", "/api/v1/accounts", {}),
        ("get", "/api/v1/sessions", {"params": {"limit": 1}}),
        ("post", "/api/v1/tokens", {"json": {"name": "t", "scopes": ["traffic:read"]}}),
    ]
    for verb, path, rest in calls:
        answer = client.request(verb.upper(), path, token=token, **rest)
        response = reference["paths"][path][verb]["responses"][str(answer.status_code)]
        media = answer.headers["content-type"]
        schema = resolved(reference, response)["content"][media]["schema"]
        assert not fits(reference, schema, answer.json()), f"{verb} {path}: {answer.text}"
