"""Offers: one of them with a session, and a page of 20 out of a large catalogue, filtered and sorted in many ways."""

import asyncio
import http.client
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import apsw
import asyncpg
import msgspec
from msgspec import Struct

from artel.db import Query, Read
from artel.db.opening import DATABASE_FILE, open_database
from artel.shop.offers import service
from artel.shop.offers.model import OfferList
from bench import Outcome
from bench.catalogue import fill
from bench.load import Request, versus
from bench.servers import Installation, bare, installations, ours

CLIENTS: Final = 32
WANTED_ONE: Final = 0.45
WANTED_TO_STATEMENT: Final = 4
WANTED_TO_SMALL: Final = 2
SMALL: Final = 1_000
LARGE: Final = 100_000
NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
MIX: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"sort": "price"},
    {"sort": "title"},
    {"category": 3, "sort": "price"},
    {"category": 3, "sort": "-price", "in_stock": True},
    {"category": 20, "sort": "price"},
    {"category": 33},
    {"shop": 7},
    {"shop": 7, "sort": "price"},
    {"shop": 11, "sort": "title"},
    {"shop": 7, "category": 3, "sort": "price"},
    {"shop": 7, "category": 20},
    {"language": "en", "sort": "-price"},
    {"language": "en", "in_stock": True, "price_from": 100_000, "price_to": 200_000, "sort": "price"},
    {"price_from": 100_000, "price_to": 101_000, "sort": "title"},
    {"category": 5, "language": "ru", "in_stock": True, "sort": "title"},
    {"author": 17, "sort": "price"},
    {"author": 4_100},
)


def measure(quick: bool) -> Iterator[Outcome]:
    """Against a bare granian (RSGI) handler, the statements in the raw driver, and a small catalogue."""
    large, rounds = (10_000, 5) if quick else (LARGE, 40)
    yield _one(quick)
    for engine, name in NAMES.items():
        with installations(engine, 2) as (small_one, large_one):
            asyncio.run(_fill(small_one, SMALL))
            asyncio.run(_fill(large_one, large))
            of_statements = asyncio.run(_raw(large_one, rounds))
            with ours(small_one) as small_url, ours(large_one) as large_url:
                small, over_http = _pages(small_url, large_url, rounds)
        shown = f"{over_http:.2f} ms"
        page = f"page of 20 out of {large:,} offers, {name}, p95"
        yield _at_most(f"{page}, to the bare statements", shown, of_statements, over_http, WANTED_TO_STATEMENT)
        yield _at_most(f"{page}, to {SMALL:,} offers", shown, small, over_http, WANTED_TO_SMALL)


def _one(quick: bool) -> Outcome:
    rounds, seconds = (1, 1) if quick else (7, 4)
    with installations("sqlite", 1) as (installation,):
        asyncio.run(_fill(installation, SMALL))
        request = Request("/api/v1/offers/500", installation.token)
        with ours(installation) as url, bare("bare_offer", installation) as rival:
            found = versus(url, rival, request, clients=CLIENTS, rounds=rounds, seconds=seconds)
    ours_s, rival_s = f"{found.ours_s:,.0f}/s", f"{found.rival_s:,.0f}/s"
    return Outcome("GET one offer, SQLite, to bare granian", ours_s, rival_s, found.ratio, WANTED_ONE)


def _at_most(promise: str, shown: str, rival_ms: float, ours_ms: float, wanted: float) -> Outcome:
    return Outcome(promise, shown, f"{rival_ms:.2f} ms", ours_ms / rival_ms, wanted, "at most")


async def _fill(installation: Installation, count: int) -> None:
    db = await open_database(installation.database, installation.data)
    try:
        await fill(db, count)
    finally:
        await db.close()
    if installation.database:
        connection = await asyncpg.connect(installation.database)
        await connection.execute("vacuum analyze")
        await connection.close()


def p95(times_s: list[float]) -> float:
    """In milliseconds."""
    return sorted(times_s)[int(len(times_s) * 0.95)] * 1_000


def _pages(small_url: str, large_url: str, rounds: int) -> tuple[float, float]:
    """The p95 of both catalogues, asked in turns by one client."""
    times: dict[str, list[float]] = {small_url: [], large_url: []}
    paths = ["/api/v1/offers?" + urlencode({"limit": 20} | _words(each)) for each in MIX]
    connections = {url: http.client.HTTPConnection(urlsplit(url).netloc) for url in times}
    for number, path, url in itertools.product(range(-1, rounds), paths, times):
        took_s = fetch(connections[url], path)
        if number >= 0:  # the first round fills caches
            times[url].append(took_s)
    for connection in connections.values():
        connection.close()
    return p95(times[small_url]), p95(times[large_url])


def _words(query: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).lower() if value is True else value for name, value in query.items()}


def fetch(connection: http.client.HTTPConnection, path: str) -> float:
    """Seconds until the whole answer was there."""
    began_s = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    took_s = time.perf_counter() - began_s
    assert answer.status == 200, body
    json.loads(body)
    return took_s


class _Statement(Struct, frozen=True):
    """What was asked of the database."""

    sqlite: str
    postgresql: str
    sqlite_arguments: tuple[Any, ...]
    postgresql_arguments: tuple[Any, ...]


class _Recording:
    """A transaction that remembers its statements."""

    def __init__(self, tx: Read) -> None:
        self._tx, self.now_us = tx, tx.now_us
        self.asked: list[_Statement] = []

    async def all(self, query: Query[Any], **params: Any) -> list[Any]:
        on_sqlite, on_postgres = query.sqlite, query.postgresql
        arguments = tuple(on_sqlite.arguments(params)), tuple(on_postgres.arguments(params))
        self.asked.append(_Statement(on_sqlite.text, on_postgres.text, *arguments))
        return await self._tx.all(query, **params)


async def _recorded(installation: Installation) -> list[list[_Statement]]:
    async def record(tx: Read, query: OfferList) -> list[_Statement]:
        recording = _Recording(tx)
        await service.list_offers(recording, query)  # type: ignore[arg-type]
        return recording.asked

    db = await open_database(installation.database, installation.data)
    try:
        return [await db.read(record, msgspec.convert({"limit": 20} | each, OfferList)) for each in MIX]
    finally:
        await db.close()


async def _raw(installation: Installation, rounds: int) -> float:
    """The p95 of the statements of a page in the raw driver, with nothing around them."""
    asked = await _recorded(installation)
    if installation.database:
        return p95(await _raw_postgres(installation.database, asked, rounds))
    return p95(_raw_sqlite(installation.data, asked, rounds))


def _raw_sqlite(data: Path, asked: list[list[_Statement]], rounds: int) -> list[float]:
    connection = apsw.Connection(str(data / DATABASE_FILE), flags=apsw.SQLITE_OPEN_READONLY)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    times_s = []
    for number, statements in itertools.product(range(-1, rounds), asked):
        began_s = time.perf_counter()
        for each in statements:
            connection.execute(each.sqlite, each.sqlite_arguments).fetchall()
        if number >= 0:
            times_s.append(time.perf_counter() - began_s)
    connection.close()
    return times_s


async def _raw_postgres(url: str, asked: list[list[_Statement]], rounds: int) -> list[float]:
    connection = await asyncpg.connect(url, server_settings={"jit": "off"})
    times_s = []
    for number, statements in itertools.product(range(-1, rounds), asked):
        began_s = time.perf_counter()
        for each in statements:
            await connection.fetch(each.postgresql, *each.postgresql_arguments)
        if number >= 0:
            times_s.append(time.perf_counter() - began_s)
    await connection.close()
    return times_s
