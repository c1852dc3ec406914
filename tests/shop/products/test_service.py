"""Products over HTTP, on both databases: entering, editing and deleting them; who may."""

import json

from tests.conftest import Client
from tests.people import People
from tests.shop.products.editor import BOOK, ISBNS, PLAIN, PRODUCTS, Editor

# --- entering


def test_an_entered_book_is_seen_by_everybody_as_it_was_typed(owner: Editor, people: People) -> None:
    things = people.things(people.person())
    answer = owner.ask("POST", body=BOOK | {"shop_id": things.shop_id, "category_id": things.category_id})
    shown = answer.json()
    assert (answer.status_code, shown["version"], answer.headers["etag"]) == (201, 1, '"1"'), answer.text
    same = BOOK.keys() - {"authors", "isbn"}
    assert {name: shown[name] for name in same} == {name: BOOK[name] for name in same}
    assert [each["name"] for each in shown["authors"]] == BOOK["authors"]
    assert (shown["isbn"], shown["shop_id"]) == ("9785389016866", things.shop_id)
    assert shown["category"]["id"] == things.category_id
    assert shown["category"].keys() == {"id", "name", "slug"}
    assert owner.client.get(f"{PRODUCTS}/{shown['id']}").json() == shown


def test_a_product_of_which_little_is_known_says_so(owner: Editor) -> None:
    shown = owner.enter(kind="goods", title="Кружка")
    nothing = {"category", "isbn", "year", "pages", "tax_bp", "shop_id"}
    assert {name for name, value in shown.items() if value is None} == nothing
    assert (shown["authors"], shown["images"], shown["attributes"], shown["language"]) == ([], [], {}, "")


def test_the_members_of_a_shop_enter_products_for_it_and_for_no_other(client: Client, people: People) -> None:
    member, stranger = people.person(), people.person("staff")
    mine, other = people.things(member).shop_id, people.things(stranger).shop_id
    editor = Editor(client, member)
    assert editor.enter(shop_id=mine)["shop_id"] == mine
    for body, status, code in (
        ({"shop_id": other}, 403, "shops.not_yours"),
        ({"shop_id": 10**9}, 404, "shops.unknown"),
        ({}, 403, "products.not_yours"),
    ):
        answer = editor.ask("POST", body=PLAIN | body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.post(PRODUCTS, json=PLAIN).status_code == 401
    assert len(editor.listed()) == 3


def test_an_isbn_is_entered_once_however_it_is_written(owner: Editor) -> None:
    first = owner.enter(isbn="978-0-306-40615-7")
    second = owner.enter(isbn=ISBNS[1])
    for answer in (
        owner.ask("POST", body=PLAIN | {"isbn": "0306406152"}),
        owner.ask("PATCH", f"/{second['id']}", {"isbn": "9780306406157", "title": "New"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "products.isbn_taken")
    assert owner.listed(isbn="0-306-40615-2") == [first["id"]]
    assert owner.client.get(f"{PRODUCTS}/{second['id']}").json() == second
    assert len(owner.listed()) == 2


def test_of_ten_who_enter_one_isbn_at_once_one_does(owner: Editor) -> None:
    body, token = PLAIN | {"isbn": ISBNS[0]}, owner.person.session
    calls = [owner.client.send("POST", PRODUCTS, token=token, json=body) for _ in range(10)]
    assert sorted(answer.status_code for answer in owner.client.together(*calls)) == [201] + [409] * 9
    assert len(owner.listed()) == 1


def test_ten_who_name_the_same_authors_at_once_make_each_author_once(owner: Editor) -> None:
    names = ["Ильф", "Петров", "ПЕТРОВ.", "Кольцов"]
    calls = [
        owner.client.send(
            "POST", PRODUCTS, owner.person.session, json=PLAIN | {"authors": names[:: 1 - 2 * (each % 2)]}
        )
        for each in range(10)
    ]
    answers = owner.client.together(*calls)
    assert [answer.status_code for answer in answers] == [201] * 10
    assert {len(answer.json()["authors"]) for answer in answers} == {3}
    assert len({author["id"] for answer in answers for author in answer.json()["authors"]}) == 3


# --- editing


def test_an_edit_changes_what_it_names_and_leaves_the_rest(owner: Editor, people: People) -> None:
    category_id = people.things(people.person()).category_id
    book = owner.enter(**BOOK)
    changes = {
        "title": "Новое",
        "authors": ["Third", "Михаил Булгаков"],
        "year": None,
        "pages": 1,
        "attributes": {"illustrated": 0},
        "category_id": category_id,
        "tax_bp": None,
    }
    answer = owner.ask("PATCH", f"/{book['id']}", changes)
    edited = answer.json()
    assert (answer.status_code, edited["version"], answer.headers["etag"]) == (200, 2, '"2"'), answer.text
    assert [each["name"] for each in edited["authors"]] == changes["authors"]
    assert edited["authors"][1] == book["authors"][0]
    assert (edited["category"]["id"], edited["tax_bp"], edited["year"], edited["pages"]) == (category_id, None, None, 1)
    assert json.dumps(edited["attributes"]) == '{"illustrated": 0}'
    same = book.keys() - changes.keys() - {"category", "version", "updated_at"}
    assert {name: edited[name] for name in same} == {name: book[name] for name in same}
    assert owner.ask("PATCH", f"/{book['id']}", changes).json() == edited, "said again, it changes nothing"
    cleared = owner.ask("PATCH", f"/{book['id']}", {"category_id": None, "isbn": None, "authors": []}).json()
    assert (cleared["category"], cleared["isbn"], cleared["authors"]) == (None, None, [])


def test_neither_kind_nor_shop_nor_images_can_be_edited(owner: Editor) -> None:
    book = owner.enter()
    for field, value in (("kind", "goods"), ("shop_id", 1), ("images", []), ("version", 9)):
        answer = owner.ask("PATCH", f"/{book['id']}", {field: value})
        assert (answer.status_code, answer.json()["facts"]["field"]) == (400, field)


def test_images_are_replaced_in_their_order(owner: Editor) -> None:
    book = owner.enter(**BOOK)
    path, images = f"/{book['id']}/images", [{"url": "https://x.example/3.jpg", "alt": ""}, *BOOK["images"][::-1]]
    for _ in range(2):
        changed = owner.ask("PUT", path, {"images": images}).json()
        assert (changed["images"], changed["version"]) == (images, 2)
    stale = owner.ask("PUT", path, {"images": []}, If_Match='"1"')
    assert (stale.status_code, stale.json()["facts"]["yours"]) == (412, {"images": []})
    assert owner.ask("PUT", path, {"images": []}, If_Match='"2"').json()["images"] == []


def test_of_ten_edits_for_one_version_one_is_made(owner: Editor) -> None:
    book, token = owner.enter(), owner.person.session
    calls = [
        owner.client.send(
            "PATCH", f"{PRODUCTS}/{book['id']}", token, json={"title": f"T{each}"}, headers={"If-Match": '"1"'}
        )
        for each in range(10)
    ]
    answers = owner.client.together(*calls)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    stale = next(answer.json() for answer in answers if answer.status_code == 412)
    assert (stale["code"], stale["facts"]["base"], stale["facts"]["theirs"]["version"]) == ("products.stale", 1, 2)


def test_only_the_members_of_its_shop_and_owners_change_a_product(
    owner: Editor, client: Client, people: People
) -> None:
    member, stranger = people.person(), people.person("staff")
    mine = people.things(member).product_id
    people.things(stranger)
    of_no_shop = owner.enter()["id"]
    for verb, path, body in (
        ("PATCH", "", {"title": "Stolen"}),
        ("PUT", "/images", {"images": []}),
        ("DELETE", "", None),
    ):
        assert Editor(client, stranger).ask(verb, f"/{mine}{path}", body).status_code == 403
        assert Editor(client, member).ask(verb, f"/{of_no_shop}{path}", body).status_code == 403
        assert client.request(verb, f"{PRODUCTS}/{mine}{path}", json=body).status_code == 401
    assert Editor(client, member).ask("PATCH", f"/{mine}", {"title": "Mine"}).json()["title"] == "Mine"
    assert owner.ask("PATCH", f"/{mine}", {"title": "The owner's"}).status_code == 200
    assert Editor(client, member).ask("DELETE", f"/{mine}").status_code == 204


# --- deleting


def test_a_deleted_product_is_gone_and_its_isbn_is_free(owner: Editor) -> None:
    book = owner.enter(**BOOK)
    assert owner.ask("DELETE", f"/{book['id']}").status_code == 204
    for answer in (
        owner.ask("GET", f"/{book['id']}"),
        owner.ask("PATCH", f"/{book['id']}", {"title": "x"}),
        owner.ask("PUT", f"/{book['id']}/images", {"images": []}),
        owner.ask("DELETE", f"/{book['id']}"),
        owner.ask("GET", "/99"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "products.unknown")
    assert owner.listed() == []
    again = owner.enter(**BOOK)
    assert again["id"] != book["id"]
    assert again["authors"] == book["authors"]
