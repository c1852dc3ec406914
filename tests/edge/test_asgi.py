"""What every answer has: a problem's shape, security headers, a request id, HEAD; and the last guard."""

import gc
import re
from collections.abc import Callable
from typing import Any, Final

import pytest

from artel import app as composition
from artel.db import Read
from artel.edge.asgi import UNROUTED
from artel.edge.drain import Drain
from artel.edge.observe import make_log
from artel.edge.reply import STATUS
from artel.edge.route import ANYONE, get
from artel.settings import Settings
from tests.conftest import Client, Log, Run
from tests.people import PASSWORD, People

PROBLEMS: Final[list[tuple[str, str, dict[str, Any], int, str]]] = [
    ("GET", "/nowhere", {}, 404, "request.not_found"),
    ("GET", "/api/v1/accounts/x", {"as": "staff"}, 404, "request.not_found"),
    ("GET", "/api/v1/accounts/999", {"as": "staff"}, 404, "accounts.unknown"),
    ("PUT", "/api/v1/me", {}, 405, "request.method_not_allowed"),
    ("BREW", "/api/v1/me", {}, 405, "request.method_not_allowed"),
    ("GET", "/api/v1/me", {}, 401, "auth.required"),
    ("GET", "/api/v1/accounts", {"as": "customer"}, 403, "auth.forbidden"),
    ("POST", "/api/v1/sessions", {"content": b"{"}, 400, "request.malformed"),
    (
        "POST",
        "/api/v1/sessions",
        {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
        415,
        "request.not_json",
    ),
    ("POST", "/api/v1/sessions", {"content": b"x" * 1_048_577}, 413, "request.body_too_large"),
    ("POST", "/api/v1/accounts", {"json": {"login": "taken", "password": PASSWORD}}, 409, "accounts.login_taken"),
    ("PATCH", "/api/v1/me", {"json": {}, "headers": {"If-Match": '"9"'}, "as": "customer"}, 412, "accounts.stale"),
]


@pytest.fixture
def ask(client: Client, people: People) -> Callable[..., Any]:
    tokens = {role: people.person(role).session for role in ("staff", "customer")}
    people.person(login="taken")

    def send(verb: str, path: str, **rest: Any) -> Any:
        role = rest.pop("as", None)
        return client.request(verb, path, token=tokens.get(role), **rest)

    return send


def test_every_refusal_is_a_problem_of_one_shape(ask: Any) -> None:
    for verb, path, rest, status, code in PROBLEMS:
        answer = ask(verb, path, **rest)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), f"{verb} {path}: {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem.keys() == {"type", "title", "status", "detail", "code", "request_id", "facts"}
        assert problem["status"] == status
        assert problem["type"] == f"/docs/errors#{code}"
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert problem["title"]
        assert "{" not in problem["detail"], problem["detail"]
        assert STATUS[problem["title"].replace(" ", "_")] == status


def test_allow_names_the_verbs_of_the_path(client: Client) -> None:
    for path, allow in (
        ("/api/v1/me", "DELETE, GET, HEAD, PATCH"),
        ("/api/v1/me/password", "PUT"),
        ("/api/v1/accounts/1", "GET, HEAD"),
    ):
        for verb in ("OPTIONS", "TRACE", "POST"):
            answer = client.request(verb, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_head_answers_like_get_without_the_body(ask: Any) -> None:
    for path in ("/healthz", "/api/v1/me", "/api/v1/accounts", "/nowhere", "/docs", "/"):
        get_, head = (ask(verb, path, **{"as": "staff"}) for verb in ("GET", "HEAD"))
        assert head.status_code == get_.status_code
        assert head.content == b""
        skipped = ("x-request-id", "content-length")  # a problem holds the request id
        assert {k: v for k, v in head.headers.items() if k not in skipped} == {
            k: v for k, v in get_.headers.items() if k not in skipped
        }


def test_every_answer_has_the_security_headers(ask: Any) -> None:
    paths = [re.sub(r"{\w+}", "1", route.path) for route in composition.ROUTES if route.verb == "GET"]
    for path in ["/nowhere", *paths]:
        for role in (None, "staff"):
            headers = ask("GET", path, **{"as": role}).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"] == "no-referrer", path
            assert headers["x-frame-options"] == "DENY", path
            assert headers["cross-origin-resource-policy"] == "same-origin", path
            assert headers.get_list("cache-control") == [headers["cache-control"]], path
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'"), f"{path}: {policy}"
            assert "unsafe-eval" not in policy
            assert "*" not in policy
            assert not re.search(r"script-src[^;]*unsafe-inline", policy), f"{path}: {policy}"
            if headers["content-type"].startswith("text/html"):
                assert "frame-ancestors 'none'" in policy, path


def test_what_belongs_to_an_account_is_never_kept_by_a_cache(ask: Any) -> None:
    for route in composition.ROUTES:
        if route.verb == "GET" and route.access != ANYONE:
            answer = ask("GET", re.sub(r"{\w+}", "1", route.path), **{"as": "staff"})
            assert answer.headers["cache-control"] == "no-store", route.path


def test_a_request_id_that_is_well_formed_is_kept_and_any_other_replaced(client: Client) -> None:
    for given in ("abcdefgh", "0f8fad5b-d9cb-469f-a165-70867728950e", "a" * 64, "A_b.c-9_"):
        assert client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    seen = set()
    for given in ("short", "a" * 65, "a b c d e f", "<script>alert(1)", "abcdefgh\r\nX: y", "ключ", '"quoted"', ""):
        answer = client.get("/healthz", headers={"X-Request-Id": given.encode()})
        kept = answer.headers["x-request-id"]
        assert kept != given
        assert re.fullmatch(r"[0-9a-f]+-[0-9a-f]+", kept)
        assert "x" not in answer.headers
        seen.add(kept)
    assert len(seen) == 8


async def fails(tx: Read) -> None:
    """Fails."""
    raise ValueError(f"what {PASSWORD} is not to leave the house")


def test_a_fault_of_ours_is_a_500_that_tells_nothing_and_a_line_that_tells_all(
    start: Callable[..., Client], log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "ROUTES", [*composition.ROUTES, get("/fails", fails, access=ANYONE)])
    answer = start().get("/fails")
    assert (answer.status_code, answer.json()["code"]) == (500, "server.fault")
    assert "ValueError" not in answer.text
    assert PASSWORD not in answer.text
    (line,) = [each for each in log.lines() if each["event"] == "request.fault"]
    assert (line["level"], line["request_id"]) == ("error", answer.headers["x-request-id"])
    assert "ValueError" in line["exception"]


def test_each_request_is_one_line_of_json(client: Client, log: Log, people: People) -> None:
    anna = people.person()
    client.get("/api/v1/me", token=anna.session, headers={"X-Request-Id": "my-request"})
    client.get("/%22%7D%0A%7B%22level%22:%22forged%22%0D%0A")
    client.at("203.0.113.9").get("/api/v1/me?token=secret-in-the-query")
    lines = [each for each in log.lines() if each["event"] == "request"]
    known = {"at", "level", "event", "request_id", "method", "path", "route", "status", "address", "took_us"}
    assert all(line.keys() == known for line in lines)
    mine, forged, refused = lines
    assert (mine["request_id"], mine["route"], mine["status"]) == ("my-request", "accounts.me", 200)
    assert mine["took_us"] > 0
    assert (forged["route"], forged["status"]) == (UNROUTED, 404)
    assert (refused["status"], refused["address"], refused["path"]) == (401, "203.0.113.9", "/api/v1/me")
    assert b"secret-in-the-query" not in log.text


def test_an_access_log_may_be_left_out(start: Callable[..., Client], log: Log) -> None:
    start(access_log=False).get("/healthz")
    assert not [line for line in log.lines() if line["event"] == "request"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_is_there_when_the_server_has_started_is_not_searched_for_garbage(
    settings: Settings, run: Run, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Drain, "on_sigterm", lambda drain: None)  # this process keeps its own
    edge = composition.make(settings, make_log("debug", log))  # type: ignore[arg-type]
    told = iter(["lifespan.startup", "lifespan.shutdown"])
    frozen: list[tuple[str, int]] = []

    async def receive() -> dict[str, str]:
        return {"type": next(told)}

    async def send(message: dict[str, str]) -> None:
        frozen.append((message["type"], gc.get_freeze_count()))

    before = gc.get_freeze_count()
    try:
        run(edge({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]
    finally:
        gc.unfreeze()
    (started, count), (stopped, _) = frozen
    assert (started, stopped) == ("lifespan.startup.complete", "lifespan.shutdown.complete")
    assert count > before + 10_000
