"""The demo at scale 1,000: 100,000 books with their offers, search index, people and orders, on SQLite."""

import asyncio
import tempfile
import time
from pathlib import Path

import msgspec

from artel.accounts.service import Hashed
from artel.db.migrate import migrate
from artel.db.opening import open_database
from artel.demo import load_business, plan
from artel.demo.business import Demo
from bench import Outcome

SCALE = 1_000
QUICK_SCALE = 20
LIMIT_S = 60.0
AS_OF_US = 1_790_000_000_000_000


def measure(quick: bool) -> list[Outcome]:
    """Seconds for the whole of it, and for as many books at the same pace when it is quick."""
    scale = QUICK_SCALE if quick else SCALE
    with tempfile.TemporaryDirectory() as folder:
        took_s = asyncio.run(_load(Path(folder), scale)) * SCALE / scale
    return [
        Outcome(
            promise=f"demo at scale {SCALE:,}: {plan.BOOKS_EACH * SCALE:,} books, seconds",
            ours=f"{took_s:.1f} s",
            rival="",
            measured=took_s,
            sense="at most",
            wanted=LIMIT_S,
        )
    ]


async def _load(folder: Path, scale: int) -> float:
    await migrate("", folder)
    db = await open_database("", folder)
    began_s = time.perf_counter()
    orders = plan.sizes(SCALE).orders * scale // SCALE  # as many for each book as in the whole
    sizes = msgspec.structs.replace(plan.sizes(scale), orders=orders)
    await load_business(db, Demo(1, sizes, AS_OF_US), Hashed("nobody logs in"), lambda *_: None)
    took_s = time.perf_counter() - began_s
    await db.close()
    return took_s
