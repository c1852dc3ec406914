"""Proof: both databases take every statement of the product, and those on a request's path use their index."""

import asyncio
import re
from contextlib import closing

import apsw
import apsw.ext
import asyncpg
import pytest
from sqlalchemy import bindparam, select, text, update

from artel.accounts import queries as accounts
from artel.db import Command, Query, outbox, tally
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.db.tables import outbox as outbox_table
from artel.db.tables import tallies
from artel.edge import idempotency
from artel.settings import Settings
from tests.db.discovery import modules, statements

# The statement, and the index or key by which it must find its rows: on SQLite, on PostgreSQL.
HOT: list[tuple[Command, str, str]] = [
    (accounts.SESSION_HOLDER, "sqlite_autoindex_sessions_1", "sessions_token_hash_uq"),
    (accounts.SESSION_HOLDER, "accounts USING INTEGER PRIMARY KEY", "accounts_pk"),
    (accounts.TOKEN_HOLDER, "sqlite_autoindex_api_tokens_1", "api_tokens_token_hash_uq"),
    (accounts.BY_ID, "accounts USING INTEGER PRIMARY KEY", "accounts_pk"),
    (accounts.BY_ID_LOCKED, "accounts USING INTEGER PRIMARY KEY", "accounts_pk"),
    (accounts.EDIT, "accounts USING INTEGER PRIMARY KEY", "accounts_pk"),
    (accounts.KNOWN, "sqlite_autoindex_accounts_1", "accounts_login_key_uq"),
    (accounts.ADDRESS_KNOWN, "sessions_account_ix", "sessions_account_ix"),
    (accounts.SESSIONS, "sessions_account_ix", "sessions_"),
    (accounts.TOKENS, "api_tokens_account_ix", "api_tokens_"),
    (accounts.END_SESSION, "sessions USING INTEGER PRIMARY KEY", "sessions_pk"),
    (accounts.END_OTHER_SESSIONS, "sessions_account_ix", "sessions_account_ix"),
    (accounts.FORGET_SESSIONS, "sessions_expires_ix", "sessions_expires_ix"),
    (outbox.CLAIM, "outbox_waiting_ix", "outbox_waiting_ix"),
    (outbox.DELIVERED, "outbox USING INTEGER PRIMARY KEY", "outbox_pk"),
    (tally.LOOK, "sqlite_autoindex_tallies_1", "tallies_pk"),
    (tally.TAKE_BACK, "sqlite_autoindex_tallies_1", "tallies_pk"),
    (tally.FORGET, "tallies_window_start_ix", "tallies_window_start_ix"),
    (idempotency.KEPT, "sqlite_autoindex_idempotency_1", "idempotency_pk"),
    (idempotency.KEEP, "sqlite_autoindex_idempotency_1", "idempotency_pk"),
    (idempotency.FORGET, "idempotency_created_ix", "idempotency_created_ix"),
]


def _prepare(settings: Settings, found: dict[str, Command]) -> dict[str, str]:
    """The statements that the database does not take, and why."""

    async def on_postgres() -> dict[str, str]:
        faults = {}
        connection = await asyncpg.connect(settings.database)
        try:
            for name, statement in found.items():
                sql = statement.postgresql.text
                try:
                    prepared = await connection.prepare(sql)
                    _check(statement, sql, len(prepared.get_parameters()), len(prepared.get_attributes()))
                except (asyncpg.PostgresError, AssertionError) as fault:
                    faults[name] = str(fault)
        finally:
            await connection.close()
        return faults

    if settings.database:
        return asyncio.run(on_postgres())
    faults = {}
    with closing(connect(settings.data / DATABASE_FILE)) as connection:
        for name, statement in found.items():
            sql = statement.sqlite.text
            try:
                info = apsw.ext.query_info(connection, sql)
                _check(statement, sql, info.bindings_count, len(info.description))
            except (apsw.Error, AssertionError) as fault:
                faults[name] = str(fault)
    return faults


def _check(statement: Command, sql: str, parameters: int, columns: int) -> None:
    compiled = statement.sqlite if "?" in sql or not parameters else statement.postgresql

    given = len(compiled.arguments(dict.fromkeys(statement.construct.compile().params)))
    assert given == parameters, f"{parameters} parameters, {given} arguments"
    assert bool(columns) == isinstance(statement, Query), f"a {type(statement).__name__} that yields {columns} columns"


def test_every_named_statement_is_taken_by_both_databases(settings: Settings) -> None:
    found = statements(modules())
    assert len(found) >= 30, "the discovery lost the statements"
    assert _prepare(settings, found) == {}


def test_a_statement_that_the_database_does_not_take_is_found(settings: Settings) -> None:
    """The canary of the test above."""
    planted = {
        "no such column": Command(update(tallies).values(used=text("no_such_column"))),
        "no grammar": Command(update(tallies).values(used=text("1 +"))),
        "rows that nobody takes": Command(update(tallies).values(used=1).returning(tallies.c.used)),
        "good": Query(int, select(tallies.c.used)),
    }
    assert set(_prepare(settings, planted)) == {"no such column", "no grammar", "rows that nobody takes"}


def _plan(settings: Settings, sql: str) -> str:
    async def on_postgres() -> str:
        connection = await asyncpg.connect(settings.database)
        try:
            await connection.execute("set plan_cache_mode = force_generic_plan; set enable_seqscan = off")
            await connection.execute(f"prepare planned as {sql}")
            nothing = ", ".join(["null"] * len(set(re.findall(r"\$\d+", sql))))
            rows = await connection.fetch(f"explain execute planned({nothing})")
        finally:
            await connection.close()
        return "\n".join(row[0] for row in rows)

    if settings.database:
        return asyncio.run(on_postgres())
    with closing(connect(settings.data / DATABASE_FILE)) as connection:
        rows = connection.execute(f"explain query plan {sql}", [None] * sql.count("?")).fetchall()
    return "\n".join(str(row[3]) for row in rows)


def _scans(settings: Settings, plan: str) -> bool:
    return "Seq Scan" in plan if settings.database else "SCAN " in plan.replace("SCAN outbox USING", "")


@pytest.mark.parametrize(("statement", "by_sqlite", "by_postgres"), HOT)
def test_a_statement_of_the_requests_path_uses_its_index(
    settings: Settings, statement: Command, by_sqlite: str, by_postgres: str
) -> None:
    plan = _plan(settings, statement.postgresql.text if settings.database else statement.sqlite.text)
    assert (by_postgres if settings.database else by_sqlite) in plan, plan
    assert not _scans(settings, plan), plan


def test_a_statement_without_an_index_is_found(settings: Settings) -> None:
    """The canary of the test above."""
    slow = Query(int, select(outbox_table.c.id).where(outbox_table.c.kind == bindparam("kind")))
    plan = _plan(settings, slow.postgresql.text if settings.database else slow.sqlite.text)
    assert _scans(settings, plan), plan


def test_counting_is_one_statement_that_finds_its_bucket_by_the_key(settings: Settings) -> None:
    sql = tally.COUNT.postgresql.text if settings.database else tally.COUNT.sqlite.text
    assert "ON CONFLICT (bucket) DO UPDATE" in sql
    if settings.database:
        assert "Conflict Arbiter Indexes: tallies_pk" in _plan(settings, sql)
