"""The money of a job: what moves in the book when the job moves, in the same transaction.

Every transfer has the job for its reference and the move for its key, so that it is made once, whatever happens.
"""

from artel.db import Read, Write
from artel.jobs.model import CustomerFull, CustomerShort, ExecutorShort
from artel.jobs.rows import JobRow
from artel.ledger.book import service as book
from artel.ledger.book.model import (
    Intent,
    NotEnoughMoney,
    Posting,
    TooMuchMoney,
    Transfer,
    escrow,
    fees,
    moving,
    wallet,
)


def reference(job_id: int) -> str:
    """What the book calls the job."""
    return f"job/{job_id}"


async def keep(tx: Write, job: JobRow) -> None:
    """Put the value from the customer's wallet into the job's escrow. Raises NotEnoughMoney, AmountUnfit."""
    await _post(
        tx,
        job,
        "prefund",
        job.customer_id,
        Posting(wallet(job.customer_id, job.currency), -job.value_minor),
        Posting(escrow(job.id, job.currency), job.value_minor),
    )


async def pay(tx: Write, job: JobRow, executor_id: int) -> int:
    """Pay the executor the value without the fee, and the platform the fee; answers the transfer.

    Out of escrow, or out of the customer's wallet. Raises CustomerShort; TooMuchMoney for the executor's wallet.
    """
    source = wallet(job.customer_id, job.currency) if job.policy == "on_fulfil" else escrow(job.id, job.currency)
    try:
        return await _post(
            tx,
            job,
            "fulfilled",
            executor_id,
            Posting(source, -job.value_minor),
            Posting(wallet(executor_id, job.currency), job.value_minor - job.fee_minor),
            Posting(fees(job.currency), job.fee_minor),
        )
    except NotEnoughMoney:
        raise CustomerShort(job_id=job.id) from None


async def give_back(tx: Write, job: JobRow, why: str, by: int) -> None:
    """Give the customer back what is in the job's escrow, if its value is there. Raises CustomerFull."""
    if job.policy == "on_fulfil":
        return
    try:
        await _post(
            tx,
            job,
            why,
            by,
            Posting(escrow(job.id, job.currency), -job.value_minor),
            Posting(wallet(job.customer_id, job.currency), job.value_minor),
        )
    except TooMuchMoney:
        raise CustomerFull(job_id=job.id) from None


async def take_back(tx: Write, job: JobRow, reason: str, by: int) -> None:
    """Reverse the payment: the executor gives the pay back, the platform its fee, and the customer has the value.

    Raises ExecutorShort, CustomerFull.
    """
    assert job.transfer_id is not None, "a job that is fulfilled was paid"
    try:
        await book.reverse(
            tx,
            job.transfer_id,
            key=f"{reference(job.id)}/refunded",
            kind="job.refunded",
            reference=reference(job.id),
            note=reason,
            by=by or None,
        )
    except NotEnoughMoney:
        raise ExecutorShort(job_id=job.id) from None
    except TooMuchMoney:
        raise CustomerFull(job_id=job.id) from None
    await give_back(tx, job, "returned", by)


async def transfers(tx: Read, job_id: int) -> list[Transfer]:
    """Every transfer of the job, the oldest first."""
    return await book.of_reference(tx, reference(job_id))


async def _post(tx: Write, job: JobRow, why: str, by: int, *postings: Posting) -> int:
    intent = Intent(
        kind=f"job.{why}",
        reference=reference(job.id),
        key=f"{reference(job.id)}/{why}",
        postings=moving(*postings),
        by=by or None,
    )
    return (await book.post(tx, intent)).id
