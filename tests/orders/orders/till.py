"""A market where the test provider is let in; its clock and its chores are the test's."""

from typing import Any

import httpx
from sqlalchemy import select

from artel.db import Database, Query, Read
from artel.db.tables import outbox
from artel.kernel.clock import US
from artel.orders.orders import moves, paying
from artel.payments import service as payments
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from artel.payments.tables import test_charges
from tests.conftest import Client, Run
from tests.orders.orders.market import TERMS, Market
from tests.orders.waiting import pass_time
from tests.people import People, Person

HOLD_US = TERMS.hold_s * US
PAID_BACK = Query(int, select(test_charges.c.refunded_minor).order_by(test_charges.c.id))
KINDS = Query(str, select(outbox.c.kind).where(outbox.c.subject == "order/1").order_by(outbox.c.id))


class Till(Market):
    """Pays, lets time pass, and looks at what became of the money."""

    def __init__(self, db: Database, run: Run, client: Client, people: People) -> None:
        super().__init__(db, run, client, people)
        self.simulator = Simulator(db, late_us=2 * HOLD_US)
        self.providers = Providers({"test": self.simulator})
        self.seller = self.shop()
        self.customer = people.person()
        self.offer_id = self.offer(self.seller)

    def placed(self) -> int:
        """An order of two of ten copies."""
        order_id: int = self.order(self.customer, (self.offer_id, 2))["id"]
        return order_id

    def wish(self, order_id: int, wish: dict[str, str], who: Person | None = None, **rest: Any) -> httpx.Response:
        token = (who or self.customer).session
        return self.client.post(f"/api/v1/orders/{order_id}/payments", token=token, json=wish, **rest)

    def paid(self, order_id: int, method: str) -> Any:
        """A payment with the test provider; answers it."""
        answer = self.wish(order_id, {"provider": "test", "method": method})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def by_hand(self, order_id: int) -> Any:
        answer = self.wish(order_id, {"provider": "manual"})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def confirm(self, who: Person, payment: Any, **body: Any) -> httpx.Response:
        wanted = {"amount_minor": payment["amount_minor"]} | body
        return self.client.post(f"/api/v1/payments/{payment['id']}/confirm", token=who.session, json=wanted)

    def shown(self, order_id: int) -> list[Any]:
        answer = self.client.get(f"/api/v1/orders/{order_id}/payments", token=self.customer.session)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def later(self, by_us: int) -> None:
        """Time passes, and the chores are done."""
        self.run(self.db.write(pass_time, by_us))
        self.run(self._chores())

    async def _chores(self) -> None:
        await moves.expire_due(self.db)
        await paying.check_due(self.db, self.providers)
        await payments.refund_due(self.db, self.providers)

    def seen(self, query: Query[Any]) -> list[Any]:
        async def look(tx: Read) -> list[Any]:
            return await tx.all(query)

        return list(self.run(self.db.read(look)))
