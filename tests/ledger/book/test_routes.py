"""The book over HTTP."""

import pytest

from artel.db import Database
from artel.ledger.book import service
from artel.ledger.book.model import Intent, Place, Posting, wallet, world
from tests.conftest import Client, Run
from tests.ledger.journal.filled import move
from tests.people import People


@pytest.fixture
def token(people: People) -> str:
    return people.person("staff").session


@pytest.fixture
def moved(db, run: Run) -> list[int]:  # type: ignore[no-untyped-def]
    """Three transfers from the world into two wallets, and one back."""
    anna, bela, outside = wallet(1, "RUB"), wallet(2, "RUB"), world("RUB")

    def made(key: str, source: Place, target: Place, amount_minor: int) -> int:
        return run(db.write(move, key, source, target, amount_minor))

    return [
        made("a", outside, anna, 1_000),
        made("b", outside, bela, 500),
        made("=c", anna, bela, 200),
        made("d", bela, outside, 50),
    ]


def test_accounts_are_listed_with_their_balances(client: Client, token: str, moved: list[int]) -> None:
    listed = client.get("/api/v1/ledger/accounts", params={"purpose": "wallet"}, token=token).json()["items"]
    assert [(each["owner"], each["posted_minor"]) for each in listed] == [("account/1", 800), ("account/2", 650)]
    (hot,) = client.get("/api/v1/ledger/accounts", params={"purpose": "world"}, token=token).json()["items"]
    assert hot["posted_minor"] == -1_450
    one = client.get(f"/api/v1/ledger/accounts/{hot['id']}", params={"at": "2020-01-01"}, token=token).json()
    assert one["posted_minor"] == 0
    assert client.get("/api/v1/ledger/accounts/999", token=token).json()["code"] == "ledger.account_unknown"


def test_a_statement_has_the_balance_after_each_line(client: Client, token: str, moved: list[int]) -> None:
    (account,) = client.get("/api/v1/ledger/accounts", params={"owner": "account/2"}, token=token).json()["items"]
    path = f"/api/v1/ledger/accounts/{account['id']}/entries"
    first = client.get(path, params={"limit": 2}, token=token).json()
    rest = client.get(path, params={"limit": 2, "after": first["next"]}, token=token).json()
    lines = [(each["amount_minor"], each["balance_minor"]) for each in first["items"] + rest["items"]]
    assert lines == [(-50, 650), (200, 700), (500, 500)]
    sheet = client.get(f"{path}.csv", token=token)
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert [line.split(",")[4:6] for line in sheet.text.splitlines()[1:]] == [
        ["-50", "650"],
        ["200", "700"],
        ["500", "500"],
    ]
    assert client.get("/api/v1/ledger/accounts/999/entries.csv", token=token).status_code == 404


def test_transfers_are_found_by_what_caused_them(client: Client, token: str, moved: list[int]) -> None:
    found = client.get("/api/v1/ledger/transfers", params={"reference": "test/1"}, token=token).json()["items"]
    assert [each["id"] for each in found] == moved[::-1]
    assert client.get(f"/api/v1/ledger/transfers/{moved[2]}", token=token).json() == found[1]
    assert client.get("/api/v1/ledger/transfers", params={"reference": "test/2"}, token=token).json()["items"] == []


def test_a_transfer_is_reversed_once(client: Client, token: str, moved: list[int]) -> None:
    path, why = f"/api/v1/ledger/transfers/{moved[2]}/reversal", {"note": "A mistake"}
    made = client.post(path, json=why, token=token)
    assert (made.status_code, made.json()["reverses_id"], made.json()["note"]) == (201, moved[2], "A mistake")
    again = client.post(path, json=why, token=token)
    assert (again.status_code, again.json()["code"]) == (409, "ledger.already_reversed")
    back = client.post(f"/api/v1/ledger/transfers/{made.json()['id']}/reversal", json=why, token=token)
    assert back.json()["code"] == "ledger.not_reversible"
    assert client.post(path, json={}, token=token).status_code == 400


def test_what_belongs_to_a_job_is_not_reversed_by_hand(
    client: Client, token: str, db: Database, run: Run, moved: list[int]
) -> None:
    postings = (Posting(world("RUB"), -5), Posting(wallet(1, "RUB"), 5))
    made = run(db.write(service.post, Intent("job.expired", "job/1", "job/1/expired", postings)))
    refused = client.post(f"/api/v1/ledger/transfers/{made.id}/reversal", json={"note": "A mistake"}, token=token)
    assert (refused.status_code, refused.json()["code"]) == (409, "ledger.tied_elsewhere")


def test_what_is_not_there_any_more_cannot_be_taken_back(client: Client, token: str, moved: list[int]) -> None:
    refused = client.post(f"/api/v1/ledger/transfers/{moved[0]}/reversal", json={"note": "Too late"}, token=token)
    assert (refused.status_code, refused.json()["code"]) == (409, "ledger.not_enough_money")


def test_the_check_and_the_trial_balance_are_shown(client: Client, token: str, moved: list[int]) -> None:
    checked = client.get("/api/v1/ledger/check", token=token).json()
    assert checked == {"accounts": 3, "transfers": 4, "holds": 0, "broken": []}
    lines = client.get("/api/v1/ledger/trial-balance", token=token).json()
    assert [(each["purpose"], each["balance_minor"]) for each in lines] == [("wallet", 1_450), ("world", -1_450)]
    assert client.get("/api/v1/ledger/holds", token=token).json() == {"items": [], "next": None}


def test_of_many_reversals_at_once_one_is_made_and_the_others_learn_of_it(
    client: Client, token: str, moved: list[int], people: People
) -> None:
    path = f"/api/v1/ledger/transfers/{moved[3]}/reversal"
    others = [token, *(people.person("staff").session for _ in range(2))]
    calls = [
        client.send("POST", path, json={"note": f"wrong {number % 4}"}, token=others[number % 3])
        for number in range(12)
    ]
    answers = client.together(*calls)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    (made,) = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {each["code"] for each in refused} == {"ledger.already_reversed"}
    assert {each["facts"]["by_transfer_id"] for each in refused} == {made}
