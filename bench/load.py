"""The load generator: `wrk` where it is installed, else a small one of our own. A comparison uses one for both."""

import asyncio
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from msgspec import Struct

WRK = shutil.which("wrk")
WARM_S = 1


class Request(Struct, frozen=True):
    """The one request that is sent again and again.

    `{n}` in the token or the path is a number that grows with every request.
    """

    path: str
    token: str
    method: str = "GET"
    body: str = ""
    first: int = 0  # the first number
    count: int = 10**9  # how many there are; then they begin again

    @property
    def numbered(self) -> bool:
        """Whether each request is another one."""
        return "{n}" in self.token + self.path

    def headers(self, number: str = "{n}") -> dict[str, str]:
        """What it carries besides its body."""
        carried = {"Authorization": f"Bearer {self.token}".replace("{n}", number)}
        return carried | ({"Content-Type": "application/json"} if self.body else {})


class Versus(Struct, frozen=True):
    """Two servers under the same load in turns: medians, and the median of the ratios of neighbours in time."""

    ours_s: float  # requests per second
    rival_s: float
    ratio: float


def versus(ours: str, rival: str, request: Request, *, clients: int, rounds: int, seconds: int) -> Versus:
    """Load A B A B …; `ours` and `rival` are addresses like http://127.0.0.1:8000."""
    for url in (ours, rival):
        load(url, request, clients, WARM_S)
    pairs = [(load(ours, request, clients, seconds), load(rival, request, clients, seconds)) for _ in range(rounds)]
    for our_speed, rival_speed in pairs:
        print(f"  {our_speed:9,.0f}/s {rival_speed:9,.0f}/s {our_speed / rival_speed:6.2f}", file=sys.stderr)
    return Versus(
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def load(url: str, request: Request, clients: int, seconds: int) -> float:
    """Successful requests per second over so many keep-alive connections. An answer that is no 2xx ends the bench."""
    generate: Callable[[str, Request, int, int], tuple[int, int, float]] = _wrk if WRK else _own
    answers, failures, took_s = generate(url, request, clients, seconds)
    assert answers and not failures, f"{failures} of {answers} answers of {url}{request.path} were no 2xx"
    return answers / took_s


def _wrk(url: str, request: Request, clients: int, seconds: int) -> tuple[int, int, float]:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        fields = {"method": request.method, "body": request.body} if request.body else {"method": request.method}
        script.writelines(f"wrk.{name} = {json.dumps(value)}\n" for name, value in fields.items())
        script.writelines(f'wrk.headers["{name}"] = {json.dumps(value)}\n' for name, value in request.headers().items())
        if request.numbered:  # the script is run by one thread, so nobody else counts
            script.write(
                f"local n, path = -1, {json.dumps(request.path)}\nlocal bearer = wrk.headers['Authorization']\n"
                f"request = function() n = (n + 1) % {request.count} local word = tostring({request.first} + n)\n"
                "wrk.headers['Authorization'] = bearer:gsub('{n}', word)\n"
                "return wrk.format(nil, (path:gsub('{n}', word))) end\n"
            )
        # Unlike the report for people, these are exact.
        script.write(
            "done = function(summary) local e = summary.errors\n"
            "io.stdout:write(string.format('\\nEXACT %d %d %d\\n', summary.requests,\n"
            "  e.status + e.read + e.write + e.connect + e.timeout, summary.duration)) end\n"
        )
        script.flush()
        address = url + request.path.replace("{n}", str(request.first))
        command = [WRK, "-t1", f"-c{clients}", f"-d{seconds}", "-s", script.name, address]
        report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"EXACT (\d+) (\d+) (\d+)", report)
    assert found, f"wrk did not report:\n{report}"
    return int(found[1]), int(found[2]), int(found[3]) / 1_000_000


class _Client(asyncio.Protocol):
    """One keep-alive connection that asks, waits for the whole answer, and asks again."""

    def __init__(self, asked: Iterator[bytes], until_s: float) -> None:
        self._asked, self._until_s = asked, until_s
        self._buffer = b""
        self.answers = self.failures = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a TCP connection"
        self._transport = transport
        transport.write(next(self._asked))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if len(body) < (int(length[1]) if length else 0):
            return
        self._buffer = b""
        self.answers += 1
        self.failures += head[9:10] != b"2"
        if time.monotonic() < self._until_s:
            self._transport.write(next(self._asked))
        else:
            self._transport.close()

    def connection_lost(self, fault: Exception | None) -> None:
        self.failures += fault is not None
        self.ended.set_result(None)


def _own(url: str, request: Request, clients: int, seconds: int) -> tuple[int, int, float]:
    address = urlsplit(url)

    def written(number: int) -> bytes:
        sent = {"Host": address.netloc} | request.headers(str(number)) | {"Content-Length": str(len(request.body))}
        path = request.path.replace("{n}", str(number))
        lines = [f"{request.method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + request.body).encode()

    numbers = (request.first + number % request.count for number in itertools.count())
    asked = map(written, numbers) if request.numbered else itertools.repeat(written(0))

    async def run() -> tuple[int, int, float]:
        began_s = time.monotonic()
        loop = asyncio.get_running_loop()
        opened = [
            await loop.create_connection(lambda: _Client(asked, began_s + seconds), address.hostname, address.port)
            for _ in range(clients)
        ]
        await asyncio.gather(*(client.ended for _, client in opened))
        return (
            sum(client.answers for _, client in opened),
            sum(client.failures for _, client in opened),
            time.monotonic() - began_s,
        )

    return asyncio.run(run())
