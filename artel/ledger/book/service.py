"""The book: use cases. Whoever moves money calls `post` in the transaction that also changes what it is for.

Locks are taken in one order everywhere: whatever the money is for, then the transfer's key, then its accounts.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from artel.db import Database, Read, Write, numbers
from artel.kernel.actor import Actor
from artel.kernel.clock import iso
from artel.kernel.moments import END_US, moment_us, span_us
from artel.kernel.page import NEWEST, Cut, Page, cursor, page
from artel.ledger.book import posting, queries, rules
from artel.ledger.book.model import (
    AccountFilter,
    AccountRow,
    AmountUnfit,
    Balance,
    BalanceQuery,
    BookAccount,
    BookAccountUnknown,
    Hold,
    HoldFilter,
    HoldIntent,
    HoldOver,
    HoldRow,
    HoldStatus,
    HoldUnknown,
    Intent,
    KeyReused,
    Line,
    Made,
    NotReversible,
    Place,
    Posting,
    Reversing,
    StatementQuery,
    Transfer,
    TransferFilter,
    TransferUnknown,
    TrialLine,
)
from artel.ledger.book.rows import TransferShown

EXPIRE_MAX: Final = 100  # holds that one round frees, each in a transaction of its own
OF_REFERENCE_MAX: Final = 1_000  # transfers of one order or job

# --- transfers


async def post(tx: Write, intent: Intent) -> Made:
    """Move money. The same intent under the same key again: the transfer that was made then, and nothing moves.

    Three statements. Raises NotEnoughMoney, TooMuchMoney, AmountUnfit, KeyReused, AlreadyReversed.
    """
    rules.check(intent)
    intent = rules.ordered(intent)
    input_hash = rules.input_hash(intent)
    transfer_id = await posting.begin(tx, intent, input_hash)
    if transfer_id is None:
        return await posting.made_before(tx, intent.key, input_hash)
    booked_us = await posting.move(tx, [each for each in intent.postings if each.place.purpose not in rules.HOT])
    await posting.enter(tx, transfer_id, intent.postings, booked_us)
    return Made(transfer_id, booked_us, new=True)


async def reverse(
    tx: Write, transfer_id: int, *, key: str, kind: str, reference: str, note: str = "", by: int | None = None
) -> Made:
    """Take a transfer back by one that is its opposite: at most once.

    Raises TransferUnknown, NotReversible, AlreadyReversed, NotEnoughMoney, TooMuchMoney.
    """
    transfer = await get(tx, transfer_id)
    if transfer.reverses_id is not None:
        raise NotReversible(transfer_id=transfer_id)
    sides = [(Place(each.purpose, each.owner, each.currency), each.amount_minor) for each in transfer.entries]
    return await post(
        tx,
        Intent(
            kind=kind,
            reference=reference,
            key=key,
            postings=rules.reversed_postings(sides),
            note=note,
            by=by,
            reverses_id=transfer_id,
        ),
    )


async def reverse_by_hand(tx: Write, who: Actor, transfer_id: int, body: Reversing) -> Transfer:
    """Staff take a transfer back that belongs to nothing else. Raises TiedElsewhere, and as `reverse` does."""
    await posting.lock(tx, transfer_id)  # of several at once one takes it back, and the others see that it is done
    transfer = await get(tx, transfer_id)
    rules.refuse_by_hand(transfer)
    made = await reverse(
        tx,
        transfer_id,
        key=f"transfer/{transfer_id}/reversal",
        kind="transfer.reversed",
        reference=transfer.reference,
        note=body.note,
        by=who.account_id or None,
    )
    return await get(tx, made.id)


# --- holds


async def hold(tx: Write, intent: HoldIntent) -> Hold:
    """Promise money of an account, so that nobody else can spend it. The same under the same key again: that hold.

    Raises NotEnoughMoney, AmountUnfit, KeyReused.
    """
    rules.refuse_unfit(intent.amount_minor)
    input_hash = rules.input_hash(intent)
    made = await tx.one(queries.HOLD_BY_KEY, key=intent.key)
    if made is None:
        made = await _promise(tx, intent, input_hash)
    if made.input_hash != input_hash:
        raise KeyReused(key=intent.key)
    return rules.hold_shown(made, intent.place.currency)


async def _promise(tx: Write, intent: HoldIntent, input_hash: bytes) -> HoldRow:
    given = msgspec.structs.asdict(intent.place)
    account_id = await tx.one(queries.PROMISE, **given, amount_minor=intent.amount_minor)
    if account_id is None:
        await posting.refuse_or_open(tx, [Posting(intent.place, 0, -intent.amount_minor)])
        account_id = await tx.one(queries.PROMISE, **given, amount_minor=intent.amount_minor)
    assert account_id is not None, "the account is open, locked and fit"
    row = await tx.one(
        queries.HOLD,
        account_id=account_id,
        amount_minor=intent.amount_minor,
        kind=intent.kind,
        reference=intent.reference,
        note=intent.note,
        key=intent.key,
        input_hash=input_hash,
        now_us=tx.now_us,
        expires_us=intent.expires_us,
    )
    if row is not None:
        return row
    # Somebody made it while this transaction waited for the account.
    await tx.run(queries.FREE, account_id=account_id, amount_minor=intent.amount_minor)
    made = await tx.one(queries.HOLD_BY_KEY, key=intent.key)
    assert made is not None, "whoever took the key has committed"
    return made


async def settle_hold(
    tx: Write, hold_id: int, to: Sequence[Posting], *, kind: str, note: str = "", by: int | None = None
) -> Made:
    """Take what was promised, or a part of it, to where it goes; the rest is free again. The postings are positive.

    Raises HoldUnknown, HoldOver, AmountUnfit, TooMuchMoney.
    """
    taken_minor = sum(each.amount_minor for each in to)
    row = await _pending(tx, hold_id)
    if not 0 < taken_minor <= row.amount_minor:
        raise AmountUnfit(max_minor=row.amount_minor)
    account = await _account(tx, row.account_id)
    place = Place(account.purpose, account.owner, account.currency)
    intent = Intent(
        kind=kind,
        reference=row.reference,
        key=f"hold/{hold_id}/posted",
        postings=(Posting(place, -taken_minor, row.amount_minor), *to),
        note=note,
        by=by,
    )
    made = await post(tx, intent)
    await _settle(tx, row, "posted", taken_minor, made.id)
    return made


async def void(tx: Write, hold_id: int) -> Hold:
    """Give up a hold: all of it is free again. Raises HoldUnknown, HoldOver."""
    return await _give_up(tx, await _pending(tx, hold_id), "voided")


async def expire_due(db: Database) -> int:
    """Free what was held for too long, the oldest first; answers how many holds. Several processes may do this."""
    due = await db.read(_due)
    return sum([await db.write(expire, hold_id) for hold_id in due])


async def expire(tx: Write, hold_id: int) -> bool:
    """Free a hold whose time is over; False when somebody was faster."""
    row = await tx.one(queries.HOLD_LOCKED, hold_id=hold_id)
    if row is None or row.status != "pending" or not rules.is_over(row, tx.now_us):
        return False
    await _give_up(tx, row, "expired")
    return True


async def _due(tx: Read) -> list[int]:
    return await tx.all(queries.HOLDS_DUE, now_us=tx.now_us, row_limit=EXPIRE_MAX)


async def _pending(tx: Write, hold_id: int) -> HoldRow:
    """The hold, locked. Raises HoldUnknown, HoldOver."""
    row = await tx.one(queries.HOLD_LOCKED, hold_id=hold_id)
    if row is None:
        raise HoldUnknown(hold_id=hold_id)
    if row.status != "pending":
        raise HoldOver(hold_id=hold_id, status=row.status, at=iso(row.settled_us))
    if rules.is_over(row, tx.now_us):
        raise HoldOver(hold_id=hold_id, status="expired", at=iso(row.expires_us))
    return row


async def _give_up(tx: Write, row: HoldRow, status: HoldStatus) -> Hold:
    await tx.run(queries.FREE, account_id=row.account_id, amount_minor=row.amount_minor)
    settled = await _settle(tx, row, status, 0, None)
    return rules.hold_shown(settled, (await _account(tx, row.account_id)).currency)


async def _settle(tx: Write, row: HoldRow, status: HoldStatus, posted_minor: int, transfer_id: int | None) -> HoldRow:
    settled = await tx.one(
        queries.SETTLE_HOLD,
        hold_id=row.id,
        new_status=status,
        new_posted_minor=posted_minor,
        new_transfer_id=transfer_id,
        now_us=tx.now_us,
    )
    assert settled is not None, "the hold is locked since it was read"
    return settled


# --- looking


async def get(tx: Read, transfer_id: int) -> Transfer:
    """A transfer with its entries. Raises TransferUnknown."""
    row = await tx.one(queries.TRANSFER_BY_ID, transfer_id=transfer_id)
    if row is None:
        raise TransferUnknown(transfer_id=transfer_id)
    (shown,) = await _shown(tx, [row])
    return shown


async def list_transfers(tx: Read, query: TransferFilter) -> Page[Transfer]:
    """Transfers, the newest first. Two statements."""
    cut = Cut(query.limit, query.after)
    place = {"before_id": cut.key(NEWEST), "row_limit": cut.limit + 1}
    if query.reference:
        rows = await tx.all(queries.TRANSFERS_OF, reference=query.reference, **place)
    else:
        rows = await tx.all(queries.TRANSFERS, **place)
    found = page(rows, cut, "id")
    return Page(await _shown(tx, found.items), found.next)


async def of_reference(tx: Read, reference: str) -> list[Transfer]:
    """Every transfer of an order or a job, the oldest first. Two statements."""
    rows = await tx.all(queries.TRANSFERS_OF, reference=reference, before_id=END_US, row_limit=OF_REFERENCE_MAX)
    return await _shown(tx, rows[::-1])


async def _shown(tx: Read, rows: Sequence[TransferShown]) -> list[Transfer]:
    entries = await tx.all(queries.ENTRIES_OF, transfer_ids=numbers(row.id for row in rows)) if rows else []
    return rules.transfers_shown(rows, entries)


async def balance(tx: Read, place: Place) -> Balance:
    """What is in an account now; nothing where none was opened."""
    row = await tx.one(queries.ACCOUNT_AT, **msgspec.structs.asdict(place))
    if row is None:
        return Balance(place.currency, 0, 0, 0)
    return rules.balance_of(row, await _posted(tx, row, END_US))


async def balance_at(tx: Read, account_id: int, at_us: int) -> int:
    """What was in an account at a time, with what was booked just then. Raises BookAccountUnknown."""
    return await _posted(tx, await _account(tx, account_id), at_us)


async def get_account(tx: Read, book_account_id: int, query: BalanceQuery) -> BookAccount:
    """An account, now or at a past time, when nothing counts as held. Raises BookAccountUnknown, Malformed."""
    row = await _account(tx, book_account_id)
    if query.at is None:
        return rules.account_shown(row, await _posted(tx, row, END_US))
    then = msgspec.structs.replace(row, held_minor=0)
    return rules.account_shown(then, await balance_at(tx, book_account_id, moment_us("at", query.at)))


async def list_accounts(tx: Read, query: AccountFilter) -> Page[BookAccount]:
    """Accounts of the book in the order in which they were opened. One statement, and one for each hot account."""
    cut = Cut(query.limit, query.after)
    given = {
        "purpose": query.purpose or "",
        "currency": query.currency or "",
        "after_id": cut.key(0),
        "row_limit": cut.limit + 1,
    }
    if query.owner:
        rows = await tx.all(queries.ACCOUNTS_OF_OWNER, owner=query.owner, **given)
    else:
        rows = await tx.all(queries.ACCOUNTS, **given)
    found = page(rows, cut, "id")
    return Page([rules.account_shown(row, await _posted(tx, row, END_US)) for row in found.items], found.next)


async def available_locked(tx: Write, place: Place) -> int:
    """What an account that is not hot has to give; nobody else changes it until the transaction ends."""
    stand = await tx.one(queries.LOCK, **msgspec.structs.asdict(place))
    return 0 if stand is None else stand.posted_minor - stand.held_minor


async def find_account(tx: Read, place: Place) -> int | None:
    """The id of an account; None where none was opened."""
    row = await tx.one(queries.ACCOUNT_AT, **msgspec.structs.asdict(place))
    return None if row is None else row.id


async def statement(tx: Read, account_id: int, query: StatementQuery) -> Page[Line]:
    """The lines of an account with the balance after each, the newest first. Two statements, three of a hot account.

    Raises BookAccountUnknown, Malformed.
    """
    row = await _account(tx, account_id)
    from_us, to_us = span_us(query.from_at, query.to_at)
    cut = Cut(query.limit, query.after)
    before = (to_us, 0) if cut.after is None else cut.place(tuple[int, int])
    lines = await tx.all(
        queries.STATEMENT,
        account_id=account_id,
        from_us=from_us,
        before_us=before[0],
        before_id=before[1],
        row_limit=cut.limit + 1,
    )
    shown = lines[: cut.limit]
    newest_minor = 0
    if row.hot and shown:
        newest_minor = await _hot_posted(tx, account_id, shown[0].booked_us, shown[0].transfer_id)
    after = cursor((shown[-1].booked_us, shown[-1].transfer_id)) if len(lines) > cut.limit else None
    return Page(rules.lines_shown(shown, row.currency, newest_minor), after)


async def trial_balance(tx: Read, query: BalanceQuery) -> list[TrialLine]:
    """What is in the accounts of each purpose; those of one currency sum to zero. Raises Malformed."""
    at_us = END_US if query.at is None else moment_us("at", query.at)
    return await tx.all(queries.TRIAL, at_us=at_us)


async def list_holds(tx: Read, query: HoldFilter) -> Page[Hold]:
    """Holds, the newest first. One statement."""
    cut = Cut(query.limit, query.after)
    rows = await tx.all(queries.HOLDS, status=query.status or "", before_id=cut.key(NEWEST), row_limit=cut.limit + 1)
    found = page(rows, cut, "id")
    return Page([rules.hold_shown(row, row.currency) for row in found.items], found.next)


async def _account(tx: Read, account_id: int) -> AccountRow:
    row = await tx.one(queries.ACCOUNT, account_id=account_id)
    if row is None:
        raise BookAccountUnknown(book_account_id=account_id)
    return row


async def _posted(tx: Read, account: AccountRow, at_us: int) -> int:
    if account.hot:
        return await _hot_posted(tx, account.id, at_us, END_US)
    if at_us == END_US:
        return account.posted_minor
    return await tx.one(queries.BALANCE_AT, account_id=account.id, at_us=at_us, at_id=END_US) or 0


async def _hot_posted(tx: Read, account_id: int, at_us: int, at_id: int) -> int:
    return await tx.one(queries.HOT_BALANCE_AT, account_id=account_id, at_us=at_us, at_id=at_id) or 0
