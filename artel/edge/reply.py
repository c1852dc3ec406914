"""Answers: JSON, and RFC 9457 problems with a permanent code."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from artel.kernel.errors import Refusal

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"
Header = tuple[bytes, bytes]
Pieces = AsyncGenerator[bytes, None]  # an answer that goes on as long as somebody reads it

encode: Final = msgspec.json.Encoder(decimal_format="number").encode

# The one table from a refusal's kind to a status of HTTP.
STATUS: Final[Mapping[str, int]] = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "missing": 404,
    "method": 405,
    "slow": 408,
    "conflict": 409,
    "stale": 412,
    "too_large": 413,
    "unsupported": 415,
    "unprocessable": 422,
    "throttled": 429,
    "fault": 500,
    "unavailable": 503,
}


class Reply(Struct, frozen=True):
    """What goes back: a status, a body already encoded, and headers beyond those that every answer has.

    Instead of a body there may be pieces; `still` tells whether who asked may still have them, and `is_file` that they
    come to an end: what breaks off before is told as broken off, since it would be taken for all of it.
    """

    status: int
    body: bytes = b""
    content_type: bytes = JSON
    headers: tuple[Header, ...] = ()
    pieces: Pieces | None = None
    still: Callable[[], Awaitable[bool]] | None = None
    is_file: bool = False


class Fault(Refusal):
    """Something went wrong on our side; nothing was stored. The log has the cause under request {request_id}."""

    code, kind = "server.fault", "fault"


def problem(refusal: Refusal, request_id: str) -> Reply:
    """RFC 9457: the code is the type's last part and a heading in docs/errors.md."""
    status = STATUS[refusal.kind]
    body: dict[str, Any] = {
        "type": f"/docs/errors#{refusal.code}",
        "title": refusal.kind.replace("_", " "),
        "status": status,
        "detail": refusal.message,
        "code": refusal.code,
        "request_id": request_id,
    }
    return Reply(status, encode(body | {"facts": refusal.facts}), PROBLEM, refusal_headers(refusal))


def refusal_headers(refusal: Refusal) -> tuple[Header, ...]:
    """The headers that a status asks for: when to try again, how to log in, which verbs there are."""
    headers: list[Header] = []
    if "retry_s" in refusal.facts:
        headers.append((b"retry-after", str(refusal.facts["retry_s"]).encode()))
    if refusal.kind == "unauthenticated":
        headers.append((b"www-authenticate", b'Bearer realm="artel"'))
    if "allow" in refusal.facts:
        headers.append((b"allow", ", ".join(refusal.facts["allow"]).encode()))
    if refusal.kind in ("slow", "too_large"):
        headers.append((b"connection", b"close"))  # what is left of the body is not read
    return tuple(headers)
