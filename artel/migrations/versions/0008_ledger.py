"""The book: accounts, transfers, entries, holds, and what keeps them balanced."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _ledger_entries()
    _ledger_accounts()
    _ledger_transfers()
    _ledger_holds()
    _ledger_checkpoints()
    _ledger_blocks()
    _ledger_sealing()
    by_hand()


def _ledger_entries() -> None:
    op.create_table(
        "ledger_entries",
        integer("transfer_id"),
        integer("place"),
        integer("account_id"),
        text("currency"),
        integer("amount_minor"),
        integer("booked_us"),
        integer("balance_minor", nullable=True),
        sa.CheckConstraint("amount_minor <> 0", name="ledger_entries_amount_ck"),
        sa.PrimaryKeyConstraint("transfer_id", "place", name="ledger_entries_pk"),
        sa.UniqueConstraint("account_id", "booked_us", "balance_minor", name="ledger_entries_account_uq"),
        sqlite_with_rowid=False,
    )


def _ledger_accounts() -> None:
    op.create_table(
        "ledger_accounts",
        identity(),
        text("purpose"),
        text("owner"),
        text("currency"),
        integer("hot"),
        integer("floor_minor", nullable=True),
        integer("cap_minor", nullable=True),
        integer("posted_minor"),
        integer("held_minor"),
        integer("last_us", nullable=True),
        integer("created_us"),
        sa.CheckConstraint("cap_minor IS NULL OR posted_minor <= cap_minor", name="ledger_accounts_cap_ck"),
        sa.CheckConstraint(
            "floor_minor IS NULL OR posted_minor - held_minor >= floor_minor", name="ledger_accounts_floor_ck"
        ),
        sa.CheckConstraint("held_minor >= 0", name="ledger_accounts_held_ck"),
        sa.CheckConstraint("last_us IS NOT NULL OR posted_minor = 0", name="ledger_accounts_posted_ck"),
        sa.ForeignKeyConstraint(
            ["id", "last_us", "posted_minor"],
            ["ledger_entries.account_id", "ledger_entries.booked_us", "ledger_entries.balance_minor"],
            name="ledger_accounts_last_entry_fk",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="ledger_accounts_pk"),
        sa.UniqueConstraint("purpose", "owner", "currency", name="ledger_accounts_place_uq"),
    )


def _ledger_transfers() -> None:
    op.create_table(
        "ledger_transfers",
        identity(),
        text("kind"),
        text("reference"),
        text("note"),
        integer("by_account_id", nullable=True),
        integer("effective_us"),
        text("key"),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        integer("reverses_id", nullable=True),
        integer("entries"),
        integer("txid"),
        sa.CheckConstraint("entries >= 2", name="ledger_transfers_entries_ck"),
        sa.ForeignKeyConstraint(["by_account_id"], ["accounts.id"], name="ledger_transfers_by_account_id_fk"),
        sa.ForeignKeyConstraint(
            ["id", "entries"],
            ["ledger_entries.transfer_id", "ledger_entries.place"],
            name="ledger_transfers_last_entry_fk",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["ledger_transfers.id"], name="ledger_transfers_reverses_id_fk"),
        sa.PrimaryKeyConstraint("id", name="ledger_transfers_pk"),
        sa.UniqueConstraint("key", name="ledger_transfers_key_uq"),
        sa.UniqueConstraint("reverses_id", name="ledger_transfers_reverses_id_uq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_transfers_reference_ix", "ledger_transfers", ["reference", "id"])
    if op.get_context().dialect.name == "postgresql":  # on SQLite the ids alone are the order of sealing
        op.create_index("ledger_transfers_sealing_ix", "ledger_transfers", ["txid", "id"])


def _ledger_holds() -> None:
    op.create_table(
        "ledger_holds",
        identity(),
        integer("account_id"),
        integer("amount_minor"),
        integer("posted_minor"),
        text("status"),
        text("kind"),
        text("reference"),
        text("note"),
        text("key"),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        integer("created_us"),
        integer("expires_us"),
        integer("settled_us"),
        integer("transfer_id", nullable=True),
        sa.CheckConstraint("amount_minor > 0", name="ledger_holds_amount_ck"),
        sa.CheckConstraint("posted_minor BETWEEN 0 AND amount_minor", name="ledger_holds_posted_ck"),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_accounts.id"], name="ledger_holds_account_id_fk"),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="ledger_holds_transfer_id_fk"),
        sa.PrimaryKeyConstraint("id", name="ledger_holds_pk"),
        sa.UniqueConstraint("key", name="ledger_holds_key_uq"),
    )
    op.create_index("ledger_holds_account_ix", "ledger_holds", ["account_id", "id"])
    op.create_index(
        "ledger_holds_expires_ix",
        "ledger_holds",
        ["expires_us"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ledger_holds_reference_ix", "ledger_holds", ["reference", "id"])


def _ledger_checkpoints() -> None:
    op.create_table(
        "ledger_checkpoints",
        integer("account_id"),
        integer("booked_us"),
        integer("transfer_id"),
        integer("balance_minor"),
        integer("entries"),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_accounts.id"], name="ledger_checkpoints_account_id_fk"),
        sa.PrimaryKeyConstraint("account_id", "booked_us", "transfer_id", name="ledger_checkpoints_pk"),
        sqlite_with_rowid=False,
    )


def _ledger_blocks() -> None:
    op.create_table(
        "ledger_blocks",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        integer("last_txid"),
        integer("last_id"),
        integer("transfers"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        integer("at_us"),
        sa.PrimaryKeyConstraint("number", name="ledger_blocks_pk"),
    )


def _ledger_sealing() -> None:
    op.create_table(
        "ledger_sealing",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        integer("number"),
        integer("last_txid"),
        integer("last_id"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="ledger_sealing_pk"),
    )


# by hand


def by_hand() -> None:
    """The database itself keeps the book balanced, and what was written as it was."""
    on_sqlite = op.get_context().dialect.name == "sqlite"
    beginning = "INSERT INTO ledger_sealing (id, number, last_txid, last_id, hash) VALUES (1, 0, 0, 0, %s'')"
    op.execute(beginning % ("X" if on_sqlite else ""))
    for statement in SQLITE if on_sqlite else POSTGRESQL:
        op.execute(statement)


_KEPT = ("ledger_transfers", "ledger_entries", "ledger_blocks")
_ONLY_APPENDED = "the book is append-only: what was written is not changed, only reversed"
_STAYS = "an account of the book stays what it is"
_SETTLED = "a hold is settled once, and stays what it was for"
_ORDER = "the entries of a transfer come in their order, and no more than it says"
_UNBALANCED = "a transfer sums to zero in each currency"
_CONTINUES = "an entry continues the balance of its account, in its currency, and the account moves with it"

# What may not change of a row.
_ACCOUNT_SAME = ("id", "purpose", "owner", "currency", "hot", "floor_minor", "created_us")
_HOLD_SAME = ("id", "account_id", "amount_minor", "kind", "reference", "note", "key", "created_us", "expires_us")


def _differs(columns: tuple[str, ...], unlike: str) -> str:
    return " OR ".join(f"NEW.{column} {unlike} OLD.{column}" for column in columns)


def _account_changes(unlike: str) -> str:
    goes_back = "(OLD.last_us IS NOT NULL AND NEW.last_us IS NULL) OR NEW.last_us < OLD.last_us"
    return f"{_differs(_ACCOUNT_SAME, unlike)} OR {goes_back}"


def _hold_changes(unlike: str) -> str:
    return f"OLD.status <> 'pending' OR {_differs(_HOLD_SAME, unlike)}"


def _sqlite(name: str, when: str, said: str, condition: str = "") -> str:
    guard = f"WHEN {condition} " if condition else ""
    return f"CREATE TRIGGER {name}_tg {when} {guard}BEGIN SELECT raise(ABORT, '{said}'); END"


SQLITE = (
    *(
        _sqlite(f"{table}_no_{verb.lower()}", f"BEFORE {verb} ON {table}", _ONLY_APPENDED)
        for table in _KEPT
        for verb in ("UPDATE", "DELETE")
    ),
    _sqlite("ledger_accounts_no_delete", "BEFORE DELETE ON ledger_accounts", _STAYS),
    _sqlite("ledger_accounts_stays", "BEFORE UPDATE ON ledger_accounts", _STAYS, _account_changes("IS NOT")),
    _sqlite("ledger_holds_no_delete", "BEFORE DELETE ON ledger_holds", _SETTLED),
    _sqlite("ledger_holds_stays", "BEFORE UPDATE ON ledger_holds", _SETTLED, _hold_changes("IS NOT")),
    _sqlite(
        "ledger_entries_order",
        "BEFORE INSERT ON ledger_entries",
        _ORDER,
        "NEW.place <> 1 + (SELECT count(*) FROM ledger_entries WHERE transfer_id = NEW.transfer_id) "
        "OR NEW.place > coalesce((SELECT entries FROM ledger_transfers WHERE id = NEW.transfer_id), 0)",
    ),
    _sqlite(
        "ledger_entries_continues",
        "BEFORE INSERT ON ledger_entries",
        _CONTINUES,
        "typeof(NEW.amount_minor) <> 'integer' OR NOT EXISTS (SELECT 1 FROM ledger_accounts "
        "WHERE id = NEW.account_id AND currency = NEW.currency AND CASE hot WHEN 1 THEN NEW.balance_minor IS NULL "
        "ELSE last_us = NEW.booked_us AND posted_minor = NEW.balance_minor END) "
        "OR NEW.balance_minor IS NOT NULL AND (NEW.balance_minor <> NEW.amount_minor + coalesce((SELECT balance_minor "
        "FROM ledger_entries WHERE account_id = NEW.account_id ORDER BY booked_us DESC LIMIT 1), 0) "
        "OR EXISTS (SELECT 1 FROM ledger_entries WHERE account_id = NEW.account_id AND booked_us >= NEW.booked_us))",
    ),
    _sqlite(
        "ledger_entries_balanced",
        "AFTER INSERT ON ledger_entries",
        _UNBALANCED,
        "NEW.place = (SELECT entries FROM ledger_transfers WHERE id = NEW.transfer_id) AND EXISTS "
        "(SELECT 1 FROM ledger_entries WHERE transfer_id = NEW.transfer_id "
        "GROUP BY currency HAVING sum(amount_minor) <> 0)",
    ),
)


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"


def _refuses(said: str) -> str:
    return f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation';"


POSTGRESQL = (
    _function("ledger_only_appended", _refuses(_ONLY_APPENDED)),
    _function("ledger_account_stays", _refuses(_STAYS)),
    _function("ledger_hold_stays", _refuses(_SETTLED)),
    *(
        f"CREATE TRIGGER {table}_append_only_tg BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_only_appended()"
        for table in _KEPT
    ),
    "CREATE TRIGGER ledger_accounts_no_delete_tg BEFORE DELETE OR TRUNCATE ON ledger_accounts "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_account_stays()",
    "CREATE TRIGGER ledger_accounts_stays_tg BEFORE UPDATE ON ledger_accounts FOR EACH ROW "
    f"WHEN ({_account_changes('IS DISTINCT FROM')}) EXECUTE FUNCTION ledger_account_stays()",
    "CREATE TRIGGER ledger_holds_no_delete_tg BEFORE DELETE OR TRUNCATE ON ledger_holds "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_hold_stays()",
    "CREATE TRIGGER ledger_holds_stays_tg BEFORE UPDATE ON ledger_holds FOR EACH ROW "
    f"WHEN ({_hold_changes('IS DISTINCT FROM')}) EXECUTE FUNCTION ledger_hold_stays()",
    _function(  # one look at all that a statement added
        "ledger_entries_fit",
        "IF EXISTS (SELECT 1 FROM (SELECT DISTINCT transfer_id FROM added) one "
        "LEFT JOIN ledger_transfers t ON t.id = one.transfer_id "
        "CROSS JOIN LATERAL (SELECT count(*) AS entries, min(place) AS first, max(place) AS last "
        "FROM ledger_entries e WHERE e.transfer_id = one.transfer_id) there "
        "WHERE t.id IS NULL OR there.first <> 1 OR there.last <> there.entries OR there.entries > t.entries) "
        f"THEN {_refuses(_ORDER)} END IF; "
        "IF EXISTS (SELECT 1 FROM added "
        "JOIN ledger_transfers t ON t.id = added.transfer_id AND t.entries = added.place "
        "JOIN ledger_entries e ON e.transfer_id = t.id GROUP BY t.id, e.currency HAVING sum(e.amount_minor) <> 0) "
        f"THEN {_refuses(_UNBALANCED)} END IF; "
        "IF EXISTS (SELECT 1 FROM added LEFT JOIN ledger_accounts a ON a.id = added.account_id "
        "WHERE added.currency IS DISTINCT FROM a.currency OR CASE a.hot WHEN 1 THEN added.balance_minor IS NOT NULL "
        "ELSE (added.booked_us, added.balance_minor) IS DISTINCT FROM (a.last_us, a.posted_minor) "
        "OR EXISTS (SELECT 1 FROM ledger_entries e WHERE e.account_id = added.account_id "
        "AND e.booked_us >= added.booked_us AND (e.transfer_id, e.place) <> (added.transfer_id, added.place)) "
        "OR added.balance_minor IS DISTINCT FROM added.amount_minor + coalesce((SELECT e.balance_minor "
        "FROM ledger_entries e WHERE e.account_id = added.account_id AND e.booked_us < added.booked_us "
        "ORDER BY e.booked_us DESC LIMIT 1), 0) END) "
        f"THEN {_refuses(_CONTINUES)} END IF;",
    ),
    "CREATE TRIGGER ledger_entries_fit_tg AFTER INSERT ON ledger_entries REFERENCING NEW TABLE AS added "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_fit()",
)
