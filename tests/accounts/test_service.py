"""Accounts over HTTP, on both databases: opening, reading, editing and closing one; what staff and owners may."""

import base64
from collections.abc import Callable
from typing import Any, Final

from artel.db import Database
from tests.conftest import Client, Run
from tests.people import PASSWORD, People, dump


def _register(client: Client, **fields: Any) -> Any:
    return client.post("/api/v1/accounts", json={"login": "anna", "password": PASSWORD} | fields)


def _logs_in(client: Client, login: str, password: str) -> bool:
    answer = client.post("/api/v1/sessions", json={"login": login, "password": password})
    assert answer.status_code in (201, 401), answer.text
    return answer.status_code == 201


# --- opening an account


def test_a_registered_account_logs_in_whatever_the_case_of_its_login(client: Client) -> None:
    account_id = client.register("Anna")
    me = client.get("/api/v1/me", token=client.log_in("aNNA")).json()
    assert (me["id"], me["login"], me["roles"]) == (account_id, "Anna", ["customer"])


def test_a_login_is_given_once(client: Client) -> None:
    client.register("anna")
    answer = client.post("/api/v1/accounts", json={"login": "ANNA", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "accounts.login_taken")


def test_twenty_who_register_one_login_at_once_make_one_account(client: Client, people: People) -> None:
    logins = ["Anna", "ANNA", "anna", "ａnna", "annA"] * 4
    calls = [client.send("POST", "/api/v1/accounts", json={"login": each, "password": PASSWORD}) for each in logins]
    statuses = sorted(answer.status_code for answer in client.together(*calls))
    assert statuses == [201] + [409] * 19


def test_a_registration_keeps_what_was_typed(client: Client) -> None:
    fields = {"name": "Анна «К»", "first_name": "O'Hara\n", "last_name": '"; drop table accounts; --'}
    answer = _register(client, **fields, email="anna@example.com", role="executor")
    assert answer.status_code == 201
    shown = client.get("/api/v1/me", token=client.log_in("anna")).json()
    assert shown == answer.json()
    assert {name: shown[name] for name in fields} == fields
    assert (shown["email"], shown["roles"], shown["version"]) == ("anna@example.com", ["executor"], 1)


UNFIT: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"login": ""}, "login", "request.malformed"),
    ({"login": "x" * 101}, "login", "request.malformed"),
    ({"login": " anna"}, "login", "accounts.login_unfit"),
    ({"login": "an\u200bna"}, "login", "accounts.login_unfit"),
    ({"password": "1234567"}, "password", "request.malformed"),
    ({"password": "x" * 1025}, "password", "request.malformed"),
    ({"password": "password1"}, "password", "accounts.password_unfit"),
    ({"login": "anna-karenina", "password": "Anna-Karenina"}, "password", "accounts.password_unfit"),
    ({"email": "nobody"}, "email", "request.malformed"),
    ({"email": "a@b c"}, "email", "request.malformed"),
    ({"email": "a@b\n"}, "email", "request.malformed"),
    ({"name": "x" * 201}, "name", "request.malformed"),
    ({"role": "owner"}, "role", "request.malformed"),
    ({"role": "staff"}, "role", "request.malformed"),
    ({"roles": ["owner"]}, "roles", "request.malformed"),
    ({"id": 1}, "id", "request.malformed"),
]


def test_an_unfit_registration_is_refused_by_name(client: Client) -> None:
    for fields, named, code in UNFIT:
        answer = _register(client, **fields)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, code), fields
        assert named in problem["detail"], fields
    assert _register(client).status_code == 201


def test_a_password_is_taken_as_it_is(client: Client) -> None:
    for number, password in enumerate(["8 chars!", "👩‍🚀 пароль ", "  spaces  kept  ", "x" * 1024]):
        login = f"anna{number}"
        assert _register(client, login=login, password=password).status_code == 201
        assert _logs_in(client, login, password)
        assert not _logs_in(client, login, password[:-1] + ".")
        assert password == password.strip() or not _logs_in(client, login, password.strip())


def test_a_login_whose_key_is_long_fits_the_index(client: Client) -> None:
    widest = "".join(chr(0xFDFA - each % 10) for each in range(100))  # letters that stand for words
    assert _register(client, login=widest).status_code == 201


def test_registrations_of_one_address_are_limited(start: Callable[..., Client]) -> None:
    client = start(registrations_per_hour=3)
    calls = [client.send("POST", "/api/v1/accounts", json={"login": f"a{n}", "password": PASSWORD}) for n in range(8)]
    assert sorted(answer.status_code for answer in client.together(*calls)) == [201] * 3 + [429] * 5
    answer = _register(client)
    assert (answer.status_code, answer.json()["code"]) == (429, "accounts.too_many_registrations")
    assert 0 < int(answer.headers["retry-after"]) <= 4320  # an hour and its fifth
    assert _register(client.at("10.0.0.2")).status_code == 201


# --- the account itself


def test_an_edit_changes_what_it_names_and_leaves_the_rest(client: Client, people: People) -> None:
    anna = people.person(name="Anna K", first_name="Anna", email="anna@example.com")
    answer = client.request("PATCH", "/api/v1/me", token=anna.session, json={"first_name": "Анна", "email": ""})
    shown = answer.json()
    assert (answer.status_code, shown["version"], answer.headers["etag"]) == (200, 2, '"2"')
    assert (shown["name"], shown["first_name"], shown["email"]) == ("Anna K", "Анна", "")
    assert shown["updated_at"] > shown["created_at"]
    assert client.get("/api/v1/me", token=anna.session).json() == shown


def test_an_edit_that_changes_nothing_makes_no_version(client: Client, people: People) -> None:
    anna = people.person(name="Anna")
    for body in ({}, {"name": "Anna"}):
        answer = client.request("PATCH", "/api/v1/me", token=anna.session, json=body)
        assert (answer.status_code, answer.json()["version"]) == (200, 1)


def test_no_other_field_can_be_edited(client: Client, people: People) -> None:
    for field in ["login", "password", "id", "version", "roles", "role", "created_at", "deleted_us"]:
        answer = client.request("PATCH", "/api/v1/me", token=people.person().session, json={field: "owner"})
        assert (answer.status_code, answer.json()["facts"]["field"]) == (400, field)


def test_a_stale_edit_is_answered_with_base_theirs_and_yours(client: Client, people: People) -> None:
    anna = people.person(name="Anna")
    etag = client.get("/api/v1/me", token=anna.session).headers["etag"]
    client.request("PATCH", "/api/v1/me", token=anna.session, json={"name": "Theirs"}, headers={"If-Match": etag})
    answer = client.request(
        "PATCH", "/api/v1/me", token=anna.session, json={"name": "Yours"}, headers={"If-Match": etag}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (412, "accounts.stale")
    facts = problem["facts"]
    assert (facts["base"], facts["theirs"]["version"], facts["theirs"]["name"]) == (1, 2, "Theirs")
    assert facts["yours"] == {"name": "Yours"}
    assert client.get("/api/v1/me", token=anna.session).json()["name"] == "Theirs"


def test_of_twenty_edits_for_one_version_one_is_made(client: Client, people: People) -> None:
    anna = people.person()
    edits = [
        client.send("PATCH", "/api/v1/me", anna.session, json={"name": f"n{each}"}, headers={"If-Match": '"1"'})
        for each in range(20)
    ]
    assert sorted(answer.status_code for answer in client.together(*edits)) == [200] + [412] * 19


def test_an_etag_that_was_never_given_out_is_malformed(client: Client, people: People) -> None:
    for etag in ['"x"', "one", '"-1"', '"1", "2"', '"99999999999999999999"', "\x31\xb2"]:
        headers = {"If-Match": etag.encode("latin-1")}
        answer = client.request(
            "PATCH", "/api/v1/me", token=people.person().session, json={"name": "x"}, headers=headers
        )
        assert (answer.status_code, answer.json()["facts"]["field"]) == (400, "If-Match")


def test_a_closed_account_is_gone_but_its_login_stays_taken(
    client: Client, people: People, run: Run, db: Database
) -> None:
    anna, staff = people.person(login="anna"), people.person("staff")
    token, other = people.token(anna), client.log_in("anna")
    assert client.request("DELETE", "/api/v1/me", token=anna.session).status_code == 204
    for each in (anna.session, other, token.token):
        assert client.get("/api/v1/me", token=each).status_code == 401
    assert not _logs_in(client, "anna", PASSWORD)
    assert _register(client, login="ANNA").status_code == 409
    assert client.get(f"/api/v1/accounts/{anna.account_id}", token=staff.session).status_code == 404
    assert anna.account_id not in [each["id"] for each in _listed(client, staff.session)]
    kept = [row for row in run(db.read(dump))["accounts"] if row[0] == anna.account_id]
    assert len(kept) == 1


# --- staff and owners


def _listed(client: Client, token: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/accounts", token=token, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_staff_find_accounts_by_role_and_words(client: Client, people: People) -> None:
    staff = people.person("staff", login="boss")
    people.person("executor", login="ivan", name="Иван Петров", email="ivan@example.com")
    people.person("customer", "executor", login="pёtr", last_name="ПЕТРОВ")
    people.person(login="wild_50%", name="back\\slash")
    people.person(login="wildx500", name="backslash")

    def logins(**query: Any) -> list[str]:
        return [each["login"] for each in _listed(client, staff.session, **query)]

    assert logins(role="executor") == ["ivan", "pёtr"]
    assert logins(role="owner") == []
    assert logins(search="петров") == logins(search="ПЕТРОВ") == ["ivan", "pёtr"]
    assert logins(search="петров", role="customer") == ["pёtr"]
    assert logins(search="IVAN@example") == ["ivan"]
    assert logins(search="_50%") == ["wild_50%"]
    assert logins(search="\\") == logins(search="back\\") == ["wild_50%"]
    assert logins(search="%%%") == logins(search="' or '1'='1") == []
    assert len(logins()) == len(logins(search="")) == 5


def test_pages_show_every_account_once(client: Client, people: People) -> None:
    staff = people.person("staff")
    everyone = {staff.account_id} | {people.person().account_id for _ in range(7)}
    seen: list[int] = []
    after: dict[str, str] = {}
    for _ in range(4):
        answer = client.get("/api/v1/accounts", token=staff.session, params={"limit": 3} | after).json()
        seen += [each["id"] for each in answer["items"]]
        if answer["next"] is None:
            break
        after = {"after": answer["next"]}
    assert seen == sorted(everyone)


def test_a_cursor_that_no_list_gave_out_is_malformed(client: Client, people: People) -> None:
    for after in ["x", "!!!!", "bnVsbA", base64.urlsafe_b64encode(b'"1"').decode(), "é", "OTk5" * 9]:
        staff = people.person("staff")
        for path in ("/api/v1/accounts", "/api/v1/sessions", "/api/v1/tokens"):
            answer = client.get(path, token=staff.session, params={"after": after})
            assert (answer.status_code, answer.json()["facts"]["field"]) == (400, "after")


def test_an_owner_sets_roles_and_they_hold_at_once(client: Client, people: People) -> None:
    owner, anna = people.person("owner"), people.person()
    path = f"/api/v1/accounts/{anna.account_id}/roles"
    assert client.get("/api/v1/accounts", token=anna.session).status_code == 403
    answer = client.request("PUT", path, token=owner.session, json={"roles": ["staff", "customer"]})
    assert (answer.status_code, answer.json()["roles"]) == (200, ["customer", "staff"])
    assert client.get("/api/v1/accounts", token=anna.session).status_code == 200
    client.request("PUT", path, token=owner.session, json={"roles": ["customer"]})
    assert client.get("/api/v1/accounts", token=anna.session).status_code == 403


def test_roles_that_do_not_exist_are_refused(client: Client, people: People) -> None:
    for roles in [[], ["boss"], ["owner", 1], "owner", ["customer"] * 5]:
        owner, anna = people.person("owner"), people.person()
        path = f"/api/v1/accounts/{anna.account_id}/roles"
        answer = client.request("PUT", path, token=owner.session, json={"roles": roles})
        assert (answer.status_code, answer.json()["facts"]["field"][:5]) == (400, "roles")


def test_the_last_owner_cannot_take_the_role_from_itself(client: Client, people: People) -> None:
    owner = people.person("owner")
    answer = client.request(
        "PUT", f"/api/v1/accounts/{owner.account_id}/roles", token=owner.session, json={"roles": ["staff"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "accounts.owner_needed")
    assert client.get("/api/v1/me", token=owner.session).json()["roles"] == ["owner"]


def test_only_an_owner_sets_roles(client: Client, people: People) -> None:
    for role in ("customer", "executor", "staff"):
        anyone = people.person(role)
        path = f"/api/v1/accounts/{anyone.account_id}/roles"
        assert client.request("PUT", path, token=anyone.session, json={"roles": ["owner"]}).status_code == 403
