"""The ASGI application: finds the route, answers, counts and logs. Everything that each request passes is here."""

import gc
import itertools
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final

from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from artel.edge.call import Call, Receive, Scope, Send, forwarded_address
from artel.edge.decode import NotFound
from artel.edge.drain import CLOSE, Drain
from artel.edge.handler import Handler, Kit, bind
from artel.edge.observe import Metrics
from artel.edge.reply import Fault, Header, Reply
from artel.edge.route import API, Manner, Route
from artel.edge.streaming import pour
from artel.kernel.errors import Refusal

# Every answer carries these; a route may set one of them otherwise.
DEFAULT_HEADERS: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9_.-]{8,64}")
DEFAULT_NAMES: Final = frozenset(name for name, _ in DEFAULT_HEADERS)
UNROUTED: Final = "unrouted"


class MethodNotAllowed(Refusal):
    """{path} does not take {method}; the header Allow says what it takes."""

    code, kind = "request.method_not_allowed", "method"


class Place:
    """The handlers of one path, by verb."""

    __slots__ = ("handlers", "manner", "pattern")

    def __init__(self, pattern: re.Pattern[str], manner: Manner) -> None:
        self.pattern = pattern
        self.manner = manner
        self.handlers: dict[str, tuple[str, Handler]] = {}

    def verbs(self) -> list[str]:
        """What Allow says: HEAD comes with GET."""
        return sorted({*self.handlers, "HEAD"} if "GET" in self.handlers else self.handlers)


class Router:
    """Paths without parameters by one look-up, the others by expression among those of the same depth."""

    def __init__(self, routes: Iterable[Route], kit: Kit) -> None:
        self._exact: dict[str, Place] = {}
        self._by_depth: dict[int, list[Place]] = {}
        places: dict[str, Place] = {}
        for route in routes:
            place = places.get(route.path)
            if place is None:
                place = places[route.path] = Place(route.pattern, route.manner)
                if "{" in route.path:
                    self._by_depth.setdefault(route.path.count("/"), []).append(place)
                else:
                    self._exact[route.path] = place
            assert route.verb not in place.handlers, f"two routes answer {route.verb} {route.path}"
            place.handlers[route.verb] = (route.name, bind(route, kit))

    def find(self, call: Call) -> Place | None:
        """The place of the call's path; its parameters go into the call."""
        place = self._exact.get(call.path)
        if place is None:
            for candidate in self._by_depth.get(call.path.count("/"), ()):
                match = candidate.pattern.fullmatch(call.path)
                if match:
                    call.path_args = match.groupdict()
                    return candidate
        return place


class Composition(Struct, frozen=True):
    """What the composition root puts together at start: the routes, what they work with, and how it all ends."""

    routes: list[Route]
    kit: Kit
    close: Callable[[], Awaitable[None]]


class Edge:
    """The application that the server runs. It is composed at start, on the server's event loop."""

    def __init__(
        self,
        compose: Callable[[], Awaitable[Composition]],
        log: FilteringBoundLogger,
        metrics: Metrics,
        *,
        trusted_proxies: frozenset[str] = frozenset(),
        access_log: bool = True,
    ) -> None:
        self._compose = compose
        self._log = log
        self._metrics = metrics
        self._trusted = trusted_proxies
        self._access_log = access_log
        self._ids = itertools.count(1)
        self._id_prefix = os.urandom(6).hex()
        self._drain = Drain()
        self._router: Router
        self._composition: Composition

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak ASGI."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.perf_counter()
        call = Call(scope, receive)
        call.request_id = self._request_id(call)
        if self._trusted:
            call.address = forwarded_address(call, self._trusted)
        metrics = self._metrics
        metrics.running += 1
        name, status = UNROUTED, 500
        try:
            name, reply = await self._reply(call)
            status = reply.status
            await self._send(call, reply, send)
        finally:
            metrics.running -= 1
            took_s = time.perf_counter() - began_s
            metrics.answered(name, status, took_s)
            if self._access_log:
                self._log.info(
                    "request",
                    request_id=call.request_id,
                    method=call.method,
                    path=call.path,
                    route=name,
                    status=status,
                    address=call.address,
                    took_us=int(took_s * 1_000_000),
                )

    async def _reply(self, call: Call) -> tuple[str, Reply]:
        place = self._router.find(call)
        manner = place.manner if place else API
        name = UNROUTED
        try:
            if place is None:
                raise NotFound(path=call.path)
            verb = "GET" if call.method == "HEAD" else call.method
            found = place.handlers.get(verb)
            if found is None:
                raise MethodNotAllowed(path=call.path, method=call.method, allow=place.verbs())
            name, handle = found
            return name, await handle(call)
        except Refusal as refusal:
            return name, manner.refuse(refusal, call.request_id)
        except Exception:  # noqa: BLE001 - the last guard: whatever it is becomes a 500 and a line in the log
            self._log.exception("request.fault", request_id=call.request_id, path=call.path, route=name)
            return name, manner.refuse(Fault(request_id=call.request_id), call.request_id)

    async def _send(self, call: Call, reply: Reply, send: Send) -> None:
        if reply.pieces is None:
            await _send_whole(call, reply, send, leaving=self._drain.leaving)
        elif call.method == "HEAD":
            await reply.pieces.aclose()
            await _send_whole(call, reply, send, leaving=self._drain.leaving)
        else:
            await send(_start(call, reply, leaving=self._drain.leaving))
            await self._pour(call, reply, send)

    async def _pour(self, call: Call, reply: Reply, send: Send) -> None:
        try:
            await pour(call, reply, send, self._drain.begun)
        except Refusal as refusal:  # the answer has begun: that it ends is all that can be said
            self._log.warning("stream.ended", request_id=call.request_id, reason=str(refusal))
        except Exception:  # noqa: BLE001 - the last guard, as for answers in one piece
            self._log.exception("request.fault", request_id=call.request_id, path=call.path)

    def _request_id(self, call: Call) -> str:
        given = call.headers.get(b"x-request-id")
        if given is not None and REQUEST_ID.fullmatch(given):
            return given.decode("ascii")
        return f"{self._id_prefix}-{next(self._ids):x}"

    async def start(self) -> None:
        """Compose the application."""
        self._composition = await self._compose()
        self._router = Router(self._composition.routes, self._composition.kit)

    async def stop(self) -> None:
        """Let go of everything, after the last answer."""
        await self._composition.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as fault:  # noqa: BLE001 - else the server would go on without an application
                    self._log.exception("start.failed", reason=str(fault))
                    await send({"type": "lifespan.startup.failed", "message": str(fault)})
                    return
                self._drain.on_sigterm()
                # What is there now stays: else Python looks for garbage among all of it each time, for some 50 ms.
                gc.collect()
                gc.freeze()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _start(call: Call, reply: Reply, *, leaving: bool) -> MutableMapping[str, Any]:
    """The status and the headers."""
    headers = [*DEFAULT_HEADERS, *reply.headers]
    if not DEFAULT_NAMES.isdisjoint([name for name, _ in reply.headers]):
        own = {name for name, _ in reply.headers}
        headers = [default for default in DEFAULT_HEADERS if default[0] not in own] + [*reply.headers]
    headers.append((b"x-request-id", call.request_id.encode()))
    if reply.status != 204 and reply.pieces is None:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    if reply.body or reply.status not in (204, 304):
        headers.append((b"content-type", reply.content_type))
    if leaving or reply.pieces is not None:  # who listened connects anew, and may meet another process
        headers.append(CLOSE)
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


async def _send_whole(call: Call, reply: Reply, send: Send, *, leaving: bool) -> None:
    await send(_start(call, reply, leaving=leaving))
    await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else reply.body})
