"""The journal: every statement over the book that seals or audits it."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import BigInteger, and_, bindparam, func, insert, literal_column, select, tuple_, update

from artel.db import Command, Query, among
from artel.db.horizon import commit_order, horizon, is_after, is_up_to
from artel.db.listed import listed
from artel.ledger.book.tables import (
    ledger_accounts as accounts,
)
from artel.ledger.book.tables import (
    ledger_blocks as blocks,
)
from artel.ledger.book.tables import (
    ledger_checkpoints as checkpoints,
)
from artel.ledger.book.tables import (
    ledger_entries as entries,
)
from artel.ledger.book.tables import (
    ledger_sealing as sealing,
)
from artel.ledger.book.tables import (
    ledger_transfers as transfers,
)
from artel.ledger.journal.model import AccountRecord, Block, Cursor, EntryRecord, TransferFields


class Point(Struct, frozen=True):
    """A balance of a hot account: of its sealed entries up to a place in time, and how many those are."""

    account_id: int
    booked_us: int
    transfer_id: int
    balance_minor: int
    entries: int


_the_row = sealing.c.id == literal_column("1")
_cursor = [sealing.c[field] for field in Cursor.__struct_fields__]
_transfer: Final[list[Any]] = [transfers.c[field] for field in TransferFields.__struct_fields__]
_entry: Final[list[Any]] = [entries.c[field] for field in EntryRecord.__struct_fields__]
_account: Final[list[Any]] = [accounts.c[field] for field in AccountRecord.__struct_fields__]
_block: Final[list[Any]] = [blocks.c[field] for field in Block.__struct_fields__]
_place = (transfers.c.txid, transfers.c.id)
_after = is_after(*_place, bindparam("last_txid", type_=BigInteger), bindparam("last_id", type_=BigInteger))
_up_to = is_up_to(*_place, bindparam("to_txid", type_=BigInteger), bindparam("to_id", type_=BigInteger))
_over = transfers.c.txid < horizon()

# --- sealing

CURSOR = Query(Cursor, select(*_cursor).where(_the_row))
LOCK = Query(Cursor, update(sealing).where(_the_row).values(number=sealing.c.number).returning(*_cursor))
WAITS = Query(int, select(transfers.c.id).where(_after, _over).limit(1))
PICK = Query(
    TransferFields,
    select(*_transfer).where(_after, _over).order_by(commit_order(*_place)).limit(bindparam("row_limit")),
)
# In any order: sorting them in the database costs more than sorting the few of each transfer.
ENTRIES = Query(
    EntryRecord,
    select(*_entry).where(among(entries.c.transfer_id, "transfer_ids")),
)
ACCOUNTS = Query(AccountRecord, select(*_account).where(among(accounts.c.id, "account_ids")).order_by(accounts.c.id))
ADD_BLOCK = Command(insert(blocks).inline().values({field: bindparam(field) for field in Block.__struct_fields__}))
MOVE_CURSOR = Command(
    update(sealing).where(_the_row).values({field: bindparam(f"new_{field}") for field in Cursor.__struct_fields__})
)

# --- checkpoints of hot accounts

_firsts = listed("firsts", account_id=int, booked_us=int, transfer_id=int)
_point = tuple_(checkpoints.c.booked_us, checkpoints.c.transfer_id)
# The checkpoints at or after the first entry that a block has of an account.
TOUCHED = Query(
    Point,
    select(*(checkpoints.c[field] for field in Point.__struct_fields__))
    .join_from(
        _firsts,
        checkpoints,
        and_(
            checkpoints.c.account_id == _firsts.c.account_id,
            _point >= tuple_(_firsts.c.booked_us, _firsts.c.transfer_id),
        ),
    )
    .order_by(checkpoints.c.account_id, checkpoints.c.booked_us, checkpoints.c.transfer_id),
)
_this_point = (
    checkpoints.c.account_id == bindparam("of_account_id"),
    checkpoints.c.booked_us == bindparam("at_us"),
    checkpoints.c.transfer_id == bindparam("at_id"),
)
CORRECT = Command(
    update(checkpoints)
    .where(*_this_point)
    .values(
        balance_minor=checkpoints.c.balance_minor + bindparam("more_minor"),
        entries=checkpoints.c.entries + bindparam("more"),
    )
)
LAST_TWO = Query(
    Point,
    select(*(checkpoints.c[field] for field in Point.__struct_fields__))
    .where(checkpoints.c.account_id == bindparam("account_id"))
    .order_by(checkpoints.c.booked_us.desc(), checkpoints.c.transfer_id.desc())
    .limit(2),
)
MOVE_POINT = Command(
    update(checkpoints)
    .where(*_this_point)
    .values({field: bindparam(field) for field in Point.__struct_fields__ if field != "account_id"})
)
ADD_POINT = Command(insert(checkpoints).inline().values({field: bindparam(field) for field in Point.__struct_fields__}))

# --- following and auditing

BLOCKS = Query(
    Block,
    select(*_block)
    .where(blocks.c.number > bindparam("after_number"))
    .order_by(blocks.c.number)
    .limit(bindparam("row_limit")),
)
BLOCK = Query(Block, select(*_block).where(blocks.c.number == bindparam("number")))
BETWEEN = Query(
    TransferFields,
    select(*_transfer).where(_after, _up_to).order_by(commit_order(*_place)).limit(bindparam("row_limit")),
)
BY_IDS = Query(TransferFields, select(*_transfer).where(among(transfers.c.id, "transfer_ids")).order_by(transfers.c.id))
LAST_NUMBER = Query(int, select(func.coalesce(func.max(blocks.c.number), 0)))
UNSEALED = Query(int, select(func.count()).select_from(transfers).where(_after))
