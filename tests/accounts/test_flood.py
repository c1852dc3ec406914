"""S4: 2,000 log-ins at once: a bounded pool hashes, memory stays, everybody is answered, others meanwhile."""

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Server, serving

LOG_INS = 2_000
GROWTH_MAX_KIB = (2 * 19 + 64) * 1024
OTHERS_PAUSE_S = 0.05


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, max(files, 3 * LOG_INS)), most))
    with serving(tmp_path / "data", {"ARTEL_LOGIN_FAILURES_PER_ADDRESS": "1000000"}) as server:
        yield server
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


def workers(server: Server) -> list[Path]:
    """The processes that serve: those that the first one started, or the first one itself."""
    first = server.process.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [Path(f"/proc/{pid}/status") for pid in [first, *map(int, children)]]


def memory_kib(server: Server, line: str) -> int:
    """The sum over the server's processes of VmRSS (now) or VmHWM (the most it ever was)."""
    return sum(
        int(each.split()[1])
        for status in workers(server)
        for each in status.read_text().splitlines()
        if each.startswith(line)
    )


async def ask(server: Server, verb: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request on a connection of its own; its status and head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        head = f"{verb} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[0].lower()


async def log_in(server: Server, number: int) -> tuple[int, bytes]:
    body = json.dumps({"login": f"nobody{number}", "password": "a wrong guess"}).encode()
    return await ask(server, "POST", "/api/v1/sessions", body)


async def flood(server: Server) -> tuple[list[tuple[int, bytes]], int]:
    """The answers, and how many others were answered while log-ins still waited."""
    waiting = [asyncio.create_task(log_in(server, number)) for number in range(LOG_INS)]
    others = 0
    while not all(task.done() for task in waiting):
        status, _ = await ask(server, "GET", "/readyz")
        assert status == 200
        others += any(not task.done() for task in waiting)
        await asyncio.sleep(OTHERS_PAUSE_S)
    return await asyncio.gather(*waiting), others


def test_two_thousand_log_ins_at_once_take_neither_memory_nor_the_server(server: Server) -> None:
    asyncio.run(log_in(server, 0))
    before_kib = memory_kib(server, "VmRSS")
    answers, others = asyncio.run(flood(server))
    statuses = Counter(status for status, _ in answers)
    print(f"answers: {dict(statuses)}, others meanwhile: {others}")
    assert statuses.keys() <= {401, 503}
    assert sum(statuses.values()) == LOG_INS
    assert statuses[401] >= 100, "some are served whatever comes"
    assert all(b"\r\nretry-after: " in head for status, head in answers if status == 503)
    assert others >= 5
    growth_kib = memory_kib(server, "VmHWM") - before_kib
    print(f"grown by {growth_kib / 1024:.0f} MiB")
    assert growth_kib <= GROWTH_MAX_KIB
    assert asyncio.run(log_in(server, LOG_INS))[0] == 401, "and then it serves like before"
