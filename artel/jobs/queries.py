"""Jobs: every statement."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from artel.db import Command, Query, among
from artel.jobs.model import SEARCH_WORDS_MAX, Sort
from artel.jobs.rows import DueRow, EventRow, JobRow, TotalRow
from artel.jobs.tables import job_events, jobs

_shown = [jobs.c[field] for field in JobRow.__struct_fields__]
_of_job = jobs.c.id == bindparam("job_id")
_is_open = jobs.c.status == literal_column("'open'")  # a literal, since a parameter would match no partial index

POST = Query(
    int,
    insert(jobs)
    .values({field: bindparam(field) for field in (*JobRow.__struct_fields__, "folded") if field != "id"})
    .returning(jobs.c.id),
)
BY_ID = Query(JobRow, select(*_shown).where(_of_job))
BY_ID_LOCKED = Query(JobRow, select(*_shown).where(_of_job).with_for_update())
KNOWN = Query(int, select(jobs.c.id).where(among(jobs.c.id, "ids")))
AFTER = Query(
    JobRow, select(*_shown).where(jobs.c.id > bindparam("after_id")).order_by(jobs.c.id).limit(bindparam("row_limit"))
)

# --- moving

MOVED: Final = ("executor_id", "status", "closed_us", "closed_by", "proposed_by", "refunded_us", "transfer_id")
MOVE = Command(
    update(jobs)
    .where(_of_job, jobs.c.version == bindparam("base"))
    .values(
        {field: bindparam(f"new_{field}") for field in MOVED}
        | {"updated_us": bindparam("now_us"), "version": jobs.c.version + 1}
    )
)
DUE = Query(
    DueRow,
    select(jobs.c.id, jobs.c.expires_us)
    .where(
        _is_open,
        tuple_(jobs.c.expires_us, jobs.c.id) > tuple_(bindparam("after_us"), bindparam("after_id")),
        jobs.c.expires_us <= bindparam("now_us"),
    )
    .order_by(jobs.c.expires_us, jobs.c.id)
    .limit(bindparam("row_limit")),
)

# --- lists

WORDS: Final = tuple(f"word_{number}" for number in range(SEARCH_WORDS_MAX))
_currency = bindparam("currency", type_=Text)
_wanted = (
    _is_open,
    or_(jobs.c.expires_us == literal_column("0"), jobs.c.expires_us > bindparam("now_us")),
    jobs.c.value_minor.between(bindparam("from_minor"), bindparam("to_minor")),
    jobs.c.due_us < bindparam("due_before_us"),
    or_(_currency == literal_column("''"), jobs.c.currency == _currency),
    *(jobs.c.folded.like(bindparam(word), escape="\\") for word in WORDS),
)


def _listed(*order: Column[int], falling: bool) -> Select[Any]:
    """The open jobs after a place, in the order of these columns."""
    place, last = tuple_(*order), tuple_(*(bindparam(f"last_{column.name}") for column in order))
    beyond = place < last if falling else place > last
    ordered = [column.desc() if falling else column for column in order]
    return select(*_shown).where(*_wanted, beyond).order_by(*ordered).limit(bindparam("row_limit"))


OPEN_NEWEST = Query(
    JobRow,
    select(*_shown)
    .where(*_wanted, jobs.c.id < bindparam("last_id"))
    .order_by(jobs.c.id.desc())
    .limit(bindparam("row_limit")),
)
OPEN_BY_VALUE = Query(JobRow, _listed(jobs.c.value_minor, jobs.c.id, falling=True))
OPEN_BY_DUE = Query(JobRow, _listed(jobs.c.due_us, jobs.c.id, falling=False))
OPEN: Final[dict[Sort, Query[JobRow]]] = {"newest": OPEN_NEWEST, "value": OPEN_BY_VALUE, "due": OPEN_BY_DUE}

_status = bindparam("status", type_=Text)
_any_status = or_(_status == literal_column("''"), jobs.c.status == _status)


def _of(*where: ColumnElement[bool]) -> Query[JobRow]:
    return Query(
        JobRow,
        select(*_shown)
        .where(*where, jobs.c.id < bindparam("last_id"))
        .order_by(jobs.c.id.desc())
        .limit(bindparam("row_limit")),
    )


def _totals(whose: ColumnElement[bool]) -> Query[TotalRow]:
    return Query(
        TotalRow,
        select(
            jobs.c.currency,
            jobs.c.status,
            func.count().label("jobs"),
            cast(func.sum(jobs.c.value_minor), BigInteger).label("value_minor"),
            cast(func.sum(jobs.c.fee_minor), BigInteger).label("fee_minor"),
        )
        .where(whose)
        .group_by(jobs.c.currency, jobs.c.status)
        .order_by(jobs.c.currency, jobs.c.status),
    )


_posted_by, _fulfilled_by = (
    jobs.c.customer_id == bindparam("account_id"),
    jobs.c.executor_id == bindparam("account_id"),
)
POSTED = _of(_posted_by, _any_status)
FULFILLED = _of(_fulfilled_by, _any_status)
ALL = _of()
OF_STATUS = _of(jobs.c.status == bindparam("status"))
TOTALS_POSTED = _totals(_posted_by)
TOTALS_FULFILLED = _totals(_fulfilled_by)

# --- the history

REMEMBER = Command(
    insert(job_events)
    .inline()  # else PostgreSQL would be asked for the id, which nobody needs
    .values({field: bindparam(field) for field in EventRow.__struct_fields__ if field != "id"})
)
HISTORY = Query(
    EventRow,
    select(*(job_events.c[field] for field in EventRow.__struct_fields__))
    .where(job_events.c.job_id == bindparam("job_id"), job_events.c.id > bindparam("after_id"))
    .order_by(job_events.c.id)
    .limit(bindparam("row_limit")),
)
