"""Clients that ask one after another on kept-alive connections, and count what became of each request."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

ANSWER_MAX_S = 60.0


class Unanswered(Exception):
    """A request was sent, and the connection ended without an answer."""


@dataclass
class Tally:
    """What became of the requests."""

    statuses: dict[int, int] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    refused: int = 0  # connections that nobody accepted any more
    closed: int = 0  # kept-alive connections that ended between two requests

    def of(self, lowest: int, highest: int) -> int:
        """Answers with a status in the range."""
        return sum(count for status, count in self.statuses.items() if lowest <= status <= highest)

    def answered(self) -> int:
        return self.of(100, 599)

    def summary(self) -> str:
        """One line for the log of a test."""
        return (
            f"{self.answered()} answered {self.statuses}, {len(self.unanswered)} not answered, "
            f"{self.refused} connections refused, {self.closed} closed between requests"
        )


class Connection:
    """One kept-alive connection to a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> bool:
        """Connect unless connected; answers whether a connection that was kept had ended meanwhile."""
        ended = False
        if self._streams and (self._streams[0].at_eof() or self._streams[1].is_closing()):
            await self.close()
            ended = True
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        return ended

    async def ask(
        self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send a request and read its answer. Raises Unanswered."""
        assert self._streams, "open it first"
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        given = {"Host": "artel", "Content-Length": str(len(content)), **(headers or {})}
        if body is not None:
            given["Content-Type"] = "application/json"
        head = f"{verb} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items())
        try:
            writer.write(head.encode() + b"\r\n" + content)
            async with asyncio.timeout(ANSWER_MAX_S):
                status, closes, answer = await _read_answer(reader)
        except (OSError, EOFError, TimeoutError) as fault:
            await self.close()
            raise Unanswered(f"{verb} {path}: {type(fault).__name__}") from fault
        if closes:
            await self.close()
        return status, answer

    async def token(self, login: str, password: str) -> str:
        """Log in; answers the session's token."""
        status, answer = await self.ask("POST", "/api/v1/sessions", {"login": login, "password": password})
        assert status == 201, answer
        return str(json.loads(answer)["token"])

    def is_open(self) -> bool:
        return self._streams is not None

    async def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split()[1]), headers.get("connection", "").lower() == "close", body


async def keep_asking(
    choose_url: Callable[[], str | None], tally: Tally, verb: str, path: str, body: Any = None, **headers: str
) -> None:
    """Ask again and again; `choose_url` says whom to ask next, None to end."""
    connections: dict[str, Connection] = {}
    try:
        while url := choose_url():
            connection = connections.setdefault(url, Connection(url))
            try:
                tally.closed += await connection.open()
            except OSError:
                tally.refused += 1
                await asyncio.sleep(0.01)
                continue
            try:
                status, _ = await connection.ask(verb, path, body, headers)
                tally.statuses[status] = tally.statuses.get(status, 0) + 1
            except Unanswered as fault:
                tally.unanswered.append(str(fault))
    finally:
        for connection in connections.values():
            await connection.close()
