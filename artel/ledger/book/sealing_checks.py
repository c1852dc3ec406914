"""What must hold of what sealing wrote: checkpoints and blocks. Statements as in check_queries.py."""

from typing import Final

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, cast, func, select, tuple_

from artel.kernel.clock import US
from artel.ledger.book.faults import differ, fault, invariant, number
from artel.ledger.book.tables import ledger_accounts as accounts
from artel.ledger.book.tables import ledger_blocks as blocks
from artel.ledger.book.tables import ledger_checkpoints as checkpoints
from artel.ledger.book.tables import ledger_entries as entries
from artel.ledger.book.tables import ledger_sealing as sealing
from artel.ledger.book.tables import ledger_transfers as transfers

PASSED_OVER_S: Final = 600  # what sealing did not take for this long it is not going to take

_transfer_cut = tuple_(transfers.c.txid, transfers.c.id)
_sealed_to = select(sealing.c.last_txid).scalar_subquery(), select(sealing.c.last_id).scalar_subquery()
_sealed_entries = (
    select(
        entries.c.account_id,
        entries.c.booked_us,
        entries.c.transfer_id,
        cast(
            func.sum(entries.c.amount_minor).over(
                partition_by=entries.c.account_id, order_by=(entries.c.booked_us, entries.c.transfer_id)
            ),
            BigInteger,
        ).label("balance_minor"),
        func.count()
        .over(partition_by=entries.c.account_id, order_by=(entries.c.booked_us, entries.c.transfer_id))
        .label("entries"),
    )
    .join_from(accounts, entries, entries.c.account_id == accounts.c.id)
    .join(transfers, transfers.c.id == entries.c.transfer_id)
    .where(accounts.c.hot == 1, _transfer_cut <= tuple_(*_sealed_to))
    .subquery("sealed_entries")
)


def _at_point(there: FromClause) -> ColumnElement[bool]:
    return and_(
        there.c.account_id == checkpoints.c.account_id,
        there.c.booked_us == checkpoints.c.booked_us,
        there.c.transfer_id == checkpoints.c.transfer_id,
    )


_with_entries = checkpoints.outerjoin(_sealed_entries, _at_point(_sealed_entries))
POINTS = invariant(
    fault(
        checkpoints.c.account_id,
        "balance_minor",
        checkpoints.c.balance_minor,
        _sealed_entries.c.balance_minor,
        checkpoints.c.booked_us,
    )
    .select_from(_with_entries)
    .where(differ(checkpoints.c.balance_minor, _sealed_entries.c.balance_minor)),
    fault(
        checkpoints.c.account_id,
        "entries",
        checkpoints.c.entries,
        _sealed_entries.c.entries,
        checkpoints.c.booked_us,
    )
    .select_from(_with_entries)
    .where(differ(checkpoints.c.entries, _sealed_entries.c.entries)),
)

_first_entry = entries.alias("first_entry")
_passed_over_us = select(func.max(blocks.c.at_us)).scalar_subquery() - _first_entry.c.booked_us
# Where nothing was sealed since, nobody was there to do it: that is no fault of the book.
SEALED_SOON = invariant(
    fault(transfers.c.id, "the time in which others were sealed and it was not, in seconds,", _passed_over_us // US)
    .join_from(transfers, _first_entry, and_(_first_entry.c.transfer_id == transfers.c.id, _first_entry.c.place == 1))
    .where(_transfer_cut > tuple_(*_sealed_to), _passed_over_us > number(PASSED_OVER_S * US))
)

_cut = select(
    blocks.c.number,
    blocks.c.transfers,
    blocks.c.last_txid,
    blocks.c.last_id,
    func.lag(blocks.c.number, 1, 0).over(order_by=blocks.c.number).label("number_before"),
    func.lag(blocks.c.last_txid, 1, -1).over(order_by=blocks.c.number).label("txid_before"),
    func.lag(blocks.c.last_id, 1, -1).over(order_by=blocks.c.number).label("id_before"),
).subquery("cut")
_between = (
    select(func.count())
    .select_from(transfers)
    .where(
        _transfer_cut > tuple_(_cut.c.txid_before, _cut.c.id_before),
        _transfer_cut <= tuple_(_cut.c.last_txid, _cut.c.last_id),
    )
    .correlate(_cut)
    .scalar_subquery()
)
_last_block = select(blocks).order_by(blocks.c.number.desc()).limit(1).subquery("last_block")
_ends_there = sealing.outerjoin(_last_block, number(1) == 1)
CHAIN = invariant(
    fault(_cut.c.number, "the number before it", _cut.c.number_before, _cut.c.number - 1).where(
        _cut.c.number_before != _cut.c.number - 1
    ),
    fault(_cut.c.number, "the number of its transfers", _between, _cut.c.transfers).where(_between != _cut.c.transfers),
    fault(func.coalesce(_last_block.c.number, 0), "number, the last one,", _last_block.c.number, sealing.c.number)
    .select_from(_ends_there)
    .where(func.coalesce(_last_block.c.number, 0) != sealing.c.number),
    fault(func.coalesce(_last_block.c.number, 0), "last_txid", _last_block.c.last_txid, sealing.c.last_txid)
    .select_from(_ends_there)
    .where(func.coalesce(_last_block.c.last_txid, 0) != sealing.c.last_txid),
    fault(func.coalesce(_last_block.c.number, 0), "last_id", _last_block.c.last_id, sealing.c.last_id)
    .select_from(_ends_there)
    .where(func.coalesce(_last_block.c.last_id, 0) != sealing.c.last_id),
    fault(sealing.c.number, "hash, unlike where sealing stopped,")
    .select_from(sealing.join(_last_block, _last_block.c.number == sealing.c.number))
    .where(_last_block.c.hash != sealing.c.hash),
)
