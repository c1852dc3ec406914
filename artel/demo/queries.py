"""What the demo looks up before it adds anything."""

from msgspec import Struct
from sqlalchemy import bindparam, func, select

from artel.accounts.tables import accounts
from artel.db import Query
from artel.db.listed import listed
from artel.jobs.tables import jobs
from artel.orders.orders.tables import orders
from artel.payments.tables import refunds
from artel.shop.offers.tables import offers
from artel.shop.products.tables import books
from artel.shop.shops.tables import shops


class KnownLogin(Struct, frozen=True):
    """An account by its login."""

    id: int
    login: str


class KnownSlug(Struct, frozen=True):
    """A shop by its slug."""

    id: int
    slug: str


class KnownOffer(Struct, frozen=True):
    """An offer, with the ISBN of its book."""

    id: int
    shop_id: int
    isbn: str
    stock: int


_logins = listed("logins", login=str)
LOGINS = Query(
    KnownLogin,
    select(accounts.c.id, accounts.c.login).join_from(_logins, accounts, accounts.c.login_key == _logins.c.login),
)
_slugs = listed("slugs", slug=str)
SHOPS = Query(KnownSlug, select(shops.c.id, shops.c.slug).join_from(_slugs, shops, shops.c.slug == _slugs.c.slug))
_isbns = listed("isbns", isbn=str)
OFFERS = Query(
    KnownOffer,
    select(offers.c.id, offers.c.shop_id, books.c.isbn, offers.c.stock)
    .join_from(_isbns, books, books.c.isbn == _isbns.c.isbn)
    .join(offers, offers.c.product_id == books.c.product_id)
    .order_by(offers.c.id),
)
ORDERS_OF = Query(
    int,
    select(func.count())
    .select_from(_logins)
    .join(accounts, accounts.c.login_key == _logins.c.login)
    .join(orders, orders.c.account_id == accounts.c.id),
)
JOBS_OF = Query(
    int,
    select(func.count())
    .select_from(_logins)
    .join(accounts, accounts.c.login_key == _logins.c.login)
    .join(jobs, jobs.c.customer_id == accounts.c.id),
)
PENDING_REFUNDS = Query(
    int,
    select(refunds.c.id)
    .where(refunds.c.order_id == bindparam("order_id"), refunds.c.status == "pending")
    .order_by(refunds.c.id),
)
