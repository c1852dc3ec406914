"""Search: what is typed, and the product that is meant, in Russian and English, on both databases."""

import asyncio
from typing import Any, Final

import pytest
from sqlalchemy import select

from artel.db import Database, Query, Read, Write
from artel.shop.search import queries, service
from artel.shop.search.model import Document, Found
from artel.shop.search.tables import search_words
from tests.conftest import Run
from tests.shop.shelf import enter_product

BOOKS: Final = [  # title, author, other text
    ("Война и мир", "Лев Толстой", "9785170833627 роман-эпопея"),
    ("Анна Каренина", "Лев Толстой", "9785170878888 роман о любви"),
    ("Преступление и наказание", "Фёдор Достоевский", "9785170901562 студент Раскольников убивает старуху"),
    ("Братья Карамазовы", "Фёдор Достоевский", "последний роман"),
    ("Капитанская дочка", "Александр Пушкин", "повесть о пугачёвском восстании"),
    ("Евгений Онегин", "Александр Пушкин", "роман в стихах"),
    ("Мастер и Маргарита", "Михаил Булгаков", "дьявол приезжает в Москву"),
    ("Собачье сердце", "Михаил Булгаков", "профессор пересаживает собаке гипофиз"),
    ("Ёлка у Ивановых", "Александр Введенский", "пьеса"),
    ("Мёртвые души", "Николай Гоголь", "поэма, Чичиков скупает крестьян"),
    ("Понедельник начинается в субботу", "Аркадий Стругацкий", "сказка для научных работников"),
    ("Мир без войны", "Пётр Мирный", "публицистика"),
    ("Pride and Prejudice", "Jane Austen", "9780141439518 a novel of manners"),
    ("Wuthering Heights", "Emily Brontë", "moors and passion"),
    ("The Hobbit", "J. R. R. Tolkien", "there and back again"),
    ("The Lord of the Rings", "J. R. R. Tolkien", "three volumes about a ring"),
    ("Great Expectations", "Charles Dickens", "an orphan named Pip"),
    ("The Adventures of Sherlock Holmes", "Arthur Conan Doyle", "twelve stories"),
    ("Nineteen Eighty-Four", "George Orwell", "Big Brother is watching"),
    ("R.U.R.", "Karel Čapek", "robots rise"),
    ("Python in a Nutshell", "Alex Martelli", "a desktop reference"),
    ("Fluent Python", "Luciano Ramalho", "clear, concise, and effective programming"),
]
MEANT: Final = [  # what is typed, and the titles that may come first
    ("война и мир", "Война и мир"),
    ("мир война", "Война и мир"),
    ("войны и мира", "Война и мир"),  # other cases
    ("ВОЙНА", "Война и мир"),
    ("вайна и мир", "Война и мир"),  # a wrong letter
    ("воина и мир", "Война и мир"),
    ("война и мри", "Война и мир"),  # swapped letters
    ("анна каренена", "Анна Каренина"),
    ("ана коренина", "Анна Каренина"),  # two words mistyped
    ("каренин", "Анна Каренина"),
    ("преступленее", "Преступление и наказание"),
    ("наказания", "Преступление и наказание"),
    ("дастаевский преступление", "Преступление и наказание"),
    ("раскольников", "Преступление и наказание"),  # only in the text
    ("карамазавы", "Братья Карамазовы"),
    ("пушкн дочка", "Капитанская дочка"),
    ("капитанская дочь", "Капитанская дочка"),
    ("евгений анегин", "Евгений Онегин"),
    ("мастер маргарита", "Мастер и Маргарита"),
    ("мастир и моргарита", "Мастер и Маргарита"),
    ("собачье серце", "Собачье сердце"),
    ("елка", "Ёлка у Ивановых"),
    ("ёлка", "Ёлка у Ивановых"),
    ("мертвые души", "Мёртвые души"),
    ("гогль", "Мёртвые души"),
    ("понедел", "Понедельник начинается в субботу"),  # not finished
    ("понедельник нач", "Понедельник начинается в субботу"),
    ("стругацкие", "Понедельник начинается в субботу"),
    ("ghtcnegktybt", "Преступление и наказание"),  # the other layout of the keyboard
    ("djqyf b vbh", "Война и мир"),
    ("vfcnth b vfhufhbnf", "Мастер и Маргарита"),
    ("pushkin", "Евгений Онегин"),  # the newer of two  # by its sound
    ("voyna i mir", "Война и мир"),
    ("dostoevsky", "Братья Карамазовы"),
    ("pride and prejudice", "Pride and Prejudice"),
    ("prejudices", "Pride and Prejudice"),
    ("pride predjudice", "Pride and Prejudice"),
    ("prde and prejudise", "Pride and Prejudice"),
    ("jane austin", "Pride and Prejudice"),
    ("wuthring hights", "Wuthering Heights"),
    ("bronte", "Wuthering Heights"),  # without the accent
    ("hobbit", "The Hobbit"),
    ("a hobbit", "The Hobbit"),
    ("hobit", "The Hobbit"),
    ("tolkein hobbit", "The Hobbit"),
    ("lord rings", "The Lord of the Rings"),
    ("lord of the ring", "The Lord of the Rings"),
    ("the lrod of the rings", "The Lord of the Rings"),
    ("great expectation", "Great Expectations"),
    ("sherlok homes", "The Adventures of Sherlock Holmes"),
    ("eighty four", "Nineteen Eighty-Four"),
    ("eighty-four", "Nineteen Eighty-Four"),
    ("capek", "R.U.R."),
    ("Čapek", "R.U.R."),
    ("руддщ ", None),  # hello: there is no such book
    ("рщииш", "The Hobbit"),  # hobbi, in the other layout, and not finished
    ("pyth", "Python in a Nutshell"),
    ("fluent pithon", "Fluent Python"),
    ("978-5-17-083362-7", "Война и мир"),
    ("9785170833627", "Война и мир"),
    ("5-17-083362-2", "Война и мир"),  # the same as an ISBN-10
    ("ISBN 978-0-14-143951-8", "Pride and Prejudice"),
    ("9785170833628", None),
    ("квазипериодический", None),
    ("xyzzy", None),
    ("!?", None),
    ("", None),
]


@pytest.fixture
def library(db: Database, run: Run) -> dict[int, str]:
    """The titles by the products' ids."""

    async def entered(tx: Write) -> dict[int, str]:
        documents = [Document(await enter_product(tx, title=each[0]), each[0], [each[1]], each[2]) for each in BOOKS]
        await service.index_all(tx, documents)
        return {each.product_id: each.title for each in documents}

    library: dict[int, str] = run(db.write(entered))
    return library


def _find(db: Database, run: Run, query: str) -> Found:
    found: Found = run(db.read(service.find, query))
    return found


def test_what_is_typed_finds_what_is_meant(db: Database, run: Run, library: dict[int, str]) -> None:
    wrong = []
    for query, meant in MEANT:
        found = _find(db, run, query)
        first = library[found.hits[0].product_id] if found.hits else None
        if first != meant:
            wrong.append((query, meant, first, found.corrected))
    assert not wrong, "\n".join(map(str, wrong))


def test_both_words_that_were_mistyped_are_told(db: Database, run: Run, library: dict[int, str]) -> None:
    for query, corrected in (
        ("пушкн", {"пушкн": "пушкин"}),
        ("вайна и мри", {"вайна": "война", "мри": "мир"}),
        ("война и мир", {}),
        ("войны", {}),
        ("ghbdtn djqyf", {}),  # there is no привет
        ("djqyf", {"djqyf": "война"}),
        ("dostoevsky", {"dostoevsky": "достоевский"}),
        ("hobit xyzzy", {"hobit": "hobbit", "xyzzy": ""}),
    ):
        assert _find(db, run, query).corrected == corrected, query


def test_a_product_is_found_as_it_is_now_and_not_when_it_is_removed(db: Database, run: Run) -> None:
    product_id = run(db.write(enter_product))
    run(db.write(service.index, product_id, "Война", ["Толстой"], "роман"))
    run(db.write(service.index, product_id, "Peace", ["Tolstoy"], "novel"))
    assert not _find(db, run, "война").hits
    assert [hit.product_id for hit in _find(db, run, "peace").hits] == [product_id]
    run(db.write(service.remove, product_id))
    assert not _find(db, run, "peace").hits
    run(db.write(service.index, product_id, "Peace", [], ""))
    assert [hit.product_id for hit in _find(db, run, "peace").hits] == [product_id]


def test_the_vocabulary_keeps_each_stem_once(db: Database, run: Run) -> None:
    first, second = run(db.write(enter_product)), run(db.write(enter_product))
    run(db.write(service.index, first, "Книга книги книгу", [], ""))
    run(db.write(service.index_all, [Document(second, "Книгами", ["Книга Книгина"], "слово")]))

    async def words(tx: Read) -> list[Any]:
        return await tx.all(WORDS)

    assert sorted(run(db.read(words))) == ["книга", "книгина"]


WORDS: Final = Query(str, select(search_words.c.shown))


def test_writers_that_add_the_same_words_at_once_do_not_stop_each_other(db: Database, run: Run) -> None:
    ids = [run(db.write(enter_product)) for _ in range(16)]
    words = [f"слово{number}" for number in range(40)]

    async def together() -> None:
        await asyncio.gather(
            *(
                db.write(service.index, each, " ".join(words[:: 1 if place % 2 else -1]), [], "")
                for place, each in enumerate(ids)
            )
        )

    run(together())
    assert len(_find(db, run, "слово7").hits) == len(ids)


def test_a_word_that_everybody_has_is_answered_with_those_that_are_called_so(
    db: Database, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def entered(tx: Write) -> list[int]:
        ids = [await enter_product(tx) for _ in range(queries.CANDIDATES_MAX + 5)]
        titles = ["Роман"] * 3 + ["Повесть"] * (len(ids) - 3)
        await service.index_all(
            tx, [Document(each, title, [], "роман") for each, title in zip(ids, titles, strict=True)]
        )
        return ids

    ids = run(db.write(entered))
    found = _find(db, run, "роман")
    assert found.capped
    assert sorted(hit.product_id for hit in found.hits[:3]) == ids[:3]
    assert not _find(db, run, "xyzzy").capped


HOSTILE: Final = (
    *('"', "'", 'a" OR "b', "title:x", "x*", "NEAR(a b)", "a AND", "-x", "^x", "a & !b", "a:*", "\\", "%", "("),
    *("\U0010ffff", "слово " * 30, "ё" * 200, "\u0301\u0301", "٣٤٥", "²½Ⅷ", "ǆ ﬁ", "日本語", "x" * 200),
)


def test_nothing_that_is_typed_is_taken_for_a_command(db: Database, run: Run) -> None:
    for query in HOSTILE:
        assert isinstance(_find(db, run, query), Found)
        product_id = run(db.write(enter_product))
        run(db.write(service.index, product_id, query, [query], query))
        found = _find(db, run, query)
        assert not found.hits or found.hits[0].product_id == product_id, query
