"""The audit of the journal, and what it says of both sides."""

import random
from collections.abc import Iterator
from pathlib import Path

import lmdb
import msgspec
import pytest

from artel.db import Database
from artel.ledger.book.model import wallet, world
from artel.ledger.journal import rules
from artel.ledger.journal.model import Audited
from artel.settings import Settings
from tests.conftest import Run
from tests.ledger.journal.filled import RUB, Kept, journal_of, look, move, seal_all
from tests.proofs.tamper import Postgres, Sqlite, opened


@pytest.fixture
def sql(kept: Kept) -> Iterator[Sqlite | Postgres]:
    """Somebody with all rights on the database."""
    found = opened(kept.settings)
    yield found
    found.close()


def told(audited: Audited) -> list[tuple[str, str]]:
    return [(each.row, each.problem) for each in audited.findings]


def put(kept: Kept, key: bytes, text: bytes | None) -> None:
    """Write over a record of the journal, or remove it."""
    with lmdb.open(str(kept.journal.folder)) as env, env.begin(write=True) as txn:
        assert txn.delete(key) if text is None else txn.put(key, text)


def record(kept: Kept, block: int, place: int) -> tuple[bytes, bytes]:
    """A record of the journal with its key."""
    key = b"b" + block.to_bytes(8, "big") + place.to_bytes(4, "big")
    with lmdb.open(str(kept.journal.folder)) as env, env.begin() as txn:
        return key, txn.get(key)


def test_nothing_is_found_in_a_book_that_nobody_touched(kept: Kept, run: Run) -> None:
    found = run(look(kept))
    assert found == Audited(blocks=4, transfers=27, accounts=8, behind=0, unsealed=0, findings=[])


def test_an_edited_entry_is_named_and_the_side_that_was_edited(kept: Kept, run: Run, sql: Sqlite | Postgres) -> None:
    sql.run("update ledger_entries set amount_minor = 1000 where transfer_id = 1 and place = 1")
    found = told(run(look(kept)))
    row, problem = next(each for each in found if "journal" in each[1])
    assert row == "transfer 1 entry 1"
    assert problem.startswith("amount_minor is 1,000 in the book and ")
    assert problem.endswith("; by the block's hash, the journal has what was sealed")
    assert any(row == "transfer 1" and problem.startswith("transfer.balanced: ") for row, problem in found)


def test_an_edited_record_is_named(kept: Kept, run: Run) -> None:
    key, text = record(kept, 1, 2)
    transfer = rules.transfer_of(text)
    assert transfer is not None
    fields = msgspec.structs.replace(transfer.transfer, note="never")
    put(kept, key, rules.record(msgspec.structs.replace(transfer, transfer=fields)))
    ((row, problem),) = told(run(look(kept)))
    assert row == f"transfer {transfer.transfer.id}"
    assert problem == (
        f"note is {transfer.transfer.note!r} in the book and 'never' in the journal; "
        "by the block's hash, the book has what was sealed"
    )


def test_the_same_edit_on_both_sides_breaks_the_hash(kept: Kept, run: Run, sql: Sqlite | Postgres) -> None:
    key, text = record(kept, 2, 1)
    transfer = rules.transfer_of(text)
    assert transfer is not None
    fields = msgspec.structs.replace(transfer.transfer, note="never")
    put(kept, key, rules.record(msgspec.structs.replace(transfer, transfer=fields)))
    sql.run("update ledger_transfers set note = 'never' where id = ?", transfer.transfer.id)
    assert told(run(look(kept))) == [
        ("block 2", "does not have the hash of what is in it, which is the same on both sides")
    ]


def test_a_hash_that_was_made_anew_breaks_the_chain(kept: Kept, run: Run, sql: Sqlite | Postgres) -> None:
    key, text = record(kept, 2, 0)
    head = rules.block_of(text)
    assert head is not None
    put(kept, key, rules.record(msgspec.structs.replace(head, hash=b"h" * 32)))
    sql.run("update ledger_blocks set hash = ? where number = 2", b"h" * 32)
    assert ("block 3", "does not follow the block before it in the journal: the chain is broken") in told(
        run(look(kept))
    )


def test_where_sealing_stands_is_missed(kept: Kept, run: Run, sql: Sqlite | Postgres) -> None:
    sql.run("update ledger_sealing set id = 2")
    assert told(run(look(kept))) == [("sealing", "has lost the row that says up to which transfer it came")]


def test_a_transfer_that_was_moved_is_not_told_as_missing(kept: Kept, run: Run, sql: Sqlite | Postgres) -> None:
    sql.run("update ledger_transfers set txid = 9999999 where id = 5")
    found = told(run(look(kept)))
    assert any(row == "transfer 5" and problem.startswith("txid is ") for row, problem in found)
    assert not any("missing" in problem for _, problem in found)


def test_a_journal_that_lags_is_told_unless_it_is_a_copy(kept: Kept, run: Run, tmp_path: Path) -> None:
    kept.journal.copy(tmp_path / "copy")
    run(kept.db.write(move, "later", world(RUB), wallet(1, RUB), 5))
    (block,) = run(seal_all(kept.db))
    run(kept.db.write(move, "not sealed", world(RUB), wallet(1, RUB), 5))
    of_copy = run(look(kept, live=False, folder=tmp_path / "copy"))
    assert (of_copy.behind, of_copy.unsealed, of_copy.findings) == (1, 1, [])
    live = run(look(kept))
    assert told(live) == [("block 5", "is missing in the journal, with its 1 transfers")]
    kept.journal.append(block)
    caught_up = run(look(kept))
    assert (caught_up.behind, caught_up.findings) == (0, [])


def test_a_book_alone_is_held_against_its_hashes(kept: Kept, run: Run, sql: Sqlite | Postgres, tmp_path: Path) -> None:
    found = run(look(kept, folder=tmp_path / "nothing"))
    assert told(found) == [(f"journal in {tmp_path / 'nothing'}", "there is none")]
    assert found.behind == 4
    sql.run("update ledger_transfers set note = 'never' where id = 1")
    rows = [row for row, _ in told(run(look(kept, folder=tmp_path / "nothing")))]
    assert rows == [f"journal in {tmp_path / 'nothing'}", "block 1"]


def test_a_damaged_file_is_told_and_not_opened(kept: Kept, run: Run) -> None:
    path = kept.journal.folder / "data.mdb"
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))
    found = told(run(look(kept)))
    assert [row for row, _ in found] == [f"journal in {kept.journal.folder}"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_index_that_has_lost_a_row_is_told(kept: Kept, run: Run, sql: Sqlite | Postgres) -> None:
    index = "name = 'ledger_transfers_reference_ix'"
    sql.run("pragma writable_schema = on")
    sql.run(f"update sqlite_schema set sql = sql || ' where id > 1' where {index}")
    sql.run("pragma writable_schema = reset")
    sql.run("reindex ledger_transfers_reference_ix")
    sql.run("pragma writable_schema = on")
    sql.run(f"update sqlite_schema set sql = replace(sql, ' where id > 1', '') where {index}")
    sql.run("pragma writable_schema = reset")
    assert ("database", "row 1 missing from index ledger_transfers_reference_ix") in told(run(look(kept)))


def test_an_installation_without_money_has_nothing_to_tell(settings: Settings, db: Database, run: Run) -> None:
    assert run(look(Kept(settings, db, journal_of(settings.data)))) == Audited(0, 0, 0, 0, 0, [])


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("ledger_entries set amount_minor = 'abc' where transfer_id = 3", "transfer 3 entry 1"),
        ("ledger_entries set account_id = 'abc' where transfer_id = 3", "transfer 3 entry 1"),
        ("ledger_transfers set txid = 'abc' where id = 4", "transfer 4"),
        ("ledger_transfers set note = x'ff00' where id = 4", "transfer 4"),
        ("ledger_accounts set posted_minor = 'abc' where id = 1", "account 1"),
        ("ledger_blocks set last_txid = 'abc' where number = 2", "block 2"),
        ("ledger_blocks set hash = 'abc' where number = 2", "block 2"),
        ("ledger_blocks set at_us = 1.5 where number = 2", "block 2"),
    ],
)
def test_what_is_no_number_any_more_is_named(
    kept: Kept, run: Run, sql: Sqlite | Postgres, change: str, row: str
) -> None:
    sql.run(f"update {change}")
    assert row in [name for name, _ in told(run(look(kept)))]
