"""Proof: on PostgreSQL a transfer reads few rows, also in a session that began when the book was small."""

import asyncio
from importlib import import_module
from typing import Any, Final

import asyncpg
import pytest

from artel.ledger.book.model import Posting, revenue, world
from artel.settings import Settings
from tests.ledger.book.bank import ANNA, BELA, RUB, Bank

FEW: Final = 150
WIDE: Final = 50  # sides of each of these
MORE: Final = 500
MEASURED: Final = 50
ROWS_MAX: Final = 100  # of a transfer: it and its entries, looked at by each part of the trigger
READ: Final = """
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_all_tables
    where relname in ('ledger_transfers', 'ledger_entries')
"""
FIT: Final = "CREATE FUNCTION ledger_entries_fit()"


def asked(url: str, *statements: str) -> Any:
    """What the last statement answers."""

    async def go() -> Any:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(go())


def rows_of_a_transfer(bank: Bank, url: str) -> float:
    """How many rows of the book a transfer reads, in a session whose plans are as old as the small book."""
    bank.fill(ANNA, 100_000)
    for number in range(FEW):
        sides = [Posting(revenue(number * WIDE + shop, RUB), 1) for shop in range(1, WIDE)]
        bank.post(*sides, Posting(world(RUB), 1 - WIDE))
    asked(url, "analyze", "select 1")
    for _ in range(MORE):
        bank.move(ANNA, BELA, 1)
    before = read_so_far(bank, url)
    for _ in range(MEASURED):
        bank.move(ANNA, BELA, 1)
    return (read_so_far(bank, url) - before) / MEASURED


def read_so_far(bank: Bank, url: str) -> int:
    """PostgreSQL's own count, which each session tells when it is idle."""
    for _ in range(3):  # sessions tell it once a second at the most
        bank.run(asyncio.sleep(1.1))
        bank.move(ANNA, BELA, 1)
    bank.run(asyncio.sleep(1.1))
    return int(asked(url, READ))


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_transfer_reads_few_rows_however_many_there_are(bank: Bank, settings: Settings) -> None:
    assert rows_of_a_transfer(bank, settings.database) < ROWS_MAX


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_trigger_that_joins_is_found(bank: Bank, settings: Settings) -> None:
    """The canary: the trigger as it was first written."""
    (joined,) = (each for each in import_module("artel.migrations.versions.0008_ledger").POSTGRESQL if FIT in each)
    asked(settings.database, joined.replace("CREATE", "CREATE OR REPLACE", 1), "select 1")
    assert rows_of_a_transfer(bank, settings.database) > ROWS_MAX
