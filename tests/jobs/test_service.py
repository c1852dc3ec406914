"""Jobs: what happens to them and to their money, over HTTP and on both databases."""

import pytest

from artel.jobs import service
from artel.jobs.checks import check
from artel.kernel.clock import US
from tests.conftest import Run
from tests.jobs.board import Board, check_histories

DAY_US = 86_400 * US
SOON = "2099-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def nothing_is_broken(board: Board, run: Run) -> object:
    """After every test the histories give the rows, and the book agrees with the jobs."""
    yield
    run(board.db.read(check_histories))
    assert run(board.db.read(check)) == []


def test_a_posted_job_takes_its_value_into_escrow(board: Board) -> None:
    anna = board.customer(25_000)
    job = board.posted(anna, due_at=SOON, description="In Lesnaya street")
    assert (job["status"], job["policy"], job["fee_minor"], job["payout_minor"]) == ("open", "prefund", 1_000, 9_000)
    assert (job["customer_id"], job["customer_name"], job["executor_id"]) == (anna.account_id, "Carla", None)
    assert (job["due_at"], job["expires_at"], job["closed_at"], job["closed_by"]) == (
        "2099-01-01T00:00:00.000000Z",
        None,
        None,
        None,
    )
    assert job["moves"] == ["cancel"]
    assert (board.wallet(anna), board.total("escrow")) == (15_000, 10_000)


def test_a_job_that_cannot_be_funded_is_not_posted(board: Board) -> None:
    anna = board.customer(9_999)
    refusal = board.post(anna)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "ledger.not_enough_money")
    assert board.get(anna, "")["items"] == []
    assert (board.wallet(anna), board.total("escrow")) == (9_999, 0)
    board.posted(board.customer(10_000))


def test_the_executor_is_paid_the_value_without_the_fee(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    assert board.get(eric, f"/{job_id}")["moves"] == ["fulfil"]
    job = board.moved(eric, job_id, "fulfilment")
    assert (job["status"], job["executor_id"], job["closed_by"]) == ("fulfilled", eric.account_id, "executor")
    assert job["moves"] == ["propose_refund"]
    assert (board.wallet(anna), board.wallet(eric)) == (90_000, 9_000)
    assert (board.total("escrow"), board.total("fees")) == (0, 1_000)


def test_the_same_executor_asking_again_is_told_the_same(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    once = board.moved(eric, job_id, "fulfilment")
    assert board.moved(eric, job_id, "fulfilment") == once
    assert (board.wallet(eric), board.row(job_id).version) == (9_000, 2)


def test_another_executor_is_told_when_it_was_fulfilled_and_not_by_whom(board: Board) -> None:
    anna, eric, otto = board.customer(), board.executor(), board.executor()
    job_id = board.posted(anna)["id"]
    done = board.moved(eric, job_id, "fulfilment")
    late = board.move(otto, job_id, "fulfilment")
    assert (late.status_code, late.json()["code"]) == (409, "jobs.closed")
    facts = late.json()["facts"]
    assert (facts["status"], facts["at"], facts["by"]) == ("fulfilled", done["closed_at"], "another executor")
    assert facts["executor_id"] is None and str(eric.login) not in late.text
    assert board.ask("GET", f"/{job_id}", otto).status_code == 404


def test_the_customer_is_told_who_was_faster(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    done = board.moved(eric, job_id, "fulfilment")
    late = board.move(anna, job_id, "cancellation")
    assert late.status_code == 409
    facts = late.json()["facts"]
    assert (facts["by"], facts["at"]) == (f"executor {eric.account_id}", done["closed_at"])
    assert facts["executor_id"] == eric.account_id


def test_a_cancelled_job_gives_its_value_back(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    job = board.moved(anna, job_id, "cancellation", {"reason": "fetched it myself"})
    assert (job["status"], job["closed_by"], job["moves"]) == ("cancelled", "customer", [])
    assert (board.wallet(anna), board.total("escrow")) == (100_000, 0)
    late = board.move(eric, job_id, "fulfilment").json()
    assert (late["code"], late["facts"]["status"], late["facts"]["by"]) == ("jobs.closed", "cancelled", "the customer")
    again = board.move(anna, job_id, "cancellation").json()
    assert (again["code"], again["facts"]["by"]) == ("jobs.closed", "you")


def test_staff_cancel_and_strangers_do_not(board: Board) -> None:
    anna, staff = board.customer(), board.people.person("staff")
    job_id = board.posted(anna)["id"]
    for stranger in (board.customer(0), board.executor()):
        assert board.move(stranger, job_id, "cancellation").json()["code"] == "jobs.unknown"
    assert board.moved(staff, job_id, "cancellation")["closed_by"] == "staff"


def test_a_job_expires_by_itself_and_gives_its_value_back(board: Board, run: Run) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna, expires_at=SOON)["id"]
    board.posted(anna)  # this one never expires
    board.later(200 * 365 * DAY_US)
    late = board.move(eric, job_id, "fulfilment").json()  # before any chore ran, or after it
    assert (late["code"], late["facts"]["status"], late["facts"]["by"]) == ("jobs.closed", "expired", "Artel")
    expired = run(service_expire(board))
    assert expired in (0, 1)  # the application's own chore may have been faster
    assert (board.row(job_id).status, board.wallet(anna), board.total("escrow")) == ("expired", 90_000, 10_000)


def test_on_fulfil_takes_the_value_at_fulfilment(board: Board) -> None:
    anna, eric = board.customer(0), board.executor()
    job_id = board.posted(anna, policy="on_fulfil")["id"]
    short = board.move(eric, job_id, "fulfilment")
    assert (short.status_code, short.json()["code"]) == (409, "jobs.customer_short")
    assert "0" not in short.json()["detail"].replace(str(job_id), ""), "what the customer has is not told"
    assert (board.row(job_id).status, board.wallet(eric)) == ("open", 0)
    board.credit(anna, 10_000)
    board.moved(eric, job_id, "fulfilment")
    assert (board.wallet(anna), board.wallet(eric), board.total("fees")) == (0, 9_000, 1_000)


def test_an_executor_whose_wallet_is_full_is_not_paid_and_the_job_stays_open(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    board.credit(eric, 100_000_000 - 8_999)
    full = board.move(eric, job_id, "fulfilment")
    assert (full.status_code, full.json()["code"]) == (409, "ledger.too_much_money")
    assert (board.row(job_id).status, board.total("escrow")) == ("open", 10_000)
    board.credit(eric, -1)
    board.moved(eric, job_id, "fulfilment")


def test_a_customer_does_not_fulfil_an_own_job(board: Board) -> None:
    both = board.people.person("customer", "executor")
    board.credit(both, 10_000)
    job_id = board.posted(both)["id"]
    own = board.move(both, job_id, "fulfilment")
    assert (own.status_code, own.json()["code"]) == (403, "jobs.own_job")
    board.moved(board.executor(), job_id, "fulfilment")


def test_posting_needs_a_customer_and_fulfilling_an_executor(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    assert board.post(eric).json()["code"] == "auth.forbidden"
    job_id = board.posted(anna)["id"]
    assert board.move(board.customer(), job_id, "fulfilment").json()["code"] == "auth.forbidden"
    assert board.move(eric, 10**9, "fulfilment").json()["code"] == "jobs.unknown"


@pytest.mark.parametrize("policy", ["prefund", "on_fulfil"])
def test_staff_take_a_payment_back_whole(board: Board, policy: str) -> None:
    anna, eric, staff = board.customer(), board.executor(), board.people.person("staff")
    job_id = board.posted(anna, policy=policy)["id"]
    early = board.move(staff, job_id, "refund", {"reason": "x"})
    assert (early.status_code, early.json()["code"]) == (409, "jobs.move_illegal")
    board.moved(eric, job_id, "fulfilment")
    for other in (anna, eric):
        assert board.move(other, job_id, "refund", {"reason": "x"}).status_code == 403
    job = board.moved(staff, job_id, "refund", {"reason": "the wrong parcel"})
    assert (job["status"], job["moves"]) == ("refunded", [])
    assert (board.wallet(anna), board.wallet(eric)) == (100_000, 0)
    assert (board.total("escrow"), board.total("fees")) == (0, 0)
    again = board.move(staff, job_id, "refund", {"reason": "x"}).json()
    assert (again["code"], again["facts"]["status"]) == ("jobs.move_illegal", "refunded")


def test_an_executor_who_spent_the_money_cannot_give_it_back(board: Board) -> None:
    anna, eric, staff = board.customer(), board.executor(), board.people.person("staff")
    job_id = board.posted(anna)["id"]
    board.moved(eric, job_id, "fulfilment")
    board.credit(eric, -1)
    short = board.move(staff, job_id, "refund", {"reason": "x"})
    assert (short.status_code, short.json()["code"]) == (409, "jobs.executor_short")
    assert (board.row(job_id).status, board.wallet(eric), board.total("fees")) == ("fulfilled", 8_999, 1_000)
    board.credit(eric, 1)
    board.moved(staff, job_id, "refund", {"reason": "x"})


def test_a_customer_whose_wallet_is_full_gets_nothing_back_until_there_is_room(board: Board, run: Run) -> None:
    anna, eric, staff = board.customer(), board.executor(), board.people.person("staff")
    first, second, third = (board.posted(anna, expires_at=SOON)["id"] for _ in range(3))
    board.moved(eric, first, "fulfilment")
    board.credit(anna, 100_000_000 - board.wallet(anna))
    for refused in (
        board.move(staff, first, "refund", {"reason": "x"}),
        board.move(anna, second, "cancellation"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "jobs.customer_full")
    board.later(200 * 365 * DAY_US)
    run(service_expire(board))
    assert {board.row(each).status for each in (second, third)} == {"open"}
    assert board.get(eric, "")["items"] == [], "what is over is not offered any more"
    board.credit(anna, -20_000)
    run(service_expire(board))
    assert {board.row(each).status for each in (second, third)} == {"expired"}


@pytest.mark.parametrize("customer_proposes", [True, False])
def test_the_two_sides_agree_on_a_refund(board: Board, customer_proposes: bool) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    board.moved(eric, job_id, "fulfilment")
    one, other = (anna, eric) if customer_proposes else (eric, anna)
    assert board.move(other, job_id, "refund-proposal/acceptance").json()["code"] == "jobs.move_illegal"
    job = board.moved(one, job_id, "refund-proposal", {"reason": "never came"})
    assert job["refund_proposed_by"] == ("customer" if customer_proposes else "executor")
    assert job["moves"] == ["decline_refund"]
    for second in (one, other):
        assert board.move(second, job_id, "refund-proposal").json()["code"] == "jobs.move_illegal"
    assert board.move(one, job_id, "refund-proposal/acceptance").json()["code"] == "jobs.move_illegal"
    assert board.move(board.executor(), job_id, "refund-proposal/acceptance").json()["code"] == "jobs.unknown"
    assert board.get(other, f"/{job_id}")["moves"] == ["accept_refund", "decline_refund"]
    job = board.moved(other, job_id, "refund-proposal/acceptance")
    assert (job["status"], job["refund_proposed_by"]) == ("refunded", None)
    assert (board.wallet(anna), board.wallet(eric), board.total("fees")) == (100_000, 0, 0)


def test_a_proposal_is_declined_or_taken_back(board: Board) -> None:
    anna, eric = board.customer(), board.executor()
    job_id = board.posted(anna)["id"]
    assert board.move(anna, job_id, "refund-proposal").json()["code"] == "jobs.move_illegal"
    board.moved(eric, job_id, "fulfilment")
    assert board.ask("DELETE", f"/{job_id}/refund-proposal", eric).json()["code"] == "jobs.move_illegal"
    for who in (eric, anna):
        board.moved(anna, job_id, "refund-proposal")
        declined = board.ask("DELETE", f"/{job_id}/refund-proposal", who)
        assert (declined.status_code, declined.json()["refund_proposed_by"]) == (200, None)
    assert board.ask("DELETE", f"/{job_id}/refund-proposal", board.executor()).json()["code"] == "jobs.unknown"


def test_the_fee_is_frozen_when_the_job_is_posted(board: Board) -> None:
    job = board.row(board.posted(board.customer(), value_minor=10_005)["id"])
    assert (job.fee_bp, job.fee_min_minor, job.fee_max_minor) == (1_000, 0, 0)
    assert job.fee_minor == 1_000, "1000.5 is rounded to the even neighbour"


def test_a_job_is_seen_by_all_while_it_is_open_and_later_by_its_sides_and_the_staff(board: Board) -> None:
    anna, eric, staff, otto = board.customer(), board.executor(), board.people.person("staff"), board.executor()
    job_id = board.posted(anna)["id"]
    for who in (anna, eric, staff, otto):
        assert board.get(who, f"/{job_id}")["id"] == job_id
    assert board.ask("GET", f"/{job_id}", None).status_code == 401
    for path in (f"/{job_id}/history", f"/{job_id}/transfers"):
        assert board.ask("GET", path, otto).json()["code"] == "jobs.unknown"
        assert len(board.get(anna, path)["items"]) == len(board.get(staff, path)["items"]) == 1
    board.moved(eric, job_id, "fulfilment")
    for who in (anna, eric, staff):
        assert board.get(who, f"/{job_id}")["status"] == "fulfilled"
    for path in ("", "/history", "/transfers"):
        assert board.ask("GET", f"/{job_id}{path}", otto).json()["code"] == "jobs.unknown"


def test_the_history_tells_who_did_what_and_why(board: Board) -> None:
    anna, eric, staff = board.customer(), board.executor(), board.people.person("staff")
    job_id = board.posted(anna)["id"]
    board.moved(eric, job_id, "fulfilment")
    board.moved(anna, job_id, "refund-proposal", {"reason": "never came"})
    board.moved(staff, job_id, "refund", {"reason": "looked into it"})
    told = board.get(anna, f"/{job_id}/history")["items"]
    assert [(each["kind"], each["account_id"], each["reason"]) for each in told] == [
        ("posted", anna.account_id, ""),
        ("fulfilled", eric.account_id, ""),
        ("refund_proposed", anna.account_id, "never came"),
        ("refunded", staff.account_id, "looked into it"),
    ]
    assert told[1]["changes"]["status"] == "fulfilled" and told[1]["changes"]["closed_at"] == told[1]["at"]
    page = board.get(eric, f"/{job_id}/history?limit=3")
    assert len(page["items"]) == 3
    assert board.get(eric, f"/{job_id}/history?after={page['next']}")["items"] == told[3:]


def test_the_transfers_of_a_job_are_linked_to_what_they_reverse(board: Board) -> None:
    anna, eric, staff = board.customer(), board.executor(), board.people.person("staff")
    job_id = board.posted(anna)["id"]
    board.moved(eric, job_id, "fulfilment")
    board.moved(staff, job_id, "refund", {"reason": "looked into it"})
    kept, paid, back, returned = board.get(anna, f"/{job_id}/transfers")["items"]
    kinds = [each["kind"] for each in (kept, paid, back, returned)]
    assert kinds == ["job.prefund", "job.fulfilled", "job.refunded", "job.returned"]
    assert (back["reverses_id"], paid["reversed_by_id"]) == (paid["id"], back["id"])
    assert {each["reference"] for each in (kept, paid, back, returned)} == {f"job/{job_id}"}
    assert board.row(job_id).transfer_id == paid["id"]


async def service_expire(board: Board) -> int:
    return (await service.expire_due(board.db)).jobs
