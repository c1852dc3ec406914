"""What the proofs write to the book: transfers. Later every acknowledged one is there, and the book is balanced."""

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg

from artel.db import Write
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.ledger.book import service
from artel.ledger.book.model import Intent, Posting, fees, revenue
from tests.proofs.pairs import Verdict

SHOPS: Final = [revenue(number, "RUB") for number in range(1, 9)]
KEYS: Final = "SELECT key FROM ledger_transfers"
# Whatever is wrong with the book, in words.
WRONG: Final = """
SELECT 'transfer ' || t.id FROM ledger_transfers t WHERE t.entries <> (
  SELECT count(*) FROM ledger_entries e WHERE e.transfer_id = t.id)
UNION ALL SELECT 'sum of transfer ' || transfer_id FROM ledger_entries
  GROUP BY transfer_id, currency HAVING sum(amount_minor) <> 0
UNION ALL SELECT 'account ' || a.id FROM ledger_accounts a WHERE a.hot = 0 AND a.posted_minor <> coalesce((
  SELECT sum(e.amount_minor) FROM ledger_entries e WHERE e.account_id = a.id), 0)
"""


def intent_of(name: str) -> Intent:
    """From one shop to others, with a fee: always the same for a name."""
    source, *others = random.Random(name).sample(SHOPS, 3)
    postings = [Posting(source, -21), *(Posting(each, 10) for each in others), Posting(fees("RUB"), 1)]
    return Intent("proof.moved", "proof/1", name, tuple(postings), effective_us=1)


async def write_transfer(tx: Write, name: str, between: Callable[[], None] | None = None) -> None:
    """Post a transfer. What comes between it and the commit is for planting faults."""
    await service.post(tx, intent_of(name))
    if between:
        between()


def judge_sqlite(folder: Path, acknowledged: Iterable[str]) -> Verdict:
    """Open the file as the product does, which recovers it, and look."""
    with closing(connect(folder / DATABASE_FILE)) as connection:
        keys = {str(row[0]) for row in connection.execute(KEYS)}
        wrong = [str(row[0]) for row in connection.execute(WRONG)]
        integrity = str(connection.pragma("integrity_check"))
    return Verdict([name for name in acknowledged if name not in keys], wrong, integrity)


def judge_postgres(url: str, acknowledged: Iterable[str]) -> Verdict:
    """Ask the server."""

    async def ask() -> list[list[Any]]:
        connection = await asyncpg.connect(url)
        found = [await connection.fetch(query) for query in (KEYS, WRONG)]
        await connection.close()
        return found

    keys, wrong = asyncio.run(ask())
    there = {row[0] for row in keys}
    return Verdict([name for name in acknowledged if name not in there], [row[0] for row in wrong], "ok")
