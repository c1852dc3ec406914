"""Transfers over HTTP: POST /api/v1/accounts/{account_id}/wallet/credits by the staff, 16 clients, many wallets.

The rival is a bare granian (RSGI) handler: it looks the session up and sends the three statements of the same transfer
through the raw driver, in one transaction; on SQLite a writer thread commits at most 32 of them together.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import apsw
import asyncpg

from artel.db.opening import DATABASE_FILE, open_database
from artel.ledger.book import service
from artel.ledger.book.model import Intent, Posting, wallet, world
from bench import Outcome
from bench.load import Request, versus
from bench.servers import Installation, bare, installations, ours

CLIENTS: Final = 16
WANTED: Final = 0.5
WALLETS: Final = 4_000  # of other accounts each
FIRST: Final = 1_000  # the first one's id
AT_ONCE: Final = 50
BODY: Final = json.dumps({"amount_minor": 100, "currency": "RUB", "note": "bench"})  # far below a wallet's cap
BARE: Final = {"sqlite": "bare_credits", "postgresql": "bare_credits_postgres"}
NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
ACCOUNT: Final = (
    "insert into accounts (id, login, login_key, password_hash, name, first_name, last_name, email, roles, search_text,"
    " created_us, updated_us, deleted_us, version)"
)
LIKE_IT: Final = "'', '', '', '', '', 'customer', '', 1, 1, 0, 1"
STAFF: Final = "update accounts set roles = 'staff'"
COUNT: Final = (
    "select count(*), (select count(*) from ledger_entries e join ledger_transfers t on t.id = e.transfer_id"
    " where t.kind = 'wallet.credited') from ledger_transfers where kind = 'wallet.credited'"
)


def measure(quick: bool) -> Iterator[Outcome]:
    """Against the same statements in a bare handler."""
    rounds, seconds = (1, 1) if quick else (7, 4)
    for engine, name in NAMES.items():
        with installations(engine, 2) as (mine, other):
            for each in (mine, other):
                asyncio.run(_fill(each))
            path = "/api/v1/accounts/{n}/wallet/credits"
            request = Request(path, mine.token, "POST", BODY, first=FIRST, count=WALLETS)
            with ours(mine) as url, bare(BARE[engine], other) as rival_url:
                found = versus(url, rival_url, request, clients=CLIENTS, rounds=rounds, seconds=seconds)
            for each, speed_s in ((mine, found.ours_s), (other, found.rival_s)):
                # At least every second round was as fast as the median of them.
                asyncio.run(_assert_made(each, speed_s * seconds * ((rounds + 1) // 2)))
        yield Outcome(
            f"transfers over HTTP, {name}, to bare granian",
            f"{found.ours_s:,.0f}/s",
            f"{found.rival_s:,.0f}/s",
            found.ratio,
            WANTED,
        )


async def _assert_made(installation: Installation, count: float) -> None:
    """That what was answered is in the book, each with its two entries."""
    transfers, entries = await _ask(installation, COUNT)
    print(f"  {transfers:9,} transfers, {entries:9,} entries", file=sys.stderr)
    assert transfers >= count * 0.99, f"{transfers} transfers are there, of at least {count:.0f} that were answered"
    assert entries == 2 * transfers, "a credit has two entries"


async def _ask(installation: Installation, statement: str) -> Any:
    if not installation.database:
        with apsw.Connection(str(installation.data / DATABASE_FILE)) as connection:
            return connection.execute(statement).fetchone()
    connection = await asyncpg.connect(installation.database)
    try:
        return await connection.fetchrow(statement)
    finally:
        await connection.close()


async def _fill(installation: Installation) -> None:
    """Who is logged in is staff; there are other accounts, each with a wallet that is open."""
    await _ask(installation, STAFF)
    numbers = (
        f"with recursive numbers (n) as (select {FIRST} union all"
        f" select n + 1 from numbers where n < {FIRST + WALLETS - 1})"
    )
    chosen = f"select n, 'b' || n, 'b' || n, {LIKE_IT} from numbers"
    forced = " overriding system value" if installation.database else ""
    await _ask(installation, f"{ACCOUNT}{forced} {numbers} {chosen}")
    db = await open_database(installation.database, installation.data)
    try:
        for first in range(FIRST, FIRST + WALLETS, AT_ONCE):
            sides = [Posting(wallet(number, "RUB"), 1) for number in range(first, first + AT_ONCE)]
            postings = (*sides, Posting(world("RUB"), -AT_ONCE))
            await db.write(service.post, Intent("bench.opened", "bench/0", f"open/{first}", postings))
    finally:
        await db.close()
    if installation.database:
        await _ask(installation, "vacuum analyze")
