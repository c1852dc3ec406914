"""Acknowledged writes over HTTP on SQLite, synchronous=FULL: POST /api/v1/tokens without an Idempotency-Key.

Each request checks the session and adds one row. The rival does the same two statements in a bare granian (RSGI)
handler: it reads in line and hands the insert to a raw writer thread that commits in groups.
"""

import json
from collections.abc import Iterator

from bench import Outcome
from bench.load import Request, versus
from bench.servers import bare, installations, ours

CLIENTS = 64
WANTED = 0.5
BODY = json.dumps({"name": "bench", "scopes": ["profile:read"], "ttl_s": 3600})


def measure(quick: bool) -> Iterator[Outcome]:
    """Against the same statement handed to a raw writer thread."""
    rounds, seconds = (1, 1) if quick else (7, 4)
    with (
        installations("sqlite", 2) as (mine, other),
        ours(mine) as url,
        bare("bare_writes", other) as rival_url,
    ):
        request = Request("/api/v1/tokens", mine.token, "POST", BODY)
        found = versus(url, rival_url, request, clients=CLIENTS, rounds=rounds, seconds=seconds)
    yield Outcome(
        "durable writes, SQLite, to a raw writer thread",
        f"{found.ours_s:,.0f}/s",
        f"{found.rival_s:,.0f}/s",
        found.ratio,
        WANTED,
    )
