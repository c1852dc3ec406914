"""GET /api/v1/me with nothing around it: an RSGI handler and asyncpg, its pool not resetting connections."""

import os
from typing import Any

import asyncpg
import msgspec

from bench.rivals.words import ACCOUNT, FIELDS, JSON, SESSION, session_key

encode = msgspec.json.Encoder().encode


class Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        return ""


class App:
    def __rsgi_init__(self, loop: Any) -> None:
        self.pool = loop.run_until_complete(
            asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=8, max_size=8, connection_class=Connection)
        )

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        authorization = scope.headers.get("authorization") or ""
        async with self.pool.acquire() as connection:
            session = await connection.fetchrow(SESSION, *session_key(authorization))
            if session is None:
                protocol.response_empty(401, [])
                return
            account = await connection.fetchrow(ACCOUNT, session[0])
        protocol.response_bytes(200, JSON, encode(dict(zip(FIELDS, account, strict=True))))


app = App()
