"""Accounts, sessions, API tokens."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "accounts",
        identity(),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("login", "login_key", "password_hash")],
        *[sa.Column(name, sa.Text, nullable=False) for name in ("name", "first_name", "last_name", "email")],
        *[sa.Column(name, sa.Text, nullable=False) for name in ("roles", "search_text")],
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_us", "updated_us")],
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in ("deleted_us", "version")],
        sa.PrimaryKeyConstraint("id", name="accounts_pk"),
        sa.UniqueConstraint("login_key", name="accounts_login_key_uq"),
    )
    op.create_table(
        "sessions",
        identity(),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="sessions_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="sessions_account_id_fk"),
        sa.UniqueConstraint("token_hash", name="sessions_token_hash_uq"),
    )
    op.create_index("sessions_account_ix", "sessions", ["account_id", "address"])
    op.create_index("sessions_expires_ix", "sessions", ["expires_us"])
    op.create_table(
        "api_tokens",
        identity(),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="api_tokens_pk"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="api_tokens_account_id_fk"),
        sa.UniqueConstraint("token_hash", name="api_tokens_token_hash_uq"),
    )
    op.create_index("api_tokens_account_ix", "api_tokens", ["account_id"])
