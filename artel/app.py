"""The composition root: settings → database → features → the ASGI application."""

import asyncio
import contextlib
import functools
import importlib
import logging
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from artel import __version__
from artel.accounts import routes as accounts_routes
from artel.accounts import service as accounts
from artel.accounts.hashing import Hasher
from artel.db import Database, outbox
from artel.db.announcing import AnnouncingDatabase
from artel.db.long_reads import LongReads
from artel.db.opening import open_database
from artel.dialects.bookshop import routes as bookshop_routes
from artel.dialects.loganalysis import routes as loganalysis_routes
from artel.dialects.superservice import routes as superservice_routes
from artel.dialects.superservice.wire import TopUps
from artel.edge import docs, health, idempotency, pages
from artel.edge.asgi import Composition, Edge
from artel.edge.handler import Kit, Limits
from artel.edge.identity import Copies
from artel.edge.observe import LibraryLog, LogBuffer, Metrics, make_log
from artel.edge.route import Route
from artel.events import routes as events_routes
from artel.events import service as events
from artel.events.relay import Pulse, Relay
from artel.events.sender import Sender
from artel.events.service import WebhookTerms
from artel.events.streams import Streams
from artel.jobs import checks as jobs_checks
from artel.jobs import routes as jobs_routes
from artel.jobs.chores import Expiry
from artel.jobs.model import Terms as JobTerms
from artel.kernel.clock import US
from artel.kernel.errors import Refusal
from artel.kernel.secrets import Sealer, load_key
from artel.ledger.book import routes as book_routes
from artel.ledger.book.checks import Check, Checks
from artel.ledger.book.chores import Holds
from artel.ledger.journal.chores import Keeper
from artel.ledger.journal.store import FOLDER as JOURNAL_FOLDER
from artel.ledger.journal.store import Journal
from artel.ledger.wallets import checks as wallets_checks
from artel.ledger.wallets import routes as wallets_routes
from artel.orders.carts import routes as carts_routes
from artel.orders.carts import service as carts
from artel.orders.delivery import routes as delivery_routes
from artel.orders.orders import checks as orders_checks
from artel.orders.orders import routes as orders_routes
from artel.orders.orders.chores import Rounds
from artel.orders.orders.model import Terms as OrderTerms
from artel.orders.payouts import checks as payouts_checks
from artel.orders.payouts import routes as payouts_routes
from artel.orders.vouchers import routes as vouchers_routes
from artel.payments import routes as payments_routes
from artel.payments.provider import TEST
from artel.payments.service import Providers
from artel.payments.simulator import Simulator
from artel.settings import Settings, load
from artel.shop.categories import routes as categories_routes
from artel.shop.offers import routes as offers_routes
from artel.shop.products import routes as products_routes
from artel.shop.sheets import routes as sheets_routes
from artel.shop.shops import routes as shops_routes
from artel.traffic.imports import routes as imports_routes
from artel.traffic.imports.model import Terms as ImportTerms
from artel.traffic.imports.weave import Workshop
from artel.traffic.reports import routes as reports_routes
from artel.traffic.reports.service import Desk

KEY_FILE: Final = "artel.key"
CHORE_PAUSE_S: Final = 1.0  # before a chore that failed is begun again
LATE_BY_S: Final = 60  # how long after an order's hold the test provider's late payments come
SWEEP_PAUSE_S: Final = 600.0
TRAFFIC_THREADS: Final = 3  # an import takes two at a time and leaves one for reports

ROUTES: Final[list[Route]] = [
    *health.ROUTES,
    *docs.ROUTES,
    *pages.ROUTES,
    *accounts_routes.ROUTES,
    *events_routes.ROUTES,
    *imports_routes.ROUTES,
    *reports_routes.ROUTES,
    *shops_routes.ROUTES,
    *categories_routes.ROUTES,
    *products_routes.ROUTES,
    *offers_routes.ROUTES,
    *sheets_routes.ROUTES,
    *carts_routes.ROUTES,
    *delivery_routes.ROUTES,
    *vouchers_routes.ROUTES,
    *orders_routes.ROUTES,
    *payments_routes.ROUTES,
    *book_routes.ROUTES,
    *wallets_routes.ROUTES,
    *payouts_routes.ROUTES,
    *jobs_routes.ROUTES,
    *bookshop_routes.ROUTES,
    *loganalysis_routes.ROUTES,
    *superservice_routes.ROUTES,
]

# What else `artel ledger check` checks.
CHECKS: Final[tuple[Check, ...]] = (
    orders_checks.check,
    payouts_checks.check,
    jobs_checks.check,
    wallets_checks.check,
)


def key_path(settings: Settings) -> Path:
    """The installation's key, beside the database and never in it."""
    return settings.data / KEY_FILE


def terms(settings: Settings) -> accounts.Terms:
    """What the operator set about accounts."""
    return accounts.Terms(settings.session_ttl_s, settings.registrations_per_hour, settings.login_failures_per_address)


def traffic_tools(settings: Settings, db: Database, threads: Executor) -> tuple[Desk, Workshop, ImportTerms]:
    """What imports and reports work with."""
    terms = ImportTerms(
        settings.traffic_log, settings.traffic_timezone, settings.geo_database, settings.upload_max_bytes
    )
    return reports_routes.desk(settings, threads), Workshop(db, settings.data, threads), terms


def application() -> Edge:
    """What the server loads in each of its processes. The settings come from the environment."""
    settings = load()
    log = make_log(settings.log_level, LogBuffer(sys.stderr.buffer))
    logging.getLogger().addHandler(LibraryLog(log))
    return make(settings, log)


def make(settings: Settings, log: FilteringBoundLogger) -> Edge:
    """The application for these settings; it opens its database when it is started."""
    metrics = Metrics()

    async def compose() -> Composition:
        store = await open_database(settings.database, settings.data)
        pulse = Pulse()
        relay = Relay(store, pulse, log)
        db = AnnouncingDatabase(store, relay.wake)
        sealer, webhook_terms = Sealer(load_key(key_path(settings))), WebhookTerms(settings.webhooks_private)
        sender = Sender(store, pulse, sealer, webhook_terms, log)
        simulator = _simulator(settings, db, log)
        providers = Providers({TEST: simulator} if simulator else {})
        rounds = Rounds(db, providers, log, metrics.waits, simulator.tell_due if simulator else None)
        copies = _copies(settings, log)
        hasher = Hasher()
        threads = ThreadPoolExecutor(TRAFFIC_THREADS, "artel-traffic")
        kit = Kit(
            db=db,
            authenticate=accounts.authenticate,
            copies=copies,
            sealer=sealer,
            limits=Limits(settings.body_max_bytes, settings.upload_max_bytes, settings.body_timeout_s),
            log=log,
            provides=(
                metrics,
                hasher,
                terms(settings),
                *_about_money(settings, log),
                providers,
                sealer,
                webhook_terms,
                Streams(db, pulse),
                docs.Reference(ROUTES, __version__),
                *traffic_tools(settings, db, threads),
            ),
        )
        sweep = functools.partial(_sweep, db, log, settings.key_ttl_s * US)
        keeper = Keeper(store, Journal(settings.data / JOURNAL_FOLDER), log)
        runs = (relay.run, sender.run, rounds.run, Expiry(db, log).run, Holds(db, log).run, keeper.run, sweep)
        chores = [asyncio.create_task(_kept_up(run, log)) for run in runs]

        async def close() -> None:
            await _end(chores)
            await keeper.round()  # nothing that was booked stays unsealed while nobody is here
            hasher.close()
            threads.shutdown()
            if copies:
                await copies.close()
            await db.close()

        return Composition(ROUTES, kit, close)

    return Edge(
        compose,
        log,
        metrics,
        trusted_proxies=frozenset(filter(None, map(str.strip, settings.trusted_proxies.split(",")))),
        access_log=settings.access_log,
    )


async def _kept_up(run: Callable[[], Awaitable[None]], log: FilteringBoundLogger) -> None:
    """Run a chore until the application ends: one that fails is told of and begun again."""
    while True:
        try:
            await run()
        except Exception:  # noqa: BLE001 - whatever nobody foresaw: without its chores the server only seems to work
            log.exception("chore.fault")
        await asyncio.sleep(CHORE_PAUSE_S)


async def _end(chores: list[asyncio.Task[None]]) -> None:
    for chore in chores:
        chore.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await chore


def _copies(settings: Settings, log: FilteringBoundLogger) -> Copies | None:
    if not settings.redis:
        return None
    # Loaded only when it is used: the client alone takes 16 MB of each process.
    copies: Copies = importlib.import_module("artel.edge.redis_copies").RedisCopies(settings.redis, log)
    return copies


def _simulator(settings: Settings, db: Database, log: FilteringBoundLogger) -> Simulator | None:
    """The payment provider whose money is not real, where the operator let it in."""
    if not settings.payments_test:
        return None
    log.warning("payments.test_money_is_taken", setting="ARTEL_PAYMENTS_TEST")
    return Simulator(db, late_us=(settings.order_hold_s + LATE_BY_S) * US)


def _about_money(settings: Settings, log: FilteringBoundLogger) -> tuple[OrderTerms, JobTerms, TopUps, Checks]:
    """What the operator set about orders and jobs, and what checks the book."""
    orders = OrderTerms(settings.order_hold_s, settings.order_confirm_s)
    jobs = JobTerms(settings.job_fee_bp, settings.job_fee_min_minor, settings.job_fee_max_minor)
    return orders, jobs, _top_ups(settings, log), Checks(LongReads(settings.database, settings.data), CHECKS)


def _top_ups(settings: Settings, log: FilteringBoundLogger) -> TopUps:
    """Whether customers of the older superservice may give themselves money, as they could there."""
    if settings.superservice_topups:
        advice = "customers give themselves money by PUT /api/users/me/wallet/: set it to false where money is real"
        log.warning("superservice.money_is_free", setting="ARTEL_SUPERSERVICE_TOPUPS", advice=advice)
    return TopUps(settings.superservice_topups)


async def _sweep(db: Database, log: FilteringBoundLogger, key_ttl_us: int) -> None:
    """Forget what is too old to matter, until the application ends."""
    while True:
        try:
            forgotten = await db.write(accounts.sweep)
            forgotten += await db.write(idempotency.forget, key_ttl_us)
            forgotten += await db.write(carts.sweep)
            forgotten += await db.write(events.sweep)
            forgotten += await db.write(outbox.forget)
            log.debug("sweep.done", rows=forgotten)
        except Refusal as fault:
            log.warning("sweep.waits", reason=str(fault))
        await asyncio.sleep(SWEEP_PAUSE_S)
