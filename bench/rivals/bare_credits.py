"""POST a credit of a wallet with nothing around it: an RSGI handler, apsw, and one thread that commits in groups."""

import asyncio
import os
import queue
import threading
from typing import Any

import apsw

from bench.rivals.credits_asked import answer, read
from bench.rivals.transfers import make
from bench.rivals.words import JSON, SESSION, session_key

GROUP_MAX = 32
PATH = os.environ["BENCH_DATABASE"]

reader = apsw.Connection(PATH, flags=apsw.SQLITE_OPEN_READONLY)
reader.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
waiting: "queue.SimpleQueue[tuple[dict[str, Any], asyncio.Future[int]]]" = queue.SimpleQueue()


def write() -> None:
    """Take what waits, commit it together with synchronous=FULL, answer; for ever."""
    connection = apsw.Connection(PATH)
    for pragma in ("synchronous=full", "foreign_keys=on", "recursive_triggers=on"):
        connection.execute(f"pragma {pragma}")
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    execute = connection.execute
    while True:
        group = [waiting.get()]
        while len(group) < GROUP_MAX and not waiting.empty():
            group.append(waiting.get())
        execute("begin immediate")
        ids = [make(execute, wanted) for wanted, _ in group]
        execute("commit")
        answered = [future for _, future in group]
        answered[0].get_loop().call_soon_threadsafe(tell, answered, ids)


def tell(futures: "list[asyncio.Future[int]]", ids: list[int]) -> None:
    for future, number in zip(futures, ids, strict=True):
        future.set_result(number)


threading.Thread(target=write, daemon=True).start()


async def app(scope: Any, protocol: Any) -> None:
    token_hash, now_us = session_key(scope.headers.get("authorization") or "")
    session = reader.execute(SESSION, (token_hash, now_us)).fetchone()
    if session is None:
        protocol.response_empty(401, [])
        return
    wanted = read(scope.path, await protocol(), session[0], now_us)
    future = asyncio.get_running_loop().create_future()
    waiting.put((wanted, future))
    protocol.response_bytes(201, JSON, answer(await future, wanted))
