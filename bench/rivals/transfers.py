"""The three statements of a transfer, as the raw rivals give them to their drivers."""

from collections.abc import Callable, Sequence
from typing import Any

from artel.db.listed import rows
from artel.ledger.book import queries

Side = tuple[str, str, str, int]  # purpose, owner, currency, amount in minor units
WORDS = {"note": "", "by_account_id": None, "input_hash": b"x" * 32, "reverses_id": None}


def given(kind: str, reference: str, key: str, now_us: int, cold: list[Side], hot: list[Side]) -> dict[str, Any]:
    """What all three are given, but for the transfer's id and time; the balances of hot accounts do not change."""
    sides = sorted(cold + hot)
    return WORDS | {
        "kind": kind,
        "reference": reference,
        "key": key,
        "effective_us": now_us,
        "now_us": now_us,
        "entries": len(sides),
        "wanted": len(sides),
        "moves": rows([(*side, 0) for side in cold]),
        "sides": rows([(place, *side) for place, side in enumerate(sides, 1)]),
    }


def make(execute: Callable[..., Any], wanted: dict[str, Any]) -> int:
    """Make the transfer through apsw, in the transaction that is open; answers its id."""
    transfer, move, enter = queries.TRANSFER.sqlite, queries.MOVE.sqlite, queries.ENTER.sqlite
    ((number,),) = execute(transfer.text, transfer.arguments(wanted)).fetchall()
    booked_us = _booked_us(execute(move.text, move.arguments(wanted)).fetchall())
    execute(enter.text, enter.arguments(wanted | {"transfer_id": number, "booked_us": booked_us}))
    return int(number)


async def make_postgres(connection: Any, wanted: dict[str, Any]) -> int:
    """The same through asyncpg."""
    transfer, move, enter = queries.TRANSFER.postgresql, queries.MOVE.postgresql, queries.ENTER.postgresql
    number = await connection.fetchval(transfer.text, *transfer.arguments(wanted))
    booked_us = _booked_us(await connection.fetch(move.text, *move.arguments(wanted)))
    named = wanted | {"transfer_id": number, "booked_us": booked_us}
    await connection.execute(enter.text, *enter.arguments(named))
    return int(number)


def _booked_us(moved: Sequence[Any]) -> int:
    (booked_us,) = {int(row[-1]) for row in moved}  # nobody else moves these accounts
    return booked_us
