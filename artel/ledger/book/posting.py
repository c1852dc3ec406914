"""How the book is written: the transfer's row, the balances of its accounts, its entries."""

from collections.abc import Sequence

import msgspec

from artel.db import Read, Write, numbers
from artel.db.listed import rows as listed_rows
from artel.ledger.book import queries, rules
from artel.ledger.book.model import AlreadyReversed, Intent, KeyReused, Made, Place, Posting, TransferUnknown
from artel.ledger.book.rows import Moved, Stand


async def begin(tx: Write, intent: Intent, input_hash: bytes) -> int | None:
    """Write the transfer's row; None when the key is taken. Raises TransferUnknown, AlreadyReversed."""
    if intent.reverses_id is not None:
        await _refuse_second_reversal(tx, intent.reverses_id, intent.key)
    return await tx.one(
        queries.TRANSFER,
        kind=intent.kind,
        reference=intent.reference,
        note=intent.note,
        by_account_id=intent.by,
        effective_us=tx.now_us if intent.effective_us is None else intent.effective_us,
        key=intent.key,
        input_hash=input_hash,
        reverses_id=intent.reverses_id,
        entries=len(intent.postings),
    )


async def lock(tx: Write, transfer_id: int) -> None:
    """Wait for whoever takes the transfer back in this moment; then nobody does. Raises TransferUnknown."""
    if await tx.one(queries.TRANSFER_LOCKED, transfer_id=transfer_id) is None:
        raise TransferUnknown(transfer_id=transfer_id)


async def _refuse_second_reversal(tx: Write, transfer_id: int, key: str) -> None:
    await lock(tx, transfer_id)
    made = await tx.one(queries.REVERSAL_OF, transfer_id=transfer_id)
    if made is not None and made.key != key:
        raise AlreadyReversed(transfer_id=transfer_id, by_transfer_id=made.id)


async def made_before(tx: Read, key: str, input_hash: bytes) -> Made:
    row = await tx.one(queries.MADE_BY_KEY, key=key)
    assert row is not None, "whoever took the key has committed"
    if row.input_hash != input_hash:
        raise KeyReused(key=key)
    return Made(row.id, row.booked_us, new=False)


async def move(tx: Write, postings: Sequence[Posting]) -> int:
    """Change the balances of accounts that are not hot; answers the time at which all of them were changed."""
    if not postings:
        return tx.now_us
    moved = await _change(tx, postings)
    if len(moved) < len(postings):
        done = {(each.purpose, each.owner, each.currency) for each in moved}
        left = [each for each in postings if msgspec.structs.astuple(each.place) not in done]
        await refuse_or_open(tx, left)
        moved += await _change(tx, left)
        assert len(moved) == len(postings), "each account is open, locked and fit"
    booked_us = max(each.last_us for each in moved)
    earlier = [each.id for each in moved if each.last_us < booked_us]
    if earlier:
        await tx.run(queries.SAME_TIME, account_ids=numbers(earlier), booked_us=booked_us)
    return booked_us


async def _change(tx: Write, postings: Sequence[Posting]) -> list[Moved]:
    moves = [
        (each.place.purpose, each.place.owner, each.place.currency, each.amount_minor, each.release_minor)
        for each in postings
    ]
    return await tx.all(queries.MOVE, moves=listed_rows(moves), now_us=tx.now_us)


async def refuse_or_open(tx: Write, postings: Sequence[Posting]) -> None:
    """Say why these accounts did not change, or else open them. Raises NotEnoughMoney, TooMuchMoney."""
    for posting in postings:
        rules.refuse(await open_locked(tx, posting.place), posting)


async def open_locked(tx: Write, place: Place) -> Stand:
    """An account that is not hot, opened when it is not yet: nobody else changes it until the transaction ends."""
    await _open(tx, place)
    stand = await tx.one(queries.LOCK, **msgspec.structs.asdict(place))
    assert stand is not None, "it is open"
    return stand


async def _open(tx: Write, place: Place) -> None:
    await tx.run(
        queries.OPEN,
        **msgspec.structs.asdict(place),
        hot=int(place.purpose in rules.HOT),
        floor_minor=rules.FLOORS.get(place.purpose),
        cap_minor=rules.cap_of(place),
        created_us=tx.now_us,
    )


async def enter(tx: Write, transfer_id: int, postings: Sequence[Posting], booked_us: int) -> None:
    """Write the entries, all of them in one statement: the database lets in what sums to zero."""
    sides = [(place, *msgspec.structs.astuple(each.place), each.amount_minor) for place, each in enumerate(postings, 1)]
    given = {"transfer_id": transfer_id, "sides": listed_rows(sides), "booked_us": booked_us, "wanted": len(sides)}
    if await tx.run(queries.ENTER, **given) < len(sides):
        for posting in postings:
            await _open(tx, posting.place)
        entered = await tx.run(queries.ENTER, **given)
        assert entered == len(sides), "every account is open now"
