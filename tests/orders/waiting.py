"""Time passes for orders and payments: instead of waiting, all that is due at some time is due so much sooner."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    cast,
    literal_column,
    or_,
    select,
    update,
)

from artel.db import Command, Write
from artel.orders.orders.tables import orders
from artel.payments.rules import HINT_PAUSE_US
from artel.payments.tables import payments, refunds, test_charges

# What is due at some time is found by the partial indexes that the product itself uses, of however many that are done:
# a literal, since a parameter would not match them.
_zero: ColumnElement[int] = literal_column("0", BigInteger)


def _sooner(*columns: Column[int], only: Any) -> Command:
    earlier = bindparam("by_us", type_=columns[0].type)
    # 0 stands for never, so what was due becomes due long ago, but never at 0.
    values = {column.name: case((column > earlier, column - earlier), (column > 0, 1), else_=0) for column in columns}
    return Command(update(columns[0].table).where(only).values(values))


# One that failed is asked for again when somebody hints at it, but not so soon.
_asked_just_now = and_(payments.c.status == "failed", payments.c.asked_us + HINT_PAUSE_US > bindparam("now_us"))
# A charge that is not decided yet belongs to a payment that is still asked for.
_asked_for = select(cast(payments.c.id, Text)).where(payments.c.check_us > _zero)
SOONER: Final = [
    _sooner(
        test_charges.c.captures_us,
        test_charges.c.tells_us,
        only=or_(test_charges.c.tells_us > _zero, test_charges.c.payment_key.in_(_asked_for)),
    ),
    _sooner(orders.c.expires_us, only=orders.c.expires_us > _zero),
    _sooner(payments.c.check_us, payments.c.asked_us, only=or_(payments.c.check_us > _zero, _asked_just_now)),
    _sooner(refunds.c.try_us, only=refunds.c.try_us > _zero),
]


async def pass_time(tx: Write, by_us: int) -> None:
    """Let so many microseconds pass."""
    for command in SOONER:
        await tx.run(command, by_us=by_us, now_us=tx.now_us)
