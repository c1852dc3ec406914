"""S7: a cookie alone carries no unsafe request of another site: every unsafe route x every header that tells it."""

import re
from typing import Any, Final

import pytest

from artel.app import ROUTES
from artel.edge.route import ANYONE
from tests.conftest import Client
from tests.people import People

HOST: Final = "artel.test"
FROM: Final[list[tuple[dict[str, str], bool]]] = [  # what a browser tells, and whether the request is carried out
    ({}, True),  # no browser of the last years: SameSite keeps the cookie at home
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),  # typed by the user
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "Cross-Site"}, False),
    ({"Sec-Fetch-Site": "same-origin, cross-site"}, False),
    ({"Sec-Fetch-Site": "same-origin", "Origin": f"https://{HOST}"}, True),
    ({"Sec-Fetch-Site": "cross-site", "Origin": f"https://{HOST}"}, False),
    ({"Origin": f"https://{HOST}"}, True),
    ({"Origin": f"http://{HOST}"}, True),  # behind a proxy that ends TLS
    ({"Origin": "https://evil.example"}, False),
    ({"Origin": "null"}, False),
    ({"Origin": f"https://{HOST}.evil.example"}, False),
    ({"Origin": f"https://evil.example/{HOST}"}, False),
    ({"Origin": f"https://{HOST}:8443"}, False),
    ({"Origin": f"https://sub.{HOST}"}, False),
    ({"Origin": HOST}, False),
]
UNSAFE: Final = [route for route in ROUTES if route.verb != "GET"]
CARRIED: Final = [route for route in UNSAFE if route.access != ANYONE and route.manner.name == "api"]


def path(route: Any) -> str:
    return re.sub(r"{\w+}", "999999", route.path)


def code(answer: Any) -> str:
    return str(answer.json()["code"]) if answer.status_code >= 400 else ""


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_every_unsafe_route_refuses_a_cookie_from_another_site(client: Client, people: People) -> None:
    assert len(CARRIED) >= 9
    for route in CARRIED:
        for headers, fine in FROM:
            token = people.person("owner", "staff").session
            cookie = {"Cookie": f"__Host-artel={token}", "Host": HOST, **headers}
            answer = client.request(route.verb, path(route), headers=cookie, content=b"{")
            refused = code(answer) == "auth.cross_site"
            assert refused is not fine, f"{route.verb} {route.path} {headers}: {answer.status_code} {answer.text}"
            assert answer.status_code == 403 or fine
            if refused:
                assert client.get("/api/v1/me", token=token).status_code == 200, "nothing was carried out"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_bearer_token_is_never_taken_for_a_cookie(client: Client, people: People) -> None:
    for route in CARRIED:
        for headers, _ in FROM:
            token = people.person("owner", "staff").session
            answer = client.request(route.verb, path(route), token=token, headers=headers, content=b"{")
            assert code(answer) != "auth.cross_site", f"{route.path} {headers}"


def test_a_cookie_from_another_site_reads_nothing_that_the_site_could_see(client: Client, people: People) -> None:
    """Reading is safe: the answer goes to the browser, which keeps it from the other site (CORP, and no CORS)."""
    cookie = {
        "Cookie": f"__Host-artel={people.person().session}",
        "Sec-Fetch-Site": "cross-site",
        "Origin": "https://e",
    }
    answer = client.get("/api/v1/me", headers=cookie)
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert client.request("OPTIONS", "/api/v1/me", headers=cookie).status_code == 405


def test_where_nobody_need_be_logged_in_a_foreign_cookie_is_as_good_as_absent(client: Client, people: People) -> None:
    anna = people.person()
    for headers, _ in FROM:
        cookie = {"Cookie": f"__Host-artel={anna.session}", "Host": HOST, **headers}
        answer = client.post("/api/v1/sessions", headers=cookie, json={"login": anna.login, "password": "wrong guess"})
        assert answer.status_code in (401, 429)


def test_a_form_of_another_site_cannot_speak_json(client: Client, people: People) -> None:
    token = people.person("owner", "customer", "executor").session
    bodies = [route for route in UNSAFE if isinstance(route.example, dict) and route.manner.name == "api"]
    assert len(bodies) >= 6
    for route in bodies:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"):
            headers = {"Content-Type": kind}
            answer = client.request(route.verb, path(route), token=token, headers=headers, content=b"{}")
            assert (answer.status_code, code(answer)) == (415, "request.not_json"), f"{route.path} {kind}"
        for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON", "application/a+json"):
            answer = client.request(route.verb, path(route), token=token, headers={"Content-Type": kind}, content=b"{")
            assert answer.status_code == 400, f"{route.path} {kind}"


def test_no_older_api_takes_a_cookie(client: Client, people: People) -> None:
    """Some of its calls that read also do: a cookie would let another site make them."""
    cookie = {"Cookie": f"__Host-artel={people.person('owner').session}"}
    for route in ROUTES:
        if route.manner.name != "api" and route.access != ANYONE:
            assert client.request(route.verb, path(route), headers=cookie).status_code == 401, route.path


def test_the_proof_catches_a_guard_that_is_gone(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artel.edge.handler.refuse_cross_site", lambda call, credential: None)
    with pytest.raises(AssertionError, match="Sec-Fetch-Site"):
        test_every_unsafe_route_refuses_a_cookie_from_another_site(client, people)


@pytest.mark.parametrize(
    ("headers", "account"),
    [({}, "anna"), ({"Sec-Fetch-Site": "same-origin"}, "anna"), ({"Sec-Fetch-Site": "cross-site"}, "a guest")],
)
def test_where_anyone_may_ask_a_cookie_is_known_unless_another_site_sent_it(
    client: Client, people: People, headers: dict[str, str], account: str
) -> None:
    cookie = {"Cookie": f"__Host-artel={people.person(login='anna').session}"}
    answer = client.request("DELETE", "/api/v1/cart", headers=cookie | headers)
    assert answer.status_code == (200 if account == "anna" else 401), answer.text
