"""POST /api/v1/tokens with nothing around it: an RSGI handler, apsw, and one thread that commits in groups."""

import asyncio
import os
import queue
import secrets
import threading
from hashlib import sha256
from typing import Any

import apsw
import msgspec

from bench.rivals.words import JSON, MAKE_TOKEN, SESSION, session_key

GROUP_MAX = 128
PATH = os.environ["BENCH_DATABASE"]

reader = apsw.Connection(PATH, flags=apsw.SQLITE_OPEN_READONLY)
reader.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
encode = msgspec.json.Encoder().encode
waiting: "queue.SimpleQueue[tuple[tuple[Any, ...], asyncio.Future[int]]]" = queue.SimpleQueue()


def write() -> None:
    """Take what waits, commit it together with synchronous=FULL, answer; for ever."""
    connection = apsw.Connection(PATH)
    connection.execute("pragma synchronous=full")
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    execute = connection.execute
    while True:
        group = [waiting.get()]
        while len(group) < GROUP_MAX and not waiting.empty():
            group.append(waiting.get())
        execute("begin immediate")
        ids = [next(execute(MAKE_TOKEN, row))[0] for row, _ in group]
        execute("commit")
        answered = [future for _, future in group]
        answered[0].get_loop().call_soon_threadsafe(answer, answered, ids)


def answer(futures: "list[asyncio.Future[int]]", ids: list[int]) -> None:
    for future, number in zip(futures, ids, strict=True):
        future.set_result(number)


threading.Thread(target=write, daemon=True).start()


async def app(scope: Any, protocol: Any) -> None:
    authorization = scope.headers.get("authorization") or ""
    token_hash, now_us = session_key(authorization)
    session = reader.execute(SESSION, (token_hash, now_us)).fetchone()
    if session is None:
        protocol.response_empty(401, [])
        return
    wanted = msgspec.json.decode(await protocol())
    token = secrets.token_urlsafe(32)
    expires_us = now_us + wanted["ttl_s"] * 1_000_000
    future = asyncio.get_running_loop().create_future()
    scopes = " ".join(wanted["scopes"])
    row = (session[0], wanted["name"], scopes, sha256(token.encode()).digest(), now_us, expires_us)
    waiting.put((row, future))
    protocol.response_bytes(201, JSON, encode({"id": await future, "token": token, **wanted}))
