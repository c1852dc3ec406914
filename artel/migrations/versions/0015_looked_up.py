"""On PostgreSQL the book's trigger looks a transfer up by its number, whatever plan the session has kept.

A session keeps the plans of its triggers. One that joined what was added with `ledger_transfers` while there were few
of them went on reading all of them for each transfer. What a subquery asks for about one row is never joined.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

_ENTRIES = "(SELECT t.entries FROM ledger_transfers t WHERE t.id = one.transfer_id)"


def _refuses(said: str) -> str:
    return f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation';"


FIT = (
    "CREATE OR REPLACE FUNCTION ledger_entries_fit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF EXISTS (SELECT 1 FROM (SELECT DISTINCT transfer_id FROM added) one "
    "CROSS JOIN LATERAL (SELECT count(*) AS entries, min(place) AS first, max(place) AS last "
    "FROM ledger_entries e WHERE e.transfer_id = one.transfer_id) there "
    f"WHERE there.first <> 1 OR there.last <> there.entries OR coalesce(there.entries > {_ENTRIES}, true)) "
    f"THEN {_refuses('the entries of a transfer come in their order, and no more than it says')} END IF; "
    f"IF EXISTS (SELECT 1 FROM added one WHERE one.place = {_ENTRIES} "
    "AND EXISTS (SELECT 1 FROM ledger_entries e WHERE e.transfer_id = one.transfer_id "
    "GROUP BY e.currency HAVING sum(e.amount_minor) <> 0)) "
    f"THEN {_refuses('a transfer sums to zero in each currency')} END IF; "
    "IF EXISTS (SELECT 1 FROM added LEFT JOIN ledger_accounts a ON a.id = added.account_id "
    "WHERE added.currency IS DISTINCT FROM a.currency OR CASE a.hot WHEN 1 THEN added.balance_minor IS NOT NULL "
    "ELSE (added.booked_us, added.balance_minor) IS DISTINCT FROM (a.last_us, a.posted_minor) "
    "OR EXISTS (SELECT 1 FROM ledger_entries e WHERE e.account_id = added.account_id "
    "AND e.booked_us >= added.booked_us AND (e.transfer_id, e.place) <> (added.transfer_id, added.place)) "
    "OR added.balance_minor IS DISTINCT FROM added.amount_minor + coalesce((SELECT e.balance_minor "
    "FROM ledger_entries e WHERE e.account_id = added.account_id AND e.booked_us < added.booked_us "
    "ORDER BY e.booked_us DESC LIMIT 1), 0) END) "
    f"THEN {_refuses('an entry continues the balance of its account, in its currency, and the account moves with it')} "
    "END IF; RETURN NULL; END $$"
)
HERE = (  # as in 0012: a function that is replaced forgets its settings
    "DO $$ BEGIN EXECUTE 'ALTER FUNCTION ' || quote_ident(current_schema()) || '.ledger_entries_fit() "
    "SET search_path TO ' || quote_ident(current_schema()) || ', pg_temp'; END $$"
)


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute(FIT)
        op.execute(HERE)
