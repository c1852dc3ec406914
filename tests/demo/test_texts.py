"""The demo's titles and names: their forms."""

from random import Random

import pytest

from artel.demo import texts, words


@pytest.mark.parametrize(
    ("masculine", "forms"),
    [
        ("старый", "старая старое старые"),
        ("последний", "последняя последнее последние"),
        ("тихий", "тихая тихое тихие"),
        ("бродячий", "бродячая бродячее бродячие"),
        ("морской", "морская морское морские"),
        ("чужой", "чужая чужое чужие"),
        ("речной", "речная речное речные"),
        ("далёкий", "далёкая далёкое далёкие"),
    ],
)
def test_an_adjective_agrees_with_its_noun(masculine: str, forms: str) -> None:
    assert [texts.adjective(masculine, gender) for gender in "fnp"] == forms.split()
    assert texts.adjective(masculine, "m") == masculine


@pytest.mark.parametrize(
    ("his", "hers"),
    [("Ветров", "Ветрова"), ("Озерский", "Озерская"), ("Луговой", "Луговая"), ("Пшеничный", "Пшеничная")],
)
def test_a_surname_agrees_with_its_first_name(his: str, hers: str) -> None:
    assert (texts.surname(his, "m"), texts.surname(his, "f")) == (his, hers)


def test_the_nouns_have_a_gender_that_fits_their_ending() -> None:
    for noun in (*words.THINGS, *words.PEOPLE, *words.ANIMALS, *words.SHOP_NOUNS, *words.FINDS):
        likely = {"а": "f", "я": "f", "о": "n", "е": "n", "и": "p", "ы": "p", "ь": "mf"}.get(noun.nominative[-1], "m")
        assert noun.gender in likely or noun.nominative in ("ветра", "берега", "поезда", "поля", "чернила"), noun
        assert noun.nominative != noun.genitive


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("genre", ["novel", "story", "child", *words.SUBJECTS])
def test_titles_are_of_their_language_and_hold_no_gaps(genre: str, language: str) -> None:
    draw = Random(7)
    made = [texts.title(draw, genre, language) for _ in range(200)] + [texts.description(draw, genre, language)]
    for text in made:
        assert text[0].isupper() and text == text.strip() and "  " not in text and "{" not in text, text
        letters = [letter for letter in text if letter.isalpha()]
        assert all(("а" <= letter.lower() <= "ё") == (language == "ru") for letter in letters), text
    assert len(set(made)) > 30 or genre == "child"
