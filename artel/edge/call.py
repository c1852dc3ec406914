"""One HTTP request, read as little as its route needs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

from artel.kernel.errors import Malformed, Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

QUERY_FIELDS_MAX: Final = 50
UPLOAD_PAUSE_MAX_S: Final = 10.0  # the longest wait for the next piece of an upload
UPLOAD_RATE_MIN: Final = 1024  # bytes a second, of the time that was waited: slower only holds a connection


class BodyTooLarge(Refusal):
    """The body is larger than {limit_bytes} bytes."""

    code, kind = "request.body_too_large", "too_large"


class BodyTooSlow(Refusal):
    """The body did not arrive within {limit_s} seconds."""

    code, kind = "request.body_too_slow", "slow"


class Call:
    """A request: its parts are decoded when they are asked for."""

    __slots__ = (
        "_receive",
        "_scope",
        "address",
        "body",
        "headers",
        "method",
        "path",
        "path_args",
        "request_id",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        client = scope.get("client")
        self.address: str = client[0] if client else ""
        self.request_id = ""
        self.path_args: dict[str, str] = {}
        self.body = b""

    def header(self, name: bytes) -> str:
        """A header's value, '' when it is absent. Names are lower case."""
        return self.headers.get(name, b"").decode("latin-1")

    def media_type(self) -> str:
        """What the body says that it is, without parameters; '' when it says nothing."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    def cookie(self, name: str) -> str:
        """A cookie's value, '' when it is absent; of several the first (RFC 6265, 5.4: the one of the longest path).

        Cookies that other applications of the host set hold whatever browsers let through, JSON for one: what is not
        asked for is not looked at.
        """
        for pair in self.header(b"cookie").split(";"):
            found, _, value = pair.strip().partition("=")
            if found == name:
                return value.strip('"')
        return ""

    def query(self) -> dict[str, str]:
        """The fields of the query string. Raises Malformed when one is given twice."""
        raw = self._scope["query_string"]
        if not raw:
            return {}
        try:
            pairs = parse_qsl(
                raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
            )
        except ValueError:
            raise Malformed(field="query", problem="is not a query string in UTF-8") from None
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise Malformed(field="query", problem="names a field twice")
        return fields

    async def read_body(self, limit_bytes: int, limit_s: float) -> None:
        """Read the whole body. Raises BodyTooLarge, BodyTooSlow, Malformed."""
        declared_bytes = self._declared(limit_bytes)
        try:
            async with asyncio.timeout(limit_s):
                self.body = await self._gather(declared_bytes, limit_bytes)
        except TimeoutError:
            raise BodyTooSlow(limit_s=limit_s) from None

    async def stream_body(self, limit_bytes: int) -> AsyncIterator[bytes]:
        """The body piece by piece, for uploads. Raises BodyTooLarge, BodyTooSlow, Malformed."""
        self._declared(limit_bytes)
        size, more, waited_s, clock = 0, True, 0.0, asyncio.get_running_loop().time
        while more:
            began_s = clock()
            try:
                async with asyncio.timeout(UPLOAD_PAUSE_MAX_S):
                    message = await self._receive()
            except TimeoutError:
                raise BodyTooSlow(limit_s=UPLOAD_PAUSE_MAX_S) from None
            if message["type"] == "http.disconnect":
                raise _broken_off()
            waited_s += clock() - began_s
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > limit_bytes:
                raise BodyTooLarge(limit_bytes=limit_bytes)
            if waited_s > UPLOAD_PAUSE_MAX_S and size < waited_s * UPLOAD_RATE_MIN:
                raise BodyTooSlow(limit_s=UPLOAD_PAUSE_MAX_S)
            if piece:
                yield piece

    async def gone(self) -> None:
        """Until the client has left. What it still sends is not looked at."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _gather(self, declared_bytes: int | None, limit_bytes: int) -> bytes:
        body, more = bytearray(), True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise _broken_off()
            body += message.get("body", b"")
            if len(body) > limit_bytes:
                raise BodyTooLarge(limit_bytes=limit_bytes)
            # When all that was declared is here, the message that only says so is not waited for.
            more = message.get("more_body", False) and len(body) != declared_bytes
        return bytes(body)

    def _declared(self, limit_bytes: int) -> int | None:
        """The size that the client declared; None when it did not, or when its chunks tell. Raises BodyTooLarge."""
        text = self.headers.get(b"content-length", b"")
        if not text.isdigit() or b"transfer-encoding" in self.headers:
            return None
        declared_bytes = int(text)
        if declared_bytes > limit_bytes:
            raise BodyTooLarge(limit_bytes=limit_bytes)
        return declared_bytes


def _broken_off() -> Malformed:
    """The connection closed in the middle, or the chunks made no sense; whoever is still there is told."""
    return Malformed(field="body", problem="broke off before it was complete")


def forwarded_address(call: Call, trusted: frozenset[str]) -> str:
    """The client's address: the last one in X-Forwarded-For that is not a proxy of ours, if a proxy of ours asks."""
    address = call.address
    if address in trusted:
        for hop in reversed(call.header(b"x-forwarded-for").split(",")):
            address = hop.strip() or address
            if address not in trusted:
                break
    return address
