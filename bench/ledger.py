"""The book: transfers per second, what a hot account and sealing cost, and how large an account may become.

A transfer moves money from one shop to another with a fee. The rival sends the same three statements: through apsw,
32 transfers in one commit with synchronous=FULL, or from pgbench, which is written in C.
"""

import asyncio
import gc
import itertools
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import apsw
import asyncpg
import structlog
import uvloop

from artel.db import Database
from artel.db.opening import DATABASE_FILE, open_database
from artel.kernel.clock import iso
from artel.ledger.book import queries, service
from artel.ledger.book.model import Intent, Place, Posting, StatementQuery, fees, revenue, world
from artel.ledger.journal.chores import Keeper
from artel.ledger.journal.store import FOLDER, Journal
from bench import Outcome
from bench.longbook import ENTRIES, LARGE_ID, SMALL_ID, STEP_US, WORLD_ID, fill_long
from bench.offers import p95
from bench.rivals.transfers import given, make
from bench.servers import Installation, installations
from tests.servers import postgres_binaries

CLIENTS: Final = 16
GROUP: Final = 32  # transfers in one commit of the rival
SHOPS: Final = 4_000
WANTED: Final = 0.7
WANTED_HOT: Final = 0.9
WANTED_SEALED: Final = 0.95
WANTED_PAGES: Final = 2
WANTED_AT_MS: Final = 5
NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_keys = itertools.count(1)


def measure(quick: bool) -> Iterator[Outcome]:
    """Against the same statements in the raw driver, and against the book itself in other conditions."""
    rounds, seconds = (1, 1) if quick else (11, 3)
    for engine, name in NAMES.items():
        with installations(engine, 2) as (mine, other):
            for each in (mine, other):
                asyncio.run(_open_accounts(each))
            yield from _as_served(_speed(mine, other, name, rounds, seconds))
    for engine, name in NAMES.items():
        with installations(engine, 1) as (installation,):
            entries = 100_000 if quick else ENTRIES
            asyncio.run(fill_long(installation, entries))
            yield from asyncio.run(_long(installation, name, entries, 20 if quick else 200))


# --- speed


def _as_served(measured: Coroutine[Any, Any, list[Outcome]]) -> list[Outcome]:
    """On the event loop that the server has, and without what it spares Python at its start."""
    gc.collect()
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(measured)
    finally:
        gc.unfreeze()


async def _speed(mine: Installation, other: Installation, name: str, rounds: int, seconds: float) -> list[Outcome]:
    db = await open_database(mine.database, mine.data)
    keeper = Keeper(db, Journal(mine.data / FOLDER), structlog.get_logger())
    found: dict[str, list[float]] = {"spread": [], "hot": [], "sealed": [], "rival": []}
    turns = list(found)
    try:
        await _ours(db, 0.5, _hot)
        for _ in range(rounds):
            for turn in turns:
                found[turn].append(await _turn(turn, keeper, other, seconds))
            turns.reverse()  # what slows down over time is to slow all of them down
    finally:
        await db.close()
    spread, hot, sealed, rival = found.values()
    return [
        _at_least(f"transfers, {name}, to the raw driver", hot, rival, WANTED),
        _at_least(f"transfers over one hot account, {name}, to spread ones", hot, spread, WANTED_HOT),
        _at_least(f"transfers, sealed and in the journal, {name}, to without", sealed, hot, WANTED_SEALED),
    ]


async def _turn(turn: str, keeper: Keeper, other: Installation, seconds: float) -> float:
    if turn == "rival":
        return await asyncio.to_thread(_rival, other, seconds)
    if turn == "sealed":
        return await _sealed(keeper, seconds)
    return await _ours(keeper.db, seconds, _hot if turn == "hot" else _spread)


def _at_least(promise: str, ours: list[float], rival: list[float], wanted: float) -> Outcome:
    for one, other in zip(ours, rival, strict=True):
        print(f"  {one:9,.0f}/s {other:9,.0f}/s {one / other:6.2f}", file=sys.stderr)
    shown = f"{statistics.median(ours):,.0f}/s", f"{statistics.median(rival):,.0f}/s"
    return Outcome(promise, *shown, statistics.median(a / b for a, b in zip(ours, rival, strict=True)), wanted)


def _hot() -> Intent:
    return _intent(fees("RUB"))


def _spread() -> Intent:
    return _intent(revenue(SHOPS + random.randrange(1, SHOPS), "RUB"))


def _intent(takes_fee: Place) -> Intent:
    one, other = random.sample(range(1, SHOPS), 2)
    postings = Posting(revenue(one, "RUB"), -100), Posting(revenue(other, "RUB"), 90), Posting(takes_fee, 10)
    return Intent("bench.moved", "bench/1", f"bench/{next(_keys)}", postings)


async def _ours(db: Database, seconds: float, intent: Callable[[], Intent]) -> float:
    """Transfers per second of so many clients, each after the other."""
    began_s, made = time.perf_counter(), 0

    async def client() -> None:
        nonlocal made
        while time.perf_counter() < began_s + seconds:
            await db.write(service.post, intent())
            made += 1

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return made / (time.perf_counter() - began_s)


async def _sealed(keeper: Keeper, seconds: float) -> float:
    """The same while they are sealed and written into the journal, as the server does it; until all of them are."""
    await keeper.round()
    began_s = time.perf_counter()
    chore = asyncio.create_task(keeper.run())
    speed_s = await _ours(keeper.db, seconds, _hot)
    made_s = time.perf_counter() - began_s
    chore.cancel()
    await asyncio.gather(chore, return_exceptions=True)
    await keeper.round()
    return speed_s * made_s / (time.perf_counter() - began_s)


def _rival(installation: Installation, seconds: float) -> float:
    if installation.database:
        return _pgbench(installation.database, installation.data, seconds)
    return _apsw(installation.data / DATABASE_FILE, seconds)


def _apsw(path: Path, seconds: float) -> float:
    connection = apsw.Connection(str(path), statementcachesize=200)
    for pragma in ("synchronous=full", "foreign_keys=on", "recursive_triggers=on"):
        connection.execute(f"pragma {pragma}")
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    execute = connection.execute
    began_s, made = time.perf_counter(), 0
    while time.perf_counter() < began_s + seconds:
        execute("begin immediate")
        for _ in range(GROUP):
            make(execute, _given())
        execute("commit")
        made += GROUP
    took_s = time.perf_counter() - began_s
    connection.close()
    return made / took_s


def _given() -> dict[str, Any]:
    one, other = (f"shop/{number}" for number in sorted(random.sample(range(1, SHOPS), 2)))
    cold = [("revenue", one, "RUB", -100), ("revenue", other, "RUB", 90)]
    now_us = time.time_ns() // 1000
    return given("bench.moved", "bench/1", f"bench/{next(_keys)}", now_us, cold, [("fees", "", "RUB", 10)])


MOVES_PGBENCH: Final = (
    """'[["revenue","shop/' || :one || '","RUB",-100,0],["revenue","shop/' || :other || '","RUB",90,0]]'"""
)
SIDES_PGBENCH: Final = (
    """'[[1,"fees","","RUB",10],[2,"revenue","shop/' || :one || '","RUB",-100],"""
    """[3,"revenue","shop/' || :other || '","RUB",90]]'"""
)


def _script() -> str:
    """The three statements with pgbench's variables; each client has shops of its own, so that times never cross."""
    words = {
        "kind": "'bench.moved'",
        "reference": "'bench/1'",
        "note": "''",
        "by_account_id": "NULL",
        "effective_us": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
        "key": "'pgbench/' || gen_random_uuid()",
        "input_hash": "sha256('x')",
        "reverses_id": "NULL",
        "entries": "3",
        "now_us": ":effective_us",
        "moves": MOVES_PGBENCH,
        "sides": SIDES_PGBENCH,
        "wanted": "3",
        "transfer_id": ":id",
        "booked_us": ":effective_us",
    }
    transfer, move, enter = (
        _filled(each.postgresql, words) for each in (queries.TRANSFER, queries.MOVE, queries.ENTER)
    )
    width = SHOPS // CLIENTS // 2
    return "\n".join(
        [
            f"\\set one :client_id * {2 * width} + random(1, {width - 1})",
            f"\\set other :one + {width}",
            "BEGIN;",
            f"{transfer}, effective_us AS effective_us \\gset",
            f"{move};",
            f"{enter};",
            "END;",
        ]
    )


def _filled(compiled: Any, words: dict[str, str]) -> str:
    """The text of a statement on one line, its parameters replaced from the last to the first."""
    given = compiled.arguments(words)
    text = " ".join(compiled.text.split())
    for number in range(len(given), 0, -1):
        text = text.replace(
            f"${number}", f"({given[number - 1]})" if isinstance(given[number - 1], str) else str(given[number - 1])
        )
    return text


def _pgbench(url: str, folder: Path, seconds: float) -> float:
    script = folder / "transfer.sql"
    script.write_text(_script())
    address = urlsplit(url)
    command = [
        *(str(postgres_binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"),
        *("-T", str(max(1, round(seconds))), "-h", str(address.hostname), "-p", str(address.port)),
        *("-U", str(address.username), "-f", str(script), address.path.lstrip("/")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"pgbench: {done.stderr}"
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("tps = "))
    return float(line.split()[2])


async def _open_accounts(installation: Installation) -> None:
    """Every account is open before anything is measured."""
    db = await open_database(installation.database, installation.data)
    try:
        for first in range(1, 2 * SHOPS, 50):
            shops = [Posting(revenue(number, "RUB"), 1) for number in range(first, first + 50)]
            sides = [*shops, Posting(world("RUB"), -51), Posting(fees("RUB"), 1)]
            await db.write(service.post, Intent("bench.opened", "bench/0", f"open/{first}", tuple(sides)))
    finally:
        await db.close()
    if installation.database:
        connection = await asyncpg.connect(installation.database)
        await connection.execute("vacuum analyze")
        await connection.close()


# --- size


async def _long(installation: Installation, name: str, entries: int, rounds: int) -> list[Outcome]:
    """Pages and past balances of an account with very many entries, and of one with few."""
    db = await open_database(installation.database, installation.data)
    times: dict[tuple[str, int], list[float]] = {}
    try:
        for number in range(-3, rounds):
            at_us = random.randrange(1, entries) * STEP_US
            query = StatementQuery(to_at=None if number % 2 else iso(at_us))
            for account_id in (LARGE_ID, SMALL_ID):
                await _timed(times, number, "page", account_id, db.read(service.statement, account_id, query))
            for account_id in (LARGE_ID, WORLD_ID):
                await _timed(times, number, "at", account_id, db.read(service.balance_at, account_id, at_us))
    finally:
        await db.close()
    large, small = p95(times["page", LARGE_ID]), p95(times["page", SMALL_ID])
    promise = f"page of a statement of {entries:,} entries, {name}, p95, to 1,000"
    found = [Outcome(promise, f"{large:.2f} ms", f"{small:.2f} ms", large / small, WANTED_PAGES, "at most")]
    for account_id, kind in ((LARGE_ID, "an account"), (WORLD_ID, "a hot account")):
        took = p95(times["at", account_id])
        promise = f"past balance of {kind} of {entries:,} entries, {name}, p95 in ms"
        found.append(Outcome(promise, f"{took:.2f} ms", "", took, WANTED_AT_MS, "at most"))
    return found


async def _timed(times: dict[tuple[str, int], list[float]], number: int, what: str, account_id: int, ask: Any) -> None:
    began_s = time.perf_counter()
    await ask
    if number >= 0:  # the first rounds fill caches
        times.setdefault((what, account_id), []).append(time.perf_counter() - began_s)
