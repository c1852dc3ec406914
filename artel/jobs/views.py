"""Jobs as they are shown to those who may see them: times as ISO 8601."""

from typing import Literal

import msgspec

from artel.jobs import rules
from artel.jobs.model import Job, JobHappened, Total
from artel.jobs.rows import EventRow, JobRow, TotalRow
from artel.jobs.seeing import Seen
from artel.kernel.actor import Actor
from artel.kernel.clock import iso
from artel.kernel.moments import END_US


def job(seen: Seen, who: Actor, customer_name: str, now_us: int) -> Job:
    """The job as the asker sees it."""
    row = seen.job
    return Job(
        id=row.id,
        title=row.title,
        description=row.description,
        value_minor=row.value_minor,
        currency=row.currency,
        fee_minor=row.fee_minor,
        payout_minor=row.value_minor - row.fee_minor,
        policy=row.policy,
        status=row.status,
        customer_id=row.customer_id,
        customer_name=customer_name,
        executor_id=row.executor_id,
        due_at=_at(rules.due(row)),
        expires_at=_at(row.expires_us),
        created_at=iso(row.created_us),
        closed_at=_at(row.closed_us),
        closed_by=_closer(row),
        refund_proposed_by=rules.side(row, row.proposed_by),
        refunded_at=_at(row.refunded_us),
        updated_at=iso(row.updated_us),
        version=row.version,
        moves=rules.legal(row, seen.asker, who.account_id, now_us),
    )


def _closer(row: JobRow) -> Literal["customer", "executor", "staff", "system"] | None:
    if row.status == "open":
        return None
    if row.closed_by is None:
        return "system"
    if row.closed_by == row.customer_id:
        return "customer"
    return "executor" if row.closed_by == row.executor_id else "staff"


def total(row: TotalRow) -> Total:
    """The jobs of one currency and status together."""
    payout_minor = row.value_minor - row.fee_minor
    return Total(row.currency, row.status, row.jobs, row.value_minor, row.fee_minor, payout_minor)


def happened(row: EventRow) -> JobHappened:
    """An event of the history."""
    shown = {}
    for name, value in msgspec.json.decode(row.changes).items():
        is_time = name.endswith("_us")
        shown[name.removesuffix("_us") + "_at" if is_time else name] = _at(value) if is_time else value
    return JobHappened(row.id, iso(row.at_us), row.account_id, row.kind, row.reason, shown)


def _at(at_us: int) -> str | None:
    return iso(at_us) if 0 < at_us < END_US else None
