"""The dialect of the superservice: its transcripts, on both databases, and what no transcript can show."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from artel.accounts.rules import ATTEMPTS_PER_ADDRESS
from artel.app import ROUTES
from artel.db import Database, StorageUnavailable, Write
from artel.dialects.superservice import wire
from artel.dialects.superservice.wire import COOKIE
from artel.edge.reply import Fault
from artel.jobs import service as jobs
from artel.jobs.model import JobWanted, Terms
from artel.kernel.actor import Actor
from tests.conftest import Client, Log, Run
from tests.dialects import transcript
from tests.dialects.old_client import CLOSED, add, ask, cookie, done, money, said, top_up
from tests.people import PASSWORD, People, Person, enter

FOLDER = Path(__file__).parent / "transcripts"
CAP = 1_000_000  # what a wallet may hold, roubles


def posted(client: Client, customer: Person, value: float, **more: Any) -> int:
    """A job that was posted under /api/v1."""
    body = {"title": "A job", "value_minor": int(value * 100), "currency": "RUB", "policy": "on_fulfil"} | more
    answer = client.post("/api/v1/jobs", token=customer.session, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


# --- transcripts


def test_users_get_what_their_transcript_says(client: Client) -> None:
    transcript.replay(FOLDER / "superservice_users.txt", client)


def test_orders_and_their_money_go_as_their_transcript_says(client: Client) -> None:
    transcript.replay(FOLDER / "superservice_orders.txt", client)


def test_a_changed_answer_is_caught(client: Client, tmp_path: Path) -> None:
    planted = (FOLDER / "superservice_users.txt").read_text("utf-8").replace("Кошелек успешно", "Кошелёк успешно")
    (tmp_path / "planted.txt").write_text(planted, "utf-8")
    with pytest.raises(AssertionError, match="Кошелек успешно пополнен"):
        transcript.replay(tmp_path / "planted.txt", client)


# --- paths and sessions


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_without_its_slash_a_path_leads_nowhere(client: Client, people: People) -> None:
    person = people.person("customer", "executor")
    ours = [route for route in ROUTES if route.manner.name == "superservice"]
    assert len(ours) == 10
    for route in ours:
        path = route.path.replace("{job_id}", "1")
        assert path.endswith("/")
        for other in (path.rstrip("/"), path + "/"):
            assert ask(client, person, route.verb, other, route.example).status_code == 404, other


def test_a_session_of_the_api_opens_the_superservice_in_its_own_way(client: Client, people: People) -> None:
    person = people.person(name="Anna")
    assert done(client, person, "GET", "/api/users/me/")["name"] == "Anna"
    assert client.get("/api/users/me/", token=person.session).status_code == 401
    assert client.get("/api/v1/me", headers=cookie(person)).status_code == 401


def test_a_session_ends_with_its_cookie(client: Client) -> None:
    body = {"name": "A", "user_type": "customer", "login": "a", "password": PASSWORD}
    client.post("/api/users/register/", json=body)
    answer = client.post("/api/users/login/", json=body)
    token = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    sessions = client.get("/api/v1/sessions", token=token).json()["items"]
    assert len(sessions) == 2
    for each in sessions:
        opened, ends = (datetime.fromisoformat(each[name]) for name in ("created_at", "expires_at"))
        assert ends - opened == timedelta(days=1)


def test_a_page_of_another_site_moves_no_money_with_the_cookie(client: Client, people: People) -> None:
    person = people.person()
    answer = ask(client, person, "PUT", "/api/users/me/wallet/", {"value": 5}, Origin="https://evil.example")
    assert (answer.status_code, answer.text) == (403, "403: Forbidden")
    assert money(client, person) == 0


def test_an_api_token_does_what_its_scopes_say(client: Client, people: People) -> None:
    person = people.person()
    token = people.token(person, "wallet:read").token
    headers = {"Cookie": f"{COOKIE}={token}"}
    assert client.get("/api/users/me/", headers=headers).status_code == 200
    refused = client.get("/api/orders/", headers=headers)
    assert (refused.status_code, refused.text) == (403, "403: Forbidden")


def test_too_many_failed_log_ins_of_all_apis_together_are_told_in_the_envelope(client: Client, people: People) -> None:
    person = people.person()
    wrong = {"login": person.login, "password": "wrong horse battery"}
    for number in range(ATTEMPTS_PER_ADDRESS):
        client.post(("/api/users/login/", "/api/v1/sessions")[number % 2], json=wrong)
    answer = client.post("/api/users/login/", json=wrong | {"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["result"] == "error"
    assert answer.json()["data"].startswith("Слишком много неудачных попыток входа: повторите через ")


def test_a_database_that_is_away_and_a_fault_are_told_as_the_old_service_told_them() -> None:
    away = wire.refuse(StorageUnavailable(reason="gone"), "id")
    assert (away.status, msgspec.json.decode(away.body)) == (
        400,
        {"result": "error", "data": "Не удалось подключение к базе данных"},
    )
    fault = wire.refuse(Fault(request_id="id"), "id")
    assert (fault.status, fault.body) == (500, b"500: Internal Server Error")


def test_too_many_registrations_of_an_address_are_told_in_the_envelope(start: Callable[..., Client]) -> None:
    client = start(registrations_per_hour=1)
    body = {"name": "A", "user_type": "customer", "password": PASSWORD}
    answers = [client.post("/api/users/register/", json=body | {"login": login}) for login in ("anna", "boris")]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert int(answers[1].headers["retry-after"]) > 0
    assert answers[1].json()["data"].startswith("Слишком много регистраций с вашего адреса: повторите через ")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: Client, people: People) -> None:
    answer = ask(client, people.person(), "POST", "/api/orders/add/", {"title": "x" * 2**20, "value": 1})
    assert (answer.status_code, answer.text) == (413, "413: Request Entity Too Large")


# --- users


def test_staff_are_in_no_list_and_who_is_both_is_a_customer(client: Client, people: People) -> None:
    both, staff = people.person("executor", "customer"), people.person("staff")
    executor = people.person("executor")
    kinds = {
        kind: [each["id"] for each in done(client, staff, "GET", f"/api/users/?users_type={kind}")]
        for kind in ("", "customer", "executor")
    }
    assert kinds == {
        "": [both.account_id, executor.account_id],
        "customer": [both.account_id],
        "executor": [executor.account_id],
    }
    assert done(client, staff, "GET", "/api/users/me/")["type"] == ""


def test_lists_of_more_than_a_page_are_shown_whole(client: Client, db: Database, run: Run) -> None:
    async def fill(tx: Write) -> Person:
        persons = [await enter(tx, f"person{number}", frozenset({"customer"}), {}) for number in range(201)]
        for person in persons:
            wanted = JobWanted(title="A job", value_minor=100, currency="RUB", policy="on_fulfil")
            await jobs.post(tx, Actor(person.account_id, person.login, frozenset()), wanted, Terms(1_000))
        return persons[0]

    anna = run(db.write(fill))
    assert len(done(client, anna, "GET", "/api/users/")) == 201
    assert [each["id"] for each in done(client, anna, "GET", "/api/orders/")] == list(range(1, 202))


# --- money


def test_where_the_operator_closed_them_top_ups_are_refused(
    start: Callable[..., Client], people: People, log: Log
) -> None:
    client, person = start(superservice_topups=False), people.person()
    assert not [line for line in log.lines() if line["event"] == "superservice.money_is_free"]
    answer = ask(client, person, "PUT", "/api/users/me/wallet/", {"value": 5})
    assert said(answer) == "Кошелек не может быть пополнен"
    assert money(client, person) == 0
    start(superservice_topups=True)
    assert [line for line in log.lines() if line["event"] == "superservice.money_is_free"]


def test_a_top_up_with_a_key_counts_once(client: Client, people: People) -> None:
    person = people.person()
    for _ in range(3):
        answer = ask(client, person, "PUT", "/api/users/me/wallet/", {"value": 5}, **{"Idempotency-Key": "key-1"})
        assert answer.json()["data"] == "Кошелек успешно пополнен"
    assert money(client, person) == 5
    top_up(client, person, 5)
    top_up(client, person, 5)
    assert money(client, person) == 15
    booked = client.get("/api/v1/wallet/entries?currency=RUB", token=person.session).json()["items"]
    assert [(each["amount_minor"], each["note"]) for each in booked] == [(500, "PUT /api/users/me/wallet/")] * 3


def test_an_executor_whose_wallet_is_full_fulfils_nothing(client: Client, people: People) -> None:
    anna, both = people.person(), people.person("customer", "executor")
    top_up(client, anna, 100)
    top_up(client, both, CAP - 0.89)
    order_id = add(client, anna, 1)
    answer = ask(client, both, "PUT", f"/api/orders/{order_id}/fulfill/")
    assert said(answer) == (
        "После выполнения заказа сумма на кошельке станет слишком велика. Заказ не может быть выполнен"
    )
    assert (money(client, anna), money(client, both)) == (100, CAP - 0.89)
    assert done(client, anna, "GET", f"/api/orders/{order_id}/")["fulfilled"] == 0
    other_id = add(client, both, 1)  # makes room
    done(client, people.person("executor"), "PUT", f"/api/orders/{other_id}/fulfill/")
    assert done(client, both, "PUT", f"/api/orders/{order_id}/fulfill/")["executor_id"] == both.account_id
    assert money(client, both) == CAP - 0.99


@pytest.mark.parametrize(
    ("value", "fee"), [(1, 0.1), (1.05, 0.1), (1.15, 0.12), (99.99, 10), (123.45, 12.34), (1000.25, 100.02)]
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_commission_is_a_tenth_rounded_half_to_even(
    client: Client, people: People, value: float, fee: float
) -> None:
    anna, ivan = people.person(), people.person("executor")
    top_up(client, anna, value)
    order_id = add(client, anna, value)
    done(client, ivan, "PUT", f"/api/orders/{order_id}/fulfill/")
    assert money(client, anna) == 0
    assert money(client, ivan) == pytest.approx(value - fee, abs=1e-9)


def test_the_commission_is_the_installation_s(start: Callable[..., Client], people: People) -> None:
    client, anna, ivan = start(job_fee_bp=500), people.person(), people.person("executor")
    top_up(client, anna, 100)
    done(client, ivan, "PUT", f"/api/orders/{add(client, anna, 100)}/fulfill/")
    assert money(client, ivan) == 95


def test_what_waits_for_a_withdrawal_is_not_shown_as_money(client: Client, people: People) -> None:
    anna = people.person()
    top_up(client, anna, 100)
    wanted = {"amount_minor": 30_00, "currency": "RUB", "to": "Bank, 1234"}
    assert client.post("/api/v1/wallet/withdrawals", token=anna.session, json=wanted).status_code == 201
    assert money(client, anna) == 70


# --- jobs that were not made here


def test_one_s_own_order_cannot_be_fulfilled(client: Client, people: People) -> None:
    both = people.person("customer", "executor")
    order_id = add(client, both, 1)
    assert said(ask(client, both, "PUT", f"/api/orders/{order_id}/fulfill/")) == "Заказ не может быть выполнен"


def test_a_prefunded_job_is_an_order_like_any_other(client: Client, people: People) -> None:
    anna, ivan = people.person(name="Anna"), people.person("executor")
    top_up(client, anna, 100)
    job_id = posted(client, anna, 100, policy="prefund", title="Prefunded")
    assert money(client, anna) == 0
    shown = {"id": job_id, "title": "Prefunded", "value": 100, "customer_id": anna.account_id, "customer_name": "Anna"}
    assert done(client, ivan, "GET", "/api/orders/") == [shown]
    done(client, ivan, "PUT", f"/api/orders/{job_id}/fulfill/")
    assert money(client, ivan) == 90


def test_a_job_in_another_currency_is_not_there(client: Client, people: People) -> None:
    anna, ivan = people.person(), people.person("executor")
    job_id = posted(client, anna, 100, currency="USD")
    assert done(client, ivan, "GET", "/api/orders/") == []
    for verb, path in (("GET", f"/api/orders/{job_id}/"), ("PUT", f"/api/orders/{job_id}/fulfill/")):
        answer = ask(client, ivan, verb, path)
        assert (answer.status_code, answer.text) == (404, "404: Not Found")


def test_an_order_that_was_cancelled_is_closed_and_not_fulfilled(client: Client, people: People) -> None:
    anna, ivan = people.person(), people.person("executor")
    order_id = add(client, anna, 1)
    cancelled = client.post(f"/api/v1/jobs/{order_id}/cancellation", token=anna.session, json={})
    assert cancelled.status_code == 200, cancelled.text
    shown = done(client, ivan, "GET", f"/api/orders/{order_id}/")
    assert (shown["fulfilled"], shown["executor_id"]) == (0, None)
    assert said(ask(client, ivan, "PUT", f"/api/orders/{order_id}/fulfill/")) == CLOSED
    assert done(client, ivan, "GET", "/api/orders/") == []


def test_an_order_whose_money_went_back_was_still_fulfilled(client: Client, people: People) -> None:
    anna, ivan, staff = people.person(), people.person("executor"), people.person("staff")
    top_up(client, anna, 10)
    order_id = add(client, anna, 10)
    done(client, ivan, "PUT", f"/api/orders/{order_id}/fulfill/")
    refunded = client.post(f"/api/v1/jobs/{order_id}/refund", token=staff.session, json={"reason": "late"})
    assert refunded.status_code == 200, refunded.text
    assert done(client, ivan, "GET", f"/api/orders/{order_id}/")["fulfilled"] == 1
    assert said(ask(client, ivan, "PUT", f"/api/orders/{order_id}/fulfill/")) == CLOSED
    assert (money(client, anna), money(client, ivan)) == (10, 0)
