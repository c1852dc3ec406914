"""Proof: both databases take every statement of the product, and those on a request's path use their index."""

import asyncio
import re
from contextlib import closing

import apsw
import apsw.ext
import asyncpg
import pytest
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from artel.accounts import queries as accounts
from artel.db import Command, Query, outbox, tally
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.db.tables import outbox as outbox_table
from artel.db.tables import tallies
from artel.edge import idempotency
from artel.events import queries as events
from artel.jobs import queries as jobs
from artel.ledger.journal import queries as journal
from artel.orders.carts import queries as carts
from artel.orders.delivery import queries as delivery
from artel.orders.orders import queries as orders
from artel.orders.payouts import queries as payouts
from artel.orders.vouchers import queries as vouchers
from artel.payments import queries as payments
from artel.payments import simulator
from artel.settings import Settings
from artel.shop.categories import queries as categories
from artel.shop.offers import queries as offers
from artel.shop.products import queries as products
from artel.shop.shops import queries as shops
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
    (outbox.REACH, "outbox_unpublished_ix", "outbox_unpublished_ix"),
    (outbox.UNPUBLISHED, "outbox_unpublished_ix", "outbox_unpublished_ix"),
    (outbox.PUBLISH, "outbox USING INTEGER PRIMARY KEY", "outbox_pk"),
    (outbox.OLDEST_KEPT, "outbox_position_uq", "outbox_position_uq"),
    (outbox.FORGET, "outbox_position_uq", "outbox_position_uq"),
    (outbox.FORGET_AUDIENCE, "outbox_audience_position_ix", "outbox_audience_position_ix"),
    (events.SEEN_BY_ALL, "outbox_position_uq", "outbox_position_uq"),
    (events.SEEN_BY, "sqlite_autoindex_outbox_audience_1", "outbox_audience_pk"),
    (events.SEEN_BY, "outbox_position_uq", "outbox_position_uq"),
    (events.LIST, "webhooks_account_ix", "webhooks_account_ix"),
    (events.DELIVERIES, "webhook_deliveries_webhook_ix", "webhook_deliveries_webhook_ix"),
    (events.ATTEMPTS, "webhook_attempts_delivery_ix", "webhook_attempts_delivery_ix"),
    (events.CLAIM, "webhook_deliveries_waiting_ix", "webhook_deliveries_"),
    (events.CLAIM, "webhook_deliveries_order_ix", "webhook_deliveries_order_ix"),
    (events.JOB, "outbox USING INTEGER PRIMARY KEY", "outbox_pk"),
    (events.FORGET_DELIVERIES, "webhook_deliveries_created_ix", "webhook_deliveries_created_ix"),
    (shops.BY_ID, "shops USING INTEGER PRIMARY KEY", "shops_pk"),
    (shops.BY_SLUG, "sqlite_autoindex_shops_1", "shops_slug_uq"),
    (shops.IS_MEMBER, "sqlite_autoindex_shop_members_1", "shop_members_pk"),
    (shops.SHOPS_OF, "shop_members_account_ix", "shop_members_account_ix"),
    (shops.MEMBERS, "sqlite_autoindex_shop_members_1", "shop_members_pk"),
    (shops.AMONG, "shops USING INTEGER PRIMARY KEY", "shops_pk"),
    (categories.BELOW, "sqlite_autoindex_categories_1", "categories_path_uq"),
    (products.BY_ID, "products USING INTEGER PRIMARY KEY", "products_pk"),
    (products.AUTHORS_OF, "sqlite_autoindex_product_authors_1", "product_authors_"),
    (products.IMAGES_OF, "sqlite_autoindex_product_images_1", "product_images_pk"),
    (products.KNOWN_AUTHORS, "sqlite_autoindex_authors_1", "authors_name_key_uq"),
    (products.listing(frozenset()), "products USING INTEGER PRIMARY KEY", "products_pk"),
    (products.listing(frozenset({"isbn"})), "sqlite_autoindex_books_2", "books_isbn_uq"),
    (products.listing(frozenset({"author"})), "product_authors_author_ix", "product_authors_author_ix"),
    (products.listing(frozenset({"shop"})), "products_shop_ix", "products_"),
    (carts.LINES, "sqlite_autoindex_cart_lines_1", "cart_lines_pk"),
    (carts.LINES_OF_ACCOUNT, "sqlite_autoindex_carts_", "carts_account_id_uq"),
    (carts.LINES_OF_ACCOUNT, "sqlite_autoindex_cart_lines_1", "cart_lines_pk"),
    (carts.TAKE_LINES, "sqlite_autoindex_cart_lines_1", "cart_lines_pk"),
    (carts.HOLD_GUEST_CART, "sqlite_autoindex_carts_", "carts_token_hash_uq"),
    (carts.FORGET_GUEST_CARTS, "carts_updated_ix", "carts_updated_ix"),
    (vouchers.STANDING, "sqlite_autoindex_vouchers_1", "vouchers_code_key_uq"),
    (vouchers.STANDING, "sqlite_autoindex_voucher_uses_", "voucher_uses_once_uq"),
    (vouchers.REDEEM, "sqlite_autoindex_vouchers_1", "vouchers_code_key_uq"),
    (vouchers.USED_BY_LOCKED, "sqlite_autoindex_voucher_uses_1", "voucher_uses_pk"),
    (vouchers.LIST_OF_SHOPS, "vouchers_shop_ix", "vouchers_"),
    (delivery.CHOSEN, "delivery_methods USING INTEGER PRIMARY KEY", "delivery_methods_pk"),
    (delivery.LIST, "delivery_methods_shop_ix", "delivery_methods_"),
    (orders.BY_ID_LOCKED, "orders USING INTEGER PRIMARY KEY", "orders_pk"),
    (orders.PARTS, "sqlite_autoindex_order_parts_1", "order_parts_pk"),
    (orders.LINES, "sqlite_autoindex_order_lines_1", "order_lines_order_offer_uq"),
    (orders.HISTORY, "order_events_order_ix", "order_events_order_ix"),
    (orders.LAST_EVENT, "order_events_order_ix", "order_events_order_ix"),
    (payments.BRIEF_OF_ORDER, "payments_order_ix", "payments_order_ix"),
    (payments.OWED, "payments_order_ix", "payments_order_ix"),
    (payments.OWED, "refunds_payment_ix", "refunds_payment_ix"),
    (orders.DUES, "orders USING INTEGER PRIMARY KEY", "orders_pk"),
    (orders.KNOWN, "orders USING INTEGER PRIMARY KEY", "Index Scan on orders"),
    (payouts.LAST_UNTIL, "sqlite_autoindex_payouts_1", "payouts_"),
    (payouts.LIST_OF_SHOP, "payouts_shop_ix", "payouts_"),
    (orders.DUE, "orders_expires_ix", "orders_expires_ix"),
    (orders.MOVE, "orders USING INTEGER PRIMARY KEY", "orders_pk"),
    (orders.SHIP_PART, "sqlite_autoindex_order_parts_1", "order_parts_"),
    (orders.REFUND_LINE, "order_lines USING INTEGER PRIMARY KEY", "order_lines_pk"),
    (jobs.BY_ID_LOCKED, "jobs USING INTEGER PRIMARY KEY", "jobs_pk"),
    (jobs.MOVE, "jobs USING INTEGER PRIMARY KEY", "jobs_pk"),
    (jobs.DUE, "jobs_expires_ix", "jobs_expires_ix"),
    (jobs.OPEN_NEWEST, "jobs_status_ix", "jobs_"),
    (jobs.OPEN_BY_VALUE, "jobs_value_ix", "jobs_"),
    (jobs.OPEN_BY_DUE, "jobs_due_ix", "jobs_"),
    (jobs.POSTED, "jobs_customer_ix", "jobs_"),
    (jobs.FULFILLED, "jobs_executor_ix", "jobs_executor_ix"),
    (jobs.TOTALS_POSTED, "jobs_customer_ix", "jobs_customer_ix"),
    (jobs.HISTORY, "job_events_job_ix", "job_events_job_ix"),
    (payments.BY_ID_LOCKED, "payments USING INTEGER PRIMARY KEY", "payments_pk"),
    (payments.OF_ORDER, "payments_order_ix", "payments_order_ix"),
    (payments.FAILED_OF_ORDER, "payments_order_ix", "payments_"),
    (payments.TAKEN_LOCKED, "payments_order_ix", "payments_"),
    (payments.HINTED, "sqlite_autoindex_payments_1", "payments_reference_uq"),
    (payments.CHECK_SOON, "sqlite_autoindex_payments_1", "payments_reference_uq"),
    (payments.CHECK_WAITS, "payments_check_ix", "payments_check_ix"),
    (payments.CLAIM_CHECKS, "payments_check_ix", "payments_check_ix"),
    (payments.LIST_OF_STATUS, "payments_status_ix", "payments_status_ix"),
    (payments.LIST_OF_REFUND_STATUS, "refunds_status_ix", "refunds_status_ix"),
    (payments.REFUNDS_OF, "refunds_payment_ix", "refunds_payment_ix"),
    (payments.REFUND_WAITS, "refunds_try_ix", "refunds_try_ix"),
    (payments.CLAIM_REFUNDS, "refunds_try_ix", "refunds_try_ix"),
    (simulator.TELL, "test_charges_tells_ix", "test_charges_tells_ix"),
    (orders.LIST_MINE, "orders_account_ix", "orders_account_ix"),
    (orders.LIST_OF_SHOP, "order_parts_shop_ix", "order_parts_shop_ix"),
    (orders.LIST_ALL, "orders USING INTEGER PRIMARY KEY", "orders_pk"),
    (orders.SHEET_ALL, "sqlite_autoindex_order_parts_1", "order_parts_pk"),
    (tally.LOOK, "sqlite_autoindex_tallies_1", "tallies_pk"),
    (tally.TAKE_BACK, "sqlite_autoindex_tallies_1", "tallies_pk"),
    (tally.FORGET, "tallies_window_start_ix", "tallies_window_start_ix"),
    (idempotency.KEPT, "sqlite_autoindex_idempotency_1", "idempotency_pk"),
    (idempotency.KEEP, "sqlite_autoindex_idempotency_1", "idempotency_pk"),
    (idempotency.FORGET, "idempotency_created_ix", "idempotency_created_ix"),
    (journal.WAITS, "ledger_transfers USING INTEGER PRIMARY KEY", "ledger_transfers_sealing_ix"),
    (journal.PICK, "ledger_transfers USING INTEGER PRIMARY KEY", "ledger_transfers_sealing_ix"),
    (journal.BETWEEN, "ledger_transfers USING INTEGER PRIMARY KEY", "ledger_transfers_sealing_ix"),
    (journal.ENTRIES, "ledger_entries USING PRIMARY KEY", "ledger_entries_pk"),
    (journal.TOUCHED, "ledger_checkpoints USING PRIMARY KEY", "ledger_checkpoints_pk"),
    (journal.LAST_TWO, "ledger_checkpoints USING PRIMARY KEY", "ledger_checkpoints_pk"),
    (journal.MOVE_POINT, "ledger_checkpoints USING PRIMARY KEY", "ledger_checkpoints_pk"),
    (offers.BY_ID, "offers USING INTEGER PRIMARY KEY", "offers_pk"),
    (offers.BY_ID, "SEARCH product_images USING INDEX sqlite_autoindex_product_images_1", "product_images_pk"),
    (offers.LOOK, "offers USING INTEGER PRIMARY KEY", "offers_"),
    (offers.TAKE, "offers USING INTEGER PRIMARY KEY", "offers_pk"),
    (offers.OF_SHOP, "offers_of_shop_ix", "offers_of_shop_ix"),
    (offers.PRICES, "offer_prices_offer_ix", "offer_prices_offer_ix"),
    (offers.NAMED, "products USING INTEGER PRIMARY KEY", "products_pk"),
    (offers.NAMED, "offers_product_ix", "search_products_pk"),
    (vouchers.KNOWN, "sqlite_autoindex_vouchers_1", "vouchers_code_key_uq"),
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

    names = [
        name for each in (sqlite, postgresql) for name in statement.construct.compile(dialect=each.dialect()).params
    ]
    given = len(compiled.arguments(dict.fromkeys(names)))
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


# Not a table: the outbox by its index, the list in a parameter, what matches in an index of words.
SCANNED_RIGHTLY = re.compile(r"SCAN (outbox USING|(json_each|\w+_json) VIRTUAL TABLE|\w+ VIRTUAL TABLE INDEX \d+:M)")
MADE = re.compile(r"(?:CO-ROUTINE|MATERIALIZE) (\S+)")  # rows that another part of the plan found


def _scans(settings: Settings, plan: str) -> bool:
    if settings.database:
        return "Seq Scan" in plan
    made = set(MADE.findall(plan))
    return any(name not in made for name in re.findall(r"SCAN (\S+)", SCANNED_RIGHTLY.sub("", plan)))


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
