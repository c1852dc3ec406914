"""What is hashed, and how two versions of a row are told apart."""

import msgspec
import pytest

from artel.ledger.journal import rules
from artel.ledger.journal.model import AccountRecord, EntryRecord, Sealed, TransferFields, TransferRecord

FIELDS = TransferFields(7, "job.paid", "job/1", "", None, 5, "job/1/paid", b"\x01" * 32, None, 2, 9)
SIDES = [EntryRecord(7, 1, 3, "RUB", -100, 5, 900), EntryRecord(7, 2, 4, "RUB", 100, 5, None)]
TRANSFER = TransferRecord(FIELDS, SIDES)
ACCOUNT = AccountRecord(4, "fees", "", "RUB", 1, 2)


def changed(**fields: object) -> TransferRecord:
    return TransferRecord(msgspec.structs.replace(FIELDS, **fields), SIDES)


def block(transfers: list[TransferRecord], accounts: list[AccountRecord], at_us: int = 1) -> Sealed:
    return rules.sealed(b"\x00" * 32, 1, at_us, transfers, accounts)


def test_a_record_is_read_as_it_was_written() -> None:
    assert rules.transfer_of(rules.record(TRANSFER)) == TRANSFER
    assert rules.account_of(rules.record(ACCOUNT)) == ACCOUNT
    head = block([TRANSFER], [ACCOUNT]).head
    assert rules.block_of(rules.record(head)) == head
    assert rules.block_of(rules.record(TRANSFER)) is None
    assert rules.transfer_of(b"\xff") is None
    assert rules.account_of(b"") is None
    assert rules.account_of(rules.record(ACCOUNT).replace(b"\x04", b"\xcc\x04", 1)) is None, "not the shortest form"
    assert rules.account_of(b"\x97" + rules.record(ACCOUNT)[1:] + b"\x00") is None, "one field too many"


def test_the_format_of_a_record_is_the_documented_one() -> None:
    """Journals of long ago are to be read: a change of this needs another FORMAT."""
    assert rules.record(TRANSFER).hex() == (
        "929b07a86a6f622e70616964a56a6f622f31a0c005aa6a6f622f312f70616964c420"
        + "01" * 32
        + "c0020992970701"
        + "03a3525542d09c05cd0384"
        + "97070204a35255426405c0"
    )
    assert block([TRANSFER], [ACCOUNT]).head.hash.hex()[:16] == "76af5977158bff06"


@pytest.mark.parametrize(
    "other",
    [
        block([changed(note="another")], [ACCOUNT]),
        block([changed(effective_us=6)], [ACCOUNT]),
        block([TransferRecord(FIELDS, SIDES[::-1])], [ACCOUNT]),
        block([TransferRecord(FIELDS, SIDES[:1])], [ACCOUNT]),
        block([TRANSFER], []),
        block([TRANSFER], [msgspec.structs.replace(ACCOUNT, owner="x")]),
        block([TRANSFER], [ACCOUNT], at_us=2),
        block([TRANSFER, TRANSFER], [ACCOUNT]),
        rules.sealed(b"\x01" * 32, 1, 1, [TRANSFER], [ACCOUNT]),
        rules.sealed(b"\x00" * 32, 2, 1, [TRANSFER], [ACCOUNT]),
    ],
)
def test_another_block_has_another_hash(other: Sealed) -> None:
    assert other.head.hash != block([TRANSFER], [ACCOUNT]).head.hash


def test_a_block_records_new_accounts_and_hot_ones() -> None:
    emptied = EntryRecord(7, 3, 5, "RUB", -100, 5, 0)
    new = EntryRecord(7, 4, 6, "RUB", 100, 5, 100)
    assert rules.used_first([TransferRecord(FIELDS, [*SIDES, emptied, new])]) == {4, 6}


def test_what_differs_is_named() -> None:
    assert list(rules.transfer_differences(TRANSFER, TRANSFER)) == []
    other = TransferRecord(
        msgspec.structs.replace(FIELDS, note="x"),
        [msgspec.structs.replace(SIDES[0], amount_minor=-1_000), EntryRecord(7, 3, 4, "RUB", 100, 5, None)],
    )
    assert list(rules.transfer_differences(TRANSFER, other)) == [
        ("transfer 7", "note is '' in the book and 'x' in the journal"),
        ("transfer 7 entry 1", "amount_minor is -100 in the book and -1,000 in the journal"),
        ("transfer 7 entry 2", "is in the book and not in the journal"),
        ("transfer 7 entry 3", "is missing in the book"),
    ]
    assert list(rules.account_differences(ACCOUNT, msgspec.structs.replace(ACCOUNT, owner="x"))) == [
        ("account 4", "owner is '' in the book and 'x' in the journal")
    ]
