"""One day of an account, told with every secret that a person types or is shown: for the proofs that none is kept."""

from typing import Final

from tests.conftest import Client

FIRST: Final = "first-password-typed-once"
SECOND: Final = "second-password-typed-later"
GUESS: Final = "a-guess-that-was-wrong"
OLD_API: Final = "password-of-the-old-api"


def live_through(client: Client) -> list[str]:
    """Register, log in each way, make tokens, change the password, fail, log out, close; answers all the secrets."""
    secrets = [FIRST, SECOND, GUESS, OLD_API]
    body = {"login": "anna", "password": FIRST, "name": "Anna"}

    def keyed(number: int) -> dict[str, str]:
        return {"Idempotency-Key": f"scenario-key-{number}"}

    assert client.post("/api/v1/accounts", json=body, headers=keyed(1)).status_code == 201
    for _ in range(2):
        opened = client.post("/api/v1/sessions", json={"login": "anna", "password": FIRST}, headers=keyed(2))
    token = opened.json()["token"]
    cookie = client.post(
        "/api/v1/sessions", json={"login": "anna", "password": FIRST, "carrier": "cookie"}, headers=keyed(3)
    ).headers["set-cookie"]
    in_cookie = cookie.partition("=")[2].partition(";")[0]
    made = client.post(
        "/api/v1/tokens", token=token, json={"name": "t", "scopes": ["profile:read"]}, headers=keyed(4)
    ).json()["token"]
    secrets += [token, in_cookie, made]
    assert client.get("/api/v1/me", headers={"Cookie": f"__Host-artel={in_cookie}"}).status_code == 200
    assert client.get("/api/v1/me", token=made).status_code == 200
    for wrong in ({"login": "anna", "password": GUESS}, {"login": GUESS, "password": GUESS, "x": 1}):
        assert client.post("/api/v1/sessions", json=wrong, headers=keyed(5)).status_code in (400, 401)
    change = {"current": GUESS, "new": SECOND}
    assert client.request("PUT", "/api/v1/me/password", token=token, json=change).status_code == 400
    assert (
        client.request("PUT", "/api/v1/me/password", token=token, json={**change, "current": FIRST}).status_code == 204
    )
    assert client.get(f"/api/v1/me?token={token}", token=token[:-2]).status_code == 401
    assert client.get(f"/api/v1/sessions?limit={token}", token=token).status_code == 400

    old = {"login": "old", "password": OLD_API, "first_name": "O", "last_name": "L"}
    assert client.post("/user", json=old, headers=keyed(6)).status_code == 201
    raw = client.post("/user/auth", json={"login": "old", "password": OLD_API}).json()["Authorization"]
    secrets.append(raw)
    assert client.get("/user/all", headers={"Authorization": raw}).status_code == 200
    assert client.post("/user/auth", json={"login": "old", "password": GUESS}).status_code == 401

    older = {"name": "O", "user_type": "customer", "login": "older", "password": OLD_API}
    for path in ("/api/users/register/", "/api/users/login/"):
        given = client.post(path, json=older, headers=keyed(7)).headers["set-cookie"]
        secrets.append(given.partition("=")[2].partition(";")[0])
    client.http.cookies.clear()
    assert client.post("/api/users/login/", json=older | {"password": GUESS}).status_code == 400

    assert client.request("DELETE", "/api/v1/sessions/current", token=token).status_code == 204
    last = client.log_in("anna", SECOND)
    secrets.append(last)
    assert client.request("DELETE", "/api/v1/me", token=last).status_code == 204
    return secrets
