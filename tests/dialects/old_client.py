"""A client of the old superservice, for its tests: a person's session in the old cookie."""

from typing import Any

import httpx

from artel.dialects.superservice.wire import COOKIE
from tests.conftest import Client
from tests.people import Person

CLOSED = "Заказ уже закрыт"
TOO_LITTLE = "У заказчика недостаточно денег для закрытия заказа"


def cookie(person: Person) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={person.session}"}


def ask(client: Client, person: Person, verb: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    """One call."""
    client.http.cookies.clear()
    return client.request(verb, path, headers=cookie(person) | headers, **({} if body is None else {"json": body}))


def done(client: Client, person: Person, verb: str, path: str, body: Any = None) -> Any:
    """What a call that goes well answers."""
    answer = ask(client, person, verb, path, body)
    assert (answer.status_code, answer.json()["result"]) == (200, "success"), answer.text
    return answer.json()["data"]


def said(answer: httpx.Response) -> str:
    """The sentence of a refusal in the envelope."""
    assert (answer.status_code, answer.json()["result"]) == (400, "error"), answer.text
    return answer.json()["data"]


def money(client: Client, person: Person) -> float:
    return done(client, person, "GET", "/api/users/me/")["wallet"]


def top_up(client: Client, person: Person, value: float) -> None:
    done(client, person, "PUT", "/api/users/me/wallet/", {"value": value})


def add(client: Client, person: Person, value: float) -> int:
    """A new order of the person."""
    return done(client, person, "POST", "/api/orders/add/", {"title": "Вымыть окна", "value": value})["id"]
