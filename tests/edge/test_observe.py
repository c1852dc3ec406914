"""Metrics by route, and a log that hides what is secret by its name."""

import asyncio
import logging
import re
from collections.abc import Callable

import pytest

from artel.edge.observe import LEVELS, LOG_DELAY_S, LibraryLog, LogBuffer, make_log
from tests.conftest import Client, Log, Run
from tests.people import People


def test_metrics_count_by_route_and_know_no_id(client: Client, people: People) -> None:
    staff = people.person("staff", login="marked-login")
    for _ in range(3):
        client.get(f"/api/v1/accounts/{staff.account_id}", token=staff.session)
    client.get("/api/v1/accounts/987654321", token=staff.session)
    client.get("/somewhere/987654321")
    client.request("BREW", "/api/v1/me")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    text = answer.text
    assert 'artel_http_requests_total{route="accounts.get",status="200"} 3.0' in text
    assert 'artel_http_requests_total{route="accounts.get",status="404"} 1.0' in text
    assert 'artel_http_requests_total{route="unrouted",status="404"} 1.0' in text
    assert 'artel_http_request_seconds_count{route="accounts.get"} 4.0' in text
    assert "artel_http_requests_running 1.0" in text  # this very request
    for mark in ("987654321", "marked-login", staff.session, "127.0.0.1", "BREW"):
        assert mark not in text


def test_what_visitors_make_up_makes_no_new_series(client: Client) -> None:
    def series() -> int:
        return len(re.findall(r"^artel_http_requests_total", client.get("/metrics").text, re.M))

    client.get("/nowhere")
    client.request("BREW", "/healthz")
    before = series()
    for number in range(20):
        client.get(f"/nowhere/{number}")
        client.request(f"BREW{number}", "/healthz")
    assert series() == before + 1  # /metrics itself


@pytest.mark.parametrize(
    "name", ["password", "new_password", "token", "api_token", "authorization", "cookie", "secret"]
)
def test_a_field_whose_name_says_that_it_is_secret_is_hidden(name: str) -> None:
    log = Log()
    make_log("info", log).info("happened", **{name: "open sesame", "other": "shown"})  # type: ignore[arg-type]
    (line,) = log.lines()
    assert (line[name], line["other"]) == ("hidden", "shown")
    assert b"sesame" not in log.text


def test_every_value_stays_within_its_line() -> None:
    log = Log()
    nasty = 'two\nlines\r\n{"forged": 1}\x1b[31m\u2028\x00'
    make_log("info", log).info("happened", path=nasty)  # type: ignore[arg-type]
    assert log.text.count(b"\n") == 1
    assert b"\x1b" not in log.text
    (line,) = log.lines()
    assert line["path"] == nasty


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_keeps_out_what_is_below_it(level: str) -> None:
    log = Log()
    logger = make_log(level, log)  # type: ignore[arg-type]
    for each in LEVELS:
        getattr(logger, each)("happened")
    assert [line["level"] for line in log.lines()] == [each for each in LEVELS if LEVELS[each] >= LEVELS[level]]


def test_two_applications_count_for_themselves(start: Callable[..., Client]) -> None:
    one, other = start(), start()
    one.get("/healthz")
    assert 'route="edge.alive"' in one.get("/metrics").text
    assert 'route="edge.alive"' not in other.get("/metrics").text


def test_what_a_library_logs_is_a_json_line_too(log: Log) -> None:
    handler = LibraryLog(make_log("info", log))  # type: ignore[arg-type]
    library = logging.getLogger("tests.library")
    library.addHandler(handler)
    library.propagate = False
    try:
        raise OSError("the server went away")
    except OSError:
        library.exception("pool %s is broken", 7)
    library.info("nobody needs to know")
    (line,) = log.lines()
    assert (line["logger"], line["message"]) == ("tests.library", "pool 7 is broken")
    assert "the server went away" in line["fault"]


def test_lines_wait_for_each_other_and_none_is_lost(run: Run, log: Log) -> None:
    buffer = LogBuffer(log)  # type: ignore[arg-type]
    lines = make_log("info", buffer)

    async def two_requests() -> bytes:
        lines.info("first")
        lines.info("second")
        before = log.text
        await asyncio.sleep(LOG_DELAY_S * 2)
        return before

    assert run(two_requests()) == b""
    assert [line["event"] for line in log.lines()] == ["first", "second"]
    lines.info("where no loop runs")
    assert log.lines()[-1]["event"] == "where no loop runs"

    async def ends_at_once() -> None:
        lines.info("last")

    run(ends_at_once())
    buffer.drain()
    assert log.lines()[-1]["event"] == "last"
