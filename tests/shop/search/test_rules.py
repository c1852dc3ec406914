"""Search: words, stems, what is alike, what fits best."""

import random
from typing import Any

import pytest

from artel.shop.search import rules
from artel.shop.search.model import Candidate, Term, Word


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Война и мир", ["война", "и", "мир"]),
        ("Ёлка—палка_2", ["елка", "палка", "2"]),
        ("O’Brien don't", ["obrien", "dont"]),
        ("Čapek Brontë Й", ["capek", "bronte", "й"]),
        ("Алекса\u0301ндр Пу\u0301шкин, вой\u00adна\u200b", ["александр", "пушкин", "война"]),  # as pages are copied
        ("C++ & R.U.R.", ["c", "r", "u", "r"]),
        ("x" * 100, ["x" * rules.WORD_MAX]),
        (" \t\n", []),
    ],
)
def test_a_text_is_cut_into_words_that_compare(text: str, words: list[str]) -> None:
    assert rules.words(text) == words


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("войны", "война", True),
        ("книгами", "книга", True),
        ("wars", "war", True),
        ("running", "runs", True),
        ("2024", "2024", True),
        ("война", "воин", False),
        ("2024", "2023", False),
    ],
)
def test_words_of_one_stem_are_one(one: str, other: str, same: bool) -> None:
    assert (rules.stem(one) == rules.stem(other)) is same


@pytest.mark.parametrize(
    ("latin", "meant"),
    [
        ("voyna", "война"),
        ("dostoyevsky", "достоевский"),
        ("kamenskaya", "каменская"),
        ("mayakovsky", "маяковский"),
        ("istoriya", "история"),
        ("andrey", "андрей"),
        ("andreyev", "андреев"),
        ("novyy", "новый"),
        ("znayu", "знаю"),
        ("shchuka", "щука"),
    ],
)
def test_a_word_in_latin_letters_is_read_as_it_sounds(latin: str, meant: str) -> None:
    assert meant in rules.by_sound(latin)
    assert not rules.by_sound(meant)


@pytest.mark.parametrize(
    ("typed", "isbn"),
    [
        ("978-5-17-083362-7", "9785170833627"),
        ("ISBN: 5-17-083362-2", "9785170833627"),
        ("0-8044-2957-X", "9780804429573"),
        ("978-5-17-08336", None),
        ("война", None),
        ("978517083362X", None),
        ("٩٧٨٥١٧٠٨٣٣٦٢٧", None),
    ],
)
def test_an_isbn_is_known_in_every_spelling(typed: str, isbn: str | None) -> None:
    assert rules.isbn13(typed) == isbn


@pytest.mark.parametrize(
    ("one", "other", "limit", "far"),
    [
        ("война", "война", 2, 0),
        ("война", "вайна", 2, 1),
        ("мир", "мри", 1, 1),
        ("мир", "мирр", 1, 1),
        ("мир", "ми", 1, 1),
        ("достоевск", "дастаевск", 2, 2),
        ("достоевск", "дастаивск", 2, rules.FAR),
        ("мир", "пир", 0, rules.FAR),
        ("", "ab", 2, 2),
        ("abcdef", "badcfe", 2, rules.FAR),
        ("abcdef", "badcef", 2, 2),
    ],
)
def test_mistakes_are_counted_up_to_a_limit(one: str, other: str, limit: int, far: int) -> None:
    assert rules.distance(one, other, limit) == far == rules.distance(other, one, limit)


def _mistake(rng: random.Random, word: str) -> str:
    place, letters = rng.randrange(len(word)), "абвгдежзиклмнопрст"
    return rng.choice(
        [
            word[:place] + word[place + 1 :],
            word[:place] + rng.choice(letters) + word[place + 1 :],
            word[:place] + rng.choice(letters) + word[place:],
            word[: place - 1] + word[place - 1 : place + 1][::-1] + word[place + 1 :] if place else word,
        ]
    )


def test_one_mistake_in_a_word_is_always_among_what_is_looked_up() -> None:
    """The keys of the right word and of the mistyped one meet as often as the statement asks for."""
    rng = random.Random(17)
    letters = "абвгдежзиклмнопрстуфхцчшщыэюя"
    for _ in range(3_000):
        right = "".join(rng.choice(letters) for _ in range(rng.randint(3, 12)))
        wrong = _mistake(rng, right)
        if rules.tolerance(wrong) == 0 or wrong == right:
            continue
        least, wanted = rules.wanted_keys(wrong)
        assert len({*wanted} & {*rules.keys(right)}) >= least, (right, wrong)


def test_the_nearest_words_are_taken_those_with_the_same_first_letter_first() -> None:
    vocabulary = [Word(0, each, each) for each in ("кот", "рот", "ком", "крот", "слон")]
    assert rules.alike(Term("кто", ("кто",)), vocabulary) == ["кот"]
    assert rules.alike(Term("кол", ("кол",)), vocabulary) == ["ком", "кот"]
    assert rules.alike(Term("дом", ("дом",)), vocabulary) == ["ком"]
    assert rules.alike(Term("жираф", ("жираф",)), vocabulary) == []


@pytest.mark.parametrize(
    ("query", "stems"),
    [
        ("the hobbit", ["hobbit"]),
        ("the the", ["the"]),
        ("и", ["и"]),
        ("война и мир и война", ["войн", "мир"]),
        ("978-5-17-083362-7", ["9785170833627"]),
        ("", []),
        (" ".join(f"w{number}" for number in range(20)), [f"w{number}" for number in range(rules.QUERY_WORDS_MAX)]),
    ],
)
def test_words_that_say_nothing_are_asked_for_only_alone(query: str, stems: list[str]) -> None:
    assert [term.stems[0] for term in rules.terms(query)] == stems


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("войн и мир", ""), ("войн и мир для дет", "")),  # nothing else in the title
        (("войн и мир", ""), ("мир войн", "")),  # the first word in front
        (("мир", "войн"), ("слон", "войн мир")),  # title before author
        (("слон", "войн мир"), ("слон", "войн")),  # author before text
    ],
)
def test_what_fits_better_scores_higher(better: Any, worse: Any) -> None:
    score = rules.scorer(rules.terms("война мир"))
    scores = [score(Candidate(1, *each)) for each in (better, worse)]
    assert scores[0] > scores[1]


def test_the_other_layout_goes_both_ways() -> None:
    assert rules.other_layout("ghbdtn? vbh") == "привет? мир"
    assert rules.other_layout("Руддщ") == "hello"
    assert rules.other_layout("jcnjhj;yj") == "осторожно"


def test_titles_are_sorted_by_their_words_as_far_as_fits_a_cursor() -> None:
    assert rules.title_key(rules.words("«Ёлка», или Зима")) == "елка или зима"
    assert len(rules.title_key(["слово"] * 50).encode()) <= rules.TITLE_KEY_BYTES_MAX
