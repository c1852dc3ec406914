"""S3 of RELIABILITY.md: at most 10 hashes for one login in any 5 minutes, and its owner is not locked out."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from artel.accounts import hashing, rules
from artel.db import Command, Database, Write
from artel.db.tables import tallies
from tests.conftest import Client, Run
from tests.people import PASSWORD, People, Person

HOME = "127.0.0.1"  # where the people of the tests have logged in before
END_WINDOWS = Command(update(tallies).values(window_start_us=1))
NEW = "staple correct horse"


class Hashes:
    """Counts the hashes that are computed to check a password."""

    def __init__(self) -> None:
        self.checked = 0
        self._lock = threading.Lock()

    def __call__(self, stored: str, password: str) -> bool:
        with self._lock:
            self.checked += 1
        return password == PASSWORD  # nothing is computed: the count is what matters


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashes]:
    counting = Hashes()
    monkeypatch.setattr(hashing, "_verify", counting)
    yield counting


async def _attempt(client: Client, login: str, password: str = "a wrong guess") -> Any:
    return await client.send("POST", "/api/v1/sessions", json={"login": login, "password": password})


def _guess(clients: list[Client], login: str) -> Counter[int]:
    """One guess from each client, all at once."""
    answers = clients[0].together(*(_attempt(each, login) for each in clients))
    for answer in answers:
        assert answer.status_code in (401, 429)
        assert (answer.status_code == 429) == ("retry-after" in answer.headers)
        assert answer.status_code == 401 or 0 < int(answer.headers["retry-after"]) <= 360
    return Counter(answer.status_code for answer in answers)


def _gets_in(client: Client, person: Person, address: str) -> bool:
    body = {"login": person.login, "password": PASSWORD}
    return client.at(address).post("/api/v1/sessions", json=body).status_code == 201


def guess_from_one_address(client: Client, people: People, hashes: Hashes) -> None:
    anna = people.person()
    answers = _guess([client.at("203.0.113.9")] * 50, anna.login)
    assert hashes.checked == answers[401] <= rules.ATTEMPTS_PER_ADDRESS == 5
    assert answers[429] == 50 - answers[401]
    assert _gets_in(client, anna, "198.51.100.4")
    assert _gets_in(client, anna, HOME)
    assert not _gets_in(client, anna, "203.0.113.9")


def test_fifty_guesses_at_once_from_one_address_are_hashed_five_times(
    client: Client, people: People, hashes: Hashes
) -> None:
    guess_from_one_address(client, people, hashes)


def test_the_proof_catches_a_throttle_that_lets_more_through(
    client: Client, people: People, hashes: Hashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artel.accounts.rules.ATTEMPTS_PER_ADDRESS", 50)
    monkeypatch.setattr("artel.accounts.rules.ATTEMPTS_FROM_UNKNOWN", 50)
    monkeypatch.setattr("artel.accounts.rules.ATTEMPTS_PER_LOGIN", 50)
    with pytest.raises(AssertionError):
        guess_from_one_address(client, people, hashes)


def test_many_addresses_together_do_not_lock_the_owner_out_at_home(
    client: Client, people: People, hashes: Hashes
) -> None:
    anna = people.person()
    answers = _guess([client.at(f"203.0.113.{each}") for each in range(50)], anna.login)
    assert hashes.checked == answers[401] == 7
    assert _gets_in(client, anna, HOME)
    assert not _gets_in(client, anna, "198.51.100.4")


def test_whoever_guesses_one_login_gets_ten_hashes_from_all_addresses(
    client: Client, people: People, hashes: Hashes
) -> None:
    anna = people.person()
    known = ["198.51.100.4", "198.51.100.5", "198.51.100.6"]
    assert all(_gets_in(client, anna, address) for address in known)
    hashes.checked = 0
    everywhere = [*known * 10, HOME, *(f"203.0.113.{each}" for each in range(19))]
    answers = _guess([client.at(address) for address in everywhere], anna.login)
    assert hashes.checked == answers[401] <= 10
    assert sum(_guess([client.at(f"192.0.2.{each}") for each in range(30)], anna.login).values()) == 30
    assert hashes.checked <= 10


def test_every_spelling_of_a_login_is_one_login(client: Client, people: People, hashes: Hashes) -> None:
    people.person(login="straße")
    for spelling in ("straße", "STRASSE", "Strasse", "ｓtrasse", "sTRAßE", "strasse"):
        _guess([client.at("203.0.113.9")] * 3, spelling)
    assert hashes.checked == 5


def test_two_servers_count_together(start: Callable[..., Client], people: People, hashes: Hashes) -> None:
    one, other = start(), start()
    anna = people.person()
    answers = _guess([each.at("203.0.113.9") for each in (one, other) * 10], anna.login)
    assert hashes.checked == answers[401] == 5


def test_a_login_that_nobody_has_is_throttled_and_hashed_like_any_other(
    client: Client, people: People, hashes: Hashes
) -> None:
    for login in (people.person().login, "nobody"):
        hashes.checked = 0
        assert _guess([client.at("203.0.113.9")] * 20, login) == {401: 5, 429: 15}
        assert hashes.checked == 5
    closed = people.person()
    people.close(closed)
    hashes.checked = 0
    assert _guess([client.at("203.0.113.10")] * 20, closed.login) == {401: 5, 429: 15}
    assert hashes.checked == 5


def test_right_passwords_sent_at_once_are_not_taken_for_guesses(client: Client, people: People, hashes: Hashes) -> None:
    anna = people.person()
    answers = client.together(*(_attempt(client.at("203.0.113.9"), anna.login, PASSWORD) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["token"] for answer in answers}) == 30


def test_a_right_password_does_not_forgive_the_guesses_before_it(
    client: Client, people: People, hashes: Hashes
) -> None:
    anna, here = people.person(), "203.0.113.9"
    _guess([client.at(here)] * 4, anna.login)
    assert _gets_in(client, anna, here)
    assert _guess([client.at(here)] * 4, anna.login) == {401: 1, 429: 3}


def test_a_window_that_is_over_is_forgotten(
    client: Client, people: People, hashes: Hashes, run: Run, db: Database
) -> None:
    anna, here = people.person(), "203.0.113.9"
    _guess([client.at(here)] * 6, anna.login)
    assert not _gets_in(client, anna, here)

    async def end(tx: Write) -> int:
        return await tx.run(END_WINDOWS)

    assert run(db.write(end)) > 0
    assert _gets_in(client, anna, here)


def test_guesses_at_the_current_password_count_like_log_ins(client: Client, people: People, hashes: Hashes) -> None:
    anna = people.person()
    body = {"current": "a wrong guess", "new": NEW}
    calls = [client.send("PUT", "/api/v1/me/password", anna.session, json=body) for _ in range(20)]
    assert Counter(answer.status_code for answer in client.together(*calls)) == {400: 5, 429: 15}
    assert hashes.checked == 5
    assert not _gets_in(client, anna, HOME)
    assert _gets_in(client, anna, "198.51.100.4")


def test_one_address_gets_so_many_failures_over_all_logins(
    start: Callable[..., Client], people: People, hashes: Hashes
) -> None:
    client = start(login_failures_per_address=8).at("203.0.113.9")
    anna = people.person()
    answers = client.together(*(_attempt(client, f"somebody {each}") for each in range(20)))
    assert Counter(answer.status_code for answer in answers) == {401: 8, 429: 12}
    assert not _gets_in(client, anna, "203.0.113.9")
    assert _gets_in(client, anna, "198.51.100.4")


def test_all_addresses_of_one_ipv6_network_are_one(client: Client, people: People, hashes: Hashes) -> None:
    anna = people.person()
    assert _guess([client.at(f"2001:db8::{each:x}") for each in range(1, 21)], anna.login) == {401: 5, 429: 15}
    assert _gets_in(client, anna, "2001:db8:0:1::1")


@pytest.mark.parametrize(("path", "wrong"), [("/user/auth", 401), ("/v1/login", 401), ("/api/users/login/", 400)])
def test_guesses_through_an_older_api_are_the_same_guesses(
    client: Client, people: People, hashes: Hashes, path: str, wrong: int
) -> None:
    anna, here = people.person(), client.at("203.0.113.9")
    body = {"login": anna.login.upper(), "password": "a wrong guess"}
    assert [here.post(path, json=body).status_code for _ in range(3)] == [wrong] * 3
    assert _guess([here] * 10, anna.login) == {401: 2, 429: 8}
    answer = here.post(path, json=body)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 360
    assert hashes.checked == 5


def test_an_address_that_the_client_claims_is_not_believed(client: Client, people: People, hashes: Hashes) -> None:
    anna = people.person()

    async def claim(number: int) -> Any:
        body = {"login": anna.login, "password": "a wrong guess"}
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        return await client.at("192.0.2.1").send("POST", "/api/v1/sessions", json=body, headers=headers)

    answers = client.together(*(claim(each) for each in range(20)))
    assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 15}


def test_behind_a_proxy_of_ours_each_client_is_counted_for_itself(
    start: Callable[..., Client], people: People, hashes: Hashes
) -> None:
    client = start(trusted_proxies="10.0.0.1, 10.0.0.2")
    anna = people.person()

    def guess(forwarded: str) -> int:
        body = {"login": anna.login, "password": "a wrong guess"}
        headers = {"X-Forwarded-For": forwarded}
        return client.at("10.0.0.1").post("/api/v1/sessions", json=body, headers=headers).status_code

    assert [guess("203.0.113.9") for _ in range(6)] == [401] * 5 + [429]
    assert guess("203.0.113.9, 10.0.0.2") == 429
    assert guess("1.2.3.4, 203.0.113.9") == 429  # what stands before the last stranger may be made up
    assert guess("198.51.100.4") == 401
