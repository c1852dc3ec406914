"""Payments as a test runs them: the use cases for one order, one after another."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from artel.db import Database, Query, Read
from artel.db.tables import outbox
from artel.kernel.clock import US
from artel.payments import service
from artel.payments.model import Hint, Payable, PaymentRow, RefundRow, Truth, Wish
from artel.payments.service import Providers
from artel.payments.tables import payments, test_charges, test_refunds
from tests.conftest import Run
from tests.orders.waiting import pass_time

TOTAL = 12_345
KINDS = Query(str, select(outbox.c.kind).where(outbox.c.kind.like("payment.%")).order_by(outbox.c.id))
CHECK_US = Query(int, select(payments.c.check_us))
GIVEN_BACK = Query(int, select(test_charges.c.refunded_minor))
REFUND_KEYS = Query(str, select(test_refunds.c.refund_key))
TAKEN = Truth("captured", TOTAL, "RUB")
DAY_US = 86_400 * US


class Till:
    """Runs the use cases of payments for one order."""

    def __init__(self, db: Database, run: Run, order: Payable, providers: Providers) -> None:
        self.db, self.run, self.order, self.providers = db, run, order, providers

    def write(self, use: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return self.run(self.db.write(use, *args))

    def read(self, use: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return self.run(self.db.read(use, *args))

    def begin(self, method: str = "ok", provider: str = "test") -> PaymentRow:
        return self.write(service.begin, self.order, Wish(provider, method), self.providers)

    def ask(self, payment: PaymentRow) -> service.Asked:
        return self.run(service.ask(self.providers, payment))

    def settle(self, payment: PaymentRow, truth: Truth = TAKEN) -> PaymentRow | None:
        return self.write(service.settle, payment.id, truth)

    def take(self, method: str = "ok") -> PaymentRow:
        """A payment that the provider took and named."""
        payment = self.begin(method)
        asked = self.ask(payment)
        self.write(service.name, asked)
        settled = self.settle(payment)
        assert settled is not None
        return settled

    def promise(self, amount_minor: int) -> list[RefundRow]:
        return self.write(service.promise_refund, self.order.order_id, amount_minor, "why")

    def refund(self) -> service.Pass:
        return self.run(service.refund_due(self.db, self.providers))

    def hint(self, provider: str, reference: str) -> None:
        self.run(service.notified(self.db, provider, Hint(reference)))

    def later(self, by_us: int) -> None:
        self.write(pass_time, by_us)

    def seen(self, query: Query[Any]) -> list[Any]:
        async def look(tx: Read) -> list[Any]:
            return await tx.all(query)

        return self.read(look)
