"""Jobs: the words."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from artel.kernel.errors import Refusal
from artel.kernel.moments import Moment
from artel.kernel.money import AMOUNT_MAX, Amount, Currency
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.text import Title

JOB_MIN_MINOR: Final = 100  # what a job is worth at least: one rouble
DESCRIPTION_MAX: Final = 5_000
REASON_MAX: Final = 500
SEARCH_MAX: Final = 100  # characters
SEARCH_WORDS_MAX: Final = 5  # as many as a statement has places for

Status = Literal["open", "fulfilled", "cancelled", "expired", "refunded"]
# When the money is taken: when the job is posted, so that it is there; or only when it is fulfilled, which may fail.
Policy = Literal["prefund", "on_fulfil"]
MoveName = Literal["fulfil", "cancel", "propose_refund", "accept_refund", "decline_refund", "refund"]
# What somebody is to a job: who posted it, who fulfilled it, an executor who could, staff of the platform.
Standing = Literal["customer", "executor", "candidate", "staff"]
Side = Literal["customer", "executor"]
Kind = Literal[
    "posted",
    "fulfilled",
    "cancelled",
    "expired",
    "refund_proposed",
    "refund_declined",
    "refunded",
]
Sort = Literal["newest", "value", "due"]

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Value = Annotated[
    int, Meta(ge=JOB_MIN_MINOR, le=AMOUNT_MAX, description="Minor units: 12345 is 123.45 roubles. At least 100.")
]
Reason = Annotated[str, Meta(max_length=REASON_MAX, description="Why, for the job's history.")]


class Terms(Struct, frozen=True):
    """What the operator set about jobs: the platform's fee in basis points, at least and at most (0: no bound)."""

    fee_bp: int
    fee_min_minor: int = 0
    fee_max_minor: int = 0


# --- what comes in


class JobWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be done, and what it is worth. The platform's fee is a part of the value, not added to it.

    After `expires_at` it is closed by itself; `due_at` says until when the customer needs it done, and closes nothing.
    """

    title: Title
    value_minor: Value
    currency: Currency
    description: Annotated[str, Meta(max_length=DESCRIPTION_MAX)] = ""
    due_at: Moment | None = None
    expires_at: Moment | None = None
    policy: Policy = "prefund"


class Because(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a job is cancelled, or its money asked back."""

    reason: Reason = ""


class JobRefunding(Struct, frozen=True, forbid_unknown_fields=True):
    """Why staff give the money of a job back."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_MAX, description="Why, for the job's history.")]


class JobFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which open jobs: every word of `search` is in the title or the description; sorted with the newest, the most
    valuable or the soonest due first. Those without a due date come last, and no `due_before` finds them.
    """

    search: Annotated[str, Meta(max_length=SEARCH_MAX)] = ""
    currency: Currency | None = None
    value_from_minor: Amount | None = None
    value_to_minor: Amount | None = None
    due_before: Moment | None = None
    sort: Sort = "newest"
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class WhoseJobs(Struct, frozen=True, forbid_unknown_fields=True):
    """Which jobs of an account, one's own unless staff name another, the newest first."""

    account_id: Id | None = None
    status: Status | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


# --- as it is shown


class Job(Struct, frozen=True):
    """A job. `payout_minor` is what the executor gets: the value without the fee, which was settled at its posting.

    `closed_by`: who ended it; `refund_proposed_by`: which side asks for the money to go back. `moves` are what the
    asker may do with it now.
    """

    id: int
    title: str
    description: str
    value_minor: int
    currency: str
    fee_minor: int
    payout_minor: int
    policy: Policy
    status: Status
    customer_id: int
    customer_name: str
    executor_id: int | None
    due_at: str | None
    expires_at: str | None
    created_at: str
    closed_at: str | None
    closed_by: Literal["customer", "executor", "staff", "system"] | None
    refund_proposed_by: Side | None
    refunded_at: str | None
    updated_at: str
    version: int
    moves: list[MoveName]


class Total(Struct, frozen=True):
    """All the jobs of one currency and status together; only of fulfilled ones was money paid and a fee taken."""

    currency: str
    status: Status
    jobs: int
    value_minor: int
    fee_minor: int
    payout_minor: int


class Jobs(Struct, frozen=True):
    """A page of somebody's jobs; `totals` are of all of them, not of the page."""

    items: list[Job]
    next: str | None
    totals: list[Total]


class JobHappened(Struct, frozen=True):
    """One event of a job's history: when, who (null: Artel itself), what, why, and the fields that it changed."""

    id: int
    at: str
    account_id: int | None
    kind: Kind
    reason: str
    changes: dict[str, Any]


# --- refusals


class JobUnknown(Refusal):
    """You have no job {job_id}, and none that is open has this number."""

    code, kind = "jobs.unknown", "missing"


class JobClosed(Refusal):
    """The job {job_id} is {status} since {at}, by {by}."""

    code, kind = "jobs.closed", "conflict"


class MoveIllegal(Refusal):
    """The job {job_id} does not allow {move} now: it is {status} since {at}. What you can do: {legal}."""

    code, kind = "jobs.move_illegal", "conflict"


class OwnJob(Refusal):
    """You posted the job {job_id} yourself: somebody else has to fulfil it."""

    code, kind = "jobs.own_job", "forbidden"


class InThePast(Refusal):
    """{field}: is over already; a job needs a time that is still to come."""

    code, kind = "jobs.in_the_past", "unprocessable"


class TooManyWords(Refusal):
    """At most {limit} words can be searched for at once."""

    code, kind = "jobs.too_many_words", "unprocessable"


class OthersDenied(Refusal):
    """You see the jobs of others only as staff: leave account_id out to see your own."""

    code, kind = "jobs.others_denied", "forbidden"


class CustomerShort(Refusal):
    """The customer has too little money for the job {job_id}: it stays open, nothing was paid."""

    code, kind = "jobs.customer_short", "conflict"


class ExecutorShort(Refusal):
    """The executor has too little money to give the pay of the job {job_id} back: nothing was paid back."""

    code, kind = "jobs.executor_short", "conflict"


class CustomerFull(Refusal):
    """The customer's wallet cannot take the value of the job {job_id} in: it would hold too much."""

    code, kind = "jobs.customer_full", "conflict"
