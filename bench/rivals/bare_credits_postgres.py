"""POST a credit of a wallet with nothing around it: an RSGI handler and asyncpg, a connection for each client."""

import os
from typing import Any

import asyncpg

from bench.rivals.bare_postgres import Connection
from bench.rivals.credits_asked import answer, read
from bench.rivals.transfers import make_postgres
from bench.rivals.words import JSON, SESSION, session_key

SIZE = 16


class App:
    def __rsgi_init__(self, loop: Any) -> None:
        self.pool = loop.run_until_complete(
            asyncpg.create_pool(
                os.environ["BENCH_DATABASE"],
                min_size=SIZE,
                max_size=SIZE,
                connection_class=Connection,
                server_settings={"jit": "off"},
            )
        )

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        token_hash, now_us = session_key(scope.headers.get("authorization") or "")
        async with self.pool.acquire() as connection:
            session = await connection.fetchrow(SESSION, token_hash, now_us)
            if session is None:
                protocol.response_empty(401, [])
                return
            wanted = read(scope.path, await protocol(), session[0], now_us)
            async with connection.transaction():
                number = await make_postgres(connection, wanted)
        protocol.response_bytes(201, JSON, answer(number, wanted))


app = App()
