"""The demo's jobs: posted, fulfilled, given up by the use cases that serve everybody, at times of the past.

Their customers have money for them, and a little more.
"""

from random import Random
from typing import Final, Literal

from artel.db import Database, Read, Write
from artel.db.listed import rows
from artel.demo import plan, queries
from artel.demo.business import At, Demo, Progress, logins
from artel.demo.words import ERRANDS
from artel.jobs import service
from artel.jobs.model import Because, JobRefunding, JobWanted, Policy, Terms
from artel.kernel.actor import Actor
from artel.kernel.clock import iso
from artel.ledger.book import service as book
from artel.ledger.book.model import Intent, Posting, wallet, world

Fate = Literal["fulfilled", "cancelled", "expired", "refunded", "agreed", "disputed", "open"]
# What became of each of ten jobs, the oldest first; "agreed": refunded by agreement; "disputed": one side asks for it.
FATES: Final[tuple[Fate, ...]] = (
    *("fulfilled", "cancelled", "fulfilled", "refunded", "expired"),
    *("agreed", "fulfilled", "disputed", "open", "open"),
)
HOUR_US: Final = plan.DAY_US // 24
TERMS: Final = Terms(fee_bp=1_000)
EXECUTOR: Final = "egor"
CURRENCY: Final = "RUB"
ON_FULFIL_EACH: Final = 5  # of so many jobs the money of one is taken at fulfilment


async def load_jobs(db: Database, demo: Demo, show: Progress) -> None:
    """Post the jobs that are still missing: as many are there as the demo's customers have."""
    total = demo.sizes.jobs
    done = min(await db.read(_posted, demo), total)
    while done < total:
        end = min(done + plan.JOBS_EACH, total)
        await db.write(_post_some, demo, range(done, end))
        done = end
        show("jobs", done, total)


async def _posted(tx: Read, demo: Demo) -> int:
    customers = rows((plan.person(demo.seed, number).login,) for number in range(1, demo.sizes.people + 1))
    return await tx.one(queries.JOBS_OF, logins=customers) or 0


async def _post_some(tx: Write, demo: Demo, numbers: range) -> None:
    people = [plan.person(demo.seed, number + 1).login for number in numbers]
    ids = await logins(tx, [*people, EXECUTOR, "staff"])
    for number, login in zip(numbers, people, strict=True):
        customer = Actor(ids[login], login, frozenset({"customer"}))
        executor = Actor(ids[EXECUTOR], EXECUTOR, frozenset({"executor"}))
        staff = Actor(ids["staff"], "staff", frozenset({"staff"}))
        await _Course(tx, demo, number, customer, executor, staff).run()


class _Course:
    """What happens to one job, one thing after the other."""

    def __init__(self, tx: Write, demo: Demo, number: int, customer: Actor, executor: Actor, staff: Actor) -> None:
        self.draw: Random = plan.draw_for(demo.seed, "job", number)
        self.customer, self.executor, self.staff = customer, executor, staff
        self.fate = FATES[number * len(FATES) // demo.sizes.jobs]
        self._tx, self._seed, self._number, self._end_us = tx, demo.seed, number, demo.as_of_us
        share = (number + self.draw.random()) / demo.sizes.jobs
        self._now_us = demo.as_of_us - plan.SPAN_US + int(share * (plan.SPAN_US - 2 * HOUR_US)) + HOUR_US

    def later(self, hours: float) -> At:
        """The transaction some time after what happened last, and never after the demo's own time."""
        wanted_us = self._now_us + int(hours * self.draw.uniform(0.5, 1.5) * HOUR_US)
        self._now_us = max(self._now_us + 1, min(wanted_us, self._end_us))
        return At(self._tx, self._now_us)

    async def run(self) -> None:
        """Post the job and let its fate come."""
        job_id = await self._post()
        if self.fate == "open":
            return
        if self.fate == "cancelled":
            await service.cancel(self.later(5), self.customer, job_id, Because("Уже не нужно"))
        elif self.fate == "expired":
            await service.expire(self.later(72), job_id)
        else:
            await service.fulfil(self.later(20), self.executor, job_id)
        if self.fate == "refunded":
            await service.refund(self.later(30), self.staff, job_id, JobRefunding("Работа не сделана"))
        elif self.fate in ("agreed", "disputed"):
            await service.propose_refund(self.later(30), self.customer, job_id, Because("Сделано не то"))
        if self.fate == "agreed":
            await service.accept_refund(self.later(3), self.executor, job_id)

    async def _post(self) -> int:
        title, description = ERRANDS[self._number % len(ERRANDS)]
        value_minor = self.draw.randrange(500, 5_000, 50) * 100
        await self._credit(value_minor + self.draw.randrange(0, 2_000, 100) * 100)
        policy: Policy = "on_fulfil" if self._number % ON_FULFIL_EACH == ON_FULFIL_EACH - 1 else "prefund"
        expires_us = self._now_us + 24 * HOUR_US if self.fate == "expired" else 0
        body = JobWanted(
            title=title,
            description=description,
            value_minor=value_minor,
            currency=CURRENCY,
            due_at=iso(self._end_us + self.draw.randint(2, 20) * plan.DAY_US),
            expires_at=iso(expires_us) if expires_us else None,
            policy=policy,
        )
        return (await service.post(self.later(0.1), self.customer, body, TERMS)).id

    async def _credit(self, minor: int) -> None:
        """Money for the customer, as the staff would enter it."""
        name = f"demo/{self._seed}/job/{self._number}"
        postings = (Posting(world(CURRENCY), -minor), Posting(wallet(self.customer.account_id, CURRENCY), minor))
        intent = Intent("wallet.credited", name, name, postings, note="Демо", by=self.staff.account_id)
        await book.post(self.later(0.1), intent)
