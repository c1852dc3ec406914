"""Jobs and their history."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    _jobs()
    _jobs_indexes()
    _job_events()
    by_hand()


def _jobs() -> None:
    op.create_table(
        "jobs",
        identity(),
        integer("customer_id"),
        integer("executor_id", nullable=True),
        text("title"),
        text("description"),
        text("folded"),
        integer("value_minor"),
        text("currency"),
        integer("fee_bp"),
        integer("fee_min_minor"),
        integer("fee_max_minor"),
        integer("fee_minor"),
        text("policy"),
        text("status"),
        integer("due_us"),
        integer("expires_us"),
        integer("created_us"),
        integer("closed_us"),
        integer("closed_by", nullable=True),
        integer("proposed_by", nullable=True),
        integer("refunded_us"),
        integer("transfer_id", nullable=True),
        integer("updated_us"),
        integer("version"),
        sa.CheckConstraint("(status = 'open') = (closed_us = 0)", name="jobs_closed_ck"),
        sa.CheckConstraint("(status = 'refunded') = (refunded_us > 0)", name="jobs_refunded_ck"),
        sa.CheckConstraint(
            "(status IN ('fulfilled', 'refunded')) = (executor_id IS NOT NULL)", name="jobs_executor_ck"
        ),
        sa.CheckConstraint("proposed_by IS NULL OR status = 'fulfilled'", name="jobs_proposed_ck"),
        sa.CheckConstraint("(executor_id IS NULL) = (transfer_id IS NULL)", name="jobs_paid_ck"),
        sa.CheckConstraint("executor_id IS NULL OR executor_id <> customer_id", name="jobs_sides_ck"),
        sa.CheckConstraint("fee_minor BETWEEN 0 AND value_minor", name="jobs_fee_ck"),
        sa.CheckConstraint("value_minor > 0", name="jobs_value_ck"),
        sa.ForeignKeyConstraint(["closed_by"], ["accounts.id"], name="jobs_closed_by_fk"),
        sa.ForeignKeyConstraint(["customer_id"], ["accounts.id"], name="jobs_customer_id_fk"),
        sa.ForeignKeyConstraint(["executor_id"], ["accounts.id"], name="jobs_executor_id_fk"),
        sa.ForeignKeyConstraint(["proposed_by"], ["accounts.id"], name="jobs_proposed_by_fk"),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="jobs_transfer_id_fk"),
        sa.PrimaryKeyConstraint("id", name="jobs_pk"),
        sa.UniqueConstraint("transfer_id", name="jobs_transfer_id_uq"),
    )


def _jobs_indexes() -> None:
    op.create_index("jobs_customer_ix", "jobs", ["customer_id", "id"])
    op.create_index(
        "jobs_due_ix",
        "jobs",
        ["status", "due_us", "id"],
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("jobs_executor_ix", "jobs", ["executor_id", "id"])
    op.create_index(
        "jobs_expires_ix",
        "jobs",
        ["status", "expires_us", "id"],
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("jobs_status_ix", "jobs", ["status", "id"])
    op.create_index(
        "jobs_value_ix",
        "jobs",
        ["status", "value_minor", "id"],
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def _job_events() -> None:
    op.create_table(
        "job_events",
        identity(),
        integer("job_id"),
        integer("at_us"),
        integer("account_id", nullable=True),
        text("kind"),
        text("reason"),
        text("changes"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="job_events_job_id_fk"),
        sa.PrimaryKeyConstraint("id", name="job_events_pk"),
    )
    op.create_index("job_events_job_ix", "job_events", ["job_id", "id"])


# by hand


def by_hand() -> None:
    """The database itself keeps a job's history from being edited."""
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


_SAID = "job_events is append-only: what happened to a job is not changed afterwards"
SQLITE = tuple(
    f"CREATE TRIGGER job_events_no_{verb.lower()}_tg BEFORE {verb} ON job_events "
    f"BEGIN SELECT raise(ABORT, '{_SAID}'); END"
    for verb in ("UPDATE", "DELETE")
)
POSTGRESQL = (
    f"""CREATE FUNCTION job_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{_SAID}'; END $$""",
    "CREATE TRIGGER job_events_append_only_tg BEFORE UPDATE OR DELETE OR TRUNCATE ON job_events "
    "FOR EACH STATEMENT EXECUTE FUNCTION job_events_refuse()",
)
