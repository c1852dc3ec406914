"""Accounts: tables."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from artel.db import identity, metadata

accounts = Table(
    "accounts",
    metadata,
    identity(),
    Column("login", Text, nullable=False),  # as it was typed
    Column("login_key", Text, nullable=False),  # as it is compared; stays taken for ever
    Column("password_hash", Text, nullable=False),  # argon2id; '' when nobody can log in
    Column("name", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("roles", Text, nullable=False),  # words with spaces between
    Column("search_text", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("updated_us", BigInteger, nullable=False),
    Column("deleted_us", BigInteger, nullable=False),  # 0: it lives
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("login_key", name="accounts_login_key_uq"),
)

sessions = Table(
    "sessions",
    metadata,
    identity(),
    Column("account_id", BigInteger, nullable=False),
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),  # a session that is ended early expires then
    Column("address", Text, nullable=False),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="sessions_account_id_fk"),
    UniqueConstraint("token_hash", name="sessions_token_hash_uq"),
)
Index("sessions_account_ix", sessions.c.account_id, sessions.c.address)
Index("sessions_expires_ix", sessions.c.expires_us)

api_tokens = Table(
    "api_tokens",
    metadata,
    identity(),
    Column("account_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # words with spaces between
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),  # a token that is revoked expires then
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="api_tokens_account_id_fk"),
    UniqueConstraint("token_hash", name="api_tokens_token_hash_uq"),
)
Index("api_tokens_account_ix", api_tokens.c.account_id)
