"""Carts for the tests, filled through HTTP, and what is in them."""

from typing import Any

from tests.conftest import Client


def headers(guest: str) -> dict[str, str]:
    return {"Artel-Cart": guest}


def open_guest_cart(client: Client) -> str:
    """A new guest's cart; answers its token."""
    answer = client.post("/api/v1/guest-carts")
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


def put(client: Client, offer_id: int, quantity: int, *, session: str | None = None, guest: str = "") -> Any:
    """Sets a line; answers the cart."""
    path = f"/api/v1/cart/lines/{offer_id}"
    answer = client.request("PUT", path, token=session, headers=headers(guest), json={"quantity": quantity})
    assert answer.status_code == 200, answer.text
    return answer.json()


def lines(client: Client, *, session: str | None = None, guest: str = "") -> dict[int, int]:
    """The quantities in a cart, by offer."""
    answer = client.get("/api/v1/cart", token=session, headers=headers(guest))
    assert answer.status_code == 200, answer.text
    return {line["offer_id"]: line["quantity"] for line in answer.json()["lines"]}
