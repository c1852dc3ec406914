"""The composition root: settings → database → features → the ASGI application."""

import asyncio
import contextlib
import importlib
import logging
import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from artel import __version__
from artel.accounts import routes as accounts_routes
from artel.accounts import service as accounts
from artel.accounts.hashing import Hasher
from artel.db import Database, outbox
from artel.db.opening import open_database
from artel.dialects.loganalysis import routes as loganalysis_routes
from artel.edge import docs, health, idempotency, pages
from artel.edge.asgi import Composition, Edge
from artel.edge.handler import Kit, Limits
from artel.edge.identity import Copies
from artel.edge.observe import LibraryLog, LogBuffer, Metrics, make_log
from artel.edge.route import Route
from artel.kernel.clock import US
from artel.kernel.errors import Refusal
from artel.kernel.secrets import Sealer, load_key
from artel.settings import Settings, load
from artel.traffic.imports import routes as imports_routes
from artel.traffic.imports.model import Terms as ImportTerms
from artel.traffic.imports.weave import Workshop
from artel.traffic.reports import routes as reports_routes
from artel.traffic.reports.service import Desk

KEY_FILE: Final = "artel.key"
RELAY_PAUSE_S: Final = 1.0
SWEEP_PAUSE_S: Final = 600.0
TRAFFIC_THREADS: Final = 3  # an import takes two at a time and leaves one for reports

ROUTES: Final[list[Route]] = [
    *health.ROUTES,
    *docs.ROUTES,
    *pages.ROUTES,
    *accounts_routes.ROUTES,
    *imports_routes.ROUTES,
    *reports_routes.ROUTES,
    *loganalysis_routes.ROUTES,
]


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
        db = await open_database(settings.database, settings.data)
        copies = _copies(settings, log)
        hasher = Hasher()
        threads = ThreadPoolExecutor(TRAFFIC_THREADS, "artel-traffic")
        kit = Kit(
            db=db,
            authenticate=accounts.authenticate,
            copies=copies,
            sealer=Sealer(load_key(key_path(settings))),
            limits=Limits(settings.body_max_bytes, settings.upload_max_bytes, settings.body_timeout_s),
            log=log,
            provides=(
                metrics,
                hasher,
                terms(settings),
                docs.Reference(ROUTES, __version__),
                *traffic_tools(settings, db, threads),
            ),
        )
        chores = [
            asyncio.create_task(_relay(db, log)),
            asyncio.create_task(_sweep(db, log, settings.key_ttl_s * US)),
        ]

        async def close() -> None:
            for chore in chores:
                chore.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await chore
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


def _copies(settings: Settings, log: FilteringBoundLogger) -> Copies | None:
    if not settings.redis:
        return None
    # Loaded only when it is used: the client alone takes 16 MB of each process.
    copies: Copies = importlib.import_module("artel.edge.redis_copies").RedisCopies(settings.redis, log)
    return copies


async def _relay(db: Database, log: FilteringBoundLogger) -> None:
    """Deliver events until the application ends. In this version the log is who listens."""

    async def hand_over(event: outbox.Occurrence) -> None:
        log.info("event", event_id=event.id, kind=event.kind, body=event.body)

    while True:
        try:
            await outbox.deliver(db, hand_over)
        except Refusal as fault:
            log.warning("relay.waits", reason=str(fault))
        await asyncio.sleep(RELAY_PAUSE_S)


async def _sweep(db: Database, log: FilteringBoundLogger, key_ttl_us: int) -> None:
    """Forget what is too old to matter, until the application ends."""
    while True:
        try:
            forgotten = await db.write(accounts.sweep)
            forgotten += await db.write(idempotency.forget, key_ttl_us)
            forgotten += await db.write(outbox.forget)
            log.debug("sweep.done", rows=forgotten)
        except Refusal as fault:
            log.warning("sweep.waits", reason=str(fault))
        await asyncio.sleep(SWEEP_PAUSE_S)
