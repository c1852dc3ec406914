"""What the book holds for orders, as a test asks for it."""

from collections.abc import Mapping
from typing import Any

from artel.db import Database, Read, Write
from artel.kernel.actor import SYSTEM
from artel.ledger.book import model as places
from artel.ledger.book import service as book
from artel.ledger.book.model import Intent, Place, Posting
from artel.orders.orders.checks import check
from artel.shop.shops import service as shops
from artel.shop.shops.model import Commission
from tests.conftest import Run
from tests.people import Person

RUB = "RUB"


class Accounts:
    """Looks into the book, and fills wallets."""

    def __init__(self, db: Database, run: Run) -> None:
        self.db, self.run = db, run
        self._credits = 0

    def credit(self, who: Person, amount_minor: int) -> None:
        """Money for somebody's wallet."""
        self._credits += 1
        postings = (
            Posting(places.wallet(who.account_id, RUB), amount_minor),
            Posting(places.world(RUB), -amount_minor),
        )
        intent = Intent("wallet.credited", "test", f"test/credit/{self._credits}", postings)
        self.run(self.db.write(book.post, intent))

    def take_commission(self, shop_id: int, rate_bp: int) -> None:
        """From now on the platform keeps so much."""
        self.run(self.db.write(shops.set_commission, SYSTEM, shop_id, Commission(rate_bp)))

    def has(self, place: Place) -> int:
        """What is there, in minor units."""
        return int(self.run(self.db.read(book.balance, place)).posted_minor)

    def all(self, *shop_ids: int, who: Person | None = None) -> Mapping[str, int]:
        """What is in every account that an order moves, those that are empty left out."""
        wanted = {
            "manual": places.provider("manual", RUB),
            "test": places.provider("test", RUB),
            "refunds": places.refunds(RUB),
            "fees": places.fees(RUB),
            "payouts": places.payouts(RUB),
        } | {f"shop{number}": places.revenue(shop_id, RUB) for number, shop_id in enumerate(shop_ids, 1)}
        if who:
            wanted["wallet"] = places.wallet(who.account_id, RUB)
        found = {name: self.has(place) for name, place in wanted.items()}
        return {name: minor for name, minor in found.items() if minor}

    def of_order(self, order_id: int) -> list[Any]:
        """The transfers of an order."""
        return list(self.run(self.db.read(book.of_reference, f"order/{order_id}")))

    def broken(self) -> list[Any]:
        """What orders and the book do not agree on."""
        return list(self.run(self.db.read(_check)))


async def _check(tx: Read) -> list[Any]:
    return list(await check(tx))


async def post(tx: Write, intent: Intent) -> None:
    """A transfer that nobody asked for."""
    await book.post(tx, intent)
