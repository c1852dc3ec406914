"""Products over HTTP, on both databases: lists, filters, pages, and the words of a search."""

from artel.db import Database
from artel.shop.products import service
from artel.shop.products.model import ProductFilter
from artel.shop.search import service as search
from tests.conftest import Client, Run
from tests.counting import counted
from tests.people import People
from tests.shop.products.editor import BOOK, ISBNS, PRODUCTS, Editor


def test_a_list_holds_what_passes_every_filter(owner: Editor, people: People) -> None:
    things = people.things(people.person())
    below = owner.client.post(
        "/api/v1/categories", token=owner.person.session, json={"name": "B", "parent_id": things.category_id}
    ).json()["id"]
    book = owner.enter(category_id=things.category_id, authors=["Булгаков"], language="ru", isbn=ISBNS[0])
    other = owner.enter(category_id=below, authors=["Чехов", "Булгаков"], language="en")
    goods = owner.enter(kind="goods", category_id=below, authors=["Чехов"])
    bulgakov, chekhov = book["authors"][0]["id"], goods["authors"][0]["id"]
    everything = [things.product_id, book["id"], other["id"], goods["id"]]

    for query, found in (
        ({}, everything),
        ({"kind": "goods"}, [goods["id"]]),
        ({"category": things.category_id}, everything[1:]),
        ({"category": below}, everything[2:]),
        ({"author": bulgakov}, everything[1:3]),
        ({"author": chekhov, "kind": "book"}, [other["id"]]),
        ({"author": 99}, []),
        ({"language": "ru"}, [book["id"]]),
        ({"shop": things.shop_id}, [things.product_id]),
        ({"shop": 99}, []),
        ({"isbn": "0-306-40615-2"}, [book["id"]]),
        ({"isbn": ISBNS[1]}, []),
        (
            {"kind": "book", "category": things.category_id, "author": bulgakov, "language": "ru", "isbn": ISBNS[0]},
            [book["id"]],
        ),
    ):
        assert owner.listed(**query) == found, query


def test_a_filter_that_makes_no_sense_is_refused(client: Client) -> None:
    for query, status, code in (
        ({"kind": "film"}, 400, "request.malformed"),
        ({"language": ""}, 400, "request.malformed"),
        ({"author": "0"}, 400, "request.malformed"),
        ({"title": "x"}, 400, "request.malformed"),
        ({"isbn": "9780306406158"}, 400, "products.isbn_wrong"),
        ({"category": "99"}, 404, "categories.unknown"),
    ):
        answer = client.get(PRODUCTS, params=query)
        assert (answer.status_code, answer.json()["code"]) == (status, code), query


def test_pages_show_every_living_product_once(owner: Editor) -> None:
    ids = [owner.enter(title=f"Book {number}")["id"] for number in range(5)]
    owner.ask("DELETE", f"/{ids.pop(2)}")
    first = owner.client.get(PRODUCTS, params={"limit": 2, "kind": "book"}).json()
    second = owner.client.get(PRODUCTS, params={"limit": 2, "kind": "book", "after": first["next"]}).json()
    assert [each["id"] for each in first["items"] + second["items"]] == ids
    assert second["next"] is None


def test_a_page_takes_four_statements_whatever_its_size(owner: Editor, people: People, db: Database, run: Run) -> None:
    category_id = people.things(people.person()).category_id
    for number in range(12):
        owner.enter(category_id=category_id, authors=[f"A {number}", "B"], images=BOOK["images"], language="ru")

    for limit in (1, 3, 12):
        query = ProductFilter("book", category_id, language="ru", limit=limit)
        shown, statements = run(db.read(counted, service.list_products, query))
        assert (len(shown.items), statements) == (limit, 4)


def test_a_product_is_found_by_its_words_as_they_are_now(owner: Editor, db: Database, run: Run) -> None:
    def found(words: str) -> list[int]:
        return [hit.product_id for hit in run(db.read(search.find, words)).hits]

    book = owner.enter(title="Белая гвардия", authors=["Булгаков"], publisher="Азбука", isbn=ISBNS[0])["id"]
    for words in ("гвардия", "булгаков", "азбука", "9780306406157"):
        assert found(words) == [book], words
    owner.ask("PATCH", f"/{book}", {"title": "Бег", "authors": ["Чехов"]})
    assert (found("бег чехов"), found("гвардия")) == ([book], [])
    owner.ask("DELETE", f"/{book}")
    assert found("чехов") == []
