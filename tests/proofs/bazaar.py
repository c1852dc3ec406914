"""A shop whose customers pay with a provider that lies, over a database whose users die between their steps.

Everything happens at random and several things at once; afterwards the books of the provider, which are the truth, are
compared with the orders, the stock and the book.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import BigInteger, bindparam, cast, func, select, update

from artel.db import Command, Database, Query, Read, Write
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.clock import US
from artel.kernel.errors import Refusal
from artel.ledger.book import model as places
from artel.ledger.book import service as book
from artel.ledger.book.model import BalanceQuery, Intent, Posting
from artel.orders.orders import checks, moves, paying, service
from artel.orders.orders.model import Cancelling, LineWanted, Placing, Refunding, Terms
from artel.orders.orders.tables import order_lines, orders
from artel.payments import service as payments
from artel.payments.model import Hint, PaymentRow, Receipt, Truth, Wish
from artel.payments.service import Asked, Providers
from artel.payments.simulator import BEHAVIOURS, Simulator
from artel.payments.tables import payments as payment_rows
from artel.payments.tables import refunds as refund_rows
from artel.payments.tables import test_charges
from artel.shop.offers.tables import offers
from artel.shop.shops.tables import shops
from tests.orders.waiting import pass_time
from tests.people import enter as enter_person
from tests.shop.shelf import enter_offer

TERMS: Final = Terms(hold_s=900, confirm_s=86_400)
COPIES: Final = 40  # of each offer: scarce, so that stock that is not given back is missed
OFFERS: Final = 5
AT_ONCE: Final = 6  # things that happen together
ORDERING: Final = 0.3  # how many of them are new orders
CRASHES: Final = 0.02  # how often whoever writes dies just before a commit, and just after one
SETTLING_DAYS: Final = 12  # until nothing is left to be done
METHODS: Final = (*BEHAVIOURS, "ok", "by hand", "wallet", "wallet")
PURSE: Final = 80_000  # what a customer's wallet is filled up by before each wave
COMMISSION_BP: Final = 725


class Died(Exception):
    """Whoever was at work is no more. What was committed stands, and nothing after it happens."""


class Mortal:
    """A database whose users die before or after a commit."""

    def __init__(self, db: Database, rng: random.Random) -> None:
        self.engine = db.engine
        self.deaths, self.odds = 0, CRASHES
        self._db, self._rng = db, rng
        self.read, self.close = db.read, db.close

    async def write(self, use: Callable[..., Awaitable[Any]], *args: Any, **rest: Any) -> Any:
        self._risk()
        result = await self._db.write(use, *args, **rest)
        self._risk()
        return result

    def _risk(self) -> None:
        if self._rng.random() < self.odds:
            self.deaths += 1
            raise Died


class Due(Struct, frozen=True):
    """An order, and the sums that have to agree."""

    id: int
    status: str
    paid_us: int
    total_minor: int
    refunded_minor: int


class Taken(Struct, frozen=True):
    """What the test provider took for a payment, by its own books; `id` is the order's."""

    id: int
    behaviour: str
    kept_minor: int
    refunded_minor: int


class Kept(Struct, frozen=True):
    """What was received by hand or from a wallet for an order and not promised back."""

    id: int
    kept_minor: int


_since = bindparam("since")
DUES: Final = Query(Due, select(*(orders.c[field] for field in Due.__struct_fields__)).where(orders.c.id > _since))
CAPTURED: Final = Query(
    Taken,
    select(
        payment_rows.c.order_id.label("id"),
        test_charges.c.behaviour,
        (test_charges.c.amount_minor - test_charges.c.refunded_minor).label("kept_minor"),
        test_charges.c.refunded_minor,
    )
    .join(payment_rows, payment_rows.c.reference == test_charges.c.reference)
    .where(
        test_charges.c.fate == "captured",
        test_charges.c.captures_us <= bindparam("now_us"),
        payment_rows.c.order_id > _since,
    ),
)
CAPTURED_IN_ALL: Final = Query(
    int, select(func.count()).where(test_charges.c.fate == "captured", test_charges.c.id > bindparam("since_charge"))
)
LAST_CHARGE: Final = Query(int, select(func.coalesce(func.max(test_charges.c.id), 0)))
BY_US: Final = Query(
    Kept,
    select(
        payment_rows.c.order_id.label("id"),
        (payment_rows.c.taken_minor - payment_rows.c.refunding_minor).label("kept_minor"),
    ).where(payment_rows.c.provider != "test", payment_rows.c.order_id > _since),
)


def _sum(column: Any, *where: Any) -> Query[int]:
    return Query(int, select(cast(func.coalesce(func.sum(column), 0), BigInteger)).where(*where))


HELD_OUTSIDE: Final = _sum(
    test_charges.c.amount_minor - test_charges.c.refunded_minor,
    test_charges.c.fate == "captured",
    test_charges.c.captures_us <= bindparam("now_us"),
)
HELD_BY_HAND: Final = _sum(payment_rows.c.taken_minor, payment_rows.c.provider == "manual")
OWED: Final = _sum(refund_rows.c.amount_minor, refund_rows.c.status != "done")
EARNED: Final = _sum(orders.c.total_minor - orders.c.refunded_minor, orders.c.paid_us > 0)
STOCK: Final = Query(int, select(offers.c.stock).where(offers.c.id == bindparam("offer_id")))
SOLD: Final = Query(
    int,
    select(func.coalesce(func.sum(order_lines.c.quantity), 0))
    .join(orders, orders.c.id == order_lines.c.order_id)
    .where(
        orders.c.status != "cancelled", orders.c.status != "expired", order_lines.c.offer_id == bindparam("offer_id")
    ),
)
REFERENCES: Final = Query(
    str, select(payment_rows.c.reference).where(payment_rows.c.reference.is_not(None), payment_rows.c.order_id > _since)
)
WAITING_BY_HAND: Final = Query(
    int,
    select(payment_rows.c.id).where(
        payment_rows.c.provider == "manual", payment_rows.c.status == "pending", payment_rows.c.order_id > _since
    ),
)
UNDONE: Final = Query(int, select(func.count()).where(refund_rows.c.status != "done", refund_rows.c.provider == "test"))
SET_COMMISSION: Final = Command(update(shops).values(commission_bp=COMMISSION_BP))
OF_REFERENCE: Final = Query(int, select(payment_rows.c.id).where(payment_rows.c.reference == bindparam("reference")))


class Bazaar:
    """One shop and its customers; `hear` is what is done with a notification."""

    def __init__(self, db: Database, rng: random.Random) -> None:
        self.db, self.rng = db, rng
        self.mortal = Mortal(db, rng)
        self.provider = Simulator(self.mortal, late_us=TERMS.hold_s * 2 * US)
        self.providers = Providers({"test": self.provider})
        self.hear: Callable[[str, str], Awaitable[None]] = self.hint
        self.first, self.first_charge = 0, 0  # the last order and charge of the wave before
        self.seen: Counter[str] = Counter()

    async def open(self) -> None:
        """Enter the customers."""
        people = [await self.db.write(enter_person, f"c{number}", frozenset({"customer"}), {}) for number in range(5)]
        self.customers = [Actor(person.account_id, person.login, frozenset({"customer"})) for person in people]

    # --- what happens

    async def wave(self, count: int) -> None:
        """About so many orders for new offers, what happens meanwhile, and time until nothing is left to be done."""
        self.offer_ids = [await self.db.write(_offer, self.rng.randrange(1, 100_000), COPIES) for _ in range(OFFERS)]
        for who in self.customers:
            await self.db.write(_fill, who.account_id, f"{self.first}")
        placed: list[tuple[Actor, int]] = []
        for _ in range(round(count / AT_ONCE / ORDERING)):
            things = [self._one(placed) for _ in range(AT_ONCE)]
            await asyncio.gather(*(self._survive(thing) for thing in things))
            if self.rng.random() < 0.3:
                await self.db.write(pass_time, self.rng.choice([US, 10 * US, 300 * US, 1_000 * US]))
        self.mortal.odds = 0
        for _ in range(SETTLING_DAYS):
            await self.db.write(pass_time, 86_400 * US)
            for chore in self._chores():
                await chore()
        self.mortal.odds = CRASHES

    def _one(self, placed: list[tuple[Actor, int]]) -> Awaitable[Any]:
        """Something that may happen now."""
        if not placed or self.rng.random() < ORDERING:
            return self._order(placed)
        who, order_id = self.rng.choice(placed[-30:])
        return self.rng.choice(
            [
                lambda: self._pay(who, order_id),
                lambda: self._cancel(who, order_id),
                lambda: self._refund(order_id),
                self._confirm,
                self._hint_anything,
                *self._chores(),
            ]
        )()

    def _chores(self) -> list[Callable[[], Awaitable[Any]]]:
        return [
            lambda: moves.expire_due(self.mortal),
            lambda: paying.check_due(self.mortal, self.providers),
            lambda: payments.refund_due(self.mortal, self.providers),
            lambda: self.provider.tell_due(self.hear),
        ]

    async def _survive(self, thing: Awaitable[Any]) -> None:
        """What is refused or dies in the middle is part of the day."""
        try:
            await thing
        except Died:
            self.seen["died"] += 1
        except Refusal as refusal:
            self.seen[refusal.code] += 1

    async def _order(self, placed: list[tuple[Actor, int]]) -> None:
        who, offer_id = self.rng.choice(self.customers), self.rng.choice(self.offer_ids)
        body = Placing([LineWanted(offer_id, self.rng.randint(1, 3))])
        order = await self.db.write(service.place, who, body, TERMS)
        placed.append((who, order.id))
        await self._pay(who, order.id)

    async def _pay(self, who: Actor, order_id: int) -> None:
        method = self.rng.choice(METHODS)
        inside = {"by hand": Wish("manual"), "wallet": Wish("wallet")}
        wish = inside.get(method) or Wish("test", method)
        asked = await paying.ask(self.mortal, who, order_id, wish, self.providers)
        await self.mortal.write(paying.pay, who, order_id, wish, asked)
        if method == "wallet":
            self.seen["paid from a wallet"] += 1

    async def _cancel(self, who: Actor, order_id: int) -> None:
        if self.rng.random() < 0.3:
            await self.mortal.write(moves.cancel, who, order_id, Cancelling("does not want it"))

    async def _refund(self, order_id: int) -> None:
        if self.rng.random() < 0.3:
            body = Refunding(amount_minor=self.rng.randint(1, 50_000), reason="a scratch")
            await self.mortal.write(moves.refund, SYSTEM, order_id, body)

    async def _confirm(self) -> None:
        for payment_id in (await self.db.read(_all, WAITING_BY_HAND, since=self.first))[:3]:
            payment: PaymentRow = await self.db.read(payments.get, payment_id)
            await self.mortal.write(paying.confirm, SYSTEM, payment_id, Receipt(payment.amount_minor))

    async def hint(self, provider: str, reference: str) -> None:
        """What the product does with a notification."""
        await payments.notified(self.mortal, provider, Hint(reference))

    async def believe(self, provider: str, reference: str) -> None:
        """What it must not do: take the notification for the truth."""
        payment_id = await self.db.read(_one_of, OF_REFERENCE, reference=reference)
        if payment_id is not None:
            payment: PaymentRow = await self.db.read(payments.get, payment_id)
            truth = Truth("captured", payment.amount_minor, payment.currency)
            await self.mortal.write(paying.learn, Asked(payment.id, reference, truth))

    async def _hint_anything(self) -> None:
        known = await self.db.read(_all, REFERENCES, since=self.first)
        await self.hear("test", self.rng.choice([*known, "foreign"]))

    # --- what must agree

    async def reckon(self) -> None:
        """Raises AssertionError where money, orders and stock do not agree; then a new wave may begin."""
        await self.db.read(self._reckon)

    async def _reckon(self, tx: Read) -> None:
        dues = await tx.all(DUES, since=self.first)
        captured = await tx.all(CAPTURED, since=self.first, now_us=tx.now_us)
        kept: Counter[int] = Counter()
        for charge in [*captured, *await tx.all(BY_US, since=self.first)]:
            kept[charge.id] += charge.kept_minor
        for due in dues:
            wanted = due.total_minor - due.refunded_minor if due.paid_us else 0
            assert kept[due.id] == wanted, f"{kept[due.id]} was kept of order {due.id}, which is {due}"
            assert due.status not in ("awaiting_payment", "check_availability"), f"{due} still waits"
        charges = await tx.one(CAPTURED_IN_ALL, since_charge=self.first_charge)
        assert charges == len(captured), f"{charges} charges were taken, {len(captured)} are known"
        assert await tx.one(UNDONE) == 0, "a refund was not made"
        for offer_id in self.offer_ids:
            left, sold = await tx.one(STOCK, offer_id=offer_id) or 0, await tx.one(SOLD, offer_id=offer_id) or 0
            assert left + sold == COPIES, f"offer {offer_id}: {left} left and {sold} sold of {COPIES}"
        self._count(dues, captured)
        self.first = max(due.id for due in dues)
        self.first_charge = await tx.one(LAST_CHARGE) or 0

    async def audit(self) -> None:
        """The same of the whole book, after all waves: it costs as much as there is in it."""
        await self.db.read(self._audit)

    async def _audit(self, tx: Read) -> None:
        sums = {each.purpose: each.balance_minor for each in await book.trial_balance(tx, BalanceQuery())}
        assert sum(sums.values()) == 0, f"the book does not balance: {sums}"
        outside = (await book.balance(tx, places.provider("test", "RUB"))).posted_minor
        by_hand = (await book.balance(tx, places.provider("manual", "RUB"))).posted_minor
        assert -outside == await tx.one(HELD_OUTSIDE, now_us=tx.now_us), "what the provider has of us by its own books"
        assert -by_hand == await tx.one(HELD_BY_HAND), "what came by hand"
        assert sums["refunds"] == await tx.one(OWED), "what was promised and not given"
        assert sums["revenue"] + sums["fees"] == await tx.one(EARNED), "what was sold and not paid back"
        assert await checks.check(tx) == []

    def _count(self, dues: list[Due], captured: list[Taken]) -> None:
        """What was met, so that a proof that met nothing is seen."""
        over = {due.id for due in dues if not due.paid_us}
        self.seen.update(due.status for due in dues)
        self.seen.update("given back unasked" for charge in captured if charge.id in over)
        self.seen.update(charge.behaviour for charge in captured)


async def _offer(tx: Write, price_minor: int, stock: int) -> int:
    offer_id = await enter_offer(tx, price_minor=price_minor, stock=stock)
    await tx.run(SET_COMMISSION)
    return offer_id


async def _fill(tx: Write, account_id: int, wave: str) -> None:
    postings = (Posting(places.wallet(account_id, "RUB"), PURSE), Posting(places.world("RUB"), -PURSE))
    await book.post(tx, Intent("credit", "test", f"test/{account_id}/{wave}", postings))


async def _all(tx: Read, query: Query[Any], **params: Any) -> list[Any]:
    return await tx.all(query, **params)


async def _one_of(tx: Read, query: Query[Any], **params: Any) -> Any:
    return await tx.one(query, **params)
