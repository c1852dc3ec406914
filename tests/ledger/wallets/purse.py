"""A person with a wallet: asks over HTTP; the clock, the chores and the provider are the test's."""

from typing import Any, Final

import httpx
from sqlalchemy import bindparam, select

from artel.app import LATE_BY_S
from artel.db import Database, Query, Read
from artel.db.tables import outbox
from artel.kernel.clock import US
from artel.ledger.book import service as book
from artel.ledger.book.model import BalanceQuery, Place, TrialLine
from artel.orders.orders import paying
from artel.payments import service as payments
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from artel.payments.tables import test_charges
from artel.settings import Settings
from tests.conftest import Client, Run
from tests.orders.waiting import pass_time
from tests.people import People, Person

HOUR_US: Final = 3_600 * US
LATE_US: Final = (Settings().order_hold_s + LATE_BY_S) * US  # when the application's test provider takes late money
GIVEN_BACK: Final = Query(int, select(test_charges.c.refunded_minor).order_by(test_charges.c.id))
KINDS: Final = Query(str, select(outbox.c.kind).where(outbox.c.kind.like(bindparam("pattern"))).order_by(outbox.c.id))


class Purse:
    """One account's wallets."""

    def __init__(self, db: Database, run: Run, client: Client, people: People) -> None:
        self.db, self.run, self.client, self.people = db, run, client, people
        self.providers = Providers({"test": Simulator(db, late_us=LATE_US)})
        self.owner, self.staff = people.person(), people.person("staff")

    def post(self, path: str, body: Any = None, who: Person | None = None, **rest: Any) -> httpx.Response:
        return self.client.post(f"/api/v1{path}", token=(who or self.owner).session, json=body, **rest)

    def get(self, path: str, who: Person | None = None) -> Any:
        answer = self.client.get(f"/api/v1{path}", token=(who or self.owner).session)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def credit(self, minor: int, currency: str = "RUB", **rest: Any) -> Any:
        """Staff give money; answers the transfer."""
        body = {"amount_minor": minor, "currency": currency, "note": "a present"} | rest
        answer = self.post(f"/accounts/{self.owner.account_id}/wallet/credits", body, self.staff)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def balance(self, currency: str = "RUB") -> tuple[int, int]:
        """All of it, and what can be spent."""
        (found,) = self.get(f"/wallet?currency={currency}")["items"]
        assert found["posted_minor"] - found["held_minor"] == found["available_minor"]
        return found["posted_minor"], found["available_minor"]

    def top_up(self, minor: int, method: str = "ok", provider: str = "test", **rest: Any) -> httpx.Response:
        wanted = {"amount_minor": minor, "currency": "RUB", "provider": provider, "method": method}
        return self.post("/wallet/top-ups", wanted, **rest)

    def topped_up(self, minor: int, method: str = "ok", provider: str = "test") -> Any:
        answer = self.top_up(minor, method, provider)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def top_ups(self) -> Any:
        return self.get("/wallet/top-ups")["items"]

    def withdraw(self, minor: int, currency: str = "RUB", to: str = "DE02 1203") -> httpx.Response:
        return self.post("/wallet/withdrawals", {"amount_minor": minor, "currency": currency, "to": to})

    def withdrawn(self, minor: int) -> int:
        """A withdrawal that was asked for; answers its id."""
        answer = self.withdraw(minor)
        assert answer.status_code == 201, answer.text
        withdrawal_id: int = answer.json()["id"]
        return withdrawal_id

    def later(self, by_us: int) -> None:
        """Time passes, and the chores are done."""
        self.run(self.db.write(pass_time, by_us))
        self.run(self._chores())

    async def _chores(self) -> None:
        await paying.check_due(self.db, self.providers)
        await payments.refund_due(self.db, self.providers)

    def seen(self, query: Query[Any], **given: Any) -> list[Any]:
        async def look(tx: Read) -> list[Any]:
            return await tx.all(query, **given)

        return list(self.run(self.db.read(look)))

    def kinds(self, pattern: str = "wallet.%") -> list[str]:
        return self.seen(KINDS, pattern=pattern)

    def in_book(self, place: Place) -> int:
        """What an account of the book has."""
        return int(self.run(self.db.read(book.balance, place)).posted_minor)

    def trial(self) -> dict[str, int]:
        """What the accounts of each purpose have together, in roubles; all of them sum to zero."""
        lines: list[TrialLine] = self.run(self.db.read(book.trial_balance, BalanceQuery()))
        found = {line.purpose: line.balance_minor for line in lines if line.currency == "RUB" and line.balance_minor}
        assert sum(found.values()) == 0
        return dict(found)
