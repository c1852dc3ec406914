"""The numbers of transactions go on where a dump was restored into another PostgreSQL cluster."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import integer, text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "transaction_era",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        text("cluster"),
        integer("era"),
        sa.PrimaryKeyConstraint("id", name="transaction_era_pk"),
    )
    cluster = "(SELECT CAST(system_identifier AS TEXT) FROM pg_control_system())"
    if op.get_context().dialect.name == "sqlite":
        cluster = "''"
    op.execute(f"INSERT INTO transaction_era (id, cluster, era) VALUES (1, {cluster}, 0)")
