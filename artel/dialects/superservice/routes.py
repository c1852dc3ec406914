"""The superservice's calls, on the same accounts, jobs and wallets as /api/v1."""

from typing import Any, Final

import msgspec

from artel.accounts import model, service
from artel.accounts.hashing import Hasher
from artel.db import Database, Read, Write
from artel.dialects.lists import whole
from artel.dialects.log_in import LogIn, prove
from artel.dialects.roubles import CURRENCY
from artel.dialects.superservice import wire
from artel.dialects.superservice.wire import MANNER
from artel.edge.route import ANYONE, LOGGED_IN, Route, Trial, get, post, put
from artel.jobs import service as jobs
from artel.jobs.model import CustomerShort, Job, JobClosed, JobFilter, JobUnknown, OwnJob
from artel.jobs.model import Terms as JobTerms
from artel.kernel.actor import SYSTEM, Actor
from artel.kernel.page import PAGE_MAX
from artel.ledger.book.model import AmountUnfit, TooMuchMoney
from artel.ledger.wallets import service as wallets
from artel.ledger.wallets.model import WalletQuery

CUSTOMER: Final = frozenset({"customer"})
EXECUTOR: Final = frozenset({"executor"})

# --- users


async def hash_new(
    db: Database, who: Actor, body: wire.NewUser, hasher: Hasher, terms: service.Terms
) -> service.Hashed:
    """Check what is asked for and hash the password."""
    return await service.hash_new(db, who, wire.registration(body), hasher, terms)


async def register(
    tx: Write, who: Actor, body: wire.NewUser, hashed: service.Hashed, terms: service.Terms
) -> model.Opened:
    """Open an account, and a session for it."""
    account = await service.register(tx, who, wire.registration(body), hashed, terms)
    return await service.open_session(tx, account.id, who.address, _a_day(terms))


async def log_in(tx: Write, who: Actor, body: LogIn, proven: service.Proven, terms: service.Terms) -> wire.Entered:
    """Open a session; its token travels in the cookie."""
    opened = await service.log_in(tx, who, body.credentials, proven, _a_day(terms))
    return wire.Entered(opened, (await service.get(tx, who, opened.account_id)).name)


async def log_out(tx: Write, who: Actor) -> None:
    """End the session."""
    await service.log_out(tx, who)


def _a_day(terms: service.Terms) -> service.Terms:
    """The session ends with its cookie."""
    return msgspec.structs.replace(terms, session_ttl_s=min(terms.session_ttl_s, wire.SESSION_TTL_S))


async def users(db: Database, who: Actor, query: wire.WhichUsers) -> list[wire.User]:
    """All customers and executors, or those of one kind."""
    only = wire.user_type(query.users_type) if query.users_type else None
    first = model.AccountFilter(role=only, limit=PAGE_MAX)
    found = await whole(lambda page: db.read(service.list_accounts, who, page), first)
    wanted = (only,) if only else wire.TYPES  # who is both is told of once, as a customer; of the staff nothing
    return [shown for shown in map(wire.user, found) if shown.type in wanted]


async def me(tx: Read, who: Actor) -> wire.Me:
    """The account that asks, and what it can spend."""
    (wallet,) = (await wallets.balances(tx, who, WalletQuery(CURRENCY))).items
    return wire.me(await service.me(tx, who), wallet.available_minor)


async def top_up(tx: Write, who: Actor, body: wire.TopUp, request_key: str, allowed: wire.TopUps) -> None:
    """Credit the own wallet with money that nobody took, where the operator lets customers do that."""
    credit = wire.top_up(body)
    if not allowed.allowed:
        raise wire.NotToppedUp
    await wallets.credit(tx, who, who.account_id, credit, request_key)


# --- orders: jobs in roubles


async def open_orders(db: Database, who: Actor) -> list[wire.OpenOrder]:
    """All open orders, the oldest first."""
    query = JobFilter(currency=CURRENCY, limit=PAGE_MAX)
    found = await whole(lambda page: db.read(jobs.list_open, who, page), query)
    return [wire.open_order(each) for each in reversed(found)]


async def order(tx: Read, who: Actor, job_id: int) -> wire.Order:
    """An order in any state, for whoever is logged in."""
    return wire.order(await _in_roubles(tx, job_id))


async def add(tx: Write, who: Actor, body: wire.NewOrder, terms: JobTerms) -> wire.Order:
    """Post a job whose value is taken when it is fulfilled, and only then."""
    return wire.order(await jobs.post(tx, who, wire.job(body), terms))


async def fulfill(tx: Write, who: Actor, job_id: int) -> wire.Order:
    """Fulfil a job: its value leaves the customer, and comes to the executor and the platform."""
    if (await _in_roubles(tx, job_id)).status != "open":
        raise wire.OrderClosed  # to who fulfilled it, too: the old service had no repetitions
    return wire.order(await jobs.fulfil(tx, who, job_id))


async def _in_roubles(tx: Read, job_id: int) -> Job:
    """A job as the staff would see it: here everybody sees every order. Raises JobUnknown."""
    found = await jobs.get(tx, SYSTEM, job_id)
    if found.currency != CURRENCY:  # its value would be taken for roubles
        raise JobUnknown(job_id=job_id)
    return found


def _dialect(make: Any, path: str, use: Any, **rest: Any) -> Route:
    route: Route = make(path, use, **{"manner": MANNER, "present": wire.success, **rest})
    return route


ROUTES: Final[list[Route]] = [
    _dialect(
        post,
        "/api/users/register/",
        register,
        access=ANYONE,
        prepare=hash_new,
        idempotent=True,
        present=wire.registered,
        raises=(wire.UserTypeUnknown, model.LoginTaken, model.LoginUnfit, model.PasswordUnfit)
        + (model.TooManyRegistrations, model.HashingBusy),
        example={"name": "Anna", "user_type": "customer", "login": "anna", "password": "correct horse battery"},
        trial=Trial(given={"login": "anna-{{$guid}}"}, gives={"login": "sent:login"}),
    ),
    _dialect(
        post,
        "/api/users/login/",
        log_in,
        access=ANYONE,
        prepare=prove,
        idempotent=True,
        manner=wire.LOG_IN_MANNER,
        present=wire.logged_in,
        raises=(model.UnknownLogin, model.WrongPassword, model.TooManyAttempts, model.HashingBusy),
        example={"login": "anna", "password": "correct horse battery"},
        trial=Trial(gives={"session_token": f"cookie:{wire.COOKIE}"}),
    ),
    _dialect(
        post,
        "/api/users/logout/",
        log_out,
        access=LOGGED_IN,
        present=wire.logged_out,
        trial=Trial(ends=("session_token",)),
    ),
    _dialect(
        get,
        "/api/users/",
        users,
        access=LOGGED_IN,
        scope="accounts:read",
        raises=(wire.UserTypeUnknown,),
    ),
    _dialect(get, "/api/users/me/", me, access=LOGGED_IN, scope="wallet:read"),
    _dialect(
        put,
        "/api/users/me/wallet/",
        top_up,
        access=CUSTOMER,
        scope="wallet:write",
        idempotent=True,
        manner=wire.WALLET_MANNER,
        present=wire.topped_up,
        raises=(wire.NotToppedUp, AmountUnfit, TooMuchMoney),
        example={"value": 150.5},
        trial=Trial(by="customer", gives={"money": ""}),
    ),
    _dialect(get, "/api/orders/", open_orders, access=LOGGED_IN, scope="jobs:read"),
    _dialect(
        post,
        "/api/orders/add/",
        add,
        access=CUSTOMER,
        scope="jobs:write",
        idempotent=True,
        raises=(wire.ValueTooSmall, AmountUnfit),
        example={"title": "Wash the windows", "value": 100.5},
        trial=Trial(by="customer", gives={"job_id": "data.id"}),
    ),
    _dialect(get, "/api/orders/{job_id}/", order, access=LOGGED_IN, scope="jobs:read", raises=(JobUnknown,)),
    _dialect(
        put,
        "/api/orders/{job_id}/fulfill/",
        fulfill,
        access=EXECUTOR,
        scope="jobs:write",
        raises=(JobUnknown, wire.OrderClosed, JobClosed, OwnJob, CustomerShort, TooMuchMoney),
        trial=Trial(needs=("money",), ends=("money", "job_id")),
    ),
]
