"""How many payments that come to nothing may be begun: whoever tries stolen cards tries many."""

from typing import Final

from artel.db import Read
from artel.kernel.clock import US
from artel.payments import queries
from artel.payments.model import Payable, PaymentRow, TooManyPayments, TooManyTopUps

PAYMENTS_MAX: Final = 20  # of one order with one provider, and top-ups of one account in a day
DAY_US: Final = 86_400 * US


async def refuse_failed(tx: Read, order: Payable, provider: str) -> None:
    """Raises TooManyPayments when so many of the order failed with this provider."""
    failed = await tx.one(queries.FAILED_OF_ORDER, order_id=order.order_id, of_provider=provider)
    if (failed or 0) >= PAYMENTS_MAX:
        raise TooManyPayments(payments=PAYMENTS_MAX)


async def refuse_unpaid(tx: Read, top_up: PaymentRow) -> None:
    """Raises TooManyTopUps when so many were begun in the day before this one and not paid."""
    after_us = top_up.created_us - DAY_US
    given = {"account_id": top_up.account_id, "before_id": top_up.id, "after_us": after_us}
    if (await tx.one(queries.UNPAID_TOP_UPS, **given) or 0) >= PAYMENTS_MAX:
        raise TooManyTopUps(payments=PAYMENTS_MAX)
