"""A catalogue as large as is wanted, always the same: books in Russian and English, and one offer of each."""

import itertools
import random
from collections.abc import Iterator
from typing import Any, Final

from artel.db import Database, Write
from artel.shop.categories.tables import categories
from artel.shop.offers.tables import offers
from artel.shop.products.tables import authors, product_authors, products
from artel.shop.search import service as search
from artel.shop.search.model import Document
from tests.shop.shelf import enter_all, enter_shop

SHOPS: Final = 40
ROOTS: Final = 8  # categories, each with as many below it
BATCH: Final = 1_000
SYLLABLES: Final = {
    "ru": (
        [
            "ба",
            "ве",
            "го",
            "ду",
            "же",
            "зи",
            "ка",
            "ло",
            "ми",
            "ну",
            "пе",
            "ро",
            "са",
            "ти",
            "фу",
            "ха",
            "че",
            "ши",
            "ря",
            "лю",
        ],
        ("ов", "ский", "ина", "ость", "ание"),
    ),
    "en": (
        [
            "ba",
            "ce",
            "di",
            "fo",
            "gu",
            "ha",
            "je",
            "ki",
            "lo",
            "mu",
            "ne",
            "pi",
            "ro",
            "su",
            "ta",
            "vi",
            "wo",
            "xa",
            "ye",
            "zi",
        ],
        ("ing", "er", "ton", "ness", "ly"),
    ),
}
WORDS_EACH: Final = 12_000
AUTHORS_EACH: Final = 4_000


def words(language: str) -> list[str]:
    """A vocabulary: every word once, the first are the most common."""
    syllables, endings = SYLLABLES[language]
    made = itertools.islice(itertools.product(syllables, syllables, syllables, endings), 0, None, 3)
    found = ["".join(each) for each in made]
    random.Random(language).shuffle(found)
    return found[:WORDS_EACH]


def documents(count: int) -> Iterator[tuple[Document, str, list[int]]]:
    """Products by their ids, with their language and the ids of their authors. Common words are common (Zipf)."""
    rng = random.Random(7)
    vocabulary = {language: words(language) for language in SYLLABLES}
    for number in range(1, count + 1):
        language = "ru" if number % 3 else "en"
        known = vocabulary[language]
        title = " ".join(known[int(WORDS_EACH ** rng.random()) - 1] for _ in range(rng.randint(1, 6)))
        author = rng.randint(1, AUTHORS_EACH) + (0 if language == "ru" else AUTHORS_EACH)
        text = " ".join(known[int(WORDS_EACH ** rng.random()) - 1] for _ in range(20))
        names = [author_name(author)]
        yield Document(number, title.capitalize(), names, f"{9785000000000 + number} {text}"), language, [author]


def author_name(number: int) -> str:
    """The author of this id."""
    language = "ru" if number <= AUTHORS_EACH else "en"
    known = words_of(language)
    return f"{known[number % 500].capitalize()} {known[-(number % AUTHORS_EACH) - 1].capitalize()}"


_KNOWN: Final = {language: words(language) for language in SYLLABLES}


def words_of(language: str) -> list[str]:
    """The vocabulary, made once."""
    return _KNOWN[language]


async def fill(db: Database, count: int) -> None:
    """Fill an empty database with so many products and offers."""
    await db.write(_surroundings)
    made = documents(count)
    while batch := list(itertools.islice(made, BATCH)):
        await db.write(_enter, batch)


async def _surroundings(tx: Write) -> None:
    for number in range(SHOPS):
        await enter_shop(tx, slug=f"shop-{number}", name=f"Shop {number}")
    roots = [{"slug": f"c{each}", "name": f"Category {each}", "path": f"/{each}/"} for each in range(1, ROOTS + 1)]
    leaves = [
        {"parent_id": root, "slug": f"c{root}-{each}", "name": f"Category {root}.{each}", "path": f"/{root}/{number}/"}
        for number, (root, each) in enumerate(itertools.product(range(1, ROOTS + 1), range(ROOTS)), ROOTS + 1)
    ]
    await enter_all(tx, categories, roots + leaves)
    names = ({"name": author_name(each), "name_key": str(each)} for each in range(1, 2 * AUTHORS_EACH + 1))
    await enter_all(tx, authors, names)


async def _enter(tx: Write, batch: list[tuple[Document, str, list[int]]]) -> None:
    rng = random.Random(batch[0][0].product_id)
    rows: list[dict[str, Any]] = [
        {"title": each.title, "language": language, "category_id": ROOTS + 1 + rng.randrange(ROOTS * ROOTS)}
        for each, language, _ in batch
    ]
    await enter_all(tx, products, rows)
    written = [
        {"product_id": each.product_id, "author_id": author, "position": place}
        for each, _, by in batch
        for place, author in enumerate(by)
    ]
    await enter_all(tx, product_authors, written)
    await search.index_all(tx, [each for each, _, _ in batch])
    for_sale = [
        {
            "product_id": each.product_id,
            "shop_id": rng.randint(1, SHOPS),
            "price_minor": rng.randint(1, 5_000) * 100,
            "stock": rng.choice((0, 1, 5, 20, 100)),
        }
        for each, _, _ in batch
    ]
    await enter_all(tx, offers, for_sale)
