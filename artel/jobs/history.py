"""What happens to a job: the one function through which its row changes.

The new row, the event of its history and what others are told are written together, so that replaying the history
gives the row.
"""

from typing import Final

import msgspec

from artel.db import Write, emit
from artel.jobs import queries
from artel.jobs.events import (
    Cancelled,
    Expired,
    Fulfilled,
    JobEvent,
    Posted,
    RefundDeclined,
    Refunded,
    RefundProposed,
)
from artel.jobs.model import Kind
from artel.jobs.rows import JobRow
from artel.kernel.history import changes

EVENTS: Final[dict[Kind, type[JobEvent]]] = {
    "posted": Posted,
    "fulfilled": Fulfilled,
    "cancelled": Cancelled,
    "expired": Expired,
    "refund_proposed": RefundProposed,
    "refund_declined": RefundDeclined,
    "refunded": Refunded,
}


class Occasion(msgspec.Struct, frozen=True):
    """What happens, by whom (0: Artel itself), and why."""

    kind: Kind
    account_id: int = 0
    reason: str = ""


async def begin(tx: Write, row: JobRow) -> None:
    """Write down that the job was posted."""
    await _remember(tx, None, row, Occasion("posted", row.customer_id))


async def move(tx: Write, old: JobRow, new: JobRow, occasion: Occasion) -> JobRow:
    """Write the new row over the old one, which the transaction has locked, and write down what happened."""
    fields = {f"new_{field}": getattr(new, field) for field in queries.MOVED}
    moved = await tx.run(queries.MOVE, job_id=old.id, base=old.version, now_us=tx.now_us, **fields)
    assert moved == 1, "the row is locked since it was read"
    written = msgspec.structs.replace(new, updated_us=tx.now_us, version=old.version + 1)
    await _remember(tx, old, written, occasion)
    return written


async def _remember(tx: Write, old: JobRow | None, new: JobRow, occasion: Occasion) -> None:
    await tx.run(
        queries.REMEMBER,
        job_id=new.id,
        at_us=tx.now_us,
        account_id=occasion.account_id or None,
        kind=occasion.kind,
        reason=occasion.reason,
        changes=msgspec.json.encode(changes(old, new)).decode(),
    )
    await emit(tx, EVENTS[occasion.kind](new.id, new.status, new.customer_id, new.executor_id))
