"""On PostgreSQL triggers look at the tables that they are for, whatever the session's search path says.

A temporary table stands before every other one of its name, so whoever may send SQL could have shown a trigger a book
of his own.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

FUNCTIONS = (
    *("offers_entered", "offers_follow_products", "offers_follow_shops", "offers_titled"),
    *("order_events_refuse", "job_events_refuse"),
    *("ledger_only_appended", "ledger_account_stays", "ledger_hold_stays", "ledger_entries_fit"),
)


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    here = "quote_ident(current_schema())"
    for name in FUNCTIONS:  # pg_temp is looked at first unless it is named
        op.execute(
            f"DO $$ BEGIN EXECUTE 'ALTER FUNCTION ' || {here} || '.{name}() "
            f"SET search_path TO ' || {here} || ', pg_temp'; END $$"
        )
