"""The live stream: nothing is missed, nothing comes twice, and it ends when it must."""

import asyncio
import random
from functools import partial
from typing import Any

import msgspec
import pytest

from artel.db import Database, outbox
from artel.db.outbox import KEEP_US
from artel.edge import streaming
from artel.edge.asgi import Edge
from artel.events import streams
from tests.conftest import Client, Run
from tests.db.test_outbox import Later
from tests.events.happening import Happened, Other, happen, tell, until, until_told
from tests.events.listening import Listener, listening
from tests.people import People, Person


@pytest.fixture
def owner(people: People) -> Person:
    return people.person("owner")


def test_an_event_comes_as_it_happens_with_its_position_kind_and_data(
    app: Edge, owner: Person, run: Run, db: Database
) -> None:
    async def go() -> Listener:
        async with listening(app, owner.session, "kinds=test.*") as listener:
            await db.write(happen, Other(1), Happened(2, "thing/1"))
            await until(lambda: listener.events)
            return listener

    listener = run(go())
    assert listener.status == 200
    assert listener.headers["content-type"] == "text/event-stream"
    assert "content-length" not in listener.headers
    (event,) = listener.events
    assert event.keys() == {"id", "event", "kind", "at", "subject", "data"}
    assert (event["event"], event["kind"], event["subject"]) == ("test.happened", "test.happened", "thing/1")
    assert event["data"]["number"] == 2
    assert event["id"] == listener.last_id


def test_a_stream_without_a_position_begins_now(app: Edge, owner: Person, run: Run, db: Database) -> None:
    tell(run, db, Happened(1))
    run(until_told(lambda: _published(db, 2)))

    async def go() -> list[int]:
        async with listening(app, owner.session, "kinds=test.*") as listener:
            await db.write(happen, Happened(2))
            await until(lambda: listener.events)
            return listener.numbers

    assert run(go()) == [2]


async def _published(db: Database, position: int) -> bool:
    return (await db.read(outbox.reach)).published >= position


def test_it_resumes_after_the_last_id_whatever_the_query_says(app: Edge, owner: Person, run: Run, db: Database) -> None:
    async def go() -> tuple[list[int], list[int], list[int]]:
        async with listening(app, owner.session, "kinds=test.*") as first:
            await db.write(happen, *[Happened(number) for number in range(10)])
            await until(lambda: len(first.events) == 10)
            middle = first.events[4]["id"]
        async with listening(app, owner.session, "kinds=test.*&after=0", last_event_id=str(middle)) as second:
            await db.write(happen, Happened(10))
            await until(lambda: 10 in second.numbers)
        async with listening(app, owner.session, f"kinds=test.*&after={middle}") as third:
            await until(lambda: 10 in third.numbers)
        return first.numbers, second.numbers, third.numbers

    first, second, third = run(go())
    assert first == list(range(10))
    assert second == third == list(range(5, 11))


def test_a_position_that_is_forgotten_or_not_reached_or_none_is_refused(
    app: Edge, client: Client, owner: Person, run: Run, db: Database
) -> None:
    tell(run, db, Happened(1))
    run(until_told(lambda: _published(db, 2)))
    run(Later(db, KEEP_US + 60_000_000).write(outbox.forget))
    ask = {"Accept": "text/event-stream"}
    for path, headers, status, code in (
        ("?after=1", {}, 412, "events.position_forgotten"),
        ("", {"Last-Event-ID": "0"}, 412, "events.position_forgotten"),
        ("?after=99", {}, 400, "request.malformed"),
        ("", {"Last-Event-ID": "x"}, 400, "request.malformed"),
        ("?kinds=a..b", {}, 400, "request.malformed"),
    ):
        answer = client.get(f"/api/v1/events{path}", token=owner.session, headers=ask | headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    as_page = client.get("/api/v1/events?after=1", token=owner.session)
    assert as_page.json()["code"] == "events.position_forgotten"
    assert as_page.json()["facts"] == {"after": 1, "forgotten": 2}
    assert client.get("/api/v1/events", token=owner.session).json() == {"items": [], "next": None}


async def _emit(db: Database, numbers: "list[int]", seed: int) -> None:
    """Transactions that take their ids early and commit late, many at once."""
    rng = random.Random(seed)

    async def one(tx: Any, number: int, pause_s: float) -> None:
        await happen(tx, Happened(number, f"thing/{number % 7}"))
        if db.engine == "postgresql":
            await asyncio.sleep(pause_s)

    async def worker(own: list[int]) -> None:
        for number in own:
            await db.write(one, number, rng.uniform(0, 0.02))

    await asyncio.gather(*(worker(numbers[place::6]) for place in range(6)))


def _heard(listener: Listener, wanted: int) -> bool:
    return len(listener.events) >= wanted


async def _follow(app: Edge, token: str, total: int, rng: random.Random) -> list[tuple[int, int]]:
    """All events, over connections that break again and again and resume after the last id."""
    heard: list[tuple[int, int]] = []
    position = "0"
    while len({number for _, number in heard}) < total:
        async with listening(app, token, "kinds=test.*", last_event_id=position) as listener:
            wanted = min(rng.randint(1, 40), total - len(heard))
            await until(partial(_heard, listener, wanted))
        heard += [(event["id"], event["data"]["number"]) for event in listener.events]
        position = str(listener.last_id)
    return heard


def test_listeners_that_break_off_and_resume_under_concurrent_emitters_hear_everything_once(
    app: Edge, owner: Person, run: Run, db: Database
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    total = 300

    async def go() -> list[list[tuple[int, int]]]:
        listeners = [_follow(app, owner.session, total, random.Random(seed + place)) for place in range(3)]
        *heard, _ = await asyncio.gather(*listeners, _emit(db, list(range(total)), seed))
        return heard

    for heard in run(go()):
        assert sorted(number for _, number in heard) == list(range(total)), "no gap and no double"
        assert [position for position, _ in heard] == sorted({position for position, _ in heard})


async def _late_commit(app: Edge, token: str, db: Database) -> list[int]:
    """What a listener hears when the event with the smaller id is committed after the one with the larger id."""
    held, begun = asyncio.Event(), asyncio.Event()

    async def slow(tx: Any) -> None:
        await happen(tx, Happened(1))
        begun.set()
        await held.wait()

    async with listening(app, token, "kinds=test.*") as listener:
        writing = asyncio.create_task(db.write(slow))
        await begun.wait()
        await db.write(happen, Happened(2))
        await until(lambda: listener.numbers == [2])
        held.set()
        await writing
        await until_told(lambda: _all_published(db))
        await asyncio.sleep(0.3)
        return listener.numbers


async def _all_published(db: Database) -> bool:
    return not (await db.read(outbox.reach)).waits


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_an_event_that_is_committed_late_is_heard_late_and_not_lost(
    app: Edge, owner: Person, run: Run, db: Database
) -> None:
    assert run(_late_commit(app, owner.session, db)) == [2, 1]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_ids_in_place_of_positions_would_lose_it(
    app: Edge, owner: Person, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The canary of the test above."""

    async def by_id(tx: Any) -> list[Any]:
        events = [msgspec.structs.replace(each, position=each.id) for each in await tx.all(outbox.UNPUBLISHED)]
        await tx.many(outbox.PUBLISH, [{"event_id": each.id, "new_position": each.id} for each in events])
        last = max(each.id for each in events)
        await tx.run(outbox.REACHED, last=max(last, (await outbox.reach(tx)).published))
        return events

    monkeypatch.setattr(outbox, "publish", by_id)
    assert run(_late_commit(app, owner.session, db)) == [2]


def test_streams_are_limited_for_each_account_and_in_all_and_a_place_is_given_back(
    app: Edge, people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PER_ACCOUNT", 2)
    monkeypatch.setattr(streams, "IN_ALL", 3)
    anna, boris, clara = (people.person("owner").session for _ in range(3))

    async def go() -> list[Any]:
        async with listening(app, anna), listening(app, anna):
            async with listening(app, anna) as third:
                found = [(third.status, third.text)]
            async with listening(app, boris), listening(app, clara) as fourth:
                found.append((fourth.status, fourth.text))
        async with listening(app, anna) as again:
            found.append((again.status, again.text))
        head = Listener(app, anna, verb="HEAD")
        await head.task
        async with listening(app, anna), listening(app, anna) as after_head:
            found.append((after_head.status, head.text))
        return found

    (first, problem), (second, full), (third, _), (fourth, head) = run(go())
    assert (first, "events.too_many_streams" in problem) == (429, True)
    assert (second, "events.streams_full" in full) == (503, True)
    assert (third, fourth, head) == (200, 200, ""), "HEAD takes no place"


def test_silence_is_broken_by_a_comment_that_carries_the_position(
    app: Edge, owner: Person, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.2)

    async def go() -> tuple[int, str, list[Any]]:
        async with listening(app, owner.session, "kinds=no.such") as listener:
            before = listener.last_id
            await db.write(happen, Happened(1))
            await until(lambda: ": still here" in listener.text and listener.last_id > before)
            return listener.last_id - before, listener.text, listener.events

    moved, text, events = run(go())
    assert moved >= 1
    assert events == []


ENDINGS = ["log-out", "closed account", "role taken"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stream_ends_within_a_second_when_its_asker_may_not_listen_any_more(
    app: Edge, client: Client, people: People, owner: Person, run: Run, ending: str
) -> None:
    listener_of = people.person("staff")

    async def go() -> float:
        async with listening(app, listener_of.session) as listener:
            clock = asyncio.get_running_loop().time
            await asyncio.sleep(0.1)
            assert not listener.task.done()
            if ending == "log-out":
                await client.send("DELETE", "/api/v1/sessions/current", token=listener_of.session)
            elif ending == "closed account":
                await client.send("DELETE", "/api/v1/me", token=listener_of.session)
            else:
                path = f"/api/v1/accounts/{listener_of.account_id}/roles"
                await client.send("PUT", path, token=owner.session, json={"roles": ["customer"]})
            began_s = clock()
            await until(listener.task.done)
            return clock() - began_s

    assert run(go()) < 5, f"asked every {streaming.STILL_S} s"
    assert streaming.STILL_S < 1


def test_a_reader_that_takes_nothing_is_not_made_anything_for(
    app: Edge, owner: Person, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> tuple[int, list[int]]:
        async with listening(app, owner.session, "kinds=test.*") as listener:
            listener.takes.clear()
            for first in range(0, 500, 50):
                await db.write(happen, *[Happened(number) for number in range(first, first + 50)])
            await until_told(lambda: _published(db, 500))
            await asyncio.sleep(0.3)
            before = listener.pieces
            listener.takes.set()
            await until(lambda: len(listener.events) == 500)
            return before, listener.numbers

    pieces, numbers = run(go())
    assert pieces == 1, "only the greeting was taken"
    assert numbers == list(range(500)), "the rest waited in the database"


def test_a_reader_that_takes_nothing_for_long_is_let_go(
    app: Edge, owner: Person, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "TAKEN_MAX_S", 0.2)
    monkeypatch.setattr(streaming, "END_MAX_S", 0.1)

    async def go() -> None:
        async with listening(app, owner.session) as listener:
            listener.takes.clear()
            await db.write(happen, Happened(1))
            await until(listener.task.done)

    run(go())
