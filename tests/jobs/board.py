"""A board for the tests: customers with money, executors, staff, and what the database and the book hold."""

from collections import Counter
from typing import Any, Final

import httpx
import msgspec
from sqlalchemy import bindparam, case, select, update

from artel.db import Command, Database, Query, Read, Write
from artel.jobs import queries, service
from artel.jobs.model import Because, JobWanted, Terms
from artel.jobs.rows import EventRow, JobRow
from artel.jobs.tables import jobs
from artel.kernel.actor import Actor
from artel.kernel.history import replayed
from artel.ledger.book import service as book
from artel.ledger.book.model import Intent, Place, Posting, Purpose, wallet, world
from artel.ledger.book.tables import ledger_accounts, ledger_entries
from tests.conftest import Client, Run
from tests.people import People, Person

TERMS: Final = Terms(fee_bp=1_000)
EVERYTHING: Final = 10**6  # rows of a history
IDS: Final = Query(int, select(jobs.c.id).order_by(jobs.c.id))
AMOUNTS: Final = Query(
    int,
    select(ledger_entries.c.amount_minor)
    .join(ledger_accounts, ledger_accounts.c.id == ledger_entries.c.account_id)
    .where(ledger_accounts.c.purpose == bindparam("purpose"), ledger_accounts.c.currency == bindparam("currency")),
)
_earlier = bindparam("by_us", type_=jobs.c.expires_us.type)
SOONER: Final = Command(
    update(jobs)
    .where(jobs.c.expires_us > 0)
    .values(expires_us=case((jobs.c.expires_us > _earlier, jobs.c.expires_us - _earlier), else_=1))
)


class Board:
    """Posts jobs and moves them over HTTP."""

    def __init__(self, db: Database, run: Run, client: Client, people: People) -> None:
        self.db, self.run, self.client, self.people = db, run, client, people
        self._credits = 0

    def customer(self, minor: int = 100_000) -> Person:
        """A customer with so much in the wallet, roubles."""
        person = self.people.person("customer", name="Carla")
        self.credit(person, minor)
        return person

    def executor(self) -> Person:
        return self.people.person("executor")

    def credit(self, person: Person, minor: int, currency: str = "RUB") -> None:
        """Money from nowhere; less than nothing goes back there."""
        if minor:
            self._credits += 1
            self.run(self.db.write(credit, person.account_id, minor, currency, f"test/{self._credits}"))

    def ask(self, verb: str, path: str, who: Person | None, body: Any = None, **rest: Any) -> httpx.Response:
        token = who.session if who else None
        return self.client.request(verb, f"/api/v1/jobs{path}", token=token, json=body, **rest)

    def post(self, who: Person, **wanted: Any) -> httpx.Response:
        """A job for 100 roubles; whatever is answered."""
        body = {"title": "Fetch a parcel", "value_minor": 10_000, "currency": "RUB"} | wanted
        return self.ask("POST", "", who, body)

    def posted(self, who: Person, **wanted: Any) -> Any:
        """The same; answers the job."""
        return _ok(self.post(who, **wanted), 201)

    def move(self, who: Person, job_id: int, move: str, body: Any = None) -> httpx.Response:
        """`fulfilment`, `cancellation`, `refund`, …"""
        return self.ask("POST", f"/{job_id}/{move}", who, body)

    def moved(self, who: Person, job_id: int, move: str, body: Any = None) -> Any:
        """The same; answers the job."""
        return _ok(self.move(who, job_id, move, body), 200)

    def get(self, who: Person, path: str) -> Any:
        """`/7`, `/7/history`, `?sort=value`; answers what is shown."""
        return _ok(self.ask("GET", path, who), 200)

    def wallet(self, person: Person, currency: str = "RUB") -> int:
        """What somebody can spend."""
        found = self.run(self.db.read(book.balance, wallet(person.account_id, currency)))
        return int(found.available_minor)

    def total(self, purpose: Purpose, currency: str = "RUB") -> int:
        """What is in all accounts of one purpose."""
        return int(self.run(self.db.read(total, purpose, currency)))

    def row(self, job_id: int) -> JobRow:
        row: JobRow = self.run(self.db.read(job_row, job_id))
        return row

    def later(self, by_us: int) -> None:
        """Time passes for jobs: they expire so much sooner."""
        self.run(self.db.write(pass_time, by_us))


def _ok(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def credit(tx: Write, account_id: int, minor: int, currency: str, key: str) -> None:
    """Money for a wallet, from outside."""
    postings = (Posting(world(currency), -minor), Posting(wallet(account_id, currency), minor))
    await book.post(tx, Intent("test.credit", key, key, postings))


async def total(tx: Read, purpose: Purpose, currency: str = "RUB") -> int:
    return sum(await tx.all(AMOUNTS, purpose=purpose, currency=currency))


async def wallets(tx: Read, account_ids: list[int]) -> Counter[int]:
    """What these people can spend, in roubles."""
    return Counter({each: (await book.balance(tx, wallet(each, "RUB"))).available_minor for each in account_ids})


async def in_escrow(tx: Read, job_id: int) -> int:
    return (await book.balance(tx, Place("escrow", f"job/{job_id}", "RUB"))).posted_minor


async def job_row(tx: Read, job_id: int) -> JobRow:
    row = await tx.one(queries.BY_ID, job_id=job_id)
    assert row is not None
    return row


async def pass_time(tx: Write, by_us: int) -> None:
    await tx.run(SOONER, by_us=by_us)


async def history_of(tx: Read, job_id: int) -> list[EventRow]:
    """The whole history of a job."""
    return await tx.all(queries.HISTORY, job_id=job_id, after_id=0, row_limit=EVERYTHING)


async def check_histories(tx: Read) -> int:
    """Raises AssertionError where replaying a history does not give the row; answers how many jobs there are."""
    job_ids = await tx.all(IDS)
    for job_id in job_ids:
        row = await job_row(tx, job_id)
        told = replayed(JobRow, (event.changes for event in await history_of(tx, job_id)))
        # When it expires never changes, except that the tests let time pass.
        assert msgspec.structs.replace(told, expires_us=row.expires_us) == row
    return len(job_ids)


async def enter_job(tx: Write, customer_id: int, value_minor: int = 10_000) -> int:
    """A job whose value is taken at fulfilment."""
    wanted = JobWanted(title="Fetch a parcel", value_minor=value_minor, currency="RUB", policy="on_fulfil")
    return (await service.post(tx, customer(customer_id), wanted, TERMS)).id


async def fulfil(tx: Write, customer_id: int, executor_id: int, job_id: int) -> None:
    """Money for the customer, and the job done for it."""
    await credit(tx, customer_id, 10_000, "RUB", f"test/job/{job_id}")
    await service.fulfil(tx, executor(executor_id), job_id)


def customer(account_id: int) -> Actor:
    return Actor(account_id, "", frozenset({"customer"}))


def executor(account_id: int) -> Actor:
    return Actor(account_id, "", frozenset({"executor"}))


def ready(people: People, db: Database, run: Run, use: Any, account_id: int, job_id: int) -> int:
    """A job, posted by the account, in the state in which it can be moved so; or another one where it has to be."""
    other = people.person("customer", "executor")
    if use is service.fulfil:
        job_id = run(db.write(enter_job, other.account_id))
        run(db.write(credit, other.account_id, 10_000, "RUB", f"test/job/{job_id}"))
    if use in (service.refund, service.propose_refund, service.accept_refund):
        run(db.write(fulfil, account_id, other.account_id, job_id))
    if use is service.accept_refund:
        run(db.write(service.propose_refund, executor(other.account_id), job_id, Because()))
    return job_id
