"""One POST to somebody else's server, over asyncio: no thread for each, and one limit for all of it.

The standard library's client limits each read, so that a receiver that trickles could hold it for ever. Here the name
is resolved once, every address is judged, and the connection goes to the very address that was found good, so that a
name that changes between the two leads nowhere. Redirects are answers like any other. https://www.rfc-editor.org/rfc/rfc9112
"""

import asyncio
import contextlib
import functools
import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

from artel.events import rules
from artel.events.dispatch import Answer
from artel.events.model import UrlUnfit

TIMEOUT_S: Final = 15.0  # for the whole attempt, as the specification recommends
SHOWN_CHARACTERS: Final = 500  # of an answer are kept
READ_MAX_BYTES: Final = 4096  # of an answer's body
HEAD_MAX_BYTES: Final = 65_536
WAIT_MAX_S: Final = 3600  # of Retry-After; a longer one is shortened
STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)(?: |$)")
PORTS: Final = {"http": 80, "https": 443}


class Unreachable(Exception):
    """Why there was no answer."""


async def post(url: str, headers: Mapping[str, str], body: bytes, *, private: bool) -> Answer:
    """Send it and answer what came back; whatever goes wrong is an answer with status 0."""
    began_s = time.monotonic()

    def took_us() -> int:
        return int((time.monotonic() - began_s) * 1_000_000)

    try:
        async with asyncio.timeout(TIMEOUT_S):
            status, found, text = await _exchange(rules.check_url(url, private=private), headers, body, private=private)
    except TimeoutError:
        return Answer(0, f"no answer within {TIMEOUT_S:.0f} s", took_us())
    except (Unreachable, UrlUnfit, OSError, EOFError, ValueError, asyncio.LimitOverrunError) as fault:
        return Answer(0, (str(fault) or type(fault).__name__)[:SHOWN_CHARACTERS], took_us())
    wait = found.get(b"retry-after", b"")
    wait_s = min(int(wait), WAIT_MAX_S) if wait.isdigit() and len(wait) < 10 else 0
    return Answer(status, text, took_us(), wait_s if status in (429, 503) else 0)


async def _exchange(
    parts: SplitResult, headers: Mapping[str, str], body: bytes, *, private: bool
) -> tuple[int, dict[bytes, bytes], str]:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    family, address = await _resolve(host, port, private=private)
    reader, writer = await asyncio.open_connection(
        address,
        port,
        family=family,
        flags=socket.AI_NUMERICHOST,
        limit=HEAD_MAX_BYTES,
        ssl=_tls() if parts.scheme == "https" else None,
        server_hostname=host if parts.scheme == "https" else None,
    )
    try:
        writer.write(_head(parts, headers, len(body)) + body)
        await writer.drain()
        status, found = await _read_head(reader)
        return status, found, await _read_text(reader, chunked=b"chunked" in found.get(b"transfer-encoding", b""))
    finally:
        writer.transport.abort()  # nothing of the answer is waited for, and nobody's farewell


async def _resolve(host: str, port: int, *, private: bool) -> tuple[int, str]:
    """The address to connect to. Raises Unreachable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as fault:
        raise Unreachable(f"{host} is not found: {getattr(fault, 'strerror', None) or fault}") from fault
    for family, _, _, _, address in found:
        if private or rules.is_public(str(address[0])):
            return family, str(address[0])
    raise Unreachable(f"{host} is not an address of the public network")


@functools.cache
def _tls() -> ssl.SSLContext:
    """Certificates are checked. Made when it is first needed: it takes 20 ms and several megabytes."""
    return ssl.create_default_context()


def _head(parts: SplitResult, headers: Mapping[str, str], size_bytes: int) -> bytes:
    host = parts.netloc.encode("ascii")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{name}: {value}" for name, value in headers.items()]
    rest = [*lines, f"content-length: {size_bytes}", "connection: close", "accept: */*"]
    return (
        b"POST "
        + target.encode("ascii")
        + b" HTTP/1.1\r\nhost: "
        + host
        + b"\r\n"
        + "\r\n".join(rest).encode()
        + (b"\r\n\r\n")
    )


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[bytes, bytes]]:
    """The status and the headers of the answer; interim answers (1xx) are passed over. Raises Unreachable."""
    for _ in range(10):
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        except asyncio.IncompleteReadError as fault:
            raise Unreachable("the connection was closed without an answer") from fault
        if re.match(rb"HTTP/1\.1 1\d\d", lines[0]):
            continue
        status = STATUS_LINE.match(lines[0])
        if status is None:
            break
        fields = (line.partition(b":") for line in lines[1:])
        return int(status[1]), {name.strip().lower(): value.strip().lower() for name, _, value in fields}
    raise Unreachable("the answer is not HTTP")


async def _read_text(reader: asyncio.StreamReader, *, chunked: bool) -> str:
    """The beginning of the body, as far as it is shown. One that breaks off or trickles is as good as it is."""
    body = bytearray()
    with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, ValueError, TimeoutError):
        async with asyncio.timeout(1):
            while len(body) < READ_MAX_BYTES:
                if chunked:
                    size = int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16)
                    piece = await reader.readexactly(min(size, READ_MAX_BYTES))
                    if size <= READ_MAX_BYTES:
                        await reader.readexactly(2)
                else:
                    piece = await reader.read(READ_MAX_BYTES)
                if not piece:
                    break
                body += piece
    return body.decode("utf-8", "replace").replace("\0", "\ufffd")[:SHOWN_CHARACTERS]
