"""Jobs as the database holds them."""

from msgspec import Struct

from artel.jobs.model import Kind, Policy, Status


class JobRow(Struct, frozen=True):
    """A job as the database holds it."""

    id: int
    customer_id: int
    executor_id: int | None
    title: str
    description: str
    value_minor: int
    currency: str
    fee_bp: int
    fee_min_minor: int
    fee_max_minor: int
    fee_minor: int
    policy: Policy
    status: Status
    due_us: int
    expires_us: int
    created_us: int
    closed_us: int
    closed_by: int | None
    proposed_by: int | None
    refunded_us: int
    transfer_id: int | None
    updated_us: int
    version: int


class EventRow(Struct, frozen=True):
    """Something that happened to a job; `changes` is a JSON object of the row's fields and their new values."""

    id: int
    job_id: int
    at_us: int
    account_id: int | None
    kind: Kind
    reason: str
    changes: str


class TotalRow(Struct, frozen=True):
    """The jobs of one currency and status together."""

    currency: str
    status: Status
    jobs: int
    value_minor: int
    fee_minor: int


class DueRow(Struct, frozen=True):
    """A job whose time is over."""

    id: int
    expires_us: int
