"""GET /api/v1/me with nothing around it: an RSGI handler and apsw."""

import os
from typing import Any

import apsw
import msgspec

from bench.rivals.words import ACCOUNT, FIELDS, JSON, SESSION, session_key

connection = apsw.Connection(os.environ["BENCH_DATABASE"], flags=apsw.SQLITE_OPEN_READONLY)
connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
encode = msgspec.json.Encoder().encode


async def app(scope: Any, protocol: Any) -> None:
    authorization = scope.headers.get("authorization") or ""
    session = connection.execute(SESSION, session_key(authorization)).fetchone()
    if session is None:
        protocol.response_empty(401, [])
        return
    account = connection.execute(ACCOUNT, (session[0],)).fetchone()
    protocol.response_bytes(200, JSON, encode(dict(zip(FIELDS, account, strict=True))))
