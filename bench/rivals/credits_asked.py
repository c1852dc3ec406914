"""POST /api/v1/accounts/{account_id}/wallet/credits: what both bare rivals make of a request, and what they answer."""

import secrets
from typing import Any

import msgspec

from bench.rivals.transfers import given

encode = msgspec.json.Encoder().encode


def read(path: str, body: bytes, by_account_id: int, now_us: int) -> dict[str, Any]:
    """The transfer from the world into the wallet of the account that the path names."""
    account_id = path.split("/")[4]
    asked = msgspec.json.decode(body)
    owner, currency, amount_minor = f"account/{account_id}", asked["currency"], asked["amount_minor"]
    cold = [("wallet", owner, currency, amount_minor)]
    hot = [("world", "", currency, -amount_minor)]
    wanted = given("wallet.credited", owner, f"credit/{secrets.token_urlsafe(32)}", now_us, cold, hot)
    return wanted | {"note": asked["note"], "by_account_id": by_account_id}


def answer(number: int, wanted: dict[str, Any]) -> bytes:
    """JSON."""
    return encode({"id": number} | {name: wanted[name] for name in ("kind", "reference", "note", "by_account_id")})
