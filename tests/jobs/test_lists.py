"""Proof: the board: which open jobs are found, in which order, page by page; and what somebody posted and fulfilled."""

from typing import Any

import pytest

from tests.jobs.board import Board
from tests.people import Person

DUE = "2099-01-0{}T00:00:00Z"


@pytest.fixture
def anna(board: Board) -> Person:
    return board.customer(10_000_000)


@pytest.fixture
def eric(board: Board) -> Person:
    return board.executor()


def titles(board: Board, who: Person, query: str = "") -> list[str]:
    return [job["title"] for job in board.get(who, query)["items"]]


def pages(board: Board, who: Person, path: str, limit: int) -> list[list[Any]]:
    """Every page of a list."""
    found, after = [], ""
    while True:
        page = board.get(who, f"{path}limit={limit}{after}")
        found.append(page["items"])
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def enter(board: Board, anna: Person) -> None:
    """Five jobs; two of equal value, two due at once, one due whenever, one in euros."""
    board.credit(anna, 100_000, "EUR")
    board.posted(anna, title="Parcel", value_minor=500, due_at=DUE.format(3))
    board.posted(anna, title="Translation", value_minor=2_000, description="Из русского. Ёмко!")
    board.posted(anna, title="Garden", value_minor=500, due_at=DUE.format(1))
    board.posted(anna, title="Lamp 100%", value_minor=900, due_at=DUE.format(1))
    board.posted(anna, title="Piano", value_minor=700, currency="EUR", due_at=DUE.format(2))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Piano", "Lamp 100%", "Garden", "Translation", "Parcel"]),
        ("?sort=newest", ["Piano", "Lamp 100%", "Garden", "Translation", "Parcel"]),
        ("?sort=value", ["Translation", "Lamp 100%", "Piano", "Garden", "Parcel"]),
        ("?sort=due", ["Garden", "Lamp 100%", "Piano", "Parcel", "Translation"]),
        ("?currency=EUR", ["Piano"]),
        ("?currency=USD", []),
        ("?value_from_minor=700&value_to_minor=900", ["Piano", "Lamp 100%"]),
        ("?value_to_minor=499", []),
        ("?due_before=2099-01-02T00:00:00Z", ["Lamp 100%", "Garden"]),
        ("?due_before=2098-01-01", []),
        ("?search=PARCEL", ["Parcel"]),
        ("?search=емко%20translation", ["Translation"]),
        ("?search=емко%20parcel", []),
        ("?search=100%25", ["Lamp 100%"]),
        ("?search=1%25", []),
        ("?search=_", []),
        ("?search=%20", ["Piano", "Lamp 100%", "Garden", "Translation", "Parcel"]),
    ],
)
def test_open_jobs_are_filtered_and_sorted(
    board: Board, anna: Person, eric: Person, query: str, found: list[str]
) -> None:
    enter(board, anna)
    assert titles(board, eric, query) == found


@pytest.mark.parametrize("sort", ["newest", "value", "due"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_pages_of_a_list_are_the_list(board: Board, anna: Person, eric: Person, sort: str, limit: int) -> None:
    enter(board, anna)
    whole = board.get(eric, f"?sort={sort}")["items"]
    found = pages(board, eric, f"?sort={sort}&", limit)
    assert [job for page in found for job in page] == whole
    assert [len(page) for page in found] == [limit] * (5 // limit) + ([5 % limit] if 5 % limit else [])


def test_what_is_not_open_is_not_listed(board: Board, anna: Person, eric: Person) -> None:
    cancelled, fulfilled, over = (
        board.posted(anna)["id"],
        board.posted(anna)["id"],
        board.posted(anna, expires_at="2099-01-01")["id"],
    )
    board.moved(anna, cancelled, "cancellation")
    board.moved(eric, fulfilled, "fulfilment")
    assert [job["id"] for job in board.get(eric, "")["items"]] == [over]
    board.later(10**16)
    assert board.get(eric, "")["items"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?search=a+b+c+d+e+f", "jobs.too_many_words"),
        ("?due_before=soon", "request.malformed"),
        ("?sort=best", "request.malformed"),
        ("?value_from_minor=-1", "request.malformed"),
        ("?currency=rub", "request.malformed"),
        ("?after=x", "request.malformed"),
        ("?sort=value&after=MQ", "request.malformed"),  # the place of another order
    ],
)
def test_a_question_that_makes_no_sense_is_refused(board: Board, eric: Person, query: str, code: str) -> None:
    assert board.ask("GET", query, eric).json()["code"] == code


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"value_minor": 99}, "request.malformed"),
        ({"value_minor": 10**18}, "request.malformed"),
        ({"value_minor": -100}, "request.malformed"),
        ({"value_minor": 100.5}, "request.malformed"),
        ({"value_minor": "100"}, "request.malformed"),
        ({"value_minor": 10**15}, "ledger.not_enough_money"),
        ({"currency": "roubles"}, "request.malformed"),
        ({"currency": "CHF"}, "ledger.not_enough_money"),
        ({"title": "  "}, "request.malformed"),
        ({"policy": "later"}, "request.malformed"),
        ({"due_at": "2020-01-01"}, "jobs.in_the_past"),
        ({"expires_at": "2020-01-01"}, "jobs.in_the_past"),
        ({"expires_at": "tomorrow"}, "request.malformed"),
        ({"due_at": "9999-12-31T23:59:59-05:00"}, "request.malformed"),  # in UTC it is of the year 10000
        ({"fee_minor": 0}, "request.malformed"),
    ],
)
def test_what_cannot_be_a_job_is_refused_and_nothing_changes(
    board: Board, anna: Person, wanted: dict[str, Any], code: str
) -> None:
    assert board.post(anna, **wanted).json()["code"] == code
    assert (board.get(anna, "")["items"], board.wallet(anna)) == ([], 10_000_000)
    board.posted(anna, value_minor=100)


def test_everybody_sees_what_was_posted_and_fulfilled_with_totals(board: Board, anna: Person, eric: Person) -> None:
    staff = board.people.person("staff")
    jobs = [board.posted(anna, value_minor=value)["id"] for value in (1_000, 2_005, 3_000, 4_000)]
    for job_id in jobs[1:]:
        board.moved(eric, job_id, "fulfilment")
    board.moved(staff, jobs[3], "refund", {"reason": "x"})
    totals = [
        {"status": "fulfilled", "jobs": 2, "value_minor": 5_005, "fee_minor": 500, "payout_minor": 4_505},
        {"status": "open", "jobs": 1, "value_minor": 1_000, "fee_minor": 100, "payout_minor": 900},
        {"status": "refunded", "jobs": 1, "value_minor": 4_000, "fee_minor": 400, "payout_minor": 3_600},
    ]
    posted, fulfilled = board.get(anna, "/posted"), board.get(eric, "/fulfilled")
    assert [job["id"] for job in posted["items"]] == jobs[::-1]
    assert posted["totals"] == [{"currency": "RUB"} | total for total in totals]
    assert [job["id"] for job in fulfilled["items"]] == jobs[:0:-1]
    assert fulfilled["totals"] == [{"currency": "RUB"} | total for total in totals if total["status"] != "open"]
    assert board.get(eric, "/posted") == board.get(anna, "/fulfilled") == {"items": [], "next": None, "totals": []}
    assert [job["id"] for job in board.get(anna, "/posted?status=open")["items"]] == jobs[:1]
    assert [len(page) for page in pages(board, anna, "/posted?", 3)] == [3, 1]


def test_only_staff_ask_for_the_jobs_of_others(board: Board, anna: Person, eric: Person) -> None:
    staff = board.people.person("staff")
    board.posted(anna)
    path = f"/posted?account_id={anna.account_id}"
    assert len(board.get(staff, path)["items"]) == len(board.get(anna, path)["items"]) == 1
    assert board.ask("GET", path, eric).json()["code"] == "jobs.others_denied"
