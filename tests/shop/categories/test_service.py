"""Categories over HTTP, on both databases: the tree, moving a part of it, races that must leave it a tree."""

import random
from typing import Any, Final

import httpx
import pytest

from artel.db import Database, Read
from artel.shop.categories import queries, service
from artel.shop.categories.model import CATEGORIES_MAX, DEPTH_MAX, CategoryRow, CategoryWanted
from tests.conftest import Client, Run
from tests.people import SYSTEM, People

CATEGORIES: Final = "/api/v1/categories"


class Staff:
    """Somebody of the platform's staff, at the tree."""

    def __init__(self, client: Client, token: str) -> None:
        self.client, self.token = client, token

    def ask(self, verb: str, path: str = "", /, **fields: Any) -> httpx.Response:
        body = {} if verb in ("GET", "DELETE") else {"json": fields}
        return self.client.request(verb, f"{CATEGORIES}{path}", token=self.token, **body)

    def add(self, name: str, parent_id: int | None = None, **fields: Any) -> int:
        answer = self.ask("POST", name=name, parent_id=parent_id, **fields)
        assert answer.status_code == 201, answer.text
        category_id: int = answer.json()["id"]
        return category_id

    def chain(self, levels: int) -> list[int]:
        """One category in another."""
        ids: list[int] = []
        for level in range(levels):
            ids.append(self.add(f"Level {level}", ids[-1] if ids else None, slug=f"level-{random.getrandbits(60)}"))
        return ids

    def tree(self) -> list[tuple[int, str]]:
        """Depths and names."""
        return [(each["depth"], each["name"]) for each in self.client.get(CATEGORIES).json()["items"]]


@pytest.fixture
def staff(client: Client, people: People) -> Staff:
    return Staff(client, people.person("staff").session)


async def _rows(tx: Read) -> list[CategoryRow]:
    return await tx.all(queries.TREE)


def assert_is_a_tree(rows: list[CategoryRow]) -> None:
    """Every path is that of the parent and the own id, and no deeper than may be."""
    known = {row.id: row for row in rows}
    for row in rows:
        above = known[row.parent_id].path if row.parent_id else "/"
        assert row.path == f"{above}{row.id}/", row
        assert row.path.count("/") - 1 <= DEPTH_MAX, row


# --- adding


def test_the_tree_is_shown_at_once_each_after_the_one_that_it_is_in(staff: Staff) -> None:
    books = staff.add("Книги", position=2)
    staff.add("Игры", position=1)
    poetry = staff.add("Поэзия", books, position=5)
    staff.add("Проза", books, position=4)
    staff.add("Сонеты", poetry)
    assert staff.tree() == [(1, "Игры"), (1, "Книги"), (2, "Проза"), (2, "Поэзия"), (3, "Сонеты")]
    shown = staff.client.get(f"{CATEGORIES}/{poetry}")
    assert shown.json() == {
        "id": poetry,
        "parent_id": books,
        "slug": "poeziya",
        "name": "Поэзия",
        "position": 5,
        "depth": 2,
        "version": 1,
    }
    assert shown.headers["etag"] == '"1"'


def test_customers_read_the_tree_and_do_not_change_it(client: Client, people: People, staff: Staff) -> None:
    category_id = staff.add("Книги")
    for person in (people.person(), people.person("executor")):
        token = person.session
        assert client.post(CATEGORIES, token=token, json={"name": "x"}).status_code == 403
        assert client.request("PATCH", f"{CATEGORIES}/{category_id}", token=token, json={}).status_code == 403
        assert client.request("DELETE", f"{CATEGORIES}/{category_id}", token=token).status_code == 403
    assert staff.tree() == [(1, "Книги")]


def test_a_slug_is_given_once_in_the_whole_tree(staff: Staff) -> None:
    books, games = staff.add("Книги"), staff.add("Игры")
    for answer in (
        staff.ask("POST", name="КНИГИ", parent_id=books),
        staff.ask("PATCH", f"/{games}", slug="knigi", name="New"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "categories.slug_taken")
    assert staff.tree() == [(1, "Книги"), (1, "Игры")]


def test_the_tree_has_so_many_levels_and_no_more(staff: Staff) -> None:
    chain = staff.chain(DEPTH_MAX)
    answer = staff.ask("POST", name="Too deep", parent_id=chain[-1])
    assert (answer.status_code, answer.json()["code"]) == (409, "categories.too_deep")
    assert answer.json()["facts"] == {"limit": DEPTH_MAX, "depth": DEPTH_MAX + 1}
    pair = staff.chain(2)
    assert staff.ask("PATCH", f"/{pair[0]}", parent_id=chain[-2]).status_code == 409
    assert staff.ask("PATCH", f"/{pair[0]}", parent_id=chain[-3]).status_code == 200
    assert len(staff.tree()) == DEPTH_MAX + 2


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # the same statement, and two thousand of them
def test_there_are_so_many_categories_and_no_more(staff: Staff, db: Database, run: Run) -> None:
    async def fill() -> None:
        for number in range(CATEGORIES_MAX - 1):
            await db.write(service.create, SYSTEM, CategoryWanted(name=f"Category {number}"))

    run(fill())
    last = staff.add("The last one")
    answer = staff.ask("POST", name="One too many")
    assert (answer.status_code, answer.json()["code"]) == (409, "categories.full")
    assert len(staff.tree()) == CATEGORIES_MAX
    assert staff.ask("DELETE", f"/{last}").status_code == 204
    staff.add("One for the last")


MALFORMED: Final[list[tuple[str, Any]]] = [
    ("name", " "),
    ("slug", "Книги"),
    ("position", -1),
    ("position", 1_000_001),
    ("parent_id", 0),
    ("parent_id", "1"),
    ("parent_id", 2**63),
    ("path", "/1/"),
]


def test_a_malformed_field_is_named_and_changes_nothing(staff: Staff) -> None:
    category_id = staff.add("Книги")
    for field, value in MALFORMED:
        for verb, path in (("POST", ""), ("PATCH", f"/{category_id}")):
            answer = staff.ask(verb, path, **{"name": "x", field: value})
            assert (answer.status_code, answer.json()["facts"]["field"]) == (400, field), f"{verb} {field}={value!r}"
    assert staff.tree() == [(1, "Книги")]


def test_an_unknown_category_is_404(staff: Staff) -> None:
    known = staff.add("Книги")
    for answer in (
        staff.ask("GET", "/99"),
        staff.ask("PATCH", "/99", name="x"),
        staff.ask("PATCH", "/99", parent_id=known),
        staff.ask("PATCH", f"/{known}", parent_id=99),
        staff.ask("POST", name="x", parent_id=99),
        staff.ask("DELETE", "/99"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "categories.unknown")
    assert staff.tree() == [(1, "Книги")]


# --- editing and moving


def test_an_edit_for_another_version_is_refused(staff: Staff) -> None:
    category_id = staff.add("Книги")
    path = f"{CATEGORIES}/{category_id}"
    for name, status in (("Первая", 200), ("Вторая", 412)):
        answer = staff.client.request(
            "PATCH", path, token=staff.token, json={"name": name}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == status
    facts = answer.json()["facts"]
    assert (facts["base"], facts["theirs"]["name"], facts["yours"]) == (1, "Первая", {"name": "Вторая"})
    assert staff.ask("PATCH", f"/{category_id}", name="Первая").json()["version"] == 2


def test_a_moved_category_takes_with_it_all_that_is_below(staff: Staff, db: Database, run: Run) -> None:
    books, games = staff.add("Книги"), staff.add("Игры")
    poetry = staff.add("Поэзия", books)
    sonnets = staff.add("Сонеты", poetry)
    moved = staff.ask("PATCH", f"/{poetry}", parent_id=games, name="Стихи").json()
    assert (moved["parent_id"], moved["name"], moved["depth"], moved["version"]) == (games, "Стихи", 2, 2)
    assert staff.tree() == [(1, "Книги"), (1, "Игры"), (2, "Стихи"), (3, "Сонеты")]
    assert sorted(run(db.read(service.below, games))) == sorted([games, poetry, sonnets])
    assert run(db.read(service.below, books)) == [books]
    assert staff.ask("PATCH", f"/{poetry}", parent_id=None).json()["depth"] == 1
    assert staff.tree() == [(1, "Книги"), (1, "Игры"), (1, "Стихи"), (2, "Сонеты")]
    assert_is_a_tree(run(db.read(_rows)))


def test_what_is_below_is_not_what_only_begins_with_the_same_digits(staff: Staff, db: Database, run: Run) -> None:
    ids = [staff.add(f"Category {number}") for number in range(12)]
    child = staff.add("Child", ids[0])
    assert ids[0] == 1
    assert ids[9:] == [10, 11, 12]
    assert sorted(run(db.read(service.below, ids[0]))) == [ids[0], child]


def test_a_category_is_never_put_below_itself(staff: Staff) -> None:
    chain = staff.chain(3)
    before = staff.tree()
    for parent_id in chain:
        answer = staff.ask("PATCH", f"/{chain[0]}", parent_id=parent_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "categories.in_itself")
    assert staff.tree() == before


def _move_into_each_other(staff: Staff) -> list[int]:
    first, second = staff.chain(2), staff.chain(2)
    answers = staff.client.together(
        *(
            staff.client.send("PATCH", f"{CATEGORIES}/{moved}", token=staff.token, json={"parent_id": below})
            for moved, below in ((first[0], second[1]), (second[0], first[1]))
        )
    )
    return sorted(answer.status_code for answer in answers)


def test_of_two_moves_into_each_other_at_once_one_is_made(staff: Staff, db: Database, run: Run) -> None:
    for _ in range(10):
        assert _move_into_each_other(staff) == [200, 409]
    assert_is_a_tree(run(db.read(_rows)))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_without_the_lock_two_moves_would_make_a_circle(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary of the test above."""
    monkeypatch.setattr(queries, "LOCK_TREE", queries.TREE)
    assert any(_move_into_each_other(staff) == [200, 200] for _ in range(50))


def test_the_tree_stays_one_whatever_is_done_to_it_at_once(
    staff: Staff, client: Client, db: Database, run: Run
) -> None:
    seed = random.getrandbits(32)
    print("seed", seed)
    chance = random.Random(seed)
    ids = [*staff.chain(3), *staff.chain(3), *staff.chain(2)]

    def something() -> Any:
        of_id, parent_id = chance.choice(ids), chance.choice([*ids, None])
        slug = f"c-{chance.getrandbits(60)}"
        verb, path, body = chance.choice(
            [
                ("PATCH", f"/{of_id}", {"parent_id": parent_id}),
                ("PATCH", f"/{of_id}", {"parent_id": parent_id, "name": "Moved"}),
                ("PATCH", f"/{of_id}", {"name": "Named"}),
                ("POST", "", {"name": "New", "slug": slug, "parent_id": parent_id}),
                ("DELETE", f"/{of_id}", None),
            ]
        )
        return client.send(verb, CATEGORIES + path, token=staff.token, json=body)

    for _ in range(15):
        answers = client.together(*(something() for _ in range(12)))
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404, 409}, [a.text for a in answers]
        rows = run(db.read(_rows))
        assert_is_a_tree(rows)
        ids += [row.id for row in rows if row.id not in ids]


def test_a_tree_that_is_none_is_seen() -> None:
    """The canary of the tests above."""
    good = CategoryRow(1, None, "a", "A", 0, "/1/", 1)
    assert_is_a_tree([good, CategoryRow(2, 1, "b", "B", 0, "/1/2/", 1)])
    for parent_id, path in ((1, "/2/"), (2, "/2/"), (None, "/1/2/"), (1, "b")):
        with pytest.raises(AssertionError):
            assert_is_a_tree([good, CategoryRow(2, parent_id, "b", "B", 0, path, 1)])


# --- deleting


def test_a_category_that_holds_anything_is_not_deleted(client: Client, people: People, staff: Staff) -> None:
    chain = staff.chain(2)
    owner = people.person("owner").session
    book = {"kind": "book", "title": "A book", "category_id": chain[1]}
    product_id = client.post("/api/v1/products", token=owner, json=book).json()["id"]
    for category_id in chain:
        answer = staff.ask("DELETE", f"/{category_id}")
        assert (answer.status_code, answer.json()["code"]) == (409, "categories.not_empty")
    client.request("DELETE", f"/api/v1/products/{product_id}", token=owner)
    for category_id in reversed(chain):
        assert staff.ask("DELETE", f"/{category_id}").status_code == 204
    assert staff.tree() == []


def test_a_product_and_the_deletion_of_its_category_at_once_make_no_orphan(
    client: Client, people: People, staff: Staff
) -> None:
    owner = people.person("owner").session
    for number in range(10):
        category_id = staff.add(f"Category {number}")
        book = {"kind": "book", "title": "A book", "category_id": category_id}
        entered, deleted = client.together(
            client.send("POST", "/api/v1/products", token=owner, json=book),
            client.send("DELETE", f"{CATEGORIES}/{category_id}", token=staff.token),
        )
        assert (entered.status_code, deleted.status_code) in ((201, 409), (404, 204)), (entered.text, deleted.text)
