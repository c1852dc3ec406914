"""A withdrawal is found by the request that asked for it, for longer than an answer is kept."""

from alembic import op

from artel.db.statement import text

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("withdrawals", text("request_key", nullable=True))
    op.create_index("withdrawals_request_key_uq", "withdrawals", ["request_key"], unique=True)
