"""The operator's commands about shops, as a shell sees them."""

import json
import os
import subprocess
from collections.abc import Callable

import pytest

from artel.settings import Settings
from tests.conftest import Client
from tests.people import People
from tests.servers import ARTEL

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def artel(settings: Settings) -> Command:
    """Runs a command against the database of `settings`: exit code, output, errors."""
    where = {"ARTEL_DATA": str(settings.data), "ARTEL_DATABASE": settings.database, "COLUMNS": "120"}

    def run(*words: str) -> tuple[int, str, str]:
        done = subprocess.run([ARTEL, *words], capture_output=True, text=True, env=os.environ | where, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_operator_opens_a_shop_whose_member_edits_it(artel: Command, client: Client, people: People) -> None:
    anna = people.person(login="anna")
    code, said, errors = artel(
        "shop", "create", "Книги [b]у[/b] моря", "--currency", "RUB", "--tax-bp", "1000", "--member", "ANNA", "--json"
    )
    assert (code, errors) == (0, "")
    shop = json.loads(said)
    assert (shop["name"], shop["slug"], shop["tax_included"]) == ("Книги [b]у[/b] моря", "knigi-b-u-b-morya", True)
    edited = client.request("PATCH", f"/api/v1/shops/{shop['id']}", token=anna.session, json={"low_stock": 1})
    assert edited.status_code == 200
    code, said, errors = artel("shop", "list")
    assert (code, errors) == (0, "")
    assert "Книги [b]у[/b] моря" in said
    assert "10 % included" in said


def test_the_operator_lists_adds_and_removes_members(artel: Command, people: People) -> None:
    people.person(login="anna")
    assert artel("shop", "create", "Books", "--currency", "EUR")[0] == 0
    assert json.loads(artel("shop", "member", "books", "--json")[1]) == []
    (member,) = json.loads(artel("shop", "member", "books", "anna", "--json")[1])
    assert member["login"] == "anna"
    assert "anna" in artel("shop", "member", "books")[1]
    assert json.loads(artel("shop", "member", "books", "anna", "--remove", "--json")[1]) == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_command_that_is_refused_says_why_in_one_line_and_opens_nothing(artel: Command, people: People) -> None:
    for words, said in (
        (("create", "Books", "--currency", "roubles"), "currency: "),
        (("create", " ", "--currency", "RUB"), "name: "),
        (("create", "日本", "--currency", "RUB"), "slug: cannot be made of this name"),
        (("create", "Books", "--currency", "RUB", "--member", "nobody"), "no account nobody"),
        (("member", "books"), "no shop books"),
        (("list", "--after", "x"), "after: "),
    ):
        code, output, errors = artel("shop", *words)
        assert (code, output, errors.count("\n")) == (1, "", 1), errors
        assert said in errors
    assert json.loads(artel("shop", "list", "--json")[1])["items"] == []
