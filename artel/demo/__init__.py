"""`artel demo`: a small business to look at. The same seed gives the same demo; loaded twice, it is there once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog
from msgspec import Struct

from artel.accounts.hashing import Hasher
from artel.accounts.service import Hashed
from artel.app import TRAFFIC_THREADS, traffic_tools
from artel.db import Database, Read
from artel.demo import business, jobs, orders, plan
from artel.demo.business import Demo, Progress
from artel.demo.plan import PASSWORD, PEOPLE
from artel.ledger.journal.chores import Keeper
from artel.ledger.journal.store import FOLDER, Journal
from artel.settings import Settings
from artel.shop.shops import service as shops
from artel.traffic.imports import demo as log_generator
from artel.traffic.imports import service as imports
from artel.traffic.imports.model import Options, Summary
from artel.traffic.reports import service as reports
from artel.traffic.reports.model import Answer, Question

__all__ = ["PASSWORD", "PEOPLE", "Guest", "Loaded", "load"]

SEVEN: Final = tuple(str(number) for number in range(1, 8))
SHOWN: Final = 3  # shops and customers that are named


class Guest(Struct, frozen=True):
    """Somebody who may log in, and who that is."""

    login: str
    name: str
    what: str


class Loaded(Struct, frozen=True):
    """What the demo holds: who may log in, how much there is, what was imported, and what the log says."""

    guests: list[Guest]
    sizes: plan.Sizes
    imported: Summary
    answers: list[Answer]


async def load(db: Database, settings: Settings, demo: Demo, show: Progress) -> Loaded:
    """The business, then a log of its shop in the data folder, its import, and the seven reports."""
    hasher = Hasher()
    try:
        hashed = Hashed(await hasher.hash(PASSWORD))
    finally:
        hasher.close()
    await load_business(db, demo, hashed, show)
    # As a server would have done by now: most of it is booked long ago.
    await Keeper(db, Journal(settings.data / FOLDER), structlog.get_logger()).round()
    log = settings.data / settings.traffic_log
    if not log.exists():
        lines = demo.sizes.log_lines
        await asyncio.to_thread(log_generator.write_log, log, lines, demo.seed, pace=log_generator.QUIET)
    with ThreadPoolExecutor(TRAFFIC_THREADS) as threads:
        desk, shop, terms = traffic_tools(settings, db, threads)
        options = Options(timezone=terms.timezone, geo_database=terms.geo_database)
        imported = await imports.import_configured(shop, settings.traffic_log, options)
        answers = [await reports.ask(db, desk, number, Question()) for number in SEVEN]
    return Loaded(await db.read(_guests, demo), demo.sizes, imported, answers)


async def load_business(db: Database, demo: Demo, hashed: Hashed, show: Progress) -> None:
    """Everything but the log, in steps that find what is there: a load that broke off is completed by the next one."""
    await business.load_people(db, demo, hashed, show)
    shop_ids = await business.load_shops(db, demo, show)
    await business.load_books(db, demo, shop_ids, show)
    await db.write(business.load_vouchers, demo)
    await orders.load_orders(db, demo, show)
    await jobs.load_jobs(db, demo, show)
    await db.write(business.load_carts, demo)


async def _guests(tx: Read, demo: Demo) -> list[Guest]:
    """Who is who, the first few of those of whom there are many."""
    found = {number: await shops.by_slug(tx, str(plan.shop(demo.seed, number).slug)) for number in range(1, SHOWN + 1)}

    def of(number: int) -> str:
        return f"member of shop {found[number].id}, «{found[number].name}»"

    what = {"owner": "owner of everything", "staff": f"staff; {of(1)}", "anna": "customer", "egor": "executor of jobs"}
    guests = [Guest(login, name, what[login]) for login, (name, _) in PEOPLE.items()]
    for number in range(1, SHOWN + 1):
        person = plan.person(demo.seed, number)
        guests.append(Guest(person.login, person.name, f"customer; {of(number)}" if number > 1 else "customer"))
    return guests
