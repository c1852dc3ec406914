"""Wallets over HTTP, on both databases: what is in them, what staff give and take, and what leaves them."""

import csv
import io
from typing import Any

import pytest

from artel.edge.idempotency import forget
from artel.ledger.book import rules as book_rules
from artel.ledger.book import sheets
from artel.ledger.book.model import payouts, world
from tests.ledger.wallets.purse import Purse

CAP = book_rules.WALLET_CAP_MINOR

# --- looking


def test_a_wallet_is_opened_when_money_first_comes_to_it(purse: Purse) -> None:
    assert purse.get("/wallet") == {"items": [], "next": None}
    assert purse.balance() == (0, 0)
    assert purse.get("/wallet/entries?currency=RUB") == {"items": [], "next": None}
    purse.credit(100)
    purse.credit(7, "EUR")
    assert [(each["currency"], each["posted_minor"]) for each in purse.get("/wallet")["items"]] == [
        ("RUB", 100),
        ("EUR", 7),
    ]
    first = purse.get("/wallet?limit=1")
    assert [each["currency"] for each in purse.get(f"/wallet?limit=1&after={first['next']}")["items"]] == ["EUR"]


def test_a_statement_goes_on_where_its_page_ended_with_the_balance_after_each_line(purse: Purse) -> None:
    for amount in (1, 20, 300, 4_000):
        purse.credit(amount, note=f"number {amount}")
    found: list[Any] = []
    path = "/wallet/entries?currency=RUB&limit=3"
    page = purse.get(path)
    while page["next"]:
        found += page["items"]
        page = purse.get(f"{path}&after={page['next']}")
    found += page["items"]
    assert [(each["amount_minor"], each["balance_minor"]) for each in found] == [
        (4_000, 4_321),
        (300, 321),
        (20, 21),
        (1, 1),
    ]
    assert found[0]["kind"] == "wallet.credited" and found[0]["note"] == "number 4000"
    booked_at = found[1]["booked_at"]
    assert purse.get(f"/wallet/entries?currency=RUB&to={booked_at}")["items"] == found[2:]
    assert purse.get(f"/wallet/entries?currency=RUB&from={booked_at}")["items"] == found[:2]
    other = purse.people.person()
    assert purse.get("/wallet/entries?currency=RUB", other)["items"] == []


@pytest.mark.parametrize(
    "query", ["?currency=rub", "?currency=RUB&from=yesterday", "?currency=RUB&to=x", "?currency=RUB&limit=0"]
)
@pytest.mark.parametrize("path", ["entries", "entries.csv"])
def test_a_question_that_cannot_be_answered_is_refused(purse: Purse, path: str, query: str) -> None:
    answer = purse.client.get(f"/api/v1/wallet/{path}{query}", token=purse.owner.session)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed")


def test_a_sheet_has_every_line_and_no_formula(purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "PAGE_MAX", 2)
    for number in range(5):
        purse.credit(10 + number, note="=1+1")
    answer = purse.client.get("/api/v1/wallet/entries.csv?currency=RUB", token=purse.owner.session)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["amount_minor"], row["balance_minor"]) for row in rows] == [
        ("14", "60"),
        ("13", "46"),
        ("12", "33"),
        ("11", "21"),
        ("10", "10"),
    ]
    assert {row["note"] for row in rows} == {"'=1+1"}
    empty = purse.client.get("/api/v1/wallet/entries.csv?currency=EUR", token=purse.owner.session)
    assert len(empty.text.splitlines()) == 1


def test_who_has_one_wallet_need_not_name_it(purse: Purse) -> None:
    assert purse.get("/wallet/entries")["items"] == []
    purse.credit(5)
    assert [each["amount_minor"] for each in purse.get("/wallet/entries")["items"]] == [5]
    purse.credit(7, "EUR")
    for path in ("entries", "entries.csv"):
        answer = purse.client.get(f"/api/v1/wallet/{path}", token=purse.owner.session)
        assert (answer.status_code, answer.json()["code"]) == (400, "wallets.currency_needed")
        assert "EUR, RUB" in answer.json()["detail"]


# --- what staff give and take


def test_a_credit_says_who_gave_it_and_why(purse: Purse) -> None:
    transfer = purse.credit(150)
    assert (transfer["kind"], transfer["note"]) == ("wallet.credited", "a present")
    assert transfer["by_account_id"] == purse.staff.account_id
    assert transfer["reference"] == f"account/{purse.owner.account_id}"
    assert purse.balance() == (150, 150)
    assert purse.in_book(world("RUB")) == -150
    assert purse.kinds() == ["wallet.credited"]


def test_a_debit_takes_what_can_be_spent_and_no_more(purse: Purse) -> None:
    purse.credit(100)
    purse.withdrawn(60)
    path, body = f"/accounts/{purse.owner.account_id}/wallet/debits", {"currency": "RUB", "note": "twice"}
    answer = purse.post(path, body | {"amount_minor": 41}, purse.staff)
    assert (answer.status_code, answer.json()["code"]) == (409, "ledger.not_enough_money")
    assert purse.balance() == (100, 40)
    assert purse.post(path, body | {"amount_minor": 40}, purse.staff).status_code == 201
    assert purse.balance() == (60, 0)
    assert purse.kinds()[-1] == "wallet.debited"


def test_a_wallet_never_rises_above_its_cap(purse: Purse) -> None:
    purse.credit(CAP)
    body = {"amount_minor": 1, "currency": "RUB", "note": "x"}
    answer = purse.post(f"/accounts/{purse.owner.account_id}/wallet/credits", body, purse.staff)
    assert (answer.status_code, answer.json()["code"]) == (409, "ledger.too_much_money")
    assert purse.balance() == (CAP, CAP)
    assert purse.trial() == {"wallet": CAP, "world": -CAP}
    purse.credit(1, "EUR")


@pytest.mark.parametrize("path", ["credits", "debits"])
def test_customers_give_themselves_nothing(purse: Purse, path: str) -> None:
    body = {"amount_minor": 1, "currency": "RUB", "note": "x"}
    answer = purse.post(f"/accounts/{purse.owner.account_id}/wallet/{path}", body)
    assert answer.status_code == 403
    assert purse.balance() == (0, 0)


def test_an_account_that_is_not_there_gets_nothing(purse: Purse) -> None:
    gone = purse.people.person()
    purse.people.close(gone)
    body = {"amount_minor": 1, "currency": "RUB", "note": "x"}
    for account_id in (999, gone.account_id):
        answer = purse.post(f"/accounts/{account_id}/wallet/credits", body, purse.staff)
        assert (answer.status_code, answer.json()["code"]) == (404, "accounts.unknown")
    assert purse.trial() == {}


WRONG = [
    b"NaN",
    b"Infinity",
    b"-1",
    b"0",
    b"1.5",
    b"0.125",
    b'"100"',
    b"1e3",
    b"10e17",
    b"1000000000000000001",
    b"null",
]
BODIES = {
    "/wallet/top-ups": b'{"amount_minor": %s, "currency": "RUB", "provider": "manual"}',
    "/wallet/withdrawals": b'{"amount_minor": %s, "currency": "RUB", "to": "there"}',
    "/accounts/1/wallet/credits": b'{"amount_minor": %s, "currency": "RUB", "note": "x"}',
    "/accounts/1/wallet/debits": b'{"amount_minor": %s, "currency": "RUB", "note": "x"}',
}


@pytest.mark.parametrize("path", BODIES)
def test_an_amount_that_is_none_is_refused_and_nothing_changes(purse: Purse, path: str) -> None:
    purse.credit(100)
    token = purse.staff.session if path.startswith("/accounts") else purse.owner.session
    for amount in WRONG:
        answer = purse.client.post(
            f"/api/v1{path}",
            token=token,
            content=BODIES[path] % amount,
            headers={"content-type": "application/json"},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed"), (amount, answer.text)
    wrong_currency = purse.client.post(
        f"/api/v1{path}", token=token, content=(BODIES[path] % b"1").replace(b"RUB", b"rubles")
    )
    assert wrong_currency.status_code == 400
    assert purse.balance() == (100, 100)
    assert purse.top_ups() == []


@pytest.mark.parametrize("note", ["", " ", "x" * 1_001])
def test_money_without_a_reason_is_refused(purse: Purse, note: str) -> None:
    body = {"amount_minor": 1, "currency": "RUB", "note": note}
    answer = purse.post(f"/accounts/{purse.owner.account_id}/wallet/credits", body, purse.staff)
    assert answer.json()["code"] == "request.malformed"


def test_a_key_gives_money_once_even_when_its_answer_was_forgotten(purse: Purse) -> None:
    path = f"/accounts/{purse.owner.account_id}/wallet/credits"
    body, key = {"amount_minor": 5, "currency": "RUB", "note": "x"}, {"Idempotency-Key": "give-1"}
    first = purse.post(path, body, purse.staff, headers=key)
    assert purse.post(path, body, purse.staff, headers=key).json() == first.json()
    purse.run(purse.db.write(forget, -1_000_000))
    again = purse.post(path, body, purse.staff, headers=key)
    assert again.json() == first.json()
    assert "idempotent-replayed" not in again.headers
    purse.run(purse.db.write(forget, -1_000_000))
    other = purse.post(path, body | {"amount_minor": 6}, purse.staff, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "ledger.key_reused")
    assert purse.balance() == (5, 5)
    assert purse.kinds() == ["wallet.credited"]


# --- withdrawing


def test_a_key_asks_for_money_once_even_when_its_answer_was_forgotten(purse: Purse) -> None:
    purse.credit(100)
    body, key = {"amount_minor": 30, "currency": "RUB", "to": "DE02 1203"}, {"Idempotency-Key": "take-1"}
    first = purse.post("/wallet/withdrawals", body, headers=key)
    for _ in range(2):
        purse.run(purse.db.write(forget, -1_000_000))
        again = purse.post("/wallet/withdrawals", body, headers=key)
        assert (again.status_code, again.json()) == (201, first.json())
    purse.run(purse.db.write(forget, -1_000_000))
    purse.post(f"/wallet/withdrawals/{first.json()['id']}/cancellation")
    later = purse.post("/wallet/withdrawals", body, headers=key).json()
    assert (later["id"], later["status"]) == (first.json()["id"], "cancelled")
    purse.run(purse.db.write(forget, -1_000_000))
    other = purse.post("/wallet/withdrawals", body | {"to": "DE03"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "ledger.key_reused")
    assert purse.balance() == (100, 100)
    assert len(purse.get("/wallet/withdrawals")["items"]) == 1


def test_money_that_shall_leave_cannot_be_spent(purse: Purse) -> None:
    purse.credit(100)
    answer = purse.withdraw(70).json()
    assert (answer["status"], answer["to"], answer["settled_at"]) == ("requested", "DE02 1203", None)
    assert purse.balance() == (100, 30)
    refused = purse.withdraw(31)
    assert (refused.status_code, refused.json()["code"]) == (409, "ledger.not_enough_money")
    assert refused.json()["facts"]["available_minor"] == 30
    assert purse.balance() == (100, 30)
    assert [each["id"] for each in purse.get("/wallet/withdrawals")["items"]] == [answer["id"]]
    purse.withdrawn(30)
    assert purse.balance() == (100, 0)


def test_another_currency_cannot_be_withdrawn(purse: Purse) -> None:
    purse.credit(100)
    assert purse.withdraw(1, "EUR").json()["code"] == "ledger.not_enough_money"
    assert purse.get("/wallet/withdrawals")["items"] == []


def test_a_withdrawal_that_was_paid_is_gone_from_the_wallet(purse: Purse) -> None:
    purse.credit(100)
    withdrawal_id = purse.withdrawn(70)
    paid = purse.post(f"/withdrawals/{withdrawal_id}/paid", {"note": "transfer 4711"}, purse.staff).json()
    assert (paid["status"], paid["note"]) == ("paid", "transfer 4711")
    assert paid["transfer_id"] and paid["settled_at"]
    assert purse.balance() == (30, 30)
    assert purse.in_book(payouts("RUB")) == 70
    line = purse.get("/wallet/entries?currency=RUB")["items"][0]
    assert (line["amount_minor"], line["reference"]) == (-70, f"withdrawal/{withdrawal_id}")
    assert purse.kinds() == ["wallet.credited", "wallet.withdrawal_requested", "wallet.withdrawal_paid"]


@pytest.mark.parametrize(
    ("path", "body", "by_staff", "status"),
    [
        ("/withdrawals/{}/refusal", {"note": "no such bank"}, True, "refused"),
        ("/wallet/withdrawals/{}/cancellation", None, False, "cancelled"),
    ],
)
def test_a_withdrawal_that_is_given_up_leaves_its_money(
    purse: Purse, path: str, body: Any, by_staff: bool, status: str
) -> None:
    purse.credit(100)
    withdrawal_id = purse.withdrawn(70)
    answer = purse.post(path.format(withdrawal_id), body, purse.staff if by_staff else None).json()
    assert (answer["status"], answer["transfer_id"]) == (status, None)
    assert purse.balance() == (100, 100)
    assert purse.kinds()[-1] == f"wallet.withdrawal_{status}"


@pytest.mark.parametrize("first", ["paid", "refusal", "cancellation"])
def test_a_withdrawal_is_settled_once_and_the_refusal_says_how(purse: Purse, first: str) -> None:
    purse.credit(100)
    withdrawal_id = purse.withdrawn(70)

    def move(name: str) -> Any:
        own = name == "cancellation"
        path = f"/wallet/withdrawals/{withdrawal_id}/cancellation" if own else f"/withdrawals/{withdrawal_id}/{name}"
        body = {"note": "x"} if name == "refusal" else None
        return purse.post(path, body, None if own else purse.staff)

    status = move(first).json()["status"]
    before = purse.balance()
    for second in ("paid", "refusal", "cancellation"):
        answer = move(second)
        assert (answer.status_code, answer.json()["code"]) == (409, "wallets.withdrawal_moved")
        assert f"it is {status} since 20" in answer.json()["detail"]
    assert purse.balance() == before


def test_a_withdrawal_is_moved_by_its_account_and_by_staff(purse: Purse) -> None:
    purse.credit(100)
    withdrawal_id, stranger = purse.withdrawn(70), purse.people.person()
    answer = purse.post(f"/wallet/withdrawals/{withdrawal_id}/cancellation", None, stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "wallets.withdrawal_unknown")
    assert purse.post(f"/wallet/withdrawals/{withdrawal_id}/cancellation", None, purse.staff).status_code == 404
    for path in ("paid", "refusal"):
        assert purse.post(f"/withdrawals/{withdrawal_id}/{path}", {"note": "x"}).status_code == 403
        assert purse.post(f"/withdrawals/999/{path}", {"note": "x"}, purse.staff).status_code == 404
    assert purse.balance() == (100, 30)


def test_withdrawals_are_listed_by_what_became_of_them(purse: Purse) -> None:
    purse.credit(100)
    first, second, third = purse.withdrawn(1), purse.withdrawn(2), purse.withdrawn(3)
    purse.post(f"/withdrawals/{second}/paid", None, purse.staff)

    def ids(path: str, **rest: Any) -> list[int]:
        return [each["id"] for each in purse.get(path, **rest)["items"]]

    assert ids("/wallet/withdrawals") == ids("/withdrawals", who=purse.staff) == [third, second, first]
    assert ids("/wallet/withdrawals?status=paid") == ids("/withdrawals?status=paid", who=purse.staff) == [second]
    page = purse.get("/withdrawals?limit=2", purse.staff)
    assert ids(f"/withdrawals?limit=2&after={page['next']}", who=purse.staff) == [first]
    assert ids("/wallet/withdrawals", who=purse.people.person()) == []
