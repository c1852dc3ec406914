"""Accounts for the tests, entered at once: one cheap hash serves them all, where a real one takes 29 ms."""

import functools
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher
from msgspec import Struct
from sqlalchemy import Table, bindparam, select, update

from artel.accounts import service
from artel.accounts.model import SCOPES, Registration, TokenWanted
from artel.accounts.service import Hashed, Terms
from artel.accounts.tables import accounts, api_tokens, sessions
from artel.db import Command, Database, Query, Read, Write, metadata
from artel.events import queries as webhook_queries
from artel.kernel.actor import SYSTEM, Actor
from artel.orders.delivery import service as delivery
from artel.orders.delivery.model import MethodWanted
from artel.orders.orders import service as orders
from artel.orders.orders.model import LineWanted, Order, Placing
from artel.orders.orders.model import Terms as OrderTerms
from artel.orders.vouchers import service as vouchers
from artel.orders.vouchers.model import VoucherWanted
from artel.payments import queries as payment_queries
from artel.payments import service as payments
from artel.payments.model import PaymentRow, Receipt, RefundRow, Wish
from artel.payments.service import Payable, Providers
from artel.shop.categories import service as categories
from artel.shop.categories.model import CategoryWanted
from artel.shop.offers import service as offers
from artel.shop.offers.model import OfferWanted
from artel.shop.products import service as products
from artel.shop.products.model import ProductWanted
from artel.shop.shops import service as shops
from artel.shop.shops.model import ShopWanted

PASSWORD: Final = "correct horse battery"
CHEAP_HASH: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
TERMS: Final = Terms(session_ttl_s=3600, registrations_per_hour=10_000, login_failures_per_address=10_000)

EXPIRE_SESSION = Command(
    update(sessions).where(sessions.c.id == bindparam("of_id")).values(expires_us=sessions.c.created_us)
)
EXPIRE_TOKEN = Command(
    update(api_tokens).where(api_tokens.c.id == bindparam("of_id")).values(expires_us=api_tokens.c.created_us)
)
SESSION_ID = Query(int, select(sessions.c.id).where(sessions.c.account_id == bindparam("of_id")))
CLOSE = Command(update(accounts).where(accounts.c.id == bindparam("of_id")).values(deleted_us=1))


class Person(Struct, frozen=True):
    """An account with one open session."""

    account_id: int
    login: str
    session: str  # the token
    session_id: int


class Token(Struct, frozen=True):
    """An API token."""

    token_id: int
    token: str


class Things(Struct, frozen=True):
    """What belongs to a shop, of which one person is the only member; the category is everybody's."""

    shop_id: int
    product_id: int
    category_id: int
    webhook_id: int  # switched off, so that nobody sends anything while rows are compared
    delivery_id: int
    voucher_id: int
    method_id: int  # a delivery method
    offer_id: int  # of the product
    order_id: int  # the person's own, of that offer; the login is in its address
    payment_id: int  # of another such order, by hand; nobody has said yet that the money is there
    amount_minor: int  # what it is over
    refund_id: int  # of an earlier payment, in whose note the login is; it failed


class People:
    """Enters accounts, sessions and API tokens through the services, without HTTP."""

    def __init__(self, db: Database, run: Callable[[Awaitable[Any]], Any]) -> None:
        self._db, self._run = db, run
        self._numbers = itertools.count(1)

    def person(self, *roles: str, login: str = "", **fields: str) -> Person:
        """A new account with these roles (none named: customer), logged in."""
        login = login or f"person{next(self._numbers)}"
        return self._run(self._db.write(enter, login, frozenset(roles or ("customer",)), fields))

    def token(self, person: Person, *scopes: str) -> Token:
        """An API token of the person; none named: with every scope."""
        return self._run(self._db.write(_make_token, person, scopes or SCOPES))

    def things(self, person: Person) -> Things:
        """A new shop of the person with a product of its own."""
        return self._run(self._db.write(_enter_things, person, next(self._numbers)))

    def expire_session(self, person: Person) -> None:
        self._run(self._db.write(_change, EXPIRE_SESSION, person.session_id))

    def expire_token(self, token: Token) -> None:
        self._run(self._db.write(_change, EXPIRE_TOKEN, token.token_id))

    def close(self, person: Person) -> None:
        self._run(self._db.write(_change, CLOSE, person.account_id))


async def enter(tx: Write, login: str, roles: frozenset[str], fields: dict[str, str]) -> Person:
    wanted = Registration(login=login, password=PASSWORD, **fields)
    account = await service.create(tx, wanted, Hashed(CHEAP_HASH), roles)
    opened = await service.open_session(tx, account.id, "127.0.0.1", TERMS)
    session_id = await tx.one(SESSION_ID, of_id=account.id)
    assert session_id is not None
    return Person(account.id, login, opened.token, session_id)


async def _make_token(tx: Write, person: Person, scopes: tuple[Any, ...]) -> Token:
    who = Actor(person.account_id, person.login, frozenset())
    made = await service.make_token(tx, who, TokenWanted(name="of a test", scopes=list(scopes)))
    return Token(made.id, made.token)


async def _enter_things(tx: Write, person: Person, number: int) -> Things:
    wanted = ShopWanted(name=f"Shop {number}", slug=f"shop-{number}", currency="RUB")
    shop = await shops.create(tx, SYSTEM, wanted)
    await shops.add_member(tx, SYSTEM, shop.id, person.account_id)
    category = await categories.create(tx, SYSTEM, CategoryWanted(name=f"Category {number}"))
    book = ProductWanted(kind="book", title=f"Book {number}", shop_id=shop.id)
    product = await products.create(tx, SYSTEM, book)
    webhook_id, delivery_id = await _enter_webhook(tx, person, number)
    voucher = await vouchers.make(tx, SYSTEM, VoucherWanted(percent_bp=1_000, shop_id=shop.id))
    method = await delivery.make(tx, SYSTEM, shop.id, MethodWanted(name="Courier", price_minor=1))
    offer = await offers.create(tx, SYSTEM, shop.id, OfferWanted(product_id=product.id, price_minor=100, stock=5))
    who = Actor(person.account_id, person.login, frozenset())
    wanted_copy = Placing(lines=[LineWanted(offer.id)], address=person.login)
    order = await orders.place(tx, who, wanted_copy, OrderTerms(hold_s=86_400, confirm_s=86_400))
    other = await orders.place(tx, who, wanted_copy, OrderTerms(hold_s=86_400, confirm_s=86_400))
    refund, payment = await _enter_payments(tx, person, other)
    made = (shop.id, product.id, category.id, webhook_id, delivery_id, voucher.id, method.id, offer.id, order.id)
    return Things(*made, payment.id, payment.amount_minor, refund.id)


async def _enter_payments(tx: Write, person: Person, order: Order) -> tuple[RefundRow, PaymentRow]:
    """A payment that was not wanted, and failed to be given back; and one that waits."""
    payable = Payable(order.id, person.account_id, [], order.total_minor, order.currency)
    payment = await payments.begin(tx, payable, Wish("manual"), Providers({}))
    taken = await payments.receive(tx, payment.id, Receipt(order.total_minor, person.login), None)
    assert taken is not None
    (refund,) = await payments.promise_back(tx, taken)
    assert await tx.one(payment_queries.REFUND_FAILED, refund_id=refund.id)
    return refund, await payments.begin(tx, payable, Wish("manual"), Providers({}))


async def _enter_webhook(tx: Write, person: Person, number: int) -> tuple[int, int]:
    """A webhook of the person, whose address holds the login, and a delivery of it that arrived."""
    url = f"https://{person.login}.example/{number}"
    webhook = await tx.one(
        webhook_queries.MAKE, account_id=person.account_id, url=url, kinds="*", active=0, now_us=tx.now_us
    )
    assert webhook is not None
    delivery = {"webhook_id": webhook.id, "event_id": number, "kind": "test.of", "subject": "", "now_us": tx.now_us}
    await tx.run(webhook_queries.DELIVER, **delivery)
    made = await tx.all(webhook_queries.DELIVERIES, webhook_id=webhook.id, status="%", before_id=2**62, row_limit=1)
    arrived = {"claim_us": 0, "new_status": "delivered", "tried": 1, "next_us": tx.now_us, "done_us": tx.now_us}
    await tx.run(webhook_queries.ATTEMPTED, of_id=made[0].id, **arrived)
    return webhook.id, made[0].id


async def _change(tx: Write, command: Command, of_id: int) -> None:
    assert await tx.run(command, of_id=of_id) == 1


@functools.cache
def _everything(table: Table) -> Query[Any]:
    row = msgspec.defstruct(table.name, [(str(column.name), Any) for column in table.c])
    return Query(row, select(table))


async def dump(tx: Read) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in one order. How far an event is on its way is left out: it goes on meanwhile."""
    rows = {
        table.name: sorted((msgspec.structs.astuple(row) for row in await tx.all(_everything(table))), key=repr)
        for table in metadata.sorted_tables
    }
    rows["outbox"] = [row[:6] for row in rows["outbox"]]
    del rows["outbox_reach"], rows["outbox_audience"], rows["webhook_attempts"]
    sent = {row[0] for row in rows["webhooks"] if row[7]}  # those that are on: their deliveries come and go
    rows["webhooks"] = [row[:8] for row in rows["webhooks"]]
    rows["webhook_deliveries"] = [row for row in rows["webhook_deliveries"] if row[1] not in sent]
    return rows
