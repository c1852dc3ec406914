"""One POST: whatever a receiver does, there is an answer in bounded time and memory."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from artel.events import post
from artel.events.dispatch import Answer
from tests.conftest import Run

Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """A server that treats one connection as it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        try:
            connection, _ = listener.accept()
            with connection:
                serve(connection)
        except OSError:
            return  # the client left, or the test is over

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook?a=b"
    finally:
        listener.close()
        thread.join(5)


def sending(answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    return serve


def ask(run: Run, url: str, *, private: bool = True) -> Answer:
    found: Answer = run(post.post(url, {"webhook-id": "evt_1"}, b"{}", private=private))
    return found


ANSWERS = {
    "with a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
    "until it closes": (b"HTTP/1.0 201 Made\r\n\r\nhello", 201, "hello"),
    "without a body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
    "without a reason": (b"HTTP/1.1 202\r\n\r\n", 202, ""),
    "in chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        200,
        "hello",
    ),
    "in broken chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhel", 200, ""),
    "after interim ones": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 No\r\n\r\nbad", 500, "bad"),
    "not UTF-8": (b"HTTP/1.1 400 No\r\n\r\n\xff\x00", 400, "\ufffd\ufffd"),
    "a redirect": (b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\n\r\n", 307, ""),
    "longer than is shown": (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000, 200, "x" * post.SHOWN_CHARACTERS),
}


@pytest.mark.parametrize("form", ANSWERS)
def test_an_answer_is_read_in_every_form(run: Run, form: str) -> None:
    raw, status, text = ANSWERS[form]
    with serving(sending(raw)) as url:
        answer = ask(run, url)
    assert (answer.status, answer.text, answer.wait_s) == (status, text, 0)


FAULTS = {
    "not HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
    "nothing": (b"", "closed"),
    "half a head": (b"HTTP/1.1 200 OK\r\nConten", "closed"),
    "a head without end": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000, ""),
    "interim answers only": (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "not HTTP"),
    "a status that is none": (b"HTTP/1.1 999 Odd\r\n\r\n", "not HTTP"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_answer_is_told_as_such(run: Run, fault: str) -> None:
    raw, said = FAULTS[fault]
    with serving(sending(raw)) as url:
        answer = ask(run, url)
    assert answer.status == 0
    assert said in answer.text
    assert answer.text


def test_a_receiver_that_trickles_or_says_nothing_is_left_in_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "TIMEOUT_S", 0.5)
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        while not over.wait(0.05):
            connection.sendall(b"H")

    for serve in (trickle, lambda connection: over.wait(10)):
        over.clear()
        with serving(serve) as url:
            answer = ask(run, url)
            over.set()
        assert (answer.status, answer.text) == (0, "no answer within 0 s")


def test_a_body_that_trickles_does_not_spoil_its_answer(run: Run) -> None:
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nfirst")
        over.wait(10)

    with serving(trickle) as url:
        answer = ask(run, url)
        over.set()
    assert (answer.status, answer.text) == (200, "first")


@pytest.mark.parametrize(
    ("status", "value", "wait_s"),
    [(429, b"120", 120), (503, b"7", 7), (429, b"999999", post.WAIT_MAX_S), (429, b"soon", 0), (500, b"120", 0)],
)
def test_what_a_receiver_asks_to_wait_is_heard(run: Run, status: int, value: bytes, wait_s: int) -> None:
    with serving(sending(b"HTTP/1.1 %d X\r\nRetry-After: %s\r\n\r\n" % (status, value))) as url:
        assert ask(run, url).wait_s == wait_s


def test_the_request_is_the_one_that_was_asked_for(run: Run) -> None:
    heard: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        heard.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with serving(keep) as url:
        ask(run, url)
    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /hook?a=b HTTP/1.1"
    assert lines[1] == b"host: " + url.split("/")[2].encode()
    assert {b"webhook-id: evt_1", b"content-length: 2", b"connection: close"} <= set(lines)
    assert body == b"{}"


@pytest.mark.parametrize("found", [["127.0.0.1"], ["10.0.0.1", "::1"], ["169.254.169.254"]])
def test_a_name_of_the_inner_network_is_not_connected_to(
    run: Run, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    async def resolved(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, 1, 6, "", (each, 80)) for each in found]

    async def connected(*_: object, **__: object) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolved)
    monkeypatch.setattr(asyncio, "open_connection", connected)
    answer = ask(run, "http://rebound.example/", private=False)
    assert (answer.status, "public network" in answer.text) == (0, True)


def test_it_is_connected_to_the_very_address_that_was_judged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is resolved a second time could lead elsewhere."""
    asked: list[object] = []

    async def resolved(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", ("10.0.0.1", 80)), (socket.AF_INET, 1, 6, "", ("8.8.8.8", 80))]

    async def connected(host: object, port: object, **rest: object) -> None:
        asked.append((host, port, rest["flags"]))
        raise OSError("far enough")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolved)
    monkeypatch.setattr(asyncio, "open_connection", connected)
    ask(run, "http://rebound.example/", private=False)
    assert asked == [("8.8.8.8", 80, socket.AI_NUMERICHOST)]


def test_a_receiver_whose_certificate_is_not_good_gets_nothing(run: Run) -> None:
    heard: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        heard.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with serving(keep) as url:
        answer = ask(run, url.replace("http:", "https:"))
    assert answer.status == 0
    assert b"evt_1" not in b"".join(heard)
