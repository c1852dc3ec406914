"""Jobs: the states, who may move them, and the history that gives the row."""

from typing import Final, get_args

import msgspec
import pytest

from artel.jobs import rules
from artel.jobs.model import MoveName, Standing, Status
from artel.jobs.rows import JobRow
from artel.kernel.history import changes, replayed

NOW: Final = 1_000_000
CUSTOMER, EXECUTOR, STRANGER = 5, 6, 7
OPEN: Final = JobRow(
    id=12,
    customer_id=CUSTOMER,
    executor_id=None,
    title="Parcel",
    description="",
    value_minor=1_000,
    currency="RUB",
    fee_bp=1_000,
    fee_min_minor=0,
    fee_max_minor=0,
    fee_minor=100,
    policy="prefund",
    status="open",
    due_us=2**62,
    expires_us=NOW + 1,
    created_us=1,
    closed_us=0,
    closed_by=None,
    proposed_by=None,
    refunded_us=0,
    transfer_id=None,
    updated_us=1,
    version=1,
)
DONE: Final = msgspec.structs.replace(
    OPEN, status="fulfilled", executor_id=EXECUTOR, closed_us=5, closed_by=EXECUTOR, transfer_id=3
)

BACK: Final = msgspec.structs.replace(DONE, status="refunded", refunded_us=8)


def row(status: str, **changed: object) -> JobRow:
    return msgspec.structs.replace(OPEN, status=status, closed_us=5, **changed)


# What each may do in each state, written a second time.
TABLE: Final[list[tuple[JobRow, dict[Standing, set[str]]]]] = [
    (OPEN, {"customer": {"cancel"}, "executor": set(), "candidate": {"fulfil"}, "staff": {"cancel"}}),
    (
        msgspec.structs.replace(OPEN, expires_us=NOW),
        {"customer": {"cancel"}, "executor": set(), "candidate": set(), "staff": {"cancel"}},
    ),
    (
        DONE,
        {"customer": {"propose_refund"}, "executor": {"propose_refund"}, "candidate": set(), "staff": {"refund"}},
    ),
    (
        msgspec.structs.replace(DONE, proposed_by=CUSTOMER),
        {
            "customer": {"decline_refund"},
            "executor": {"accept_refund", "decline_refund"},
            "candidate": set(),
            "staff": {"refund"},
        },
    ),
    (
        msgspec.structs.replace(DONE, proposed_by=EXECUTOR),
        {
            "customer": {"accept_refund", "decline_refund"},
            "executor": {"decline_refund"},
            "candidate": set(),
            "staff": {"refund"},
        },
    ),
    *((row(status), {each: set() for each in get_args(Standing)}) for status in ("cancelled", "expired", "refunded")),
]


@pytest.mark.parametrize(("job", "expected"), TABLE)
def test_each_state_has_its_moves_for_each_asker(job: JobRow, expected: dict[Standing, set[str]]) -> None:
    ids = {"customer": CUSTOMER, "executor": EXECUTOR, "candidate": STRANGER, "staff": STRANGER}
    for asker, moves in expected.items():
        assert set(rules.legal(job, {asker}, ids[asker], NOW)) == moves, (job.status, asker)


def test_every_state_and_every_asker_is_in_the_table() -> None:
    assert {job.status for job, _ in TABLE} == set(get_args(Status))
    assert set(rules.MOVES) == set(get_args(MoveName))
    assert all(set(expected) == set(get_args(Standing)) for _, expected in TABLE)


@pytest.mark.parametrize(
    ("account_id", "roles", "found"),
    [
        (CUSTOMER, {"customer"}, {"customer"}),
        (CUSTOMER, {"customer", "executor"}, {"customer"}),  # nobody fulfils an own job
        (EXECUTOR, {"executor"}, {"executor"}),
        (STRANGER, {"executor"}, {"candidate"}),
        (STRANGER, {"customer"}, set()),
        (STRANGER, {"staff"}, {"staff"}),
        (CUSTOMER, {"staff"}, {"customer"}),
        (EXECUTOR, {"executor", "staff"}, {"executor"}),
        (CUSTOMER, {"owner"}, {"customer", "staff"}),
        (STRANGER, {"owner", "executor"}, {"staff", "candidate"}),
    ],
)
def test_what_somebody_is_to_a_job(account_id: int, roles: set[str], found: set[str]) -> None:
    assert rules.standings(DONE, account_id, roles) == found
    assert rules.sees(DONE, found) == bool(found - {"candidate"})
    assert rules.sees(OPEN, found)


@pytest.mark.parametrize(
    ("job", "asker", "account_id", "words"),
    [
        (DONE, {"executor"}, EXECUTOR, "you"),
        (DONE, {"customer"}, CUSTOMER, "executor 6"),
        (DONE, {"staff"}, STRANGER, "executor 6"),
        (DONE, {"candidate"}, STRANGER, "another executor"),
        (row("cancelled", closed_by=CUSTOMER), {"candidate"}, STRANGER, "the customer"),
        (row("cancelled", closed_by=CUSTOMER), {"customer"}, CUSTOMER, "you"),
        (row("cancelled", closed_by=9), {"customer"}, CUSTOMER, "the staff"),
        (row("expired"), {"customer"}, CUSTOMER, "Artel"),
        (BACK, {"executor"}, EXECUTOR, "the staff or both sides"),
        (BACK, {"candidate"}, STRANGER, "the staff or both sides"),
    ],
)
def test_who_ended_a_job_in_words_for_each_asker(
    job: JobRow, asker: set[Standing], account_id: int, words: str
) -> None:
    assert rules.ended_by(job, asker, account_id) == words


@pytest.mark.parametrize(("expires_us", "over"), [(0, False), (NOW + 1, False), (NOW, True), (1, True)])
def test_a_job_is_over_from_its_time_on_and_never_without_one(expires_us: int, over: bool) -> None:
    assert rules.is_over(msgspec.structs.replace(OPEN, expires_us=expires_us), NOW) == over


def test_words_are_looked_for_as_people_read_them() -> None:
    text = rules.searched("Ёлка  и ﬁre", "НА СТОЛ")
    assert text == "елка и fire на стол"
    assert rules.words(" ЁЛКА\tстол ") == ["елка", "стол"]
    assert all(word in text for word in rules.words("Елка FIRE"))


def test_a_history_replayed_gives_the_row() -> None:
    asked = msgspec.structs.replace(DONE, proposed_by=CUSTOMER, version=3)
    told, old = [], None
    for new in [OPEN, msgspec.structs.replace(DONE, version=2), asked]:
        told.append(msgspec.json.encode(changes(old, new)).decode())
        old = new
    assert replayed(JobRow, told) == asked
    assert set(msgspec.json.decode(told[2])) == {"proposed_by", "version"}
    assert replayed(JobRow, [told[0], told[2]]) != asked, "an event that is lost shows"


@pytest.mark.parametrize(
    ("job", "escrow", "fee", "payout"),
    [
        (OPEN, 1_000, 0, 0),
        (msgspec.structs.replace(OPEN, policy="on_fulfil"), 0, 0, 0),
        (DONE, 0, 100, 900),
        (BACK, 0, 0, 0),
        (row("cancelled"), 0, 0, 0),
    ],
)
def test_what_the_book_must_have_of_a_job(job: JobRow, escrow: int, fee: int, payout: int) -> None:
    shares = rules.shares(job)
    assert shares == rules.Shares(escrow, fee, payout)
    assert shares.given_minor == escrow + fee + payout
