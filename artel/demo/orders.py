"""The demo's orders: placed, paid, sent and given up by the use cases that serve everybody, at times of the past.

So their rows are what the services make, with their history.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, Literal

from msgspec import Struct

from artel.db import Database, Read, Write
from artel.db.listed import rows
from artel.demo import plan, queries, words
from artel.demo.business import At, Demo, Progress, logins
from artel.demo.queries import KnownOffer
from artel.kernel.actor import Actor
from artel.orders.delivery import service as delivery
from artel.orders.delivery.model import MethodFilter
from artel.orders.orders import moves, paying, service
from artel.orders.orders.model import Cancelling, CopiesBack, LineWanted, Order, Placing, Refunding, Shipping, Terms
from artel.payments import service as payments
from artel.payments.model import Payable, Receipt, Remark, Wish
from artel.payments.provider import MANUAL
from artel.payments.service import Providers
from artel.shop.shops import service as shops

Fate = Literal[
    "completed", "cancelled", "expired", "refunded", "partly_refunded", "shipped", "paid", "awaiting_payment", "asked"
]
# What became of each of fifty orders, the oldest first; "asked": a shop has yet to say that it can deliver.
FATES: Final[tuple[Fate, ...]] = (
    *("completed", "completed", "cancelled", "completed", "expired", "completed", "completed", "refunded"),
    *("completed", "completed", "cancelled", "completed", "partly_refunded", "completed", "completed", "expired"),
    *("completed", "completed", "cancelled", "completed", "refunded", "completed", "completed", "partly_refunded"),
    *("completed", "completed", "expired", "completed", "completed", "cancelled", "completed"),
    *("shipped", "paid", "shipped", "shipped", "paid", "shipped", "shipped", "paid", "shipped", "paid", "shipped"),
    *("paid", "awaiting_payment", "asked", "awaiting_payment", "paid", "asked", "awaiting_payment", "asked"),
)
HOUR_US: Final = plan.DAY_US // 24
HELD: Final = Terms(hold_s=14 * 86_400, confirm_s=14 * 86_400)  # so that those that wait do so for some days
FLEETING: Final = Terms(hold_s=900, confirm_s=900)
VOUCHER: Final = "READING5"  # serves everybody at any time
PLENTY: Final = 10  # copies of an offer that orders are placed for
BATCH: Final = 25  # orders of one transaction
NOTES: Final = ("", "", "", "Позвоните за час, пожалуйста.", "Это подарок: без чека в посылке.", "Домофон не работает.")
REASONS: Final = {
    "cancelled": ("Передумал(а)", "Нашлось дома", "Заказ сделан дважды"),
    "refunded": ("Книга пришла с порванной обложкой", "Не понравилось"),
    "partly_refunded": ("Одна книга пришла с браком",),
}


class Stage(Struct, frozen=True):
    """Where the orders are placed: what is for sale, who buys, who works there, which shops ask first."""

    offers: Sequence[KnownOffer]
    people: Mapping[str, int]
    staff: Actor
    confirming: frozenset[int]


async def load_orders(db: Database, demo: Demo, show: Progress) -> None:
    """Place the orders that are still missing: as many are there as the demo's customers have."""
    total = demo.sizes.orders
    done = min(await db.read(_placed, demo), total)
    while done < total:
        unit = done // plan.ORDERS_EACH  # of the books that these orders are for
        end = min(done + BATCH, (unit + 1) * plan.ORDERS_EACH, total)
        await db.write(_place_some, demo, range(done, end), unit)
        done = end
        show("orders", done, total)


async def _placed(tx: Read, demo: Demo) -> int:
    customers = rows((plan.person(demo.seed, number).login,) for number in range(1, demo.sizes.people + 1))
    return await tx.one(queries.ORDERS_OF, logins=customers) or 0


async def _place_some(tx: Write, demo: Demo, numbers: range, unit: int) -> None:
    first = unit * plan.BOOKS_EACH + 1
    isbns = rows((plan.isbn_of(demo.seed, number),) for number in range(first, first + plan.BOOKS_EACH))
    found = [offer for offer in await tx.all(queries.OFFERS, isbns=isbns) if offer.stock >= PLENTY]
    terms = await shops.terms_of(tx, {offer.shop_id for offer in found})
    people = [plan.person(demo.seed, unit * plan.PEOPLE_EACH + each).login for each in range(1, plan.PEOPLE_EACH + 1)]
    ids = await logins(tx, [*people, "staff"])
    staff = Actor(ids.pop("staff"), "staff", frozenset({"staff"}))
    confirming = frozenset(shop_id for shop_id, each in terms.items() if each.confirms)
    stage = Stage(found, {login: ids[login] for login in people}, staff, confirming)
    for number in numbers:
        await _Course(tx, demo, number, stage).run()


class _Course:
    """What happens to one order, one thing after the other."""

    def __init__(self, tx: Write, demo: Demo, number: int, stage: Stage) -> None:
        self.draw: Random = plan.draw_for(demo.seed, "order", number)
        self.stage, self._tx = stage, tx
        self.fate = FATES[number * len(FATES) // demo.sizes.orders]
        share = (number + self.draw.random()) / demo.sizes.orders
        self._end_us = demo.as_of_us
        self._now_us = demo.as_of_us - plan.SPAN_US + int(share * (plan.SPAN_US - 2 * HOUR_US)) + HOUR_US
        login = self.draw.choice(list(stage.people))
        self.customer = Actor(stage.people[login], login, frozenset({"customer"}))

    def later(self, hours: float) -> At:
        """The transaction some time after what happened last, and never after the demo's own time."""
        wanted_us = self._now_us + int(hours * self.draw.uniform(0.5, 1.5) * HOUR_US)
        self._now_us = max(self._now_us + 1, min(wanted_us, self._end_us))
        return At(self._tx, self._now_us)

    async def run(self) -> None:
        """Place the order and let its fate come."""
        order = await self._place()
        if self.fate == "expired":
            await moves.expire(self.later(1), order.id)
        elif self.fate == "cancelled":
            await moves.cancel(self.later(3), self.customer, order.id, Cancelling(self._reason()))
        if self.fate in ("asked", "expired", "cancelled"):
            return
        if order.status == "check_availability":
            for part in order.parts:
                if part.confirmed_at is None:
                    order = await moves.confirm(self.later(2), self.stage.staff, order.id, part.shop_id, HELD)
        if self.fate == "awaiting_payment":
            return
        await self._pay(order)
        if self.fate == "paid":
            return
        await self._send(order)
        if self.fate in ("refunded", "partly_refunded"):
            await self._refund(order)

    async def _place(self) -> Order:
        lines = self._lines()
        deliveries = await self._deliveries({offer.shop_id for offer in lines})
        wanted = [LineWanted(offer.id, self.draw.choice((1, 1, 1, 2))) for offer in lines]
        street, house = self.draw.choice(words.STREETS), self.draw.randint(1, 90)
        place = f"{self.draw.choice(words.CITIES)[0]}, ул. {street}, д. {house}, кв. {self.draw.randint(1, 120)}"
        body = Placing(
            lines=wanted,
            voucher=VOUCHER if self.draw.random() < 0.2 else None,
            deliveries=deliveries,
            address=place if deliveries else "",
            note=self.draw.choice(NOTES),
        )
        terms = FLEETING if self.fate == "expired" else HELD
        return await service.place(self.later(0.01), self.customer, body, terms)

    def _lines(self) -> list[KnownOffer]:
        """One to three books; an order that waits for a shop's word has one of such a shop, no other has."""
        asks = [offer for offer in self.stage.offers if offer.shop_id in self.stage.confirming]
        others = [offer for offer in self.stage.offers if offer.shop_id not in self.stage.confirming]
        chosen = self.draw.sample(others, min(self.draw.choice((1, 1, 2, 3)), len(others)))
        return [self.draw.choice(asks), *chosen[1:]] if asks and self.fate == "asked" else chosen

    async def _deliveries(self, shop_ids: set[int]) -> dict[int, int]:
        """A delivery method of each shop, or none: the customer fetches the books."""
        if self.draw.random() < 0.3:
            return {}
        found = {}
        for shop_id in sorted(shop_ids):
            methods = await delivery.methods(self._tx, self.customer, shop_id, MethodFilter())
            if methods.items:
                found[shop_id] = self.draw.choice(methods.items).id
        return found

    async def _pay(self, order: Order) -> None:
        shop_ids = [part.shop_id for part in order.parts]
        payable = Payable(order.id, self.customer.account_id, shop_ids, order.total_minor, order.currency)
        payment = await payments.begin(self.later(0.2), payable, Wish(MANUAL), Providers({}))
        receipt = Receipt(order.total_minor, "перевод")
        await paying.confirm(self.later(5), self.stage.staff, payment.id, receipt)

    async def _send(self, order: Order) -> None:
        for part in order.parts:
            tracking = f"RR{self.draw.randrange(10**9):09d}RU" if part.delivery_method_id else ""
            await moves.ship(self.later(14), self.stage.staff, order.id, part.shop_id, Shipping(tracking))
        if self.fate != "shipped":
            await moves.complete(self.later(90), self.customer, order.id)

    async def _refund(self, order: Order) -> None:
        line = order.parts[0].lines[0]
        whole = self.fate == "refunded"
        wanted = Refunding(
            lines=None if whole else [CopiesBack(line.offer_id, 1)],
            everything=whole,
            restock=whole,
            reason=self._reason(),
        )
        await moves.refund(self.later(30), self.stage.staff, order.id, wanted)
        for refund_id in await self._tx.all(queries.PENDING_REFUNDS, order_id=order.id):
            await paying.confirm_refund(self.later(10), self.stage.staff, refund_id, Remark("перевод"))

    def _reason(self) -> str:
        return self.draw.choice(REASONS[self.fate])
