"""Jobs: use cases. Each move locks the job's row first, then the book: of several at once one is made.

The money moves in the same transaction (money.py), and whoever comes late is told who was faster, and when.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from artel.accounts import service as accounts
from artel.db import Database, Query, Read, Write
from artel.db.statement import starting_with
from artel.jobs import history, money, queries, rules, seeing, views
from artel.jobs.history import Occasion
from artel.jobs.model import (
    SEARCH_WORDS_MAX,
    Because,
    CustomerFull,
    InThePast,
    Job,
    JobFilter,
    JobHappened,
    JobRefunding,
    Jobs,
    JobWanted,
    OthersDenied,
    Status,
    Terms,
    TooManyWords,
    WhoseJobs,
)
from artel.jobs.rows import DueRow, JobRow, TotalRow
from artel.jobs.seeing import Seen
from artel.kernel.actor import PLATFORM, Actor
from artel.kernel.moments import END_US, moment_us
from artel.kernel.money import AMOUNT_MAX, FeeTerms, fee
from artel.kernel.page import NEWEST, Cut, Page, Place, cursor, page
from artel.ledger.book.model import Transfer

EXPIRE_PAGE: Final = 100  # jobs that are looked up at once

# --- by the customer


async def post(tx: Write, who: Actor, body: JobWanted, terms: Terms) -> Job:
    """Post a job. With prefund its value leaves the customer's wallet and waits in the job's escrow.

    The fee is computed once, here, and frozen. Raises InThePast, NotEnoughMoney.
    """
    due_us = _time_to_come(tx, "due_at", body.due_at) or END_US
    expires_us = _time_to_come(tx, "expires_at", body.expires_at)
    draft = JobRow(
        id=0,
        customer_id=who.account_id,
        executor_id=None,
        title=body.title,
        description=body.description,
        value_minor=body.value_minor,
        currency=body.currency,
        fee_bp=terms.fee_bp,
        fee_min_minor=terms.fee_min_minor,
        fee_max_minor=terms.fee_max_minor,
        fee_minor=fee(body.value_minor, FeeTerms(terms.fee_bp, terms.fee_min_minor, terms.fee_max_minor)),
        policy=body.policy,
        status="open",
        due_us=due_us,
        expires_us=expires_us,
        created_us=tx.now_us,
        closed_us=0,
        closed_by=None,
        proposed_by=None,
        refunded_us=0,
        transfer_id=None,
        updated_us=tx.now_us,
        version=1,
    )
    columns = msgspec.structs.asdict(draft)
    del columns["id"]
    job_id = await tx.one(queries.POST, **columns, folded=rules.searched(body.title, body.description))
    assert job_id is not None, "an insert answers with its row"
    job = msgspec.structs.replace(draft, id=job_id)
    if job.policy == "prefund":
        await money.keep(tx, job)
    await history.begin(tx, job)
    return await _shown(tx, who, job)


async def cancel(tx: Write, who: Actor, job_id: int, body: Because) -> Job:
    """Give a job up that nobody has fulfilled: what is in escrow goes back to the customer.

    Raises JobUnknown, JobClosed, CustomerFull.
    """
    job = (await seeing.hold(tx, who, job_id, "cancel")).job
    new = msgspec.structs.replace(job, status="cancelled", closed_us=tx.now_us, closed_by=who.account_id or None)
    await money.give_back(tx, job, "cancelled", who.account_id)
    return await _moved(tx, who, job, new, Occasion("cancelled", who.account_id, body.reason))


# --- by an executor


async def fulfil(tx: Write, who: Actor, job_id: int) -> Job:
    """Fulfil a job: the executor is paid its value without the fee. The same executor, asking again, is told the same.

    Raises JobUnknown, OwnJob, JobClosed, CustomerShort, TooMuchMoney.
    """
    seen = await seeing.hold_any(tx, who, job_id)
    job = seen.job
    if (job.status, job.executor_id) == ("fulfilled", who.account_id):
        return await _shown(tx, who, job)
    seeing.refuse(seen, who, "fulfil", tx.now_us)
    transfer_id = await money.pay(tx, job, who.account_id)
    new = msgspec.structs.replace(
        job,
        status="fulfilled",
        executor_id=who.account_id,
        closed_us=tx.now_us,
        closed_by=who.account_id,
        transfer_id=transfer_id,
    )
    return await _moved(tx, who, job, new, Occasion("fulfilled", who.account_id))


# --- money back: by the staff at once, or by one side with the other's consent


async def refund(tx: Write, who: Actor, job_id: int, body: JobRefunding) -> Job:
    """Take the payment of a fulfilled job back, as staff.

    Raises JobUnknown, MoveIllegal, ExecutorShort, CustomerFull.
    """
    job = (await seeing.hold(tx, who, job_id, "refund")).job
    return await _refund(tx, who, job, body.reason)


async def propose_refund(tx: Write, who: Actor, job_id: int, body: Because) -> Job:
    """Ask the other side for the money of a fulfilled job to go back. Raises JobUnknown, MoveIllegal."""
    job = (await seeing.hold(tx, who, job_id, "propose_refund")).job
    new = msgspec.structs.replace(job, proposed_by=who.account_id)
    return await _moved(tx, who, job, new, Occasion("refund_proposed", who.account_id, body.reason))


async def accept_refund(tx: Write, who: Actor, job_id: int) -> Job:
    """Agree to what the other side proposed: the money goes back now.

    Raises JobUnknown, MoveIllegal, ExecutorShort, CustomerFull.
    """
    job = (await seeing.hold(tx, who, job_id, "accept_refund")).job
    return await _refund(tx, who, job, "agreed")


async def decline_refund(tx: Write, who: Actor, job_id: int) -> Job:
    """Decline what the other side proposed, or take back what one proposed oneself. Raises JobUnknown, MoveIllegal."""
    job = (await seeing.hold(tx, who, job_id, "decline_refund")).job
    new = msgspec.structs.replace(job, proposed_by=None)
    return await _moved(tx, who, job, new, Occasion("refund_declined", who.account_id))


async def _refund(tx: Write, who: Actor, job: JobRow, reason: str) -> Job:
    await money.take_back(tx, job, reason, who.account_id)
    new = msgspec.structs.replace(job, status="refunded", proposed_by=None, refunded_us=tx.now_us)
    return await _moved(tx, who, job, new, Occasion("refunded", who.account_id, reason))


# --- by Artel itself


class Expired(Struct, frozen=True):
    """How many jobs expired, and those that wait because their customer's wallet cannot take the value in."""

    jobs: int
    waiting: list[int]


async def expire_due(db: Database) -> Expired:
    """Close the jobs whose time is over, the oldest first, each in a transaction of its own.

    Several processes may do this at once: each job expires once.
    """
    expired, waiting = 0, list[int]()
    due = await db.read(_due, 0, 0)
    while due:
        for each in due:
            try:
                expired += await db.write(expire, each.id)
            except CustomerFull:
                waiting.append(each.id)
        due = await db.read(_due, due[-1].expires_us, due[-1].id)
    return Expired(expired, waiting)


async def expire(tx: Write, job_id: int) -> bool:
    """Close a job whose time is over; False when somebody was faster, or there is time left. Raises CustomerFull."""
    job = await tx.one(queries.BY_ID_LOCKED, job_id=job_id)
    if job is None or job.status != "open" or not rules.is_over(job, tx.now_us):
        return False
    await money.give_back(tx, job, "expired", 0)
    new = msgspec.structs.replace(job, status="expired", closed_us=tx.now_us)
    await history.move(tx, job, new, Occasion("expired", reason="not fulfilled in time"))
    return True


async def _due(tx: Read, after_us: int, after_id: int) -> list[DueRow]:
    return await tx.all(queries.DUE, now_us=tx.now_us, after_us=after_us, after_id=after_id, row_limit=EXPIRE_PAGE)


# --- looking


async def get(tx: Read, who: Actor, job_id: int) -> Job:
    """An open job for everybody, any other for its two sides and the staff. Two statements. Raises JobUnknown."""
    return await _shown(tx, who, (await seeing.see(tx, who, job_id)).job)


async def list_open(tx: Read, who: Actor, query: JobFilter) -> Page[Job]:
    """The open jobs that fit. Two statements. Raises Malformed, TooManyWords."""
    words = rules.words(query.search)
    if len(words) > SEARCH_WORDS_MAX:
        raise TooManyWords(limit=SEARCH_WORDS_MAX)
    patterns = ["%" + starting_with(word) for word in words] + ["%"] * (SEARCH_WORDS_MAX - len(words))
    rows = await tx.all(
        queries.OPEN[query.sort],
        **_after(query),
        **dict(zip(queries.WORDS, patterns, strict=True)),
        now_us=tx.now_us,
        currency=query.currency or "",
        from_minor=query.value_from_minor or 0,
        to_minor=AMOUNT_MAX if query.value_to_minor is None else query.value_to_minor,
        due_before_us=END_US + 1 if query.due_before is None else moment_us("due_before", query.due_before),
        row_limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    after = cursor(_place(query, shown[-1])) if len(rows) > query.limit else None
    return Page(await _shown_all(tx, who, shown), after)


async def posted(tx: Read, who: Actor, query: WhoseJobs) -> Jobs:
    """All the jobs that an account posted, with totals. Three statements. Raises OthersDenied."""
    return await _jobs_of(tx, who, query, queries.POSTED, queries.TOTALS_POSTED)


async def fulfilled(tx: Read, who: Actor, query: WhoseJobs) -> Jobs:
    """All the jobs that an account fulfilled, with what it got. Three statements. Raises OthersDenied."""
    return await _jobs_of(tx, who, query, queries.FULFILLED, queries.TOTALS_FULFILLED)


async def of_status(tx: Read, who: Actor, status: Status | None, cut: Cut) -> Page[Job]:
    """The jobs of all, for the operator's command line, the newest first. Two statements."""
    place = {"last_id": cut.key(NEWEST), "row_limit": cut.limit + 1}
    if status:
        rows = await tx.all(queries.OF_STATUS, status=status, **place)
    else:
        rows = await tx.all(queries.ALL, **place)
    found = page(rows, cut, "id")
    return Page(await _shown_all(tx, who, found.items), found.next)


async def happened(tx: Read, who: Actor, job_id: int, query: Cut) -> Page[JobHappened]:
    """The job's history, the oldest first, for its two sides and the staff. Raises JobUnknown."""
    await seeing.see_all(tx, who, job_id)
    rows = await tx.all(queries.HISTORY, job_id=job_id, after_id=query.key(0), row_limit=query.limit + 1)
    found = page(rows, query, "id")
    return Page([views.happened(row) for row in found.items], found.next)


async def transfers(tx: Read, who: Actor, job_id: int) -> Page[Transfer]:
    """Every transfer of the job's money, the oldest first, for its two sides and the staff. Raises JobUnknown."""
    await seeing.see_all(tx, who, job_id)
    return Page(await money.transfers(tx, job_id))


async def _jobs_of(tx: Read, who: Actor, query: WhoseJobs, listed: Query[JobRow], totals: Query[TotalRow]) -> Jobs:
    account_id = who.account_id if query.account_id is None else query.account_id
    if account_id != who.account_id and not who.is_any(PLATFORM):
        raise OthersDenied
    cut = Cut(query.limit, query.after)
    rows = await tx.all(
        listed,
        account_id=account_id,
        status=query.status or "",
        last_id=cut.key(NEWEST),
        row_limit=cut.limit + 1,
    )
    found = page(rows, cut, "id")
    sums = [views.total(row) for row in await tx.all(totals, account_id=account_id)]
    return Jobs(await _shown_all(tx, who, found.items), found.next, sums)


def _after(query: JobFilter) -> dict[str, Any]:
    """Where the page begins, as the parameters of its order."""
    cut = Cut(query.limit, query.after)
    if query.sort == "newest":
        return {"last_id": cut.key(NEWEST)}
    column = "last_value_minor" if query.sort == "value" else "last_due_us"
    first = (END_US, END_US) if query.sort == "value" else (0, 0)
    last = first if query.after is None else cut.place(tuple[Place, Place])
    return {column: last[0], "last_id": last[1]}


def _place(query: JobFilter, row: JobRow) -> int | tuple[int, int]:
    """The place of a job in its list."""
    if query.sort == "newest":
        return row.id
    return (row.value_minor if query.sort == "value" else row.due_us, row.id)


async def _moved(tx: Write, who: Actor, old: JobRow, new: JobRow, occasion: Occasion) -> Job:
    return await _shown(tx, who, await history.move(tx, old, new, occasion))


async def _shown(tx: Read, who: Actor, row: JobRow) -> Job:
    (shown,) = await _shown_all(tx, who, [row])
    return shown


async def _shown_all(tx: Read, who: Actor, rows: Sequence[JobRow]) -> list[Job]:
    """The jobs as the asker sees them, with their customers' names."""
    names = await accounts.names_of(tx, {row.customer_id for row in rows}) if rows else {}
    return [
        views.job(Seen(row, rules.standings(row, who.account_id, who.roles)), who, names[row.customer_id], tx.now_us)
        for row in rows
    ]


def _time_to_come(tx: Read, field: str, text: str | None) -> int:
    """The time that was typed; 0 for none. Raises Malformed, InThePast."""
    if text is None:
        return 0
    at_us = moment_us(field, text)
    if at_us <= tx.now_us:
        raise InThePast(field=field)
    return at_us
