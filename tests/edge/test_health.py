"""Alive is not ready: a database that does not answer makes the server unready, not dead."""

import asyncio

import asyncpg
import pytest

from artel.settings import Settings
from tests.conftest import Client
from tests.people import People


def test_a_server_that_works_is_alive_and_ready(client: Client) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def _let_in(url: str, allowed: str) -> None:
    """Open or close the database to everybody, and end whoever is in."""
    address, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{address}/postgres")
    try:
        await connection.execute(f"alter database {name} with allow_connections {allowed}")
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
    finally:
        await connection.close()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_while_the_database_is_away_every_answer_is_503_and_afterwards_all_is_well(
    settings: Settings, client: Client, people: People
) -> None:
    anna = people.person()
    assert client.get("/api/v1/me", token=anna.session).status_code == 200
    asyncio.run(_let_in(settings.database, "false"))
    try:
        assert client.get("/healthz").status_code == 200
        for verb, path in (("GET", "/readyz"), ("GET", "/api/v1/me"), ("PATCH", "/api/v1/me"), ("GET", "/user/all")):
            answer = client.request(verb, path, token=anna.session, json={"name": "x"} if verb == "PATCH" else None)
            assert answer.status_code == 503, f"{path}: {answer.text}"
        assert client.get("/readyz").json()["code"] == "storage.unavailable"
    finally:
        asyncio.run(_let_in(settings.database, "true"))
    assert client.get("/readyz").status_code == 200
    assert client.get("/api/v1/me", token=anna.session).json()["name"] == ""
