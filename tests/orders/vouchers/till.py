"""Vouchers and bare orders for the tests, and what the database holds of their uses."""

from typing import Any, Final

from sqlalchemy import bindparam, func, select

from artel.db import Query, Read, Write
from artel.orders.orders.tables import orders
from artel.orders.vouchers import rules
from artel.orders.vouchers.tables import voucher_uses, vouchers
from tests.shop.shelf import enter

USED: Final = Query(int, select(vouchers.c.used).where(vouchers.c.id == bindparam("voucher_id")))
ROWS: Final = Query(int, select(func.count()).where(voucher_uses.c.voucher_id == bindparam("voucher_id")))


async def enter_voucher(tx: Write, code: str, **values: Any) -> int:
    """A voucher of a tenth off everything, for ever and for everybody, where nothing else is named."""
    if "amount_minor" in values:
        values["currency"] = "RUB"
    plain = {"percent_bp": 0 if "amount_minor" in values else 1_000, "active": 1}
    return await enter(tx, vouchers, **plain | {"code": code, "code_key": rules.code_key(code)} | values)


async def enter_order(tx: Write, account_id: int) -> int:
    """An order of nothing."""
    return await enter(tx, orders, account_id=account_id, status="awaiting_payment", currency="RUB")


async def uses(tx: Read, voucher_id: int) -> tuple[int | None, int | None]:
    """The count that the voucher keeps, and the rows of its uses."""
    return await tx.one(USED, voucher_id=voucher_id), await tx.one(ROWS, voucher_id=voucher_id)
