"""Products over HTTP, on both databases: what is malformed or makes no sense is refused by name."""

from typing import Any, Final

from tests.shop.products.editor import ISBNS, PLAIN, PRODUCTS, Editor

MALFORMED: Final[list[tuple[str, Any, str]]] = [
    ("kind", "film", "kind"),
    ("title", "", "title"),
    ("title", " \n", "title"),
    ("title", "x" * 501, "title"),
    ("description", "x" * 10_001, "description"),
    ("authors", [""], "authors[0]"),
    ("authors", ["x"] * 21, "authors"),
    ("authors", [1], "authors[0]"),
    ("authors", "x", "authors"),
    ("language", "russian", "language"),
    ("language", "RU", "language"),
    ("language", "ru\n", "language"),
    ("isbn", "x", "isbn"),
    ("isbn", 9780306406157, "isbn"),
    ("year", 0, "year"),
    ("year", 2201, "year"),
    ("year", 2019.5, "year"),
    ("pages", -1, "pages"),
    ("attributes", {"a": 1.5}, "attributes[...]"),
    ("attributes", {"a": None}, "attributes[...]"),
    ("attributes", {"a": ["b"]}, "attributes[...]"),
    ("attributes", {"a": {}}, "attributes[...]"),
    ("attributes", {"a": 2**53}, "attributes[...]"),
    ("attributes", {"a": "x" * 501}, "attributes[...]"),
    ("attributes", {"": 1}, "attributes"),
    ("attributes", {"x" * 51: 1}, "attributes"),
    ("attributes", {str(number): 1 for number in range(51)}, "attributes"),
    ("attributes", [], "attributes"),
    ("images", [{"url": "ftp://x"}], "images[0].url"),
    ("images", [{"url": "javascript:alert(1)"}], "images[0].url"),
    ("images", [{"url": ""}], "images[0].url"),
    ("images", [{"url": "https://x", "alt": "x" * 501}], "images[0].alt"),
    ("images", [{"url": "https://x"}] * 21, "images"),
    ("tax_bp", 10_001, "tax_bp"),
    ("category_id", 0, "category_id"),
    ("shop_id", 2**63, "shop_id"),
    ("price_minor", 1, "price_minor"),
]


def test_a_malformed_field_is_named_and_enters_nothing(owner: Editor) -> None:
    for field, value, named in MALFORMED:
        answer = owner.ask("POST", body=PLAIN | {field: value})
        said = answer.json()["facts"]["field"]
        assert answer.status_code == 400, f"{field}={value!r}"
        assert said == named, f"{field}={value!r}: {said}"
    for text in (b'"\\u0000"', b'"\\ud800"', b'"\xed\xa0\x80"'):
        for field in (b'"title":%s', b'"attributes":{"a":%s}', b'"attributes":{%s:1}', b'"authors":[%s]'):
            answer = owner.client.request(
                "POST",
                PRODUCTS,
                token=owner.person.session,
                content=b'{"kind":"book","title":"x",' + field % text + b"}",
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code == 400, answer.text
    assert owner.listed() == []


def test_a_value_that_contradicts_another_is_refused_by_its_own_code(owner: Editor) -> None:
    for body, code, status in (
        ({"isbn": "978-0-306-40615-8"}, "products.isbn_wrong", 400),
        ({"kind": "goods", "isbn": ISBNS[0]}, "products.not_of_its_kind", 400),
        ({"kind": "goods", "pages": 10}, "products.not_of_its_kind", 400),
        ({"category_id": 99}, "categories.unknown", 404),
    ):
        answer = owner.ask("POST", body=PLAIN | body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert owner.listed() == []
