"""`artel demo`: a small business to look at. The same seed gives the same demo; loaded twice, it is there once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec import Struct

from artel.accounts import commands as accounts
from artel.accounts.model import LoginTaken, Registration
from artel.app import TRAFFIC_THREADS, traffic_tools
from artel.db import Database
from artel.settings import Settings
from artel.traffic.imports import demo as generator
from artel.traffic.imports import service
from artel.traffic.imports.model import Options, Summary
from artel.traffic.reports import service as reports
from artel.traffic.reports.model import Answer, Question

LINES_PER_SCALE: Final = 25_000  # about two weeks of a small shop
PASSWORD: Final = "artel demo password"  # of every demo account; it is printed, and no secret
PEOPLE: Final = {
    "owner": ("Olga Petrova", "owner"),
    "staff": ("Semyon Ivanov", "staff"),
    "anna": ("Anna Orlova", "customer"),
}
SEVEN: Final = tuple(str(number) for number in range(1, 8))


class Demo(Struct, frozen=True):
    """What the demo holds: who may log in, what was imported, and what the log says."""

    logins: list[str]
    imported: Summary
    answers: list[Answer]


async def load(db: Database, settings: Settings, seed: int, scale: int) -> Demo:
    """Accounts, a log of `scale` × 25,000 lines in the data folder, its import, and the seven reports."""
    for login, (name, role) in PEOPLE.items():
        first, last = name.split()
        wanted = Registration(
            login, PASSWORD, name=name, first_name=first, last_name=last, email=f"{login}@example.com"
        )
        try:
            await accounts.create_with_roles(wanted, frozenset({role}), db)
        except LoginTaken:
            continue
    log = settings.data / settings.traffic_log
    if not log.exists():
        await asyncio.to_thread(generator.write_log, log, LINES_PER_SCALE * scale, seed, pace=generator.QUIET)
    with ThreadPoolExecutor(TRAFFIC_THREADS) as threads:
        desk, shop, terms = traffic_tools(settings, db, threads)
        options = Options(timezone=terms.timezone, geo_database=terms.geo_database)
        imported = await service.import_configured(shop, settings.traffic_log, options)
        answers = [await reports.ask(db, desk, number, Question()) for number in SEVEN]
    return Demo(list(PEOPLE), imported, answers)
