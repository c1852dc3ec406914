"""Sessions, passwords and API tokens over HTTP: how they are carried, how long they hold, and what they may do."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.people import PASSWORD, People, Person

COOKIE = "__Host-artel"
NEW = "staple correct horse"


def _credentials(person: Person, **more: str) -> dict[str, str]:
    return {"login": person.login, "password": PASSWORD, **more}


def _opens(client: Client, token: str) -> bool:
    status = client.get("/api/v1/me", token=token).status_code
    assert status in (200, 401)
    return status == 200


def _sessions(client: Client, token: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/api/v1/sessions", token=token).json()["items"]
    return items


# --- logging in and out


def test_a_bearer_session_is_carried_by_a_token_that_is_shown_once(client: Client, people: People) -> None:
    anna = people.person()
    answer = client.post("/api/v1/sessions", json=_credentials(anna))
    token = answer.json()["token"]
    assert (answer.status_code, answer.json()["account_id"], token[:3]) == (201, anna.account_id, "as_")
    assert "set-cookie" not in answer.headers
    assert _opens(client, token)
    assert token not in client.get("/api/v1/sessions", token=token).text


def test_a_cookie_session_shows_no_script_its_token(client: Client, people: People) -> None:
    answer = client.post("/api/v1/sessions", json=_credentials(people.person(), carrier="cookie"))
    cookie = answer.headers["set-cookie"]
    token = cookie.partition("=")[2].partition(";")[0]
    assert answer.json()["token"] == ""
    assert token not in answer.text
    assert cookie.startswith(f"{COOKIE}=as_")
    assert {each.strip() for each in cookie.split(";")[1:]} == {
        "Path=/",
        "Max-Age=2592000",
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
    }
    assert client.get("/api/v1/me", headers={"Cookie": f"a=b; {COOKIE}={token}; c=d"}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        {"Authorization": "Bearer {token}"},
        {"Authorization": "bearer {token}"},
        {"Cookie": COOKIE + "={token}"},
        {"Cookie": "theme=dark; " + COOKIE + "={token}"},
    ],
)
def test_a_session_may_be_carried_in_two_ways(client: Client, people: People, header: dict[str, str]) -> None:
    token = people.person().session
    (name, value), *_ = header.items()
    assert client.get("/api/v1/me", headers={name: value.format(token=token)}).status_code == 200


def test_a_token_that_is_carried_in_any_other_way_opens_nothing(client: Client, people: People) -> None:
    token = people.person().session
    for headers in (
        {"Authorization": token},
        {"Authorization": f"Basic {token}"},
        {"Authorization": f"Token {token}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {token} x"},
        {"Authorization": f"Bearer {token[:-1]}"},
        {"Authorization": f"Bearer {token.swapcase()}"},
        {"Authorization": "Bearer \u00e9".encode("latin-1")},
        {"Cookie": f"artel={token}"},
        {"Cookie": f"{COOKIE}x={token}"},
        {"Cookie": f"; = ;{COOKIE}"},
        {"X-Api-Key": token},
    ):
        assert client.get("/api/v1/me", headers=headers).status_code == 401, headers
    assert client.get(f"/api/v1/me?token={token}&access_token={token}").status_code == 401


@pytest.mark.parametrize("wrong", [{"password": "wrong password"}, {"login": "nobody"}, {"password": ""}])
def test_a_wrong_log_in_tells_nobody_what_was_wrong(client: Client, people: People, wrong: dict[str, str]) -> None:
    answer = client.post("/api/v1/sessions", json=_credentials(people.person()) | wrong)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "accounts.wrong_credentials")
    assert (problem["detail"], problem["facts"]) == ("Login or password is wrong.", {})
    assert answer.headers["www-authenticate"] == 'Bearer realm="artel"'


def test_a_log_out_ends_this_session_and_takes_the_cookie_back(client: Client, people: People) -> None:
    anna = people.person()
    other = client.log_in(anna.login)
    answer = client.request("DELETE", "/api/v1/sessions/current", token=anna.session)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly")
    assert not _opens(client, anna.session)
    assert _opens(client, other)
    assert client.request("DELETE", "/api/v1/sessions/current", token=anna.session).status_code == 401


def test_a_list_shows_the_sessions_that_have_not_ended(client: Client, people: People) -> None:
    anna = people.person()
    second = client.at("10.0.0.7").log_in(anna.login)
    third = client.log_in(anna.login)
    client.request("DELETE", "/api/v1/sessions/current", token=third)
    shown = _sessions(client, second)
    assert [each["current"] for each in shown] == [True, False]
    assert [each["address"] for each in shown] == ["10.0.0.7", "127.0.0.1"]
    assert all(each["expires_at"] > each["created_at"] for each in shown)
    people.expire_session(anna)
    assert len(_sessions(client, second)) == 1


def test_a_session_is_revoked_from_another_one_once(client: Client, people: People) -> None:
    anna = people.person()
    other = client.log_in(anna.login)
    path = f"/api/v1/sessions/{anna.session_id}"
    assert client.request("DELETE", path, token=other).status_code == 204
    assert not _opens(client, anna.session)
    answer = client.request("DELETE", path, token=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "accounts.session_unknown")


def test_a_session_that_is_over_opens_nothing(client: Client, people: People) -> None:
    anna = people.person()
    assert _opens(client, anna.session)
    people.expire_session(anna)
    assert not _opens(client, anna.session)


# --- passwords


def _change(client: Client, token: str, current: str, new: str) -> Any:
    return client.request("PUT", "/api/v1/me/password", token=token, json={"current": current, "new": new})


def test_a_new_password_ends_every_other_session_and_keeps_this_one(client: Client, people: People) -> None:
    anna, bystander = people.person(), people.person()
    token, other = people.token(anna), client.log_in(anna.login)
    assert _change(client, anna.session, PASSWORD, NEW).status_code == 204
    assert _opens(client, anna.session)
    assert not _opens(client, other)
    assert _opens(client, token.token)
    assert _opens(client, bystander.session)
    assert client.post("/api/v1/sessions", json=_credentials(anna)).status_code == 401
    assert _opens(client, client.log_in(anna.login, NEW))


def test_a_change_that_is_refused_leaves_password_and_sessions(client: Client, people: People) -> None:
    anna = people.person(login="anna-karenina")
    for current, new, code in (
        ("wrong password", NEW, "accounts.current_password_wrong"),
        (PASSWORD, "short", "request.malformed"),
        (PASSWORD, "password1", "accounts.password_unfit"),
        (PASSWORD, "ANNA-karenina", "accounts.password_unfit"),
    ):
        answer = _change(client, anna.session, current, new)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert _opens(client, anna.session)
    assert _opens(client, client.log_in(anna.login))


def test_of_two_changes_at_once_one_is_made(client: Client, people: People) -> None:
    anna = people.person()
    second = client.log_in(anna.login)
    calls = [
        client.send("PUT", "/api/v1/me/password", each, json={"current": PASSWORD, "new": f"{NEW} {each}"})
        for each in (anna.session, second)
    ]
    statuses = sorted(answer.status_code for answer in client.together(*calls))
    assert statuses in ([204, 400], [204, 401])  # the loser found the password changed, or its session ended
    assert [_opens(client, anna.session), _opens(client, second)].count(True) == 1


# --- API tokens


def _make(client: Client, token: str, **fields: Any) -> Any:
    return client.post("/api/v1/tokens", token=token, json={"name": "t", "scopes": ["profile:read"]} | fields)


def test_an_api_token_is_shown_once_and_listed_without_its_secret(client: Client, people: People) -> None:
    anna = people.person()
    made = _make(client, anna.session, name="Отчёты", scopes=["profile:read", "traffic:read", "profile:read"])
    assert (made.status_code, made.json()["token"][:3]) == (201, "at_")
    assert _opens(client, made.json()["token"])
    listed = client.get("/api/v1/tokens", token=anna.session)
    assert made.json()["token"] not in listed.text
    (item,) = listed.json()["items"]
    assert (item["id"], item["name"], item["scopes"]) == (
        made.json()["id"],
        "Отчёты",
        ["profile:read", "traffic:read"],
    )


def test_an_api_token_may_do_what_its_scopes_say(client: Client, people: People) -> None:
    boss = people.person("staff", "owner")
    reader, writer, nothing = (
        people.token(boss, scope) for scope in ("profile:read", "profile:write", "traffic:write")
    )
    calls = {
        ("GET", "/api/v1/me"): {reader},
        ("PATCH", "/api/v1/me"): {writer},
        ("GET", "/api/v1/accounts"): set(),
        ("GET", "/api/v1/sessions"): set(),
        ("GET", "/api/v1/tokens"): set(),
    }
    for (verb, path), may in calls.items():
        for token in (reader, writer, nothing):
            answer = client.request(verb, path, token=token.token, json={"name": "x"} if verb == "PATCH" else None)
            assert answer.status_code == (200 if token in may else 403), (verb, path, answer.text)


def test_a_token_never_exceeds_its_holder(client: Client, people: People) -> None:
    token = people.token(people.person(), "accounts:read").token
    answer = client.get("/api/v1/accounts", token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.forbidden")


def test_an_api_token_makes_no_further_token_and_no_session(client: Client, people: People) -> None:
    anna = people.person("owner")
    everything = people.token(anna).token
    assert _make(client, everything).status_code == 403
    assert _change(client, everything, PASSWORD, NEW).status_code == 403
    assert client.request("DELETE", "/api/v1/me", token=everything).status_code == 403
    assert client.request("DELETE", f"/api/v1/sessions/{anna.session_id}", token=everything).status_code == 403


def test_a_token_ends_when_it_is_revoked_or_over(client: Client, people: People) -> None:
    anna = people.person()
    revoked, over, kept = people.token(anna), people.token(anna), people.token(anna)
    path = f"/api/v1/tokens/{revoked.token_id}"
    assert client.request("DELETE", path, token=anna.session).status_code == 204
    people.expire_token(over)
    assert [_opens(client, each.token) for each in (revoked, over, kept)] == [False, False, True]
    answer = client.request("DELETE", path, token=anna.session)
    assert (answer.status_code, answer.json()["code"]) == (404, "accounts.token_unknown")
    listed = client.get("/api/v1/tokens", token=anna.session).json()["items"]
    assert [each["id"] for each in listed] == [kept.token_id]


def test_a_token_that_asks_for_what_there_is_not_is_refused(client: Client, people: People) -> None:
    session = people.person().session
    for field, wrong in (
        ("name", ""),
        ("name", "x" * 201),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("scopes", ["profile:read"] * 33),
        ("ttl_s", 59),
        ("ttl_s", 10 * 366 * 86_400 + 1),
        ("ttl_s", 1.5),
        ("ttl_s", "60"),
    ):
        answer = _make(client, session, **{field: wrong})
        assert (answer.status_code, answer.json()["facts"]["field"].split("[")[0]) == (400, field), (field, wrong)
    assert client.get("/api/v1/tokens", token=session).json()["items"] == []
