"""Deliveries: made once, held by one sender at a time, in order per subject, and never for ever."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from artel.db import Command, Database, Query, Write, outbox
from artel.db.outbox import BATCH
from artel.events import dispatch, queries, rules, service
from artel.events.dispatch import CLAIM_US, Answer, Load
from artel.events.model import DeliveryRow
from artel.events.tables import attempts, deliveries, webhooks
from artel.kernel.clock import US
from tests.conftest import Run
from tests.db.test_outbox import Later
from tests.events.happening import Happened, happen, tell
from tests.people import People

GOOD, BAD = Answer(200, "thanks", 1), Answer(500, "no", 1)
ROWS = Query(
    DeliveryRow, select(*[deliveries.c[field] for field in DeliveryRow.__struct_fields__]).order_by(deliveries.c.id)
)
STATE = Query(int, select(webhooks.c.active).where(webhooks.c.id == bindparam("of_id")))
COUNT_ATTEMPTS = Query(int, select(attempts.c.id))
FAILING_SINCE = Command(
    update(webhooks).where(webhooks.c.id == bindparam("of_id")).values(failing_since_us=bindparam("since_us"))
)


@pytest.fixture
def hook(people: People, run: Run, db: Database) -> int:
    """A webhook of an owner that takes test events, entered without HTTP."""
    owner = people.person("owner")
    run(db.write(dispatch.publish))  # what happened until now is not for it
    found: int = run(db.write(_enter, owner.account_id, "test.*"))
    return found


async def _enter(tx: Write, account_id: int, kinds: str) -> int:
    row = await tx.one(
        queries.MAKE, account_id=account_id, url="https://x.example/", kinds=kinds, active=1, now_us=tx.now_us
    )
    assert row is not None
    return row.id


async def _all(tx: Any, query: Query[Any]) -> list[Any]:
    found: list[Any] = await tx.all(query)
    return found


def rows(db: Database, run: Run) -> list[DeliveryRow]:
    found: list[DeliveryRow] = run(db.read(_all, ROWS))
    return found


def publish(db: Database, run: Run, *events: Happened) -> None:
    tell(run, db, *events)
    run(db.write(dispatch.publish))


def claim(db: Database, run: Run, hook: int, room: int = 10, later_us: int = 0) -> Load | None:
    found: Load | None = run(Later(db, later_us).write(dispatch.claim, hook, room))
    return found


def claimed(load: Load | None) -> list[int]:
    return [job.id for job in load.jobs] if load else []


def settle(db: Database, run: Run, load: Load, place: int, answer: Answer, later_us: int = 0) -> bool:
    job = load.jobs[place]
    held: bool = run(Later(db, later_us).write(dispatch.settle, load.target, job, load.claim_us, answer))
    return held


def test_each_webhook_gets_each_event_once_however_many_publish(people: People, run: Run, db: Database) -> None:
    owner = people.person("owner")
    run(db.write(dispatch.publish))
    hooks = [run(db.write(_enter, owner.account_id, "test.*")) for _ in range(3)]

    async def go() -> None:
        emitting = [db.write(happen, *[Happened(number) for number in range(10)]) for _ in range(25)]
        await asyncio.gather(*emitting, *(db.write(dispatch.publish) for _ in range(25)))
        while await db.write(dispatch.publish):
            pass

    run(go())
    made = rows(db, run)
    assert len(made) == 3 * 250 > 3 * BATCH
    assert set(Counter(row.event_id for row in made).values()) == {len(hooks)}


def test_a_claim_is_one_senders_until_it_runs_out(hook: int, run: Run, db: Database) -> None:
    publish(db, run, Happened(1), Happened(2))
    first = claim(db, run, hook)
    assert len(claimed(first)) == 2
    assert claim(db, run, hook) is None
    assert claim(db, run, hook, later_us=CLAIM_US - US) is None
    second = claim(db, run, hook, later_us=CLAIM_US + US)
    assert claimed(second) == claimed(first)
    assert first
    assert second
    assert not settle(db, run, first, 0, GOOD), "whoever was late has no say any more"
    assert [row.status for row in rows(db, run)] == ["waiting", "waiting"]
    assert settle(db, run, second, 0, GOOD)
    assert [row.status for row in rows(db, run)] == ["delivered", "waiting"]
    assert len(run(db.read(_all, COUNT_ATTEMPTS))) == 1


def test_senders_at_once_never_hold_the_same_delivery(hook: int, run: Run, db: Database) -> None:
    publish(db, run, *[Happened(number) for number in range(60)])

    async def go() -> list[Load | None]:
        return list(await asyncio.gather(*(db.write(dispatch.claim, hook, 5) for _ in range(20))))

    held = [delivery for load in run(go()) for delivery in claimed(load)]
    assert len(held) == len(set(held))
    assert len(held) >= 5


def test_a_delivery_waits_for_the_earlier_ones_of_its_subject_and_for_no_others(
    hook: int, run: Run, db: Database
) -> None:
    publish(db, run, Happened(1, "a"), Happened(2, "a"), Happened(3, "b"), Happened(4), Happened(5), Happened(6, "a"))
    one, two, three, four, five, six = (row.id for row in rows(db, run))
    load = claim(db, run, hook)
    assert load
    assert claimed(load) == [one, three, four, five]
    settle(db, run, load, 0, BAD)
    assert claim(db, run, hook) is None, "the first of a waits for its next try, and the rest of a for it"
    again = claim(db, run, hook, later_us=10 * US)
    assert again
    assert claimed(again) == [one]
    settle(db, run, again, 0, GOOD, later_us=10 * US)
    assert claimed(claim(db, run, hook, later_us=10 * US)) == [two]


def test_after_the_last_try_it_is_given_up_and_the_next_of_its_subject_goes(hook: int, run: Run, db: Database) -> None:
    publish(db, run, Happened(1, "a"), Happened(2, "a"))
    first, second = (row.id for row in rows(db, run))
    later_us = 0
    for tries in range(1, rules.TRIES_MAX + 1):
        load = claim(db, run, hook, later_us=later_us)
        assert load
        assert claimed(load) == [first], tries
        run(db.write(_not_failing, hook))
        settle(db, run, load, 0, BAD, later_us=later_us)
        later_us += 2 * 86_400 * US
    assert [row.status for row in rows(db, run)] == ["failed", "waiting"]
    assert rows(db, run)[0].tries == rules.TRIES_MAX
    assert claimed(claim(db, run, hook, later_us=later_us)) == [second]


async def _not_failing(tx: Write, hook: int) -> None:
    await tx.run(queries.WENT_WELL, of_id=hook)


@pytest.mark.parametrize(
    ("days", "answer", "active"),
    [(4.9, BAD, 1), (5.1, BAD, 0), (5.1, GOOD, 1), (0, Answer(410, "", 1), 0), (5.1, Answer(0, "away", 1), 0)],
)
def test_a_webhook_that_fails_for_days_is_switched_off(
    hook: int, run: Run, db: Database, days: float, answer: Answer, active: int
) -> None:
    async def failing(tx: Write) -> None:
        await tx.run(FAILING_SINCE, of_id=hook, since_us=tx.now_us - int(days * 86_400 * US))

    publish(db, run, Happened(1))
    run(db.write(failing))
    load = claim(db, run, hook)
    assert load
    settle(db, run, load, 0, answer)

    async def state(tx: Any) -> Any:
        return await tx.one(STATE, of_id=hook)

    assert run(db.read(state)) == active
    told = [event.kind for event in run(db.write(outbox.publish))]
    assert told == ([] if active else ["webhook.disabled"])


def test_a_failing_address_rests_whatever_waits_for_it(hook: int, run: Run, db: Database) -> None:
    publish(db, run, *[Happened(number) for number in range(10)])
    for _ in range(rules.REST_AFTER):
        load = claim(db, run, hook, room=1)
        assert load
        settle(db, run, load, 0, BAD)
    assert run(db.read(dispatch.due)) == []
    assert claim(db, run, hook, room=1) is None
    assert run(Later(db, 2 * US).write(dispatch.due)) == [hook]
    load = claim(db, run, hook, room=1, later_us=2 * US)
    assert load
    settle(db, run, load, 0, GOOD, later_us=2 * US)
    assert claim(db, run, hook, room=1) is not None, "one good answer ends the rest"


def test_what_a_receiver_asks_to_wait_is_waited(hook: int, run: Run, db: Database) -> None:
    publish(db, run, Happened(1), Happened(2))
    load = claim(db, run, hook, room=1)
    assert load
    settle(db, run, load, 0, Answer(429, "slow down", 1, wait_s=120))
    assert claim(db, run, hook, later_us=119 * US) is None
    assert len(claimed(claim(db, run, hook, later_us=121 * US))) == 2


def test_webhooks_take_turns(people: People, run: Run, db: Database) -> None:
    owner = people.person("owner")
    run(db.write(dispatch.publish))
    first, second = (run(db.write(_enter, owner.account_id, "test.*")) for _ in range(2))
    publish(db, run, *[Happened(number) for number in range(5)])
    assert run(db.read(dispatch.due)) == [first, second]
    claim(db, run, first, room=1)
    assert run(db.read(dispatch.due)) == [second, first]


def test_old_deliveries_are_forgotten_with_their_attempts_and_young_ones_are_not(
    hook: int, run: Run, db: Database
) -> None:
    publish(db, run, Happened(1))
    load = claim(db, run, hook)
    assert load
    settle(db, run, load, 0, GOOD)
    assert run(db.write(service.sweep)) == 0
    assert run(Later(db, service.KEEP_US + US).write(service.sweep)) == 2
    assert rows(db, run) == []


def test_a_delivery_whose_event_is_forgotten_is_given_up(hook: int, run: Run, db: Database) -> None:
    publish(db, run, Happened(1))
    run(Later(db, outbox.KEEP_US + US).write(outbox.forget))
    assert claim(db, run, hook) is None
    assert [row.status for row in rows(db, run)] == ["failed"]


class Model:
    """Senders that answer, fail and die at random; what must hold is looked at with every claim."""

    def __init__(self, db: Database, run: Run, hook: int, rng: random.Random) -> None:
        self.db, self.run, self.hook, self.rng = db, run, hook, rng
        self.later_us = 0
        self.held: list[Load] = []

    def step(self) -> None:
        self.later_us += self.rng.choice([0, US, 10 * US, CLAIM_US // 2, 3600 * US])
        load = claim(self.db, self.run, self.hook, self.rng.randint(1, 4), self.later_us)
        if load:
            self._look(load)
            self.held.append(load)
        if self.held and self.rng.random() < 0.7:
            load = self.held.pop(self.rng.randrange(len(self.held)))
            for place in range(len(load.jobs)):
                if self.rng.random() < 0.8:  # else it died
                    settle(self.db, self.run, load, place, self.rng.choice([GOOD, GOOD, BAD]), self.later_us)
        self.run(self.db.write(_not_failing, self.hook))

    def _look(self, load: Load) -> None:
        known = {row.id: row for row in rows(self.db, self.run)}
        for job in load.jobs:
            subject = known[job.id].subject
            earlier = [row for row in known.values() if row.subject == subject and row.id < job.id]
            assert all(row.finished_us for row in earlier), f"{job.id} overtook one of {subject}"
            alive = [each for each in self.held if each.claim_us > load.at_us]
            assert all(job.id not in claimed(each) or known[job.id].tries for each in alive), "two hold it"

    def is_over(self) -> bool:
        return all(row.finished_us for row in rows(self.db, self.run))


def test_senders_that_fail_and_die_at_random_keep_the_order_and_end(hook: int, run: Run, db: Database) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    publish(db, run, *[Happened(number, f"thing/{rng.randrange(5)}") for number in range(25)])
    model = Model(db, run, hook, rng)
    for _ in range(2000):
        model.step()
        if model.is_over():
            break
    assert model.is_over()
    assert {row.status for row in rows(db, run)} <= {"delivered", "failed"}


def test_the_proof_of_the_order_catches_a_claim_that_does_not_wait(
    hook: int, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the test above."""
    chosen = (
        select(deliveries.c.id)
        .where(
            deliveries.c.webhook_id == bindparam("webhook_id"),
            deliveries.c.finished_us == 0,
            deliveries.c.due_us <= bindparam("now_us"),
            deliveries.c.claimed_until_us <= bindparam("now_us"),
        )
        .order_by(deliveries.c.id)
        .limit(bindparam("row_limit"))
    )
    careless = Query(
        int,
        update(deliveries)
        .where(deliveries.c.id.in_(chosen))
        .values(claimed_until_us=bindparam("until_us"))
        .returning(deliveries.c.id),
    )
    monkeypatch.setattr(queries, "CLAIM", careless)
    rng = random.Random(1)
    publish(db, run, *[Happened(number, f"thing/{rng.randrange(3)}") for number in range(25)])
    model = Model(db, run, hook, rng)
    with pytest.raises(AssertionError, match="overtook"):
        for _ in range(100):
            model.step()
