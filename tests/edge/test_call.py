"""S8: how much of a request is read, and how long that may take; on a real server, and piece by piece."""

import asyncio
import gzip
from collections.abc import Callable
from typing import Any

import pytest

from artel.edge.call import BodyTooLarge, BodyTooSlow, Call, forwarded_address
from artel.kernel.errors import Malformed
from tests.conftest import Client, Run
from tests.edge.conftest import BODY_MAX_BYTES, BODY_TIMEOUT_S, Raw
from tests.people import People

LIMIT = 10


def call(*pieces: bytes, headers: dict[str, str] | None = None, query: bytes = b"", broken: bool = False) -> Call:
    """A request whose body arrives in these pieces, and then breaks off or goes on for ever without a byte."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": each, "more_body": True} for each in pieces]
    if broken:
        messages.append({"type": "http.disconnect"})
    elif pieces:
        messages[-1]["more_body"] = False

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        return await asyncio.Event().wait()

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    scope = {"method": "POST", "path": "/", "headers": raw, "query_string": query, "client": ("10.0.0.1", 5)}
    return Call(scope, receive)


def test_a_body_of_the_limit_is_read_and_one_byte_more_is_refused(run: Run) -> None:
    for pieces in ((b"x" * 10,), (b"x" * 4, b"x" * 6), (b"x",) * 10, (b"", b"x" * 10, b"")):
        whole = call(*pieces)
        run(whole.read_body(LIMIT, 1))
        assert whole.body == b"x" * 10
        with pytest.raises(BodyTooLarge):
            run(call(*pieces, b"x").read_body(LIMIT, 1))


def test_a_declared_length_over_the_limit_is_refused_before_a_byte_is_read(run: Run) -> None:
    for declared in ("11", "9" * 30):
        with pytest.raises(BodyTooLarge):
            run(call(headers={"Content-Length": declared}).read_body(LIMIT, 60))


def test_a_body_that_does_not_end_is_given_up(run: Run) -> None:
    slow = call(b"x")
    slow._receive = call()._receive
    with pytest.raises(BodyTooSlow):
        run(slow.read_body(LIMIT, 0.05))


@pytest.mark.parametrize(("piece", "passes"), [(b"x", False), (b"x" * 10_240, True)])
def test_an_upload_may_be_long_but_not_trickle(
    run: Run, monkeypatch: pytest.MonkeyPatch, piece: bytes, passes: bool
) -> None:
    monkeypatch.setattr("artel.edge.call.UPLOAD_PAUSE_MAX_S", 0.05)
    trickle = call(*[piece] * 5)
    at_once = trickle._receive

    async def slowly() -> Any:
        await asyncio.sleep(0.02)
        return await at_once()

    async def upload() -> bytes:
        return b"".join([each async for each in trickle.stream_body(1_000_000)])

    trickle._receive = slowly
    if passes:
        assert run(upload()) == piece * 5
    else:
        with pytest.raises(BodyTooSlow):
            run(upload())


def test_a_body_that_breaks_off_is_malformed(run: Run) -> None:
    for pieces in ((), (b"x",), (b"x", b"y")):
        with pytest.raises(Malformed, match="broke off"):
            run(call(*pieces, broken=True).read_body(LIMIT, 1))


def test_an_upload_is_read_in_pieces_under_the_same_limits(run: Run) -> None:
    async def read(given: Call) -> bytes:
        return b"".join([piece async for piece in given.stream_body(LIMIT)])

    assert run(read(call(b"x" * 4, b"", b"x" * 6))) == b"x" * 10
    with pytest.raises(BodyTooLarge):
        run(read(call(b"x" * 4, b"x" * 7)))
    with pytest.raises(BodyTooLarge):
        run(read(call(headers={"Content-Length": "11"})))
    with pytest.raises(Malformed, match="broke off"):
        run(read(call(b"x", broken=True)))


@pytest.mark.parametrize(
    ("cookie", "value"),
    [
        ("artel=1", "1"),
        ("a=b; artel=1; c=d", "1"),
        ('artel="1"', "1"),
        ("", ""),
        ("artelx=1", ""),
        ("xartel=1", ""),
        ("; ; =; artel", ""),
        ("a=\x01\x02; \xff", ""),
        ('prefs={"a": 1, "b": [2]}; artel=1', "1"),
        ("a[b]=1; c@d=Mon, 01 Jan 2026; artel=1", "1"),
        ("name=\xc3\xa9; artel=1", "1"),
        ('a="b; artel=1', "1"),
        ("artel=1; artel=2", "1"),
        ("Artel=2; artel=1", "1"),
        ("artel=a=b==", "a=b=="),
        ("=" * 60_000, ""),
        ('a="' + "\\" * 60_000, ""),  # unquoting this took seconds in older Pythons (CVE-2024-7592)
    ],
)
def test_a_cookie_is_found_among_others_and_junk(cookie: str, value: str) -> None:
    assert call(headers={"Cookie": cookie}).cookie("artel") == value


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("", "10.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.2, 10.0.0.1", "10.0.0.2"),
        (" , ", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_behind_our_proxies_the_client_is_the_last_stranger(forwarded: str, address: str) -> None:
    trusted = frozenset({"10.0.0.1", "10.0.0.2"})
    asked = call(headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert forwarded_address(asked, trusted) == address
    assert forwarded_address(asked, frozenset({"10.9.9.9"})) == "10.0.0.1"


# --- on a real server


def post(length: str = "Content-Length: 2", path: str = "/api/v1/sessions") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n".encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_server_refuses_a_body_over_the_limit_however_it_is_sent(raw: Raw) -> None:
    large = b"x" * (BODY_MAX_BYTES + 1)
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    for answer in (
        raw(post(f"Content-Length: {len(large)}"), large),
        raw(post("Content-Length: 9999999999")),
        raw(post("Transfer-Encoding: chunked"), *[chunk] * 5),
    ):
        assert status(answer) == 413, answer
        assert b"request.body_too_large" in answer
        assert b"connection: close" in answer.lower()
    crumbs = raw(post("Transfer-Encoding: chunked"), *[b"1\r\nx\r\n" * 1000] * 70, b"0\r\n\r\n")
    assert status(crumbs) in (408, 413)  # so many pieces may take longer than a body may
    within = b'"' + b"x" * (BODY_MAX_BYTES - 2) + b'"'
    assert status(raw(post(f"Content-Length: {len(within)}"), within)) == 400


def test_a_server_gives_up_a_body_that_does_not_arrive(raw: Raw) -> None:
    for answer in (
        raw(post("Content-Length: 100"), b'{"login'),
        raw(post("Content-Length: 100")),
        raw(post("Transfer-Encoding: chunked"), b"2\r\n{}\r\n"),
    ):
        assert status(answer) == 408, answer
        assert f"within {BODY_TIMEOUT_S} seconds".encode() in answer


def test_a_server_refuses_floods_of_headers(raw: Raw) -> None:
    many = b"".join(b"A%d: x\r\n" % number for number in range(500))
    for headers in (many, b"A: " + b"x" * 1_000_000 + b"\r\n"):
        assert status(raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")) == 431
    assert status(raw(b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")) in (400, 414, 431)


@pytest.mark.parametrize(
    "request_text",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: a\x00b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: abcdefgh\r\n Y: folded\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        post("Content-Length: -1"),
        post("Content-Length: 2\r\nContent-Length: 3") + b"{}",
        post("Content-Length: " + "9" * 5000),
        post("Content-Length: 2\r\nTransfer-Encoding: chunked") + b"{}",
        post("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n",
    ],
)
def test_a_server_refuses_what_is_no_http(raw: Raw, request_text: bytes) -> None:
    assert status(raw(request_text)) == 400


def test_a_packed_body_is_not_unpacked(raw: Raw) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    answer = raw(post(f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}"), bomb)
    assert status(answer) == 400


def test_a_server_answers_the_next_one_after_all_this(raw: Raw) -> None:
    two = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2
    assert raw(two).count(b'{"status":"ok"}') == 2


def test_a_page_has_a_greatest_size(client: Client, people: People, start: Callable[..., Client]) -> None:
    staff = people.person("staff")
    for path in ("/api/v1/accounts", "/api/v1/sessions", "/api/v1/tokens"):
        assert client.get(f"{path}?limit=200", token=staff.session).status_code == 200
        for limit in ("201", "0", "-1", "1e3", ""):
            assert client.get(f"{path}?limit={limit}", token=staff.session).status_code == 400
