"""R9: two executors fulfil a job, its customer cancels it, it expires, all at once: one wins, no money is made or lost.

Every loser is told what became of the job, and when. Jobs whose value is in escrow take turns with those whose value is
taken at fulfilment.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from msgspec import Struct
from sqlalchemy import bindparam, update

from artel.db import Command, Database, Write
from artel.jobs import money, queries, service
from artel.jobs.checks import check
from artel.jobs.model import Because, Job, JobClosed, JobRefunding, JobWanted, MoveIllegal, Terms
from artel.jobs.rows import JobRow
from artel.jobs.tables import jobs
from artel.kernel.actor import Actor
from artel.kernel.clock import iso
from artel.kernel.errors import Refusal
from artel.ledger.book import service as book
from artel.ledger.book.model import Intent, Posting, wallet
from tests.conftest import Run
from tests.jobs.board import check_histories, credit, in_escrow, job_row, total, wallets
from tests.people import People
from tests.proofs.conftest import SCALE, rng

__all__ = ["rng"]

JOBS: Final = {"sqlite": 100, "postgresql": 40}  # 1,000 in all with ARTEL_PROOF_SCALE=8
VALUE_MINOR: Final = 12_345
TERMS: Final = Terms(fee_bp=1_250)
FUNDS_MINOR: Final = 100 * VALUE_MINOR
SPREAD_S: Final = 0.004  # all of them come within this time
END: Final = Command(update(jobs).where(jobs.c.id == bindparam("of_id")).values(expires_us=bindparam("end_us")))


class Told(Struct, frozen=True):
    """What the two executors, the customer and the two processes that expire jobs were answered."""

    fulfilled: list[Job | JobClosed]
    cancelled: Job | JobClosed
    expired: list[bool]


class Desk:
    """One customer, two executors, and a job after the other that all of them move at once."""

    def __init__(self, db: Database, run: Run, people: People, rng: random.Random) -> None:
        self.db, self.run, self.rng = db, run, rng
        self.fulfil: Callable[[Actor, int], Awaitable[Job]] = self._fulfil
        self.customer = self._actor(people, "customer")
        self.executors = [self._actor(people, "executor") for _ in range(2)]
        self.staff = self._actor(people, "staff")
        self.rounds = 0

    def _actor(self, people: People, role: str) -> Actor:
        person = people.person(role)
        return Actor(person.account_id, person.login, frozenset({role}))

    async def post(self) -> JobRow:
        """A job that ends soon, and money for it."""
        self.rounds += 1
        policy = "prefund" if self.rounds % 2 else "on_fulfil"
        wanted = JobWanted(title="Errand", value_minor=VALUE_MINOR, currency="RUB", policy=policy)
        key = f"test/{self.rounds}"
        await self.db.write(credit, self.customer.account_id, VALUE_MINOR, "RUB", key)
        job = await self.db.write(service.post, self.customer, wanted, TERMS)
        await self.db.write(_end_soon, job.id, self.rng.randrange(int(2 * SPREAD_S * 1_000_000)))
        return await self.db.read(job_row, job.id)

    async def money(self) -> Counter[int]:
        """What everybody has, by account id."""
        people = [self.customer, *self.executors]
        return await self.db.read(wallets, [each.account_id for each in people])

    async def soon(self, use: Callable[[], Awaitable[Any]]) -> Any:
        """What it answers, or its refusal, at some time of the spread."""
        await asyncio.sleep(self.rng.uniform(0, SPREAD_S))
        try:
            return await use()
        except JobClosed as refusal:
            return refusal

    async def _fulfil(self, who: Actor, job_id: int) -> Job:
        return await self.db.write(service.fulfil, who, job_id)

    async def cancel(self, job_id: int) -> Job:
        return await self.db.write(service.cancel, self.customer, job_id, Because())

    async def expire(self, job_id: int) -> bool:
        """Try until the job is open no more."""
        while not await self.db.write(service.expire, job_id):
            if (await self.db.read(job_row, job_id)).status != "open":
                return False
            await asyncio.sleep(0)
        return True


async def _end_soon(tx: Write, job_id: int, in_us: int) -> None:
    await tx.run(END, of_id=job_id, end_us=tx.now_us + in_us)


@pytest.fixture
def desk(db: Database, run: Run, people: People, rng: random.Random) -> Desk:
    return Desk(db, run, people, rng)


async def one_round(desk: Desk) -> str:
    """All of them at once; answers what the job came to. Raises AssertionError."""
    before = await desk.money()
    job_id = (await desk.post()).id
    fulfils = [desk.soon(lambda who=who: desk.fulfil(who, job_id)) for who in desk.executors]
    expires = [desk.soon(lambda: desk.expire(job_id)) for _ in range(2)]
    cancel = desk.soon(lambda: desk.cancel(job_id))
    one, other, cancelled, *expired = await asyncio.gather(*fulfils, cancel, *expires)
    row = await desk.db.read(job_row, job_id)
    judge(row, Told([one, other], cancelled, expired))
    after = await desk.money()
    won = Counter({desk.customer.account_id: VALUE_MINOR})
    if row.executor_id:
        won = Counter({row.executor_id: VALUE_MINOR - row.fee_minor})
    assert after == before + won, f"money went astray: {before} and {won} became {after}"
    assert await desk.db.read(in_escrow, job_id) == 0, "the job is over and money waits for it"
    return row.status


def judge(row: JobRow, told: Told) -> None:
    """Raises AssertionError unless exactly one of them won, and the others were told of it."""
    wins = Counter(
        {
            "fulfilled": sum(isinstance(each, Job) for each in told.fulfilled),
            "cancelled": int(isinstance(told.cancelled, Job)),
            "expired": sum(told.expired),
        }
    )
    assert wins == Counter({row.status: 1}), f"the job is {row.status}, and won by {dict(wins)}"
    for each in (*told.fulfilled, told.cancelled):
        if isinstance(each, JobClosed):
            ended = {"status": row.status, "at": iso(row.closed_us)}
            over = {"status": "expired", "at": iso(row.expires_us)}  # told before it was written down
            facts = {name: each.facts[name] for name in ("status", "at")}
            assert facts in (ended, over), f"{facts} was told of a job that is {row}"


def prove(desk: Desk, rounds: int) -> Counter[str]:
    """Raises AssertionError; answers what the jobs came to."""
    came = Counter(desk.run(one_round(desk)) for _ in range(rounds))
    everything = sum(desk.run(desk.db.read(total, purpose)) for purpose in ("wallet", "escrow", "fees", "world"))
    assert everything == 0, "money was made or lost"
    assert desk.run(desk.db.read(total, "world")) == -VALUE_MINOR * rounds
    assert desk.run(desk.db.read(check)) == []
    assert desk.run(desk.db.read(check_histories)) == rounds
    return came


def test_of_two_fulfils_a_cancel_and_an_expiry_one_wins(desk: Desk) -> None:
    came = prove(desk, JOBS[desk.db.engine] * SCALE)
    print(came)
    assert set(came) == {"fulfilled", "cancelled", "expired"}, f"nothing was raced for: {came}"


def test_fifty_refunds_at_once_are_one(desk: Desk) -> None:
    async def refund(who: Actor, job_id: int) -> bool:
        try:
            await desk.db.write(service.refund, who, job_id, JobRefunding("x"))
        except MoveIllegal:
            return False
        return True

    async def at_once(policy: Any) -> None:
        before = await desk.money()
        await desk.db.write(credit, desk.customer.account_id, VALUE_MINOR, "RUB", f"test/{policy}")
        wanted = JobWanted(title="Errand", value_minor=VALUE_MINOR, currency="RUB", policy=policy)
        job = await desk.db.write(service.post, desk.customer, wanted, TERMS)
        await desk.fulfil(desk.executors[0], job.id)
        done = await asyncio.gather(*(refund(desk.staff, job.id) for _ in range(50)))
        assert sum(done) == 1
        assert await desk.money() == before + Counter({desk.customer.account_id: VALUE_MINOR})
        assert await desk.db.read(total, "fees") == 0

    for policy in ("prefund", "on_fulfil"):
        desk.run(at_once(policy))
    assert desk.run(desk.db.read(check)) == []


# --- canaries


async def _careless(tx: Write, who: Actor, job: JobRow) -> Job:
    """Pays for a job that somebody looked at before, and writes what was decided then."""
    pay = job.value_minor - job.fee_minor
    source = wallet(job.customer_id, "RUB")
    postings = (Posting(source, -pay), Posting(wallet(who.account_id, "RUB"), pay))
    reference = money.reference(job.id)
    made = await book.post(tx, Intent("job.fulfilled", reference, f"{reference}/{who.account_id}", postings))
    values = {"of_id": job.id, "of_executor": who.account_id, "of_transfer": made.id, "now_us": tx.now_us}
    await tx.run(SET_FULFILLED, **values)
    return await service.get(tx, who, job.id)


SET_FULFILLED: Final = Command(
    update(jobs)
    .where(jobs.c.id == bindparam("of_id"))
    .values(
        status="fulfilled",
        executor_id=bindparam("of_executor"),
        transfer_id=bindparam("of_transfer"),
        closed_us=bindparam("now_us"),
    )
)


def test_a_fulfil_without_its_condition_is_caught(desk: Desk) -> None:
    async def fulfil(who: Actor, job_id: int) -> Job:
        row = await desk.db.read(job_row, job_id)
        if row.status != "open":
            raise JobClosed(job_id=job_id, status=row.status, at=iso(row.closed_us), by="")
        await asyncio.sleep(0.002)
        return await desk.db.write(_careless, who, row)

    desk.fulfil = fulfil
    desk.run(desk.db.write(credit, desk.customer.account_id, FUNDS_MINOR, "RUB", "test/funds"))
    with pytest.raises(AssertionError, match="won by|money went astray"):
        prove(desk, JOBS[desk.db.engine])


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_move_that_does_not_lock_the_job_is_caught(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "BY_ID_LOCKED", queries.BY_ID)
    with pytest.raises((AssertionError, Refusal)):  # any but JobClosed: those are what a loser is told
        prove(desk, 10 * JOBS[desk.db.engine])
