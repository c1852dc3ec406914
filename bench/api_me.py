"""An authenticated GET /api/v1/me with everything that the product does for each request.

The rivals read the same two rows: the session by its token's hash, joined with its account, and the account by its key.
"""

from collections.abc import Iterator

from bench import Outcome
from bench.load import Request, versus
from bench.servers import bare, fastapi, installations, ours

CLIENTS = 32
WANTED = {"sqlite": (0.45, 12), "postgresql": (0.55, 5)}
BARE = {"sqlite": "bare_sqlite", "postgresql": "bare_postgres"}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def measure(quick: bool) -> Iterator[Outcome]:
    """Against a bare granian (RSGI) handler with the raw driver, and against FastAPI, uvicorn and the ORM."""
    rounds, seconds = (1, 1) if quick else (7, 4)
    for engine, (wanted_bare, wanted_orm) in WANTED.items():
        with installations(engine, 1) as (installation,), ours(installation) as url:
            request = Request("/api/v1/me", installation.token)
            rivals = {
                "bare granian": (bare(BARE[engine], installation), wanted_bare),
                "FastAPI + ORM": (fastapi(installation), wanted_orm),
            }
            for name, (starting, wanted) in rivals.items():
                with starting as rival_url:
                    found = versus(url, rival_url, request, clients=CLIENTS, rounds=rounds, seconds=seconds)
                yield Outcome(
                    f"GET /api/v1/me, {NAMES[engine]}, to {name}",
                    f"{found.ours_s:,.0f}/s",
                    f"{found.rival_s:,.0f}/s",
                    found.ratio,
                    wanted,
                )
