"""What the tests of events share: events that happen, a receiver of webhooks on loopback, and how it checks them."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final

from msgspec import Struct
from sqlalchemy import update

from artel.db import Command, Database, Event, Write, emit
from artel.events.tables import deliveries, webhooks
from tests.conftest import Client, Run

WAIT_S: Final = 20.0


class Happened(Event, frozen=True):
    """Something with a number, that happened to something, and that some may see."""

    kind: ClassVar[str] = "test.happened"
    number: int
    what: str = ""
    seen_by: str = ""

    def subject(self) -> str:
        """As it was said."""
        return self.what

    def audience(self) -> tuple[str, ...]:
        """As it was said."""
        return tuple(self.seen_by.split())


class Other(Happened, frozen=True):
    """The same of another kind."""

    kind: ClassVar[str] = "other.thing"


async def happen(tx: Write, *events: Event) -> None:
    for event in events:
        await emit(tx, event)


async def until(met: Callable[[], Any]) -> Any:
    """Let the event loop run until the condition is met; answers what it gave."""
    end_s = time.monotonic() + WAIT_S
    while not (found := met()):
        assert time.monotonic() < end_s, "it did not happen in time"
        await asyncio.sleep(0.01)
    return found


async def until_told(ask: Callable[[], Awaitable[Any]]) -> Any:
    """The same for a condition that has to be asked for."""
    end_s = time.monotonic() + WAIT_S
    while not (found := await ask()):
        assert time.monotonic() < end_s, "it did not happen in time"
        await asyncio.sleep(0.02)
    return found


_NOW = Command(update(deliveries).where(deliveries.c.finished_us == 0).values(due_us=0))
_AWAKE = Command(update(webhooks).values(rests_until_us=0))


async def make_due(tx: Write) -> None:
    """Nothing waits for its next try any more."""
    await tx.run(_NOW)
    await tx.run(_AWAKE)


# --- the receiver


class Message(Struct, frozen=True):
    """What a receiver was sent."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def number(self) -> int:
        """Of the event."""
        return int(json.loads(self.body)["data"]["number"])

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answering = Callable[[Message], tuple[int, str]]


class Receiver:
    """A server on loopback that keeps what it is sent and answers as it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answer: Answering = lambda message: (204, "")
        self.headers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                message = Message(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
                status, text = receiver.answer(message)
                receiver.messages.append(message)
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                """Nothing: the tests look at the messages."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def numbers(self) -> list[int]:
        return [message.number for message in self.messages]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for the length of a `with`."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


def fits(message: Message, secret: str, now_s: float | None = None) -> bool:
    """Whether the message was signed with the secret just now: the specification, written a second time."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told, at = message.headers["webhook-id"], message.headers["webhook-timestamp"]
    if abs((time.time() if now_s is None else now_s) - int(at)) > 300:
        return False
    content = told.encode() + b"." + at.encode() + b"." + message.body
    right = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [each.split(",", 1) for each in message.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(each, right) for version, each in given)


class Hook(Struct, frozen=True):
    """A webhook that was made."""

    id: int
    secret: str

    @property
    def path(self) -> str:
        return f"/api/v1/webhooks/{self.id}"


def make_hook(client: Client, token: str, url: str, *kinds: str) -> Hook:
    answer = client.post("/api/v1/webhooks", token=token, json={"url": url, "kinds": list(kinds or ("*",))})
    assert answer.status_code == 201, answer.text
    return Hook(answer.json()["id"], answer.json()["secret"])


def tell(run: Run, db: Database, *events: Event) -> None:
    """Let events happen in one transaction."""
    run(db.write(happen, *events))
