"""Accounts for the tests, entered at once: one cheap hash serves them all, where a real one takes 29 ms."""

import functools
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher
from msgspec import Struct
from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from artel.accounts import service
from artel.accounts.model import SCOPES, Registration, TokenWanted
from artel.accounts.service import Hashed, Terms
from artel.accounts.tables import accounts, api_tokens, sessions
from artel.db import Command, Database, Query, Read, Write, metadata
from artel.events import queries as webhook_queries
from artel.jobs import service as jobs
from artel.jobs.model import JobWanted
from artel.jobs.model import Terms as JobTerms
from artel.kernel.actor import SYSTEM, Actor
from artel.ledger.book import model as places
from artel.ledger.book import service as ledger
from artel.ledger.book.model import Intent, Posting
from artel.ledger.wallets import service as wallets
from artel.ledger.wallets.model import Correction, WithdrawalWanted
from artel.orders.delivery import service as delivery
from artel.orders.delivery.model import MethodWanted
from artel.orders.orders import service as orders
from artel.orders.orders.model import LineWanted, Order, Placing
from artel.orders.orders.model import Terms as OrderTerms
from artel.orders.payouts import service as payouts
from artel.orders.payouts.model import RunWanted
from artel.orders.vouchers import service as vouchers
from artel.orders.vouchers.model import VoucherWanted
from artel.payments import queries as payment_queries
from artel.payments import service as payments
from artel.payments.model import Payable, PaymentRow, Receipt, RefundRow, Wish
from artel.payments.service import Providers
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
    job_id: int  # the person's own, open; its value is taken at fulfilment, and is not there
    payout_id: int  # to the shop
    transfer_id: int  # a credit to the person's wallet, which can be taken back
    withdrawal_id: int  # out of the person's wallet, where more is left; the login is in where it goes to


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
    errand = JobWanted(title=f"Errand {number}", value_minor=10_000, currency="RUB", policy="on_fulfil")
    job = await jobs.post(tx, who, errand, JobTerms(fee_bp=1_000))
    payout_id = await _enter_payout(tx, shop.id)
    money = await _enter_money(tx, who)
    return Things(*made, payment.id, payment.amount_minor, refund.id, job.id, payout_id, *money)


async def _enter_payout(tx: Write, shop_id: int) -> int:
    postings = (Posting(places.revenue(shop_id, "RUB"), 100), Posting(places.world("RUB"), -100))
    await ledger.post(tx, Intent("of a test", "test", f"test/earned/{shop_id}", postings))
    return (await payouts.run(tx, SYSTEM, RunWanted(shop_id=shop_id))).payouts[0].id


async def _enter_money(tx: Write, who: Actor) -> tuple[int, int]:
    """A small credit among a larger one, and a withdrawal of less than that."""
    for amount_minor in (60_000, 100):
        given = Correction(amount_minor=amount_minor, currency="EUR", note="of a test")
        made = await wallets.credit(tx, SYSTEM, who.account_id, given, "")
    wanted = WithdrawalWanted(amount_minor=1_000, currency="EUR", to=who.login)
    return made.id, (await wallets.request(tx, who, wanted, "")).id


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


class _Commits(FunctionElement[str]):
    """What is another after each commit of anybody else's."""

    inherit_cache = True


@compiles(_Commits, "sqlite")
def _commits_sqlite(element: _Commits, compiler: SQLCompiler, **rest: Any) -> str:
    return "(SELECT data_version FROM pragma_data_version)"


@compiles(_Commits, "postgresql")
def _commits_postgresql(element: _Commits, compiler: SQLCompiler, **rest: Any) -> str:
    return "CAST(pg_current_snapshot() AS TEXT)"


COMMITS = Query(str, select(_Commits()))


async def commits(tx: Read) -> Any:
    """As long as this is the same, read through the same door, nobody has committed anything: no row has changed.

    It may be another though no row has changed. Much cheaper than `dump`.
    """
    return await tx.one(COMMITS)


@functools.cache
def _everything(table: Table) -> Query[Any]:
    row = msgspec.defstruct(table.name, [(str(column.name), Any) for column in table.c])
    return Query(row, select(table).order_by(*(table.primary_key or table.c)))


async def dump(tx: Read) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in one order. What goes on by itself is left out: how far events are on their way."""
    rows = {
        table.name: [msgspec.structs.astuple(row) for row in await tx.all(_everything(table))]
        for table in metadata.sorted_tables
    }
    rows["outbox"] = [row[:6] for row in rows["outbox"]]
    del rows["outbox_reach"], rows["outbox_audience"], rows["webhook_attempts"]
    del rows["ledger_blocks"], rows["ledger_sealing"], rows["ledger_checkpoints"]  # transfers are sealed meanwhile
    sent = {row[0] for row in rows["webhooks"] if row[7]}  # those that are on: their deliveries come and go
    rows["webhooks"] = [row[:8] for row in rows["webhooks"]]
    rows["webhook_deliveries"] = [row for row in rows["webhook_deliveries"] if row[1] not in sent]
    return rows
