"""Who sees a job, and what the asker may do with it."""

from msgspec import Struct

from artel.db import Query, Read
from artel.jobs import queries, rules
from artel.jobs.model import JobClosed, JobUnknown, MoveIllegal, MoveName, OwnJob, Standing
from artel.jobs.rows import JobRow
from artel.kernel.actor import Actor
from artel.kernel.clock import iso
from artel.kernel.errors import Refusal


class Seen(Struct, frozen=True):
    """A job, and what the asker is to it."""

    job: JobRow
    asker: frozenset[Standing]


async def see(tx: Read, who: Actor, job_id: int) -> Seen:
    """A job that the asker may see. Raises JobUnknown."""
    seen = await _seen(tx, who, job_id, queries.BY_ID)
    if not rules.sees(seen.job, seen.asker):
        raise JobUnknown(job_id=job_id)
    return seen


async def see_all(tx: Read, who: Actor, job_id: int) -> Seen:
    """A job for its customer, its executor, the staff. Raises JobUnknown for all others."""
    seen = await _seen(tx, who, job_id, queries.BY_ID)
    if not rules.is_party(seen.asker):
        raise JobUnknown(job_id=job_id)
    return seen


async def hold(tx: Read, who: Actor, job_id: int, move: MoveName) -> Seen:
    """A job that the asker is going to move: nobody else moves it meanwhile.

    Raises JobUnknown, OwnJob, JobClosed, MoveIllegal.
    """
    seen = await hold_any(tx, who, job_id)
    refuse(seen, who, move, tx.now_us)
    return seen


async def hold_any(tx: Read, who: Actor, job_id: int) -> Seen:
    """The same, whether the move can be made or not. Raises JobUnknown."""
    return await _seen(tx, who, job_id, queries.BY_ID_LOCKED)


def refuse(seen: Seen, who: Actor, move: MoveName, now_us: int) -> None:
    """Refuse a move that the asker may not make now. Raises JobUnknown, OwnJob, JobClosed, MoveIllegal."""
    job, asker = seen.job, seen.asker
    legal = rules.legal(job, asker, who.account_id, now_us)
    if move in legal:
        return
    source, movers = rules.MOVES[move]
    if move == "fulfil" and "customer" in asker:
        raise OwnJob(job_id=job.id)
    if move != "fulfil" and movers.isdisjoint(asker):  # an executor who comes late is told why, a stranger nothing
        raise JobUnknown(job_id=job.id)
    if source == "open":
        raise _closed(seen, who)
    raise MoveIllegal(
        move=move,
        job_id=job.id,
        status=job.status,
        at=iso(job.refunded_us or job.closed_us or job.created_us),
        legal=", ".join(legal) or "nothing",
    )


def _closed(seen: Seen, who: Actor) -> Refusal:
    """The refusal that tells who was faster, and when."""
    job = seen.job
    at = {"job_id": job.id, "executor_id": job.executor_id if rules.is_party(seen.asker) else None}
    if job.status == "open":  # its time is over, and nobody has written that down yet
        return JobClosed(**at, status="expired", at=iso(job.expires_us), by="Artel")
    by = rules.ended_by(job, seen.asker, who.account_id)
    return JobClosed(**at, status=job.status, at=iso(job.refunded_us or job.closed_us), by=by)


async def _seen(tx: Read, who: Actor, job_id: int, query: Query[JobRow]) -> Seen:
    job = await tx.one(query, job_id=job_id)
    if job is None:
        raise JobUnknown(job_id=job_id)
    return Seen(job, rules.standings(job, who.account_id, who.roles))
