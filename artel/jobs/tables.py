"""Jobs and their history: tables."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table, UniqueConstraint

from artel.db import identity, integer, metadata, text

jobs = Table(
    "jobs",
    metadata,
    identity(),
    integer("customer_id"),
    integer("executor_id", nullable=True),  # who fulfilled it
    text("title"),
    text("description"),
    text("folded"),  # title and description as they are searched
    integer("value_minor"),
    text("currency"),
    integer("fee_bp"),  # the terms of the fee, as they were when it was posted
    integer("fee_min_minor"),
    integer("fee_max_minor"),  # 0: no bound
    integer("fee_minor"),  # what they make of its value
    text("policy"),  # prefund: the value waits in escrow; on_fulfil: it is taken at fulfilment
    text("status"),  # open, fulfilled, cancelled, expired, refunded
    integer("due_us"),  # END_US: whenever, which sorts after every time
    integer("expires_us"),  # 0: never
    integer("created_us"),
    integer("closed_us"),  # when it was open no more; 0: it is
    integer("closed_by", nullable=True),  # who ended it; none: Artel itself, or nobody yet
    integer("proposed_by", nullable=True),  # which side asks for the money to go back
    integer("refunded_us"),  # 0: not
    integer("transfer_id", nullable=True),  # by which the executor was paid
    integer("updated_us"),
    integer("version"),
    UniqueConstraint("transfer_id", name="jobs_transfer_id_uq"),
    ForeignKeyConstraint(["customer_id"], ["accounts.id"], name="jobs_customer_id_fk"),
    ForeignKeyConstraint(["executor_id"], ["accounts.id"], name="jobs_executor_id_fk"),
    ForeignKeyConstraint(["closed_by"], ["accounts.id"], name="jobs_closed_by_fk"),
    ForeignKeyConstraint(["proposed_by"], ["accounts.id"], name="jobs_proposed_by_fk"),
    ForeignKeyConstraint(["transfer_id"], ["ledger_transfers.id"], name="jobs_transfer_id_fk"),
    CheckConstraint("value_minor > 0", name="value"),
    CheckConstraint("fee_minor BETWEEN 0 AND value_minor", name="fee"),
    CheckConstraint("(status = 'open') = (closed_us = 0)", name="closed"),
    CheckConstraint("(status IN ('fulfilled', 'refunded')) = (executor_id IS NOT NULL)", name="executor"),
    CheckConstraint("(executor_id IS NULL) = (transfer_id IS NULL)", name="paid"),
    CheckConstraint("executor_id IS NULL OR executor_id <> customer_id", name="sides"),
    CheckConstraint("(status = 'refunded') = (refunded_us > 0)", name="refunded"),
    CheckConstraint("proposed_by IS NULL OR status = 'fulfilled'", name="proposed"),
)
_open = jobs.c.status == "open"  # first in its indexes, too: else SQLite takes jobs_status_ix
Index("jobs_customer_ix", jobs.c.customer_id, jobs.c.id)
Index("jobs_executor_ix", jobs.c.executor_id, jobs.c.id)
Index("jobs_status_ix", jobs.c.status, jobs.c.id)
Index("jobs_value_ix", jobs.c.status, jobs.c.value_minor, jobs.c.id, sqlite_where=_open, postgresql_where=_open)
Index("jobs_due_ix", jobs.c.status, jobs.c.due_us, jobs.c.id, sqlite_where=_open, postgresql_where=_open)
Index("jobs_expires_ix", jobs.c.status, jobs.c.expires_us, jobs.c.id, sqlite_where=_open, postgresql_where=_open)

# What happened to a job: who, when, why. Nothing of it is changed later.
job_events = Table(
    "job_events",
    metadata,
    identity(),
    integer("job_id"),
    integer("at_us"),
    integer("account_id", nullable=True),  # none: Artel itself
    text("kind"),  # posted, fulfilled, …
    text("reason"),
    text("changes"),  # JSON object: the fields of the job's row that changed, with their new values
    ForeignKeyConstraint(["job_id"], ["jobs.id"], name="job_events_job_id_fk"),
)
Index("job_events_job_ix", job_events.c.job_id, job_events.c.id)
