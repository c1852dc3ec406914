"""The book: every statement."""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Command, Query, among
from artel.db.horizon import is_after, transaction_id
from artel.db.listed import listed
from artel.ledger.book.model import AccountRow, EntryRow, HoldRow, TransferRow, TrialLine
from artel.ledger.book.rows import (
    EntryShown,
    HoldListed,
    LineRow,
    MadeRow,
    Moved,
    Net,
    Referred,
    Reversal,
    Stand,
    TransferShown,
)
from artel.ledger.book.tables import (
    ledger_accounts as accounts,
)
from artel.ledger.book.tables import (
    ledger_checkpoints as checkpoints,
)
from artel.ledger.book.tables import (
    ledger_entries as entries,
)
from artel.ledger.book.tables import (
    ledger_holds as holds,
)
from artel.ledger.book.tables import (
    ledger_sealing as sealing,
)
from artel.ledger.book.tables import (
    ledger_transfers as transfers,
)

_account = [accounts.c[field] for field in AccountRow.__struct_fields__]
_hold = [holds.c[field] for field in HoldRow.__struct_fields__]

# --- posting: the transfer, its accounts, its entries

TRANSFER = Query(
    int,
    upsert(transfers)
    .values(
        {field: bindparam(field) for field in TransferRow.__struct_fields__ if field not in ("id", "txid")}
        | {"txid": transaction_id()}
    )
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(transfers.c.id),
)

_moves = listed("moves", purpose=str, owner=str, currency=str, amount_minor=int, release_minor=int)


def _is_at(place: FromClause) -> ColumnElement[bool]:
    return and_(
        accounts.c.purpose == place.c.purpose,
        accounts.c.owner == place.c.owner,
        accounts.c.currency == place.c.currency,
    )


_left = accounts.c.posted_minor + _moves.c.amount_minor - accounts.c.held_minor + _moves.c.release_minor
_is_later = accounts.c.last_us + 1 > bindparam("now_us")
# Of accounts that are not hot, those that can take it; the time grows with each change.
MOVE = Query(
    Moved,
    update(accounts)
    .where(
        _is_at(_moves),
        accounts.c.hot == literal_column("0"),
        or_(
            accounts.c.floor_minor.is_(None),
            _moves.c.amount_minor + _moves.c.release_minor >= 0,
            _left >= accounts.c.floor_minor,
        ),
        or_(
            accounts.c.cap_minor.is_(None),
            _moves.c.amount_minor <= 0,
            accounts.c.posted_minor + _moves.c.amount_minor <= accounts.c.cap_minor,
        ),
    )
    .values(
        posted_minor=accounts.c.posted_minor + _moves.c.amount_minor,
        held_minor=accounts.c.held_minor - _moves.c.release_minor,
        last_us=case((_is_later, accounts.c.last_us + 1), else_=bindparam("now_us")),
    )
    .returning(*(accounts.c[field] for field in Moved.__struct_fields__)),
)
# Where the accounts of a transfer were changed at several times, the latest is that of all.
SAME_TIME = Command(
    update(accounts)
    .where(among(accounts.c.id, "account_ids"), accounts.c.last_us < bindparam("booked_us"))
    .values(last_us=bindparam("booked_us"))
)

_sides = listed("sides", place=int, purpose=str, owner=str, currency=str, amount_minor=int)
_of_sides = _is_at(_sides)
_is_cold = accounts.c.hot == literal_column("0")
# All of them, or none where an account is not open yet.
ENTER = Command(
    insert(entries)
    .inline()
    .from_select(
        list(EntryRow.__struct_fields__),
        select(
            bindparam("transfer_id", type_=entries.c.transfer_id.type),
            _sides.c.place,
            accounts.c.id,
            _sides.c.currency,
            _sides.c.amount_minor,
            bindparam("booked_us", type_=entries.c.booked_us.type),
            case((_is_cold, accounts.c.posted_minor)),
        )
        .join_from(_sides, accounts, _of_sides)
        .where(
            select(func.count()).select_from(_sides.join(accounts, _of_sides)).scalar_subquery() == bindparam("wanted")
        )
        .order_by(_sides.c.place),
    )
)
_of_new = ("purpose", "owner", "currency", "hot", "floor_minor", "cap_minor", "created_us")
OPEN = Command(
    upsert(accounts)
    .inline()
    .values({field: bindparam(field) for field in _of_new})
    .values(posted_minor=0, held_minor=0)
    .on_conflict_do_nothing(index_elements=["purpose", "owner", "currency"])
)
_place = (
    accounts.c.purpose == bindparam("purpose"),
    accounts.c.owner == bindparam("owner"),
    accounts.c.currency == bindparam("currency"),
)
LOCK = Query(Stand, select(*(accounts.c[field] for field in Stand.__struct_fields__)).where(*_place).with_for_update())
MADE_BY_KEY = Query(
    MadeRow,
    select(transfers.c.id, transfers.c.input_hash, entries.c.booked_us)
    .join_from(transfers, entries, and_(entries.c.transfer_id == transfers.c.id, entries.c.place == 1))
    .where(transfers.c.key == bindparam("key")),
)
TRANSFER_LOCKED = Query(int, select(transfers.c.id).where(transfers.c.id == bindparam("transfer_id")).with_for_update())
REVERSAL_OF = Query(
    Reversal, select(transfers.c.id, transfers.c.key).where(transfers.c.reverses_id == bindparam("transfer_id"))
)

# --- holds

_free = accounts.c.posted_minor - accounts.c.held_minor - bindparam("amount_minor")
PROMISE = Query(
    int,
    update(accounts)
    .where(*_place, _is_cold, or_(accounts.c.floor_minor.is_(None), _free >= accounts.c.floor_minor))
    .values(held_minor=accounts.c.held_minor + bindparam("amount_minor"))
    .returning(accounts.c.id),
)
FREE = Command(
    update(accounts)
    .where(accounts.c.id == bindparam("account_id"))
    .values(held_minor=accounts.c.held_minor - bindparam("amount_minor"))
)
_of_hold = ("account_id", "amount_minor", "kind", "reference", "note", "key", "input_hash", "expires_us")
HOLD = Query(
    HoldRow,
    upsert(holds)
    .values({field: bindparam(field) for field in _of_hold} | {"created_us": bindparam("now_us")})
    .values(posted_minor=0, status="pending", settled_us=0)
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(*_hold),
)
HOLD_BY_KEY = Query(HoldRow, select(*_hold).where(holds.c.key == bindparam("key")))
HOLDS_BY_IDS = Query(HoldRow, select(*_hold).where(among(holds.c.id, "hold_ids")))
HOLD_LOCKED = Query(HoldRow, select(*_hold).where(holds.c.id == bindparam("hold_id")).with_for_update())
SETTLE_HOLD = Query(
    HoldRow,
    update(holds)
    .where(holds.c.id == bindparam("hold_id"), holds.c.status == "pending")
    .values(
        status=bindparam("new_status"),
        posted_minor=bindparam("new_posted_minor"),
        transfer_id=bindparam("new_transfer_id"),
        settled_us=bindparam("now_us"),
    )
    .returning(*_hold),
)
HOLDS_DUE = Query(
    int,
    select(holds.c.id)
    .where(holds.c.status == literal_column("'pending'"), holds.c.expires_us.between(1, bindparam("now_us")))
    .order_by(holds.c.expires_us)
    .limit(bindparam("row_limit")),
)

# --- looking

ACCOUNT_AT = Query(AccountRow, select(*_account).where(*_place))
ACCOUNT = Query(AccountRow, select(*_account).where(accounts.c.id == bindparam("account_id")))


def _accounts(*where: ColumnElement[bool]) -> Query[AccountRow]:
    return Query(
        AccountRow,
        select(*_account)
        .where(*where, accounts.c.id > bindparam("after_id"))
        .order_by(accounts.c.id)
        .limit(bindparam("row_limit")),
    )


_by_purpose = accounts.c.purpose == bindparam("purpose")
ACCOUNTS = _accounts(
    or_(bindparam("purpose", type_=accounts.c.purpose.type) == "", _by_purpose),
    or_(bindparam("currency", type_=accounts.c.currency.type) == "", accounts.c.currency == bindparam("currency")),
)
ACCOUNTS_OF_OWNER = _accounts(
    accounts.c.owner == bindparam("owner"),
    or_(bindparam("purpose", type_=accounts.c.purpose.type) == "", _by_purpose),
    or_(bindparam("currency", type_=accounts.c.currency.type) == "", accounts.c.currency == bindparam("currency")),
)

_reversal = transfers.alias("reversal")
_shown = [transfers.c[field] for field in TransferShown.__struct_fields__ if field != "reversed_by_id"]
_transfers = select(*_shown, _reversal.c.id.label("reversed_by_id")).join_from(
    transfers, _reversal, _reversal.c.reverses_id == transfers.c.id, isouter=True
)
TRANSFER_BY_ID = Query(TransferShown, _transfers.where(transfers.c.id == bindparam("transfer_id")))
_page = _transfers.where(transfers.c.id < bindparam("before_id")).order_by(transfers.c.id.desc())
TRANSFERS = Query(TransferShown, _page.limit(bindparam("row_limit")))
TRANSFERS_OF = Query(
    TransferShown, _page.where(transfers.c.reference == bindparam("reference")).limit(bindparam("row_limit"))
)
ENTRIES_OF = Query(
    EntryShown,
    select(
        entries.c.transfer_id,
        entries.c.account_id,
        accounts.c.purpose,
        accounts.c.owner,
        entries.c.currency,
        entries.c.amount_minor,
        entries.c.booked_us,
    )
    .join_from(entries, accounts, accounts.c.id == entries.c.account_id)
    .where(among(entries.c.transfer_id, "transfer_ids"))
    .order_by(entries.c.transfer_id, entries.c.place),
)

_place_in_time = tuple_(entries.c.booked_us, entries.c.transfer_id)
STATEMENT = Query(
    LineRow,
    select(
        entries.c.transfer_id,
        entries.c.booked_us,
        transfers.c.effective_us,
        transfers.c.kind,
        transfers.c.reference,
        transfers.c.note,
        entries.c.amount_minor,
        entries.c.balance_minor,
    )
    .join_from(entries, transfers, transfers.c.id == entries.c.transfer_id)
    .where(
        entries.c.account_id == bindparam("account_id"),
        entries.c.booked_us >= bindparam("from_us"),
        _place_in_time < tuple_(bindparam("before_us"), bindparam("before_id")),
    )
    .order_by(entries.c.booked_us.desc(), entries.c.transfer_id.desc())
    .limit(bindparam("row_limit")),
)

# The balance up to a place in time, that included: of an account that is not hot, what its last entry says; of a hot
# one, the last checkpoint, what was booked after it, and what is not sealed yet and was booked before it.
_up_to = tuple_(bindparam("at_us"), bindparam("at_id"))
_of_account = entries.c.account_id == bindparam("account_id")
BALANCE_AT = Query(
    int,
    select(entries.c.balance_minor)
    .where(_of_account, _place_in_time <= _up_to)
    .order_by(entries.c.booked_us.desc(), entries.c.transfer_id.desc())
    .limit(1),
)
_point = (
    select(checkpoints.c.booked_us, checkpoints.c.transfer_id, checkpoints.c.balance_minor)
    .where(
        checkpoints.c.account_id == bindparam("account_id"),
        tuple_(checkpoints.c.booked_us, checkpoints.c.transfer_id) <= _up_to,
    )
    .order_by(checkpoints.c.booked_us.desc(), checkpoints.c.transfer_id.desc())
    .limit(1)
    .cte("point")
)
_checkpoint = tuple_(
    func.coalesce(select(_point.c.booked_us).scalar_subquery(), -1),
    func.coalesce(select(_point.c.transfer_id).scalar_subquery(), -1),
)
_sum = func.coalesce(func.sum(entries.c.amount_minor), 0)
_sealed = select(sealing.c.last_txid).scalar_subquery(), select(sealing.c.last_id).scalar_subquery()
_unsealed = select(transfers.c.id).where(is_after(transfers.c.txid, transfers.c.id, *_sealed)).subquery("unsealed")
_early = (  # of one transfer that is not sealed
    select(_sum)
    .where(
        entries.c.transfer_id == _unsealed.c.id,
        entries.c.account_id + literal_column("0") == bindparam("account_id"),
        _place_in_time <= _checkpoint,
    )
    .scalar_subquery()
)
HOT_BALANCE_AT = Query(
    int,
    select(
        cast(
            func.coalesce(select(_point.c.balance_minor).scalar_subquery(), 0)
            + select(_sum).where(_of_account, _place_in_time <= _up_to, _place_in_time > _checkpoint).scalar_subquery()
            + select(func.coalesce(func.sum(_early), 0)).select_from(_unsealed).scalar_subquery(),
            BigInteger,
        ).label("balance_minor")
    ),
)

HOLDS = Query(
    HoldListed,
    select(*_hold, accounts.c.currency)
    .join_from(holds, accounts, accounts.c.id == holds.c.account_id)
    .where(
        holds.c.id < bindparam("before_id"),
        or_(bindparam("status", type_=holds.c.status.type) == "", holds.c.status == bindparam("status")),
    )
    .order_by(holds.c.id.desc())
    .limit(bindparam("row_limit")),
)
TRIAL = Query(
    TrialLine,
    select(
        accounts.c.purpose,
        accounts.c.currency,
        func.count(accounts.c.id.distinct()).label("accounts"),
        cast(func.coalesce(func.sum(entries.c.amount_minor), 0), BigInteger).label("balance_minor"),
    )
    .join_from(
        accounts,
        entries,
        and_(entries.c.account_id == accounts.c.id, entries.c.booked_us <= bindparam("at_us")),
    )
    .group_by(accounts.c.purpose, accounts.c.currency)
    .order_by(accounts.c.currency, accounts.c.purpose),
)

# --- what others tie their rows to

_wanted = listed("wanted", reference=str)
NETS = Query(
    Net,
    select(
        transfers.c.reference,
        accounts.c.purpose,
        accounts.c.owner,
        accounts.c.currency,
        cast(func.sum(entries.c.amount_minor), BigInteger).label("amount_minor"),
    )
    .join_from(_wanted, transfers, transfers.c.reference == _wanted.c.reference)
    .join(entries, entries.c.transfer_id == transfers.c.id)
    .join(accounts, accounts.c.id == entries.c.account_id)
    .group_by(transfers.c.reference, accounts.c.purpose, accounts.c.owner, accounts.c.currency),
)
REFERRED = Query(
    Referred,
    select(transfers.c.id, transfers.c.reference)
    .where(transfers.c.id > bindparam("after_id"), transfers.c.reference.like(bindparam("pattern"), escape="\\"))
    .order_by(transfers.c.id)
    .limit(bindparam("row_limit")),
)
REFERENCES = Query(
    Referred,
    select(transfers.c.id, transfers.c.reference).where(among(transfers.c.id, "transfer_ids")),
)
