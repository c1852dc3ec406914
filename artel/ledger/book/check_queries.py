"""What must hold in the book, each a statement that yields the rows for which it does not."""

from msgspec import Struct
from sqlalchemy import BigInteger, and_, bindparam, case, cast, func, or_, select, union_all

from artel.db import Query
from artel.ledger.book import rules
from artel.ledger.book.faults import Fault, differ, fault, invariant, number, total, word
from artel.ledger.book.tables import ledger_accounts as accounts
from artel.ledger.book.tables import ledger_entries as entries
from artel.ledger.book.tables import ledger_holds as holds
from artel.ledger.book.tables import ledger_transfers as transfers


class Counts(Struct, frozen=True):
    """How much there is."""

    accounts: int
    transfers: int
    holds: int


COUNTS = Query(
    Counts,
    select(
        *(
            select(func.count()).select_from(table).scalar_subquery().label(name)
            for name, table in (("accounts", accounts), ("transfers", transfers), ("holds", holds))
        )
    ),
)

# --- transfers and their entries

_by_currency = (
    select(entries.c.transfer_id, entries.c.currency, total(entries.c.amount_minor).label("rest"))
    .group_by(entries.c.transfer_id, entries.c.currency)
    .subquery("by_currency")
)
BALANCED = invariant(
    fault(_by_currency.c.transfer_id, "the sum of its entries in a currency", _by_currency.c.rest, number(0)).where(
        _by_currency.c.rest != 0
    )
)

_counted = (
    select(
        entries.c.transfer_id,
        func.count().label("there"),
        func.max(entries.c.place).label("last"),
        func.min(entries.c.booked_us).label("earliest"),
        func.max(entries.c.booked_us).label("latest"),
    )
    .group_by(entries.c.transfer_id)
    .subquery("counted")
)
_with_count = transfers.outerjoin(_counted, _counted.c.transfer_id == transfers.c.id)
COMPLETE = invariant(
    fault(transfers.c.id, "the number of its entries", func.coalesce(_counted.c.there, 0), transfers.c.entries)
    .select_from(_with_count)
    .where(func.coalesce(_counted.c.there, 0) != transfers.c.entries),
    fault(transfers.c.id, "the place of its last entry", _counted.c.last, transfers.c.entries)
    .select_from(_with_count)
    .where(_counted.c.there == transfers.c.entries, _counted.c.last != transfers.c.entries),
    fault(transfers.c.id, "the time of its last entry", _counted.c.latest, _counted.c.earliest)
    .select_from(_with_count)
    .where(_counted.c.latest != _counted.c.earliest),
)

_entry_of = entries.outerjoin(transfers, transfers.c.id == entries.c.transfer_id).outerjoin(
    accounts, accounts.c.id == entries.c.account_id
)
ENTRIES_TIED = invariant(
    fault(entries.c.transfer_id, "transfer_id", entries.c.transfer_id, place=entries.c.place)
    .select_from(_entry_of)
    .where(transfers.c.id.is_(None)),
    fault(entries.c.transfer_id, "account_id", entries.c.account_id, place=entries.c.place)
    .select_from(_entry_of)
    .where(accounts.c.id.is_(None)),
    fault(entries.c.transfer_id, "currency, unlike that of account_id,", entries.c.account_id, place=entries.c.place)
    .select_from(_entry_of)
    .where(accounts.c.currency != entries.c.currency),
)

_reversal = transfers.alias("reversal")
_both = (
    select(
        _reversal.c.id,
        entries.c.account_id,
        entries.c.currency,
        total(entries.c.amount_minor).label("rest"),
    )
    .join_from(_reversal, entries, entries.c.transfer_id.in_([_reversal.c.id, _reversal.c.reverses_id]))
    .where(_reversal.c.reverses_id.is_not(None))
    .group_by(_reversal.c.id, entries.c.account_id, entries.c.currency)
    .subquery("both_ways")
)
_reversed = transfers.alias("reversed")
REVERSALS = invariant(
    fault(_both.c.id, "what is left in an account of the transfer that it reverses", _both.c.rest, number(0)).where(
        _both.c.rest != 0
    ),
    fault(_reversal.c.id, "reverses_id", _reversal.c.reverses_id)
    .select_from(_reversal.outerjoin(_reversed, _reversed.c.id == _reversal.c.reverses_id))
    .where(
        _reversal.c.reverses_id.is_not(None),
        or_(_reversed.c.id.is_(None), _reversed.c.reverses_id.is_not(None)),
    ),
)

# --- accounts

_is_hot = accounts.c.purpose.in_([word(purpose) for purpose in sorted(rules.HOT)])
_hot_wanted = case((_is_hot, 1), else_=0)
_floor_wanted = case(*((accounts.c.purpose == word(purpose), number(floor)) for purpose, floor in rules.FLOORS.items()))
_cap_wanted = case((accounts.c.purpose == word("wallet"), number(rules.WALLET_CAP_MINOR)))
KINDS = invariant(
    fault(accounts.c.id, "hot", accounts.c.hot, _hot_wanted).where(accounts.c.hot != _hot_wanted),
    fault(accounts.c.id, "floor_minor", accounts.c.floor_minor, _floor_wanted).where(
        differ(accounts.c.floor_minor, _floor_wanted)
    ),
    fault(accounts.c.id, "cap_minor", accounts.c.cap_minor, _cap_wanted).where(
        differ(accounts.c.cap_minor, _cap_wanted)
    ),
)
_left = accounts.c.posted_minor - accounts.c.held_minor
BOUNDS = invariant(
    fault(accounts.c.id, "what is available", _left, accounts.c.floor_minor).where(_left < accounts.c.floor_minor),
    fault(accounts.c.id, "posted_minor", accounts.c.posted_minor, accounts.c.cap_minor).where(
        accounts.c.posted_minor > accounts.c.cap_minor
    ),
)

_sums = (
    select(
        entries.c.account_id,
        total(entries.c.amount_minor).label("posted_minor"),
        func.max(entries.c.booked_us).label("last_us"),
    )
    .group_by(entries.c.account_id)
    .subquery("sums")
)
_cold = accounts.c.hot == 0
_posted = case((_cold, func.coalesce(_sums.c.posted_minor, 0)), else_=0)
_last = case((_cold, _sums.c.last_us))
_with_sums = accounts.outerjoin(_sums, _sums.c.account_id == accounts.c.id)
TOTALS = invariant(
    fault(accounts.c.id, "posted_minor", accounts.c.posted_minor, _posted)
    .select_from(_with_sums)
    .where(accounts.c.posted_minor != _posted),
    fault(accounts.c.id, "last_us", accounts.c.last_us, _last)
    .select_from(_with_sums)
    .where(differ(accounts.c.last_us, _last)),
)

_in_time = (
    select(
        entries.c.transfer_id,
        entries.c.place,
        entries.c.balance_minor,
        accounts.c.hot,
        entries.c.booked_us,
        cast(
            func.sum(entries.c.amount_minor).over(partition_by=entries.c.account_id, order_by=entries.c.booked_us),
            BigInteger,
        ).label("running"),
        func.lag(entries.c.booked_us)
        .over(partition_by=entries.c.account_id, order_by=entries.c.booked_us)
        .label("before_us"),
    )
    .join_from(entries, accounts, accounts.c.id == entries.c.account_id)
    .subquery("in_time")
)
_running = case((_in_time.c.hot == 0, _in_time.c.running))
RUNNING = invariant(
    fault(_in_time.c.transfer_id, "balance_minor", _in_time.c.balance_minor, _running, _in_time.c.place).where(
        differ(_in_time.c.balance_minor, _running)
    ),
    fault(
        _in_time.c.transfer_id,
        "booked_us, no later than the entry before,",
        _in_time.c.booked_us,
        None,
        _in_time.c.place,
    ).where(_in_time.c.hot == 0, _in_time.c.before_us >= _in_time.c.booked_us),
)

# Balances of a currency: of ordinary accounts as they stand, of hot ones by their entries.
_cold_sums = select(accounts.c.currency, total(accounts.c.posted_minor).label("amount_minor")).where(_cold)
_hot_sums = (
    select(accounts.c.currency, total(entries.c.amount_minor).label("amount_minor"))
    .join_from(accounts, entries, entries.c.account_id == accounts.c.id)
    .where(accounts.c.hot == 1)
)
_all_sums = union_all(_cold_sums.group_by(accounts.c.currency), _hot_sums.group_by(accounts.c.currency)).subquery(
    "all_sums"
)
_rest = total(_all_sums.c.amount_minor)
_by_any = (
    select(_all_sums.c.currency, _rest.label("rest"))
    .group_by(_all_sums.c.currency)
    .having(_rest != 0)
    .subquery("rests")
)
NOTHING_MADE = Query(
    Fault,
    select(
        number(0).label("id"),
        number(0).label("place"),
        _by_any.c.currency.label("what"),
        _by_any.c.rest.label("found"),
        number(0).label("wanted"),
    )
    .order_by(_by_any.c.currency)
    .limit(bindparam("row_limit")),
)

# --- holds

_pending = (
    select(holds.c.account_id, total(holds.c.amount_minor).label("held_minor"))
    .where(holds.c.status == word("pending"))
    .group_by(holds.c.account_id)
    .subquery("pending_holds")
)
_held = func.coalesce(_pending.c.held_minor, 0)
HELD = invariant(
    fault(accounts.c.id, "held_minor", accounts.c.held_minor, _held)
    .select_from(accounts.outerjoin(_pending, _pending.c.account_id == accounts.c.id))
    .where(accounts.c.held_minor != _held)
)

_taken = (
    select(holds.c.id, total(entries.c.amount_minor).label("amount_minor"))
    .join_from(
        holds,
        entries,
        and_(entries.c.transfer_id == holds.c.transfer_id, entries.c.account_id == holds.c.account_id),
    )
    .group_by(holds.c.id)
    .subquery("taken")
)
_was_posted = holds.c.status == word("posted")
_by_transfer = -func.coalesce(_taken.c.amount_minor, 0)
HOLDS_TIED = invariant(
    fault(holds.c.id, "posted_minor", holds.c.posted_minor, _by_transfer)
    .select_from(holds.outerjoin(_taken, _taken.c.id == holds.c.id))
    .where(or_(holds.c.posted_minor != _by_transfer, and_(_was_posted, holds.c.posted_minor == 0))),
    fault(holds.c.id, "transfer_id, which only a posted hold has,", holds.c.transfer_id).where(
        or_(and_(_was_posted, holds.c.transfer_id.is_(None)), and_(~_was_posted, holds.c.transfer_id.is_not(None)))
    ),
    fault(holds.c.id, "settled_us, which every hold has but a pending one,", holds.c.settled_us).where(
        (holds.c.status == word("pending")) != (holds.c.settled_us == 0)
    ),
    fault(holds.c.id, "status").where(
        holds.c.status.not_in([word(each) for each in ("pending", "posted", "voided", "expired")])
    ),
)
