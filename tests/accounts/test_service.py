"""Accounts over HTTP, on both databases."""

from tests.conftest import PASSWORD, Client


def test_a_registered_account_logs_in_whatever_the_case_of_its_login(client: Client) -> None:
    account_id = client.register("Anna")
    me = client.get("/api/v1/me", token=client.log_in("aNNA")).json()
    assert (me["id"], me["login"], me["roles"]) == (account_id, "Anna", ["customer"])


def test_a_login_is_given_once(client: Client) -> None:
    client.register("anna")
    answer = client.post("/api/v1/accounts", json={"login": "ANNA", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "accounts.login_taken")
