"""A listener of the live stream, spoken to as the server does, and what it heard."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from artel.edge.asgi import Edge
from tests.events.happening import until

Json = dict[str, Any]


class Listener:
    """One request for the stream that goes on until it is left, or until the server ends it."""

    def __init__(self, app: Edge, token: str, query: str = "", verb: str = "GET", **headers: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self.pieces = 0
        self.takes = asyncio.Event()  # cleared: it reads nothing
        self.takes.set()
        self._left = asyncio.Event()
        given = {"accept": "text/event-stream", "authorization": f"Bearer {token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        scope = {
            "type": "http",
            "method": verb,
            "path": "/api/v1/events",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))
        self._asked = False

    async def _receive(self) -> Json:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        await self.takes.wait()
        self.text += message["body"].decode()
        self.pieces += bool(message["body"])

    @property
    def events(self) -> list[Json]:
        """Each event: its id, its name, and its data."""
        found = []
        for block in self.text.split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if "data" in fields:
                found.append({"id": int(fields["id"]), "event": fields["event"], **json.loads(fields["data"])})
        return found

    @property
    def numbers(self) -> list[int]:
        return [event["data"]["number"] for event in self.events]

    @property
    def last_id(self) -> int:
        """What a browser would send as Last-Event-ID."""
        ids = [line for line in self.text.split("\n") if line.startswith("id: ")]
        return int(ids[-1][4:])

    async def leave(self) -> None:
        """Close the connection."""
        self._left.set()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@asynccontextmanager
async def listening(app: Edge, token: str, query: str = "", **headers: str) -> AsyncIterator[Listener]:
    """A listener that has been answered, for the length of a `with`."""
    listener = Listener(app, token, query, **headers)
    try:
        await until(lambda: listener.status and (listener.text or listener.status != 200))
        yield listener
    finally:
        listener.takes.set()
        await listener.leave()
