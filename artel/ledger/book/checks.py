"""The check of the book: every invariant, and the rows that break one. It only reads."""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from artel.db import Query, Read
from artel.db.long_reads import LongReads
from artel.ledger.book import check_queries as queries
from artel.ledger.book import hold_checks
from artel.ledger.book import sealing_checks as sealing
from artel.ledger.book.faults import Fault
from artel.ledger.book.model import Broken, Checked

FAULTS_MAX: Final = 100  # of one invariant that are named: more of them hide no other

Check = Callable[[Read], Awaitable[list[Broken]]]
Advance = Callable[[int], None]  # told how many invariants were checked
Look = Callable[[Read, int], Awaitable[list[Fault]]]  # for what no statement can say; so many faults at most


class Checks(Struct, frozen=True):
    """The door to the database for long reads, and what other features check of their own money."""

    reads: LongReads
    more: tuple[Check, ...] = ()


class Invariant(Struct, frozen=True):
    """What must hold. `row` names the row of a fault, of whose fields it may use `id` and `place`."""

    name: str
    row: str
    query: Query[Fault] | Look


INVARIANTS: Final = (
    Invariant("transfer.balanced", "transfer {id}", queries.BALANCED),
    Invariant("transfer.complete", "transfer {id}", queries.COMPLETE),
    Invariant("transfer.reversal", "transfer {id}", queries.REVERSALS),
    Invariant("entry.tied", "transfer {id} entry {place}", queries.ENTRIES_TIED),
    Invariant("entry.running", "transfer {id} entry {place}", queries.RUNNING),
    Invariant("account.kind", "account {id}", queries.KINDS),
    Invariant("account.totals", "account {id}", queries.TOTALS),
    Invariant("account.bounds", "account {id}", queries.BOUNDS),
    Invariant("account.held", "account {id}", queries.HELD),
    Invariant("hold.tied", "hold {id}", queries.HOLDS_TIED),
    Invariant("hold.asked", "hold {id}", hold_checks.differing),
    Invariant("book.zero", "currency {what}", queries.NOTHING_MADE),
    Invariant("checkpoint.balance", "checkpoint of account {id} at {place}", sealing.POINTS),
    Invariant("sealing.soon", "transfer {id}", sealing.SEALED_SOON),
    Invariant("block.chain", "block {id}", sealing.CHAIN),
)


async def check(checks: Checks, advance: Advance = lambda _: None) -> Checked:
    """Check the whole book as it is now, and what features tie to it.

    It takes seconds for a million transfers, and nobody waits for it. Raises StorageUnavailable.
    """
    return await checks.reads.read(_check, checks.more, advance)


async def _check(tx: Read, more: tuple[Check, ...], advance: Advance) -> Checked:
    counts = await tx.one(queries.COUNTS)
    assert counts is not None, "counts are always one row"
    broken: list[Broken] = []
    for invariant in INVARIANTS:
        broken += await _breaking(tx, invariant)
        advance(1)
    for each in more:
        broken += await each(tx)
        advance(1)
    return Checked(counts.accounts, counts.transfers, counts.holds, broken)


async def _breaking(tx: Read, invariant: Invariant) -> list[Broken]:
    if isinstance(invariant.query, Query):
        faults = await tx.all(invariant.query, row_limit=FAULTS_MAX)
    else:
        faults = await invariant.query(tx, FAULTS_MAX)
    return [_broken(invariant, fault) for fault in faults]


def _broken(invariant: Invariant, fault: Fault) -> Broken:
    row = invariant.row.format(id=fault.id, place=fault.place, what=fault.what)
    if fault.found is None and fault.wanted is None:
        return Broken(invariant.name, row, f"{fault.what} is wrong")
    wanted = "" if fault.wanted is None else f", where {fault.wanted} is right"
    return Broken(invariant.name, row, f"{fault.what} is {'nothing' if fault.found is None else fault.found}{wanted}")
