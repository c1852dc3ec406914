"""A book with an account of very many entries, written by the database itself and not through the product."""

from contextlib import closing
from typing import Final

import asyncpg

from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from bench.servers import Installation

ENTRIES: Final = 1_000_000
SMALL_ENTRIES: Final = 1_000
STEP_US: Final = 10  # between two entries
POINT_EVERY: Final = 200  # entries between two checkpoints, as sealing writes them
LARGE_ID, SMALL_ID, WORLD_ID = 1, 2, 3


def statements(entries: int, sqlite: bool) -> list[str]:
    """Transfers of 1 from the world to the large account, every so often to the small one; all of them sealed."""
    numbers = (
        f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {entries})"
        if sqlite
        else f"WITH s(n) AS (SELECT generate_series(1, {entries}))"
    )
    every = entries // SMALL_ENTRIES
    to_small = f"n % {every} = 0"
    overriding = "" if sqlite else "OVERRIDING SYSTEM VALUE"
    nothing = "X''" if sqlite else "''"
    return [
        f"""INSERT INTO ledger_accounts (id, purpose, owner, currency, hot, floor_minor, cap_minor, posted_minor,
            held_minor, last_us, created_us) {overriding} VALUES
            ({LARGE_ID}, 'revenue', 'shop/1', 'RUB', 0, NULL, NULL, {entries - SMALL_ENTRIES}, 0,
             {(entries - 1) * STEP_US}, 0),
            ({SMALL_ID}, 'revenue', 'shop/2', 'RUB', 0, NULL, NULL, {SMALL_ENTRIES}, 0, {entries * STEP_US}, 0),
            ({WORLD_ID}, 'world', '', 'RUB', 1, NULL, NULL, 0, 0, NULL, 0)""",
        f"""{numbers} INSERT INTO ledger_transfers (id, kind, reference, note, by_account_id, effective_us, key,
            input_hash, reverses_id, entries, txid) {overriding}
            SELECT n, 'bench.moved', 'bench/' || n, '', NULL, n * {STEP_US}, 'long/' || n, {nothing}, NULL, 2, 0
            FROM s""",
        f"""{numbers} INSERT INTO ledger_entries (transfer_id, place, account_id, currency, amount_minor, booked_us,
            balance_minor)
            SELECT n, 1, CASE WHEN {to_small} THEN {SMALL_ID} ELSE {LARGE_ID} END, 'RUB', 1, n * {STEP_US},
            CASE WHEN {to_small} THEN n / {every} ELSE n - n / {every} END FROM s""",
        f"""{numbers} INSERT INTO ledger_entries (transfer_id, place, account_id, currency, amount_minor, booked_us,
            balance_minor) SELECT n, 2, {WORLD_ID}, 'RUB', -1, n * {STEP_US}, NULL FROM s""",
        f"""{numbers} INSERT INTO ledger_checkpoints (account_id, booked_us, transfer_id, balance_minor, entries)
            SELECT {WORLD_ID}, n * {STEP_US}, n, -n, n FROM s WHERE n % {POINT_EVERY} = 0""",
        f"UPDATE ledger_sealing SET last_id = {entries}",
    ]


async def fill_long(installation: Installation, entries: int) -> None:
    """Enter it with the book's triggers off."""
    if installation.database:
        await _fill_postgres(installation.database, entries)
    else:
        _fill_sqlite(installation, entries)


async def _fill_postgres(url: str, entries: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("set session_replication_role = replica")
    for statement in statements(entries, sqlite=False):
        await connection.execute(statement)
    await connection.execute("vacuum analyze")
    await connection.close()


def _fill_sqlite(installation: Installation, entries: int) -> None:
    with closing(connect(installation.data / DATABASE_FILE)) as connection:
        connection.execute("pragma foreign_keys=off")
        triggers = list(
            connection.execute("select name, sql from sqlite_master where type = 'trigger' and name like 'ledger%'")
        )
        connection.execute("begin immediate")
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        for statement in statements(entries, sqlite=True):
            connection.execute(statement)
        for _, text in triggers:
            connection.execute(str(text))
        connection.execute("commit")
