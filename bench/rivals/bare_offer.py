"""GET one offer with a session, with nothing around it: an RSGI handler and apsw."""

import os
from typing import Any

import apsw
import msgspec

from bench.rivals.words import JSON, OFFER, OFFER_FIELDS, SESSION, session_key

connection = apsw.Connection(os.environ["BENCH_DATABASE"], flags=apsw.SQLITE_OPEN_READONLY)
connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
encode = msgspec.json.Encoder().encode


async def app(scope: Any, protocol: Any) -> None:
    authorization = scope.headers.get("authorization") or ""
    session = connection.execute(SESSION, session_key(authorization)).fetchone()
    offer = connection.execute(OFFER, (int(scope.path.rpartition("/")[2] or 0),)).fetchone()
    if session is None or offer is None:
        protocol.response_empty(404, [])
        return
    protocol.response_bytes(200, JSON, encode(dict(zip(OFFER_FIELDS, offer, strict=True))))
