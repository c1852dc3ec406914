"""Search: products by their words, well and badly typed, in a catalogue of 100,000."""

import asyncio
import http.client
import random
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlsplit

from artel.db.opening import open_database
from artel.shop.search import service as search
from bench import Outcome
from bench.catalogue import documents, fill
from bench.offers import fetch, p95
from bench.servers import Installation, installations, ours

PRODUCTS: Final = 100_000
WANTED_MS: Final = 30


def measure(quick: bool) -> Iterator[Outcome]:
    """The p95 of the search itself, and of a page of offers over HTTP."""
    products, count = (10_000, 50) if quick else (PRODUCTS, 400)
    asked = list(queries(products, count))
    with installations("sqlite", 1) as (installation,):
        alone_ms = asyncio.run(_search(installation, products, asked))
        with ours(installation) as url:
            over_http_ms = _over_http(url, asked)
    name = f"{products:,} products, SQLite, p95 in ms"
    yield Outcome(f"search, {name}", f"{alone_ms:.1f} ms", "", alone_ms, WANTED_MS, "at most")
    yield Outcome(f"GET /api/v1/offers?q=, {name}", f"{over_http_ms:.1f} ms", "", over_http_ms, WANTED_MS, "at most")


def queries(products: int, count: int) -> Iterator[str]:
    """A quarter each: one word, a whole title, a title not finished, words with a mistake each."""
    rng = random.Random(5)
    titles = [document.title.lower().split() for document, _, _ in documents(products)]
    for number in range(count):
        words = rng.choice(titles)
        yield " ".join(
            (
                [rng.choice(words)],
                words,
                [*words[:-1], words[-1][:4]],
                [mistyped(rng, word) for word in words],
            )[number % 4]
        )


def mistyped(rng: random.Random, word: str) -> str:
    """The word with a letter left out, changed, added, or swapped with the next."""
    place, letter = rng.randrange(len(word)), rng.choice("аеиостр" if word[0] > "z" else "aeiostr")
    front, back = word[:place], word[place:]
    return front + (back[1:], letter + back[1:], letter + back, back[:2][::-1] + back[2:])[rng.randrange(4)]


async def _search(installation: Installation, products: int, asked: list[str]) -> float:
    db = await open_database(installation.database, installation.data)
    await fill(db, products)
    times_s = []
    for query in asked:
        began_s = time.perf_counter()
        await db.read(search.find, query)
        times_s.append(time.perf_counter() - began_s)
    await db.close()
    return p95(times_s)


def _over_http(url: str, asked: list[str]) -> float:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    times_s = [fetch(connection, f"/api/v1/offers?limit=20&q={quote(query)}") for query in asked]
    connection.close()
    return p95(times_s)
