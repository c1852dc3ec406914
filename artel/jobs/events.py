"""Jobs: what is told to those who listen."""

from typing import ClassVar

from artel.db import Event


class JobEvent(Event, frozen=True):
    """Something happened to a job."""

    job_id: int
    status: str
    customer_id: int
    executor_id: int | None

    def subject(self) -> str:
        """The job."""
        return f"job/{self.job_id}"

    def audience(self) -> tuple[str, ...]:
        """Who posted it, and who fulfilled it."""
        sides = (self.customer_id, self.executor_id)
        return tuple(f"account/{account_id}" for account_id in sides if account_id is not None)


class Posted(JobEvent, frozen=True):
    """A job was posted; with prefund its value is in escrow."""

    kind: ClassVar[str] = "job.posted"


class Fulfilled(JobEvent, frozen=True):
    """A job was fulfilled, and its executor paid."""

    kind: ClassVar[str] = "job.fulfilled"


class Cancelled(JobEvent, frozen=True):
    """A job was cancelled; what was in escrow is the customer's again."""

    kind: ClassVar[str] = "job.cancelled"


class Expired(JobEvent, frozen=True):
    """Nobody fulfilled a job in its time; what was in escrow is the customer's again."""

    kind: ClassVar[str] = "job.expired"


class RefundProposed(JobEvent, frozen=True):
    """One side asks the other for the money of a job to go back."""

    kind: ClassVar[str] = "job.refund_proposed"


class RefundDeclined(JobEvent, frozen=True):
    """The other side declined, or who asked took it back."""

    kind: ClassVar[str] = "job.refund_declined"


class Refunded(JobEvent, frozen=True):
    """The money of a fulfilled job went back to its customer."""

    kind: ClassVar[str] = "job.refunded"
