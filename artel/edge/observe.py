"""What an operator sees of the traffic: metrics for Prometheus and one JSON line for every request."""

import asyncio
import atexit
import functools
import logging
import os
import sys
import time
from typing import Any, BinaryIO, Final, cast

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from artel.kernel.clock import iso

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
LOG_DELAY_S: Final = 0.1  # how long a line may wait to be written together with others
SECRET_NAMES: Final = ("password", "token", "secret", "authorization", "cookie", "credential")

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's own variable: several processes share it


class LogBuffer:
    """Writes the lines of a tenth of a second at once: a system call for each would cost a request a sixth of its time.

    A line that is logged where no event loop runs is written at once, and what waits when the process ends is written
    then. Only a process that is killed loses the lines of its last moment.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []
        self._due = False
        atexit.register(self.drain)

    def write(self, line: bytes) -> int:
        """Take a line."""
        self._lines.append(line)
        return len(line)

    def flush(self) -> None:
        """Have what was taken written soon."""
        if self._due:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.drain()
        else:
            self._due = True
            loop.call_later(LOG_DELAY_S, self.drain)

    def drain(self) -> None:
        """Write what waits."""
        self._due = False
        lines, self._lines = self._lines, []
        if lines:
            self._stream.write(b"".join(lines))
            self._stream.flush()


def make_log(level: str, stream: BinaryIO | LogBuffer | None = None) -> FilteringBoundLogger:
    """A logger that writes one JSON object a line to standard error."""
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(cast(BinaryIO, stream or sys.stderr.buffer)),
        processors=[structlog.processors.format_exc_info, _hide_secrets, _render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS.get(level, 20)),
    ).bind()  # a bound logger is found at once, one that is only wrapped at each call
    return log


class LibraryLog(logging.Handler):
    """What a library tells through Python's own logging, such as asyncpg about a server that went away."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """The same as a JSON line, with the traceback in it when there is one."""
        fault = record.exc_info[1] if record.exc_info else None
        self._log.warning(
            "library", logger=record.name, message=record.getMessage(), fault=repr(fault) if fault else ""
        )


def _hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """No field whose name says that it is secret is ever written."""
    for name in event:
        if _is_secret(name):
            event[name] = "hidden"
    return event


@functools.cache  # the names of fields stand in the code, so there are few
def _is_secret(name: str) -> bool:
    return any(secret in name for secret in SECRET_NAMES)


def _render(_: WrappedLogger, level: str, event: EventDict) -> bytes:
    return msgspec.json.encode({"at": iso(time.time_ns() // 1000), "level": level, **event}, enc_hook=str)


class Metrics:
    """Counts and durations by route; the label is the use case, so that ids make no new series."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "artel_http_requests", "Requests answered", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "artel_http_request_seconds",
            "Time to answer",
            ["route"],
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._running = Gauge(
            "artel_http_requests_running",
            "Requests not answered yet",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._waiting = Gauge(
            "artel_waiting",
            "What waits, or failed and waits for somebody to see to it",
            ["what"],
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._children: dict[tuple[str, int], tuple[Any, Any]] = {}
        self.running = 0
        self._several = METRICS_FOLDER in os.environ
        if not self._several:
            self._running.set_function(lambda: self.running)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        children = self._children.get((route, status))
        if children is None:
            children = (self._requests.labels(route, str(status)), self._seconds.labels(route))
            self._children[(route, status)] = children
        if self._several:
            self._running.set(self.running)
        children[0].inc()
        children[1].observe(seconds)

    def waits(self, what: str, count: int) -> None:
        """So many wait of what is named."""
        self._waiting.labels(what).set(count)

    def text(self) -> bytes:
        """The exposition format, over all processes of this server."""
        if self._several:
            together = CollectorRegistry()
            multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
            return generate_latest(together)
        return generate_latest(self._registry)
