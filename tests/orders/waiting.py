"""Time passes for orders and payments: instead of waiting, all that is due at some time is due so much sooner."""

from typing import Any, Final

from sqlalchemy import Column, bindparam, case, or_, update

from artel.db import Command, Write
from artel.orders.orders.tables import orders
from artel.payments.tables import payments, refunds, test_charges


def _sooner(*columns: Column[int], only: Any = True) -> Command:
    earlier = bindparam("by_us", type_=columns[0].type)
    # 0 stands for never, so what was due becomes due long ago, but never at 0.
    values = {column.name: case((column > earlier, column - earlier), (column > 0, 1), else_=0) for column in columns}
    return Command(update(columns[0].table).where(only).values(values))


_undecided = or_(test_charges.c.captures_us > bindparam("now_us"), test_charges.c.tells_us > 0)
SOONER: Final = [
    _sooner(orders.c.expires_us, only=orders.c.expires_us > 0),
    _sooner(payments.c.check_us, payments.c.asked_us, only=payments.c.status != "succeeded"),
    _sooner(refunds.c.try_us, only=refunds.c.try_us > 0),
    _sooner(test_charges.c.captures_us, test_charges.c.tells_us, only=_undecided),
]


async def pass_time(tx: Write, by_us: int) -> None:
    """Let so many microseconds pass."""
    for command in SOONER:
        await tx.run(command, by_us=by_us, now_us=tx.now_us)
