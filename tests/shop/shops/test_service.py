"""Shops over HTTP, on both databases: opening, editing, closing; who may; members."""

from typing import Any, Final

import httpx
import pytest

from artel.accounts.model import SCOPES
from artel.db import Database
from artel.kernel.actor import SYSTEM, Actor
from artel.shop.shops import service
from artel.shop.shops.model import NotYourShop, ShopUnknown
from tests.conftest import Client, Run
from tests.people import People, Person

SHOPS: Final = "/api/v1/shops"


def _open(client: Client, owner: Person, **fields: Any) -> httpx.Response:
    return client.post(SHOPS, token=owner.session, json={"name": "Книги у моря", "currency": "RUB"} | fields)


def _edit(client: Client, who: Person, shop_id: int, **fields: Any) -> httpx.Response:
    return client.request("PATCH", f"{SHOPS}/{shop_id}", token=who.session, json=fields)


def _names(client: Client, **query: Any) -> list[str]:
    answer = client.get(SHOPS, params=query)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


# --- opening


def test_an_opened_shop_is_seen_by_everybody_as_it_was_typed(client: Client, people: People) -> None:
    fields = {
        "name": "Лавка «У Яши» \u202e",
        "currency": "EUR",
        "slug": "yasha",
        "description": "a\r\nb",
        "site": "http://yasha.example/лавка?q=1",
        "tax_bp": 2000,
        "tax_included": False,
        "confirms": True,
        "low_stock": 0,
    }
    answer = _open(client, people.person("owner"), **fields)
    shop = answer.json()
    assert answer.status_code == 201, answer.text
    assert {name: shop[name] for name in fields} == fields
    assert (shop["version"], shop["closed_at"], answer.headers["etag"]) == (1, None, '"1"')
    assert client.get(f"{SHOPS}/{shop['id']}").json() == shop
    assert client.get(f"{SHOPS}/by-slug/yasha").json() == shop


def test_only_an_owner_opens_a_shop(client: Client, people: People) -> None:
    for role in ("customer", "staff", "executor"):
        assert _open(client, people.person(role)).status_code == 403
    assert client.post(SHOPS, json={"name": "x", "currency": "RUB"}).status_code == 401
    assert _names(client) == []


def test_a_slug_is_made_of_the_name_when_none_is_given(client: Client, people: People) -> None:
    owner = people.person("owner")
    assert _open(client, owner, name="Цапля & Щука").json()["slug"] == "czaplya-shhuka"
    answer = _open(client, owner, name="日本")
    assert (answer.status_code, answer.json()["facts"]["field"]) == (400, "slug")
    assert _open(client, owner, name="日本", slug="nihon").status_code == 201


def test_a_slug_is_given_once(client: Client, people: People) -> None:
    owner = people.person("owner")
    first, second = _open(client, owner).json(), _open(client, owner, slug="second").json()
    for answer in (_open(client, owner), _edit(client, owner, second["id"], slug=first["slug"], name="New")):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "shops.slug_taken")
        assert problem["facts"] == {"slug": first["slug"]}
    assert client.get(f"{SHOPS}/{second['id']}").json() == second


def test_of_ten_who_open_with_one_slug_at_once_one_does(client: Client, people: People) -> None:
    token = people.person("owner").session
    body = {"name": "One", "currency": "RUB"}
    answers = client.together(*(client.send("POST", SHOPS, token=token, json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


MALFORMED: Final[list[tuple[str, Any]]] = [
    ("name", ""),
    ("name", " \t"),
    ("name", "x" * 201),
    ("slug", "Upper"),
    ("slug", "-a"),
    ("slug", "a--b"),
    ("slug", "a/b"),
    ("slug", "a\n"),
    ("slug", ""),
    ("slug", "x" * 101),
    ("currency", "rub"),
    ("currency", "RUBL"),
    ("site", "ftp://x.example"),
    ("site", "javascript:alert(1)"),
    ("site", "https://"),
    ("site", "https://x y"),
    ("site", "https://" + "x" * 2_000),
    ("tax_bp", -1),
    ("tax_bp", 10_001),
    ("low_stock", -1),
    ("tax_included", 1),
    ("owner_id", 1),
]


def test_a_malformed_field_is_named_and_opens_nothing(client: Client, people: People) -> None:
    owner = people.person("owner")
    for field, value in MALFORMED:
        answer = _open(client, owner, **{field: value})
        assert (answer.status_code, answer.json()["facts"]["field"]) == (400, field), f"{field}={value!r}"
    assert _names(client) == []
    assert _open(client, owner, slug="a-1", site="", tax_bp=10_000).status_code == 201


# --- reading


def test_shops_are_found_by_words_of_their_names(client: Client, people: People) -> None:
    owner = people.person("owner")
    for name in ("Ёлка", "елки 100%", "елки 1000"):
        _open(client, owner, name=name)
    assert _names(client, search="ЕЛК") == ["Ёлка", "елки 100%", "елки 1000"]
    assert _names(client, search="0%") == ["елки 100%"]
    assert _names(client, search="%%") == _names(client, search="' or 1=1") == []


def test_pages_show_every_open_shop_once(client: Client, people: People) -> None:
    owner = people.person("owner")
    ids = [_open(client, owner, name=f"Shop {number}").json()["id"] for number in range(7)]
    client.request("DELETE", f"{SHOPS}/{ids.pop(3)}", token=owner.session)
    seen: list[int] = []
    after: dict[str, str] = {}
    for _ in range(3):
        answer = client.get(SHOPS, params={"limit": 2} | after).json()
        seen += [each["id"] for each in answer["items"]]
        after = {"after": answer["next"]}
    assert (seen, after) == (ids, {"after": None})


def test_an_unknown_shop_is_404_whoever_asks(client: Client, people: People) -> None:
    owner = people.person("owner")
    account = f"members/{owner.account_id}"
    for verb, path in [
        ("GET", "99"),
        ("GET", "by-slug/none"),
        ("PATCH", "99"),
        ("DELETE", "99"),
        ("PUT", "99/open"),
        ("GET", "99/members"),
        ("PUT", f"99/{account}"),
        ("DELETE", f"99/{account}"),
    ]:
        answer = client.request(verb, f"{SHOPS}/{path}", token=owner.session, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "shops.unknown"), f"{verb} {path}"


# --- editing


def test_a_member_edits_its_own_shop_and_no_other(client: Client, people: People) -> None:
    member, stranger, owner = people.person(), people.person("staff"), people.person("owner")
    mine, other = people.things(member).shop_id, people.things(stranger).shop_id
    assert _edit(client, member, mine, name="Mine").json()["name"] == "Mine"
    assert _edit(client, owner, mine, low_stock=9).json()["low_stock"] == 9
    for who, shop_id in ((member, other), (stranger, mine)):
        answer = _edit(client, who, shop_id, name="Stolen")
        assert (answer.status_code, answer.json()["code"]) == (403, "shops.not_yours")
    assert "Stolen" not in _names(client)


def test_a_members_api_token_needs_the_scope(client: Client, people: People) -> None:
    member = people.person()
    shop_id = people.things(member).shop_id
    with_it = people.token(member, "shop:write")
    without = people.token(member, *(scope for scope in SCOPES if scope != "shop:write"))
    for token, status in ((with_it, 200), (without, 403)):
        answer = client.request("PATCH", f"{SHOPS}/{shop_id}", token=token.token, json={"name": "New"})
        assert answer.status_code == status


def test_an_edit_changes_what_it_names_and_makes_a_version(client: Client, people: People) -> None:
    owner = people.person("owner")
    shop = _open(client, owner, description="d").json()
    edited = _edit(client, owner, shop["id"], tax_included=False, name="Новое имя").json()
    left = {"tax_included", "name", "version", "updated_at"}
    assert {name: value for name, value in edited.items() if name not in left} == {
        name: value for name, value in shop.items() if name not in left
    }
    assert (edited["tax_included"], edited["name"], edited["version"]) == (False, "Новое имя", 2)
    assert _names(client, search="НОВОЕ") == ["Новое имя"]
    assert _edit(client, owner, shop["id"], name="Новое имя").json()["version"] == 2
    assert _edit(client, owner, shop["id"], currency="USD").status_code == 400


def test_a_stale_edit_is_answered_with_base_theirs_and_yours(client: Client, people: People) -> None:
    owner = people.person("owner")
    shop_id = _open(client, owner).json()["id"]
    calls = [
        client.send(
            "PATCH", f"{SHOPS}/{shop_id}", owner.session, json={"name": f"n{each}"}, headers={"If-Match": '"1"'}
        )
        for each in range(10)
    ]
    answers = client.together(*calls)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    stale = next(answer.json() for answer in answers if answer.status_code == 412)
    assert (stale["code"], stale["facts"]["base"], stale["facts"]["theirs"]["version"]) == ("shops.stale", 1, 2)
    assert stale["facts"]["yours"].keys() == {"name"}


# --- closing


def test_a_closed_shop_is_not_listed_and_can_be_opened_again(client: Client, people: People) -> None:
    owner, member = people.person("owner"), people.person()
    shop_id = people.things(member).shop_id
    path = f"{SHOPS}/{shop_id}"
    assert client.request("DELETE", path, token=member.session).status_code == 403
    for _ in range(2):
        assert client.request("DELETE", path, token=owner.session).status_code == 204
    closed = client.get(path).json()
    assert (closed["closed_at"] is not None, closed["version"]) == (True, 2)
    assert (_names(client), _names(client, closed=True)) == ([], [closed["name"]])
    for _ in range(2):
        opened = client.request("PUT", f"{path}/open", token=owner.session)
        assert (opened.status_code, opened.json()["closed_at"], opened.json()["version"]) == (200, None, 3)
    assert (_names(client), _names(client, closed=True)) == ([closed["name"]], [])


# --- members


def test_an_owner_adds_and_removes_members(client: Client, people: People) -> None:
    owner, member = people.person("owner"), people.person(login="mila")
    shop_id = _open(client, owner).json()["id"]
    path = f"{SHOPS}/{shop_id}/members"
    assert _edit(client, member, shop_id, name="x").status_code == 403
    for _ in range(2):
        assert client.request("PUT", f"{path}/{member.account_id}", token=owner.session).status_code == 204
    assert _edit(client, member, shop_id, name="x").status_code == 200
    for who in (owner, member):
        (shown,) = client.get(path, token=who.session).json()["items"]
        assert (shown["account_id"], shown["login"]) == (member.account_id, "mila")
    for status in (204, 404):
        assert client.request("DELETE", f"{path}/{member.account_id}", token=owner.session).status_code == status
    assert _edit(client, member, shop_id, name="y").status_code == 403
    assert client.get(path, token=owner.session).json()["items"] == []


def test_members_neither_add_nor_remove_members(client: Client, people: People) -> None:
    member, friend = people.person(), people.person()
    path = f"{SHOPS}/{people.things(member).shop_id}/members"
    for verb, account_id in (("PUT", friend.account_id), ("DELETE", member.account_id)):
        assert client.request(verb, f"{path}/{account_id}", token=member.session).status_code == 403
    assert client.get(path, token=friend.session).status_code == 403
    assert len(client.get(path, token=member.session).json()["items"]) == 1


def test_an_account_that_is_not_there_is_no_member(client: Client, people: People) -> None:
    owner, closed = people.person("owner"), people.person()
    people.close(closed)
    path = f"{SHOPS}/{_open(client, owner).json()['id']}/members"
    for account_id in (10**9, closed.account_id):
        answer = client.request("PUT", f"{path}/{account_id}", token=owner.session)
        assert (answer.status_code, answer.json()["code"]) == (404, "accounts.unknown")
    assert client.get(path, token=owner.session).json()["items"] == []


def test_pages_show_every_member_once(client: Client, people: People) -> None:
    owner = people.person("owner")
    path = f"{SHOPS}/{_open(client, owner).json()['id']}/members"
    wanted = [people.person().account_id for _ in range(3)]
    for account_id in wanted:
        client.request("PUT", f"{path}/{account_id}", token=owner.session)
    first = client.get(path, token=owner.session, params={"limit": 2}).json()
    second = client.get(path, token=owner.session, params={"limit": 2, "after": first["next"]}).json()
    assert [each["account_id"] for each in first["items"] + second["items"]] == wanted
    assert second["next"] is None


# --- for the other nouns


def test_the_other_nouns_learn_who_edits_a_shop_and_on_which_terms(people: People, db: Database, run: Run) -> None:
    member = people.person()
    first, second, other = (people.things(who).shop_id for who in (member, member, people.person()))
    assert run(db.read(service.shop_ids_of, member.account_id)) == [first, second]
    assert run(db.read(service.shop_ids_of, 10**9)) == []
    terms = run(db.read(service.terms_of, [other, first, 10**9]))
    assert {shop_id: row.id for shop_id, row in terms.items()} == {other: other, first: first}
    who = Actor(member.account_id, member.login, frozenset({"staff"}))
    assert run(db.read(service.check_editor, who, first)).currency == "RUB"
    assert run(db.read(service.check_editor, SYSTEM, other)).id == other
    for shop_id, refusal in ((other, NotYourShop), (10**9, ShopUnknown)):
        with pytest.raises(refusal):
            run(db.read(service.check_editor, who, shop_id))
