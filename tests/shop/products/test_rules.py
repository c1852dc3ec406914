"""Products: who is one author, and what an edit changes."""

import msgspec
import pytest

from artel.shop.products import rules
from artel.shop.products.model import Author, CategoryOf, NotOfItsKind, Product, ProductEdit

BOOK = Product(
    1, "book", "Title", "", CategoryOf(7, "C", "c"), [Author(1, "А. С. Пушкин"), Author(2, "O'Hara")], "ru",
    "9780306406157", "", 2001, None, {"a": 1}, [], None, None, "", "", 1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("А. С. Пушкин", "а.с. пушкин"),
        ("Фёдор Достоевский", "ФЕДОР  ДОСТОЕВСКИЙ"),
        ("Жан-Поль Сартр", "Жан‑Поль Сартр"),
        ("O'Hara", "O’Hara"),
        ("Straße", "STRASSE"),
    ],
)
def test_authors_that_differ_only_in_spelling_are_one(one: str, other: str) -> None:
    assert rules.author_key(one) == rules.author_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("А. Толстой", "Л. Толстой"), ("Müller", "Muller"), ("***", "* *"), ("—", "…")]
)
def test_authors_that_differ_in_letters_are_two(one: str, other: str) -> None:
    assert rules.author_key(one) != rules.author_key(other)


def test_an_author_named_twice_is_one_as_named_first() -> None:
    assert list(rules.distinct(["B", "A", "b", "a."]).values()) == ["B", "A"]


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        ({}, set()),
        ({"title": "Title", "year": 2001, "pages": None, "category_id": 7, "tax_bp": None}, set()),
        ({"isbn": "978-0-306-40615-7"}, set()),
        ({"isbn": "0-306-40615-2"}, set()),
        ({"authors": ["а.с. пушкин", "O’Hara"]}, set()),
        ({"attributes": {"a": 1}}, set()),
        ({"attributes": {"a": True}}, {"attributes"}),
        ({"attributes": {}}, {"attributes"}),
        ({"authors": ["O'Hara", "А. С. Пушкин"]}, {"authors"}),
        ({"authors": []}, {"authors"}),
        ({"isbn": None, "year": None, "category_id": None}, {"isbn", "year", "category_id"}),
        ({"tax_bp": 0}, {"tax_bp"}),
    ],
)
def test_an_edit_changes_what_it_says_anew(edit: dict[str, object], changed: set[str]) -> None:
    assert set(rules.changes(BOOK, msgspec.convert(edit, ProductEdit))) == changed


@pytest.mark.parametrize("field", [{"isbn": "x" * 10}, {"publisher": "P"}, {"year": 1}, {"pages": 1}])
def test_only_a_book_has_what_books_have(field: dict[str, object]) -> None:
    goods = msgspec.structs.replace(BOOK, kind="goods", isbn=None, year=None)
    with pytest.raises(NotOfItsKind):
        rules.changes(goods, msgspec.convert(field, ProductEdit))
    nothing = ProductEdit(isbn=None, publisher="", year=None, pages=None, language="ru", authors=[])
    assert set(rules.changes(goods, nothing)) == {"authors"}
