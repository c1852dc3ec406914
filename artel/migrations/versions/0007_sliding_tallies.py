"""Tallies count by parts of their window, so that it slides."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for age in range(1, 6):
        # The default is for a process of the version before, which writes only the first of them.
        op.add_column("tallies", sa.Column(f"used_{age}", sa.BigInteger, nullable=False, server_default="0"))
