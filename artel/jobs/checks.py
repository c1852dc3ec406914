"""Whether jobs and the book tell the same: a job's money is where its state says, each of its transfers has a job."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from artel.db import Read
from artel.jobs import money, queries, rules
from artel.jobs.rows import JobRow
from artel.ledger.book import ties
from artel.ledger.book.model import Broken, Place, escrow, fees, wallet
from artel.ledger.book.ties import Moved

PAGE: Final = 500  # jobs of one step: three statements
JOB: Final = money.reference(0).removesuffix("0")


async def check(tx: Read) -> list[Broken]:
    """What does not agree. It reads every job and every transfer, a page at a time."""
    return [*await _jobs(tx), *await ties.strays(tx, "jobs.known", JOB, queries.KNOWN)]


async def _jobs(tx: Read) -> list[Broken]:
    broken: list[Broken] = []
    after_id = 0
    while found := await tx.all(queries.AFTER, after_id=after_id, row_limit=PAGE):
        moved = await ties.moved(tx, (money.reference(job.id) for job in found))
        paid = await ties.references(tx, (job.transfer_id for job in found if job.transfer_id is not None))
        broken += compare(found, moved, paid)
        after_id = found[-1].id
    return broken


def compare(found: Sequence[JobRow], moved: Moved, paid: Mapping[int, str]) -> Iterator[Broken]:
    """Where the book has something else than these jobs; `paid` are the references of the transfers that paid them."""
    for job in found:
        reference = money.reference(job.id)
        for invariant, place, should in _wanted(job):
            has = moved[reference, place]
            if has != should:
                yield Broken(invariant, reference, f"the book has {has} minor units, the job {should}")
        if job.transfer_id is not None and paid.get(job.transfer_id) != reference:
            problem = f"it was paid by transfer {job.transfer_id}, which is of {paid.get(job.transfer_id)}"
            yield Broken("jobs.paid", reference, problem)


def _wanted(job: JobRow) -> Iterator[tuple[str, Place, int]]:
    """What the job's transfers must have left in each account, by the name of the invariant."""
    shares = rules.shares(job)
    yield "jobs.escrow", escrow(job.id, job.currency), shares.escrow_minor
    yield "jobs.fee", fees(job.currency), shares.fee_minor
    yield "jobs.customer", wallet(job.customer_id, job.currency), -shares.given_minor
    if job.executor_id is not None:
        yield "jobs.executor", wallet(job.executor_id, job.currency), shares.payout_minor
