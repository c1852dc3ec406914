"""Jobs: pure decisions. The states and the moves between them are data."""

from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct

from artel.jobs.model import MoveName, Side, Standing, Status
from artel.jobs.rows import JobRow
from artel.kernel.moments import END_US
from artel.kernel.text import folded

# From which state each move leads, and who may make it. What else it needs is in `possible`.
_SIDES: Final = frozenset[Standing]({"customer", "executor"})
MOVES: Final[Mapping[MoveName, tuple[Status, frozenset[Standing]]]] = {
    "fulfil": ("open", frozenset({"candidate"})),
    "cancel": ("open", frozenset({"customer", "staff"})),
    "propose_refund": ("fulfilled", _SIDES),
    "accept_refund": ("fulfilled", _SIDES),
    "decline_refund": ("fulfilled", _SIDES),
    "refund": ("fulfilled", frozenset({"staff"})),
}


def standings(job: JobRow, account_id: int, roles: Collection[str]) -> frozenset[Standing]:
    """What the asker is to the job; empty for who could only look at it.

    Staff decide about no job in which they are a side; an owner may, to whom the installation belongs.
    """
    found: set[Standing] = set()
    if account_id == job.customer_id:
        found.add("customer")
    elif account_id == job.executor_id:
        found.add("executor")
    elif "executor" in roles:
        found.add("candidate")
    if "owner" in roles or ("staff" in roles and _SIDES.isdisjoint(found)):
        found.add("staff")
    return frozenset(found)


def sees(job: JobRow, asker: Collection[Standing]) -> bool:
    """Everybody sees a job that is open; later it is between its two sides and the staff."""
    return job.status == "open" or is_party(asker)


def is_party(asker: Collection[Standing]) -> bool:
    """Whether the asker sees all of the job: its history, its money."""
    return not {"customer", "executor", "staff"}.isdisjoint(asker)


def legal(job: JobRow, asker: Collection[Standing], account_id: int, now_us: int) -> list[MoveName]:
    """The moves that the asker may make now."""
    return [
        move
        for move, (source, who) in MOVES.items()
        if job.status == source and not who.isdisjoint(asker) and possible(move, job, account_id, now_us)
    ]


def possible(move: MoveName, job: JobRow, account_id: int, now_us: int) -> bool:
    """Whether the time and what the two sides said allow the move that the job's state and the asker allow."""
    match move:
        case "fulfil":
            return not is_over(job, now_us)
        case "propose_refund":
            return job.proposed_by is None
        case "accept_refund":
            return job.proposed_by not in (None, account_id)
        case "decline_refund":  # by the other side; or taken back by who proposed it
            return job.proposed_by is not None
        case "cancel" | "refund":
            return True


def is_over(job: JobRow, now_us: int) -> bool:
    """Whether the time is over in which it can be fulfilled."""
    return 0 < job.expires_us <= now_us


def side(job: JobRow, account_id: int | None) -> Side | None:
    """Which of the two sides an account is."""
    if account_id is None:
        return None
    return "customer" if account_id == job.customer_id else "executor"


def ended_by(job: JobRow, asker: Collection[Standing], account_id: int) -> str:
    """Who ended it, in words that tell an executor nothing of another one."""
    if job.closed_by is None:
        return "Artel"
    if job.status == "refunded":  # later than it was closed
        return "the staff or both sides"
    if job.closed_by == account_id:
        return "you"
    if job.closed_by == job.customer_id:
        return "the customer"
    if job.closed_by != job.executor_id:
        return "the staff"
    return f"executor {job.executor_id}" if is_party(asker) else "another executor"


# --- the search


def searched(title: str, description: str) -> str:
    """The text in which the words of a search are looked for."""
    return folded(f"{title} {description}")


def words(search: str) -> list[str]:
    """The words of a search, as they are in such a text."""
    return folded(search).split()


# --- times


def due(job: JobRow) -> int:
    """Until when it is to be done; 0: whenever."""
    return 0 if job.due_us == END_US else job.due_us


# --- what must hold


class Shares(Struct, frozen=True):
    """Who has the value of a job, in minor units; whoever has it, the customer gave it."""

    escrow_minor: int = 0
    fee_minor: int = 0
    payout_minor: int = 0

    @property
    def given_minor(self) -> int:
        """What the customer gave."""
        return self.escrow_minor + self.fee_minor + self.payout_minor


def shares(job: JobRow) -> Shares:
    """What the book must have of the job."""
    if job.status == "fulfilled":
        return Shares(fee_minor=job.fee_minor, payout_minor=job.value_minor - job.fee_minor)
    waits = (job.status, job.policy) == ("open", "prefund")
    return Shares(escrow_minor=job.value_minor if waits else 0)
