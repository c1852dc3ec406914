"""The journal: use cases. Transfers are sealed in blocks, and what is sealed is handed to the journal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Final

import msgspec

from artel.db import Read, Write, numbers
from artel.db.listed import rows
from artel.ledger.journal import queries, rules
from artel.ledger.journal.model import (
    BLOCK_MAX,
    FIRST_HASH,
    AccountRecord,
    Block,
    Cursor,
    EntryRecord,
    Sealed,
    TransferFields,
    TransferRecord,
)
from artel.ledger.journal.queries import Point

POINT_EVERY: Final = 200  # entries of a hot account between two checkpoints, at least: they are added up for a balance
READ_MAX: Final = 10 * BLOCK_MAX  # transfers where a block should have BLOCK_MAX: some may have been smuggled in
BEFORE_ALL: Final = -1  # before every id, every time and every transaction's number

_PLACE: Final = attrgetter("place")

Place = tuple[int, int]  # booked_us and transfer_id: where an entry stands in its account
Cut = tuple[int, int]  # txid and id of a transfer: where one block ends and the next begins


# --- sealing


async def waits(tx: Read) -> bool:
    """Whether there is something to seal. Two statements that write nothing."""
    cursor = await tx.one(queries.CURSOR)
    assert cursor is not None, "the migration wrote the row"
    return await tx.one(queries.WAITS, last_txid=cursor.last_txid, last_id=cursor.last_id) is not None


async def seal(tx: Write, block_max: int = BLOCK_MAX) -> Sealed | None:
    """Seal the next transfers, in the order of their transactions; None when there are none.

    Only those are taken before which nothing can come any more (artel/db/horizon.py). One process seals at a time.
    """
    cursor = await tx.one(queries.LOCK)
    assert cursor is not None, "the migration wrote the row"
    picked = await tx.all(queries.PICK, last_txid=cursor.last_txid, last_id=cursor.last_id, row_limit=block_max)
    if not picked:
        return None
    transfers = await with_entries(tx, picked)
    accounts = await recorded_accounts(tx, transfers)
    sealed = rules.sealed(cursor.hash or FIRST_HASH, cursor.number + 1, tx.now_us, transfers, accounts)
    block = rules.row_of(sealed.head)
    await tx.run(queries.ADD_BLOCK, **msgspec.structs.asdict(block))
    await tx.run(queries.MOVE_CURSOR, **{f"new_{name}": getattr(block, name) for name in Cursor.__struct_fields__})
    await _keep_points(tx, transfers)
    return sealed


async def with_entries(tx: Read, found: Sequence[TransferFields]) -> list[TransferRecord]:
    """These transfers with their entries. One statement."""
    sides: dict[int, list[EntryRecord]] = {each.id: [] for each in found}
    for side in await tx.all(queries.ENTRIES, transfer_ids=numbers(sides)) if found else []:
        sides[side.transfer_id].append(side)
    for few in sides.values():
        few.sort(key=_PLACE)
    return [TransferRecord(each, sides[each.id]) for each in found]


async def recorded_accounts(tx: Read, transfers: Iterable[TransferRecord]) -> list[AccountRecord]:
    """The accounts that a block of these transfers records. One statement."""
    # An audit also reads rows that somebody changed, and SQLite lets a text stand where a number should.
    wanted = sorted(each for each in rules.used_first(transfers) if isinstance(each, int))
    return await tx.all(queries.ACCOUNTS, account_ids=numbers(wanted)) if wanted else []


# --- checkpoints of hot accounts


async def _keep_points(tx: Write, transfers: Iterable[TransferRecord]) -> None:
    """Correct the checkpoints that some of these entries come before in time, and take the last one further.

    So the last checkpoint of an account is that of everything sealed.
    """
    hot = _hot_entries(transfers)
    if not hot:
        return
    firsts = [(account_id, *min(sides)[0]) for account_id, sides in hot.items()]
    touched = await tx.all(queries.TOUCHED, firsts=rows(firsts))
    if touched:
        await tx.many(queries.CORRECT, [_correction(point, hot[point.account_id]) for point in touched])
    for account_id, sides in sorted(hot.items()):
        await _take_further(tx, account_id, sides)


def _hot_entries(transfers: Iterable[TransferRecord]) -> dict[int, list[tuple[Place, int]]]:
    """Where and how much, of each account whose entries have no balance."""
    found: dict[int, list[tuple[Place, int]]] = defaultdict(list)
    for side in chain.from_iterable(each.sides for each in transfers):
        if side.balance_minor is None:
            found[side.account_id].append(((side.booked_us, side.transfer_id), side.amount_minor))
    return found


def _correction(point: Point, sides: Iterable[tuple[Place, int]]) -> dict[str, int]:
    amounts = [amount_minor for place, amount_minor in sides if place <= (point.booked_us, point.transfer_id)]
    return {**_at(point), "more_minor": sum(amounts), "more": len(amounts)}


def _at(point: Point) -> dict[str, int]:
    return {"of_account_id": point.account_id, "at_us": point.booked_us, "at_id": point.transfer_id}


async def _take_further(tx: Write, account_id: int, sides: Iterable[tuple[Place, int]]) -> None:
    """Move the last checkpoint, or leave it where it is and write another: one of POINT_EVERY entries stays."""
    points = await tx.all(queries.LAST_TWO, account_id=account_id)
    last = points[0] if points else Point(account_id, BEFORE_ALL, BEFORE_ALL, 0, 0)
    later = [side for side in sides if side[0] > (last.booked_us, last.transfer_id)]
    if not later:
        return
    balance_minor = last.balance_minor + sum(amount_minor for _, amount_minor in later)
    further = Point(account_id, *max(later)[0], balance_minor, last.entries + len(later))
    before = points[1].entries if len(points) > 1 else 0
    if points and last.entries - before < POINT_EVERY:
        await tx.run(queries.MOVE_POINT, **_at(last), **msgspec.structs.asdict(further))
    else:
        await tx.run(queries.ADD_POINT, **msgspec.structs.asdict(further))


# --- what the journal reads


async def last_number(tx: Read) -> int:
    """The number of the last block that is sealed; 0: there is none."""
    return await tx.one(queries.LAST_NUMBER) or 0


async def next_block(tx: Read, number: int) -> Sealed | None:
    """The block after this one with all that is in it, as the book holds it now; None when there is none yet."""
    block = await tx.one(queries.BLOCK, number=number + 1)
    if block is None:
        return None
    before = await tx.one(queries.BLOCK, number=number)
    after = (before.last_txid, before.last_id) if before else (BEFORE_ALL, BEFORE_ALL)
    end = (block.last_txid, block.last_id)
    return await read_block(tx, block, after, end, before.hash if before else FIRST_HASH)


async def read_block(tx: Read, block: Block, after: Cut, end: Cut, hash_before: bytes) -> Sealed:
    """A block with what the book has between two transfers, and the hash that it was sealed with. Three statements."""
    found = await tx.all(
        queries.BETWEEN, last_txid=after[0], last_id=after[1], to_txid=end[0], to_id=end[1], row_limit=READ_MAX
    )
    transfers = await with_entries(tx, found)
    accounts = await recorded_accounts(tx, transfers)
    return rules.as_sealed(block, hash_before, transfers, accounts)
