"""The book: accounts, transfers, their entries, and holds: tables. The triggers that keep it are in 0008_ledger."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata, text

# Without foreign keys: they would lock the accounts through which everybody's money passes. A trigger looks whether the
# transfer and the account are there, and neither is ever deleted.
ledger_entries = Table(
    "ledger_entries",
    metadata,
    integer("transfer_id"),
    integer("place"),  # 1, 2, … in its transfer
    integer("account_id"),
    text("currency"),
    integer("amount_minor"),  # added to the account's balance
    integer("booked_us"),  # grows with each entry of an account that is not hot
    integer("balance_minor", nullable=True),  # of the account after it; none: the account is hot
    PrimaryKeyConstraint("transfer_id", "place", name="ledger_entries_pk"),
    # What a balance is found by, and what an account refers to.
    UniqueConstraint("account_id", "booked_us", "balance_minor", name="ledger_entries_account_uq"),
    CheckConstraint("amount_minor <> 0", name="amount"),
    sqlite_with_rowid=False,
)

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    identity(),
    text("purpose"),  # wallet, escrow, revenue, fees, refunds, provider, payouts, world
    text("owner"),  # account/7, job/12, shop/3, manual; '': the platform
    text("currency"),
    integer("hot"),  # 1: everybody's money passes here, so it is appended to and never locked
    integer("floor_minor", nullable=True),  # what it may not fall below; none: it may go negative
    integer("cap_minor", nullable=True),  # what it may not rise above
    integer("posted_minor"),  # the sum of its entries; of a hot one 0
    integer("held_minor"),  # promised to somebody by pending holds
    integer("last_us", nullable=True),  # when its last entry was booked; none: there is none, or it is hot
    integer("created_us"),
    UniqueConstraint("purpose", "owner", "currency", name="ledger_accounts_place_uq"),
    # Its balance is that of its last entry, at the commit.
    ForeignKeyConstraint(
        ["id", "last_us", "posted_minor"],
        ["ledger_entries.account_id", "ledger_entries.booked_us", "ledger_entries.balance_minor"],
        name="ledger_accounts_last_entry_fk",
        deferrable=True,
        initially="DEFERRED",
    ),
    CheckConstraint("last_us IS NOT NULL OR posted_minor = 0", name="posted"),
    CheckConstraint("held_minor >= 0", name="held"),
    CheckConstraint("floor_minor IS NULL OR posted_minor - held_minor >= floor_minor", name="floor"),
    CheckConstraint("cap_minor IS NULL OR posted_minor <= cap_minor", name="cap"),
)

ledger_transfers = Table(
    "ledger_transfers",
    metadata,
    identity(),
    text("kind"),  # job.fulfilled, order.paid
    text("reference"),  # job/12, order/5: what caused it
    text("note"),
    integer("by_account_id", nullable=True),  # who caused it; none: Artel itself
    integer("effective_us"),  # when it counts from, as people see it; booked when it is written
    text("key"),  # what makes it the only one of its cause
    Column("input_hash", LargeBinary, nullable=False),  # of everything that was asked for under the key
    integer("reverses_id", nullable=True),  # the transfer that this one takes back
    integer("entries"),  # how many it has
    integer("txid"),  # of the transaction that wrote it: the order in which it is sealed (artel/db/horizon.py)
    UniqueConstraint("key", name="ledger_transfers_key_uq"),
    UniqueConstraint("reverses_id", name="ledger_transfers_reverses_id_uq"),
    ForeignKeyConstraint(["by_account_id"], ["accounts.id"], name="ledger_transfers_by_account_id_fk"),
    ForeignKeyConstraint(["reverses_id"], ["ledger_transfers.id"], name="ledger_transfers_reverses_id_fk"),
    # The last entry is there at the commit; it is let in only as the last, and only when all of them sum to zero.
    ForeignKeyConstraint(
        ["id", "entries"],
        ["ledger_entries.transfer_id", "ledger_entries.place"],
        name="ledger_transfers_last_entry_fk",
        deferrable=True,
        initially="DEFERRED",
    ),
    CheckConstraint("entries >= 2", name="entries"),
    sqlite_autoincrement=True,  # a transfer's id is never given twice
)
Index("ledger_transfers_reference_ix", ledger_transfers.c.reference, ledger_transfers.c.id)
# On SQLite the ids alone are the order of sealing.
Index("ledger_transfers_sealing_ix", ledger_transfers.c.txid, ledger_transfers.c.id).ddl_if(dialect="postgresql")

ledger_holds = Table(
    "ledger_holds",
    metadata,
    identity(),
    integer("account_id"),
    integer("amount_minor"),
    integer("posted_minor"),  # how much of it was taken in the end
    text("status"),  # pending, posted, voided, expired
    text("kind"),  # withdrawal
    text("reference"),
    text("note"),
    text("key"),
    Column("input_hash", LargeBinary, nullable=False),
    integer("created_us"),
    integer("expires_us"),  # 0: never
    integer("settled_us"),  # when it was posted, voided or expired; 0: not yet
    integer("transfer_id", nullable=True),  # by which it was posted
    UniqueConstraint("key", name="ledger_holds_key_uq"),
    ForeignKeyConstraint(["account_id"], ["ledger_accounts.id"], name="ledger_holds_account_id_fk"),
    ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="ledger_holds_transfer_id_fk"),
    CheckConstraint("amount_minor > 0", name="amount"),
    CheckConstraint("posted_minor BETWEEN 0 AND amount_minor", name="posted"),
)
_pending = ledger_holds.c.status == "pending"
Index("ledger_holds_account_ix", ledger_holds.c.account_id, ledger_holds.c.id)
Index("ledger_holds_reference_ix", ledger_holds.c.reference, ledger_holds.c.id)
Index(
    "ledger_holds_expires_ix",
    ledger_holds.c.expires_us,
    sqlite_where=_pending,
    postgresql_where=_pending,
)

# Balances of hot accounts from time to time, so that nobody has to add up all of their entries: written by sealing.
ledger_checkpoints = Table(
    "ledger_checkpoints",
    metadata,
    integer("account_id"),
    integer("booked_us"),
    integer("transfer_id"),  # the balance is that of every sealed entry up to this time and this transfer
    integer("balance_minor"),
    integer("entries"),  # how many those are
    PrimaryKeyConstraint("account_id", "booked_us", "transfer_id", name="ledger_checkpoints_pk"),
    ForeignKeyConstraint(["account_id"], ["ledger_accounts.id"], name="ledger_checkpoints_account_id_fk"),
    sqlite_with_rowid=False,
)

# What was sealed, a batch of transfers each, in one chain of hashes.
ledger_blocks = Table(
    "ledger_blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, …
    integer("last_txid"),  # its last transfer in the order of sealing
    integer("last_id"),
    integer("transfers"),  # how many
    Column("hash", LargeBinary, nullable=False),  # of the hash before it and of its transfers
    integer("at_us"),
)

# One row: up to where transfers are sealed. Whoever seals holds its lock.
ledger_sealing = Table(
    "ledger_sealing",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    integer("number"),  # of the last block
    integer("last_txid"),
    integer("last_id"),
    Column("hash", LargeBinary, nullable=False),
)
