"""Loads the demo's people, shops, books and offers: in batches, each a transaction of its own.

Whatever a load that broke off had committed is found by logins, slugs and ISBNs: running it again completes it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct

from artel.accounts import service as accounts
from artel.accounts.service import Hashed
from artel.db import Command, Database, Query, Read, Write
from artel.db.listed import rows
from artel.db.statement import Params
from artel.demo import plan, queries
from artel.kernel.actor import SYSTEM
from artel.kernel.clock import iso
from artel.orders.carts import service as carts
from artel.orders.carts.service import Owner
from artel.orders.delivery import service as delivery
from artel.orders.vouchers import service as vouchers
from artel.orders.vouchers.model import CodeTaken, VoucherWanted
from artel.shop.categories import service as categories
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferWanted
from artel.shop.products import service as products
from artel.shop.shops import service as shops
from artel.shop.shops.model import Commission

Row = TypeVar("Row")
BATCH: Final = 500  # books of one transaction
COMMISSION: Final = Commission(rate_bp=500)  # of every shop
Progress = Callable[[str, int, int], None]  # what is loaded, how many of them are there, and how many there will be


class Demo(Struct, frozen=True):
    """What is to be loaded: of which seed, how much, and the time at which it is as if it were loaded."""

    seed: int
    sizes: plan.Sizes
    as_of_us: int


class At:
    """A transaction whose clock shows another time: what the demo's past is written in."""

    def __init__(self, tx: Write, now_us: int) -> None:
        self._tx, self.now_us = tx, now_us

    async def one(self, query: Query[Row], **params: Any) -> Row | None:
        """The first row, or None."""
        return await self._tx.one(query, **params)

    async def all(self, query: Query[Row], **params: Any) -> list[Row]:
        """Every row."""
        return await self._tx.all(query, **params)

    async def run(self, command: Command, **params: Any) -> int:
        """Rows changed."""
        return await self._tx.run(command, **params)

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        """The same command once for each set of parameters."""
        await self._tx.many(command, params)


def _batches(total: int) -> Iterator[range]:
    """The numbers from 1 on, a transaction's worth at a time."""
    for first in range(1, total + 1, BATCH):
        yield range(first, min(first + BATCH, total + 1))


# --- people


async def load_people(db: Database, demo: Demo, hashed: Hashed, show: Progress) -> None:
    """Those with names of their own, then the customers; all have one password."""
    await db.write(_add_known, demo, hashed)
    total, done = demo.sizes.people, 0
    for numbers in _batches(total):
        await db.write(_add_people, demo, numbers, hashed)
        done += len(numbers)
        show("people", done, total)


async def logins(tx: Read, wanted: Iterable[str]) -> dict[str, int]:
    """The ids of the accounts with these logins."""
    return {each.login: each.id for each in await tx.all(queries.LOGINS, logins=rows((login,) for login in wanted))}


async def _add_known(tx: Write, demo: Demo, hashed: Hashed) -> None:
    there = await logins(tx, plan.PEOPLE)
    past = At(tx, demo.as_of_us - plan.SPAN_US)
    for login, (_, roles) in plan.PEOPLE.items():
        if login not in there:
            await accounts.create(past, plan.known(login), hashed, frozenset(roles.split()))


async def _add_people(tx: Write, demo: Demo, numbers: Sequence[int], hashed: Hashed) -> None:
    people = [plan.person(demo.seed, number) for number in numbers]
    there = await logins(tx, [each.login for each in people])
    past = At(tx, demo.as_of_us - plan.SPAN_US)
    for each in people:
        if each.login not in there:
            await accounts.create(past, each, hashed, frozenset({"customer"}))


# --- shops


async def load_shops(db: Database, demo: Demo, show: Progress) -> dict[int, int]:
    """The categories and the shops, each with its deliveries and a member; answers the shops' ids by their numbers."""
    await db.write(_add_categories, demo)
    ids: dict[int, int] = {}
    for numbers in _batches(demo.sizes.shops):
        ids |= await db.write(_add_shops, demo, numbers)
        show("shops", len(ids), demo.sizes.shops)
    return ids


async def category_ids(tx: Read) -> dict[str, int]:
    """The ids of all categories by their slugs."""
    return {each.slug: each.id for each in (await categories.tree(tx)).items}


async def _add_categories(tx: Write, demo: Demo) -> None:
    past = At(tx, demo.as_of_us - plan.SPAN_US)
    ids = await category_ids(tx)
    for number, (slug, _, parent, _) in enumerate(plan.CATEGORIES):
        if slug not in ids:
            ids[slug] = (await categories.create(past, SYSTEM, plan.category(number, ids.get(parent)))).id


async def _add_shops(tx: Write, demo: Demo, numbers: Sequence[int]) -> dict[int, int]:
    wanted = {number: plan.shop(demo.seed, number) for number in numbers}
    listed = rows((str(each.slug),) for each in wanted.values())
    there = {each.slug: each.id for each in await tx.all(queries.SHOPS, slugs=listed)}
    members = {number: member_of(demo, number) for number in numbers}
    accounts_of = await logins(tx, set(members.values()))
    past = At(tx, demo.as_of_us - plan.SPAN_US)
    ids = {}
    for number, body in wanted.items():
        if body.slug in there:
            ids[number] = there[str(body.slug)]
            continue
        ids[number] = (await shops.create(past, SYSTEM, body)).id
        await shops.add_member(past, SYSTEM, ids[number], accounts_of[members[number]])
        await shops.set_commission(past, SYSTEM, ids[number], COMMISSION)
        for method in plan.methods(demo.seed, number):
            await delivery.make(past, SYSTEM, ids[number], method)
    return ids


def member_of(demo: Demo, number: int) -> str:
    """The login of a shop's member: of the first it is the staff's, of others that of the customer of its number."""
    return "staff" if number == 1 else plan.person(demo.seed, number).login


# --- books


async def load_books(db: Database, demo: Demo, shop_ids: Mapping[int, int], show: Progress) -> None:
    """The books and their offers."""
    total, done = demo.sizes.books, 0
    for numbers in _batches(total):
        await db.write(_add_books, demo, numbers, shop_ids)
        done += len(numbers)
        show("books", done, total)


async def _add_books(tx: Write, demo: Demo, numbers: Sequence[int], shop_ids: Mapping[int, int]) -> None:
    """Books that are not there, each with all of its offers: a book that is there has them."""
    isbns = {number: plan.isbn_of(demo.seed, number) for number in numbers}
    there = await products.by_isbn(tx, isbns.values())
    new = [number for number, isbn in isbns.items() if isbn not in there]
    if not new:
        return
    past, ids = At(tx, demo.as_of_us - plan.SPAN_US), await category_ids(tx)
    entered = await products.create_all(past, SYSTEM, [plan.book(demo.seed, each, shop_ids, ids) for each in new])
    wanted: list[tuple[int, OfferWanted]] = []
    for number, product in zip(new, entered, strict=True):
        of_book = plan.offers(demo.seed, number, product.id)
        wanted += [(shop_ids[place], body) for place, body in zip(plan.places(demo.seed, number), of_book, strict=True)]
    await offers.create_all(past, SYSTEM, wanted)


# --- what makes it look lived in

VOUCHERS: Final[Mapping[str, Mapping[str, Any]]] = {  # days from and until, of the load; none: for ever
    "WELCOME10": {"percent_bp": 1_000, "once_per_customer": True},
    "READING5": {"percent_bp": 500},
    "MINUS300": {"amount_minor": 30_000, "currency": "RUB", "minimum_minor": 200_000},
    "FIRST100": {"percent_bp": 1_500, "uses_max": 100, "until_day": 30},
    "SUMMER20": {"percent_bp": 2_000, "until_day": -10},
}


async def load_vouchers(tx: Write, demo: Demo) -> None:
    """Vouchers of every kind, one of them over."""
    past = At(tx, demo.as_of_us - plan.SPAN_US)
    for code, given in VOUCHERS.items():
        fields = dict(given)
        until = fields.pop("until_day", None)
        until_at = "" if until is None else iso(demo.as_of_us + until * plan.DAY_US)
        try:
            await vouchers.make(past, SYSTEM, VoucherWanted(code=code, until_at=until_at, **fields))
        except CodeTaken:
            continue


async def load_carts(tx: Write, demo: Demo) -> None:
    """Some customers have put something into their carts, and have not ordered it yet."""
    for number in range(1, demo.sizes.carts + 1):
        draw = plan.draw_for(demo.seed, "cart", number)
        login = plan.person(demo.seed, draw.randint(1, demo.sizes.people)).login
        owner = Owner((await logins(tx, [login]))[login])
        if (await carts.show(tx, owner)).lines:
            continue
        isbns = {plan.isbn_of(demo.seed, draw.randint(1, min(demo.sizes.books, plan.BOOKS_EACH))) for _ in range(3)}
        found = await tx.all(queries.OFFERS, isbns=rows((isbn,) for isbn in sorted(isbns)))
        for each in {offer.isbn: offer for offer in found if offer.stock > 1}.values():
            past = At(tx, demo.as_of_us - draw.randrange(plan.DAY_US))
            await carts.set_line(past, owner, each.id, draw.randint(1, 2))
