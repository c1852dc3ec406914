"""Webhooks as their receiver sees them: signed, in order, again after a failure, each once when nothing goes wrong."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from artel.db import Database
from artel.events import rules, sender
from artel.events.model import WEBHOOKS_MAX
from tests.conftest import Client, Log, Run
from tests.events.happening import (
    Happened,
    Message,
    Other,
    Receiver,
    fits,
    make_due,
    make_hook,
    tell,
    until,
    until_told,
)
from tests.people import People


def delivered(client: Client, token: str, path: str) -> list[dict[str, Any]]:
    answer = client.get(f"{path}/deliveries", token=token)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_an_event_arrives_signed_as_the_specification_says(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    tell(run, db, Happened(1, "thing/1"), Other(2))
    (message,) = run(until(lambda: receiver.messages))
    assert fits(message, hook.secret)
    assert not fits(message, "whsec_" + base64.b64encode(b"another secret, just as long as").decode())
    assert not fits(message, hook.secret, time.time() + 301), "an old message is not taken for a new one"
    body = json.loads(message.body)
    assert body.keys() == {"type", "timestamp", "data"}
    assert (body["type"], body["data"]["number"]) == ("test.happened", 1)
    assert message.headers["content-type"] == "application/json"
    assert message.path == "/hook"
    (one,) = run(until_told(lambda: _all(near, owner, hook.path, "delivered")))
    assert one["message_id"] == message.id
    assert (one["kind"], one["subject"], one["tries"], one["next_try_at"]) == ("test.happened", "thing/1", 1, None)


async def _all(client: Client, token: str, path: str, status: str) -> list[dict[str, Any]]:
    answer = await client.send("GET", f"{path}/deliveries?status={status}", token=token)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_message_comes_soon_after_the_commit(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    make_hook(near, owner, receiver.url)
    near.post("/api/v1/tokens", token=owner, json={"name": "t", "scopes": ["profile:read"]})
    kinds: list[str] = []
    receiver.answer = lambda message: (kinds.append(json.loads(message.body)["type"]), (200, ""))[1]
    near.register("soon")
    run(until(lambda: "account.registered" in kinds))


def test_events_of_one_subject_come_in_order_and_others_do_not_wait_for_them(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    failing = {10, 20}
    receiver.answer = lambda message: (500, "not yet") if message.number in failing else (200, "ok")
    for number in range(10, 14):
        tell(run, db, Happened(number, "thing/1"), Happened(number + 10, "thing/2"), Happened(number + 20, "thing/3"))
    tell(run, db, Happened(40), Happened(41))

    async def go() -> None:
        await until(lambda: {30, 31, 32, 33, 40, 41} <= set(receiver.numbers) and failing <= set(receiver.numbers))
        failing.discard(10)
        while 13 not in receiver.numbers:
            await db.write(make_due)
            await asyncio.sleep(0.05)
        failing.discard(20)
        while 23 not in receiver.numbers:
            await db.write(make_due)
            await asyncio.sleep(0.05)

    run(go())
    for first in (10, 20, 30):
        heard = [number for number in receiver.numbers if first <= number < first + 4]
        assert list(dict.fromkeys(heard)) == list(range(first, first + 4)), "in order"
        assert heard == sorted(heard), "no later one before the last try of an earlier one"
    run(until_told(lambda: _none_wait(near, owner, hook.path)))


async def _none_wait(client: Client, token: str, path: str) -> bool:
    return not await _all(client, token, path, "waiting")


def test_a_failure_is_tried_again_later_and_each_attempt_is_kept(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    answers = iter([(500, "x" * 2000), (302, "elsewhere"), (200, "thanks")])
    receiver.answer = lambda message: next(answers)
    receiver.headers = {"location": f"http://127.0.0.1:{receiver.port}/stolen"}
    tell(run, db, Happened(1))

    async def tried(times: int) -> dict[str, Any]:
        async def enough() -> dict[str, Any] | None:
            (one,) = (await near.send("GET", f"{hook.path}/deliveries", token=owner)).json()["items"]
            return one if one["tries"] == times else None

        found: dict[str, Any] = await until_told(enough)
        return found

    run(until(lambda: receiver.messages))
    first = run(tried(1))
    assert first["status"] == "waiting"
    assert near.get(hook.path, token=owner).json()["failing_since"] is not None
    run(db.write(make_due))
    run(tried(2))
    run(db.write(make_due))
    last = run(tried(3))
    assert last["status"] == "delivered"
    assert near.get(hook.path, token=owner).json()["failing_since"] is None
    detail = near.get(f"{hook.path}/deliveries/{last['id']}", token=owner).json()
    assert [each["status"] for each in detail["attempts"]] == [200, 302, 500]
    assert detail["attempts"][0]["answer"] == "thanks"
    assert detail["attempts"][2]["answer"] == "x" * 500
    assert {message.path for message in receiver.messages} == {"/hook"}, "no redirect is followed"
    assert len({message.id for message in receiver.messages}) == 1
    assert all(fits(message, hook.secret) for message in receiver.messages)


def test_a_receiver_that_is_gone_is_switched_off_and_its_owner_told(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    receiver.answer = lambda message: (410, "")
    tell(run, db, Happened(1))
    shown = run(until_told(lambda: _switched_off(near, owner, hook.path)))
    assert "410" in shown["problem"]
    run(until_told(lambda: _told(near, owner, "webhook.disabled")))
    tell(run, db, Happened(2))
    run(until_told(lambda: _told(near, owner, "test.happened", 2)))
    receiver.answer = lambda message: (200, "")
    changed = near.request("PATCH", hook.path, token=owner, json={"active": True}).json()
    assert (changed["active"], changed["problem"]) == (True, "")
    tell(run, db, Happened(3))
    run(until(lambda: 3 in receiver.numbers))
    assert receiver.numbers == [1, 3], "what happened while it was off is not sent"


async def _switched_off(client: Client, token: str, path: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = (await client.send("GET", path, token=token)).json()
    return None if shown["active"] else shown


async def _told(client: Client, token: str, kind: str, times: int = 1) -> bool:
    answer = await client.send("GET", f"/api/v1/events?kinds={kind}", token=token)
    return len(answer.json()["items"]) >= times


def test_a_new_secret_signs_at_once_and_the_old_one_for_a_day(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    renewed = near.post(f"{hook.path}/secret", token=owner).json()["secret"]
    assert renewed != hook.secret
    tell(run, db, Happened(1))
    (message,) = run(until(lambda: receiver.messages))
    assert fits(message, renewed)
    assert fits(message, hook.secret)
    assert len(message.headers["webhook-signature"].split()) == 2
    third = near.post(f"{hook.path}/secret", token=owner).json()["secret"]
    tell(run, db, Happened(2))
    message = run(until(lambda: receiver.messages[1:]))[0]
    assert fits(message, third)
    assert fits(message, renewed)
    assert not fits(message, hook.secret), "only the last old one signs"


def test_a_test_goes_to_the_webhook_that_is_tested_whatever_it_takes(
    near: Client, people: People, run: Run, receiver: Receiver
) -> None:
    owner = people.person().session
    tested = make_hook(near, owner, receiver.url, "order.*")
    make_hook(near, owner, receiver.url + "/other", "*")
    assert near.post(f"{tested.path}/test", token=owner).status_code == 204
    (message,) = run(until(lambda: receiver.messages))
    assert (message.path, json.loads(message.body)["type"]) == ("/hook", "webhook.test")
    run(asyncio.sleep(0.2))
    assert len(receiver.messages) == 1


def test_a_replay_sends_the_same_message_again_and_a_waiting_one_is_refused(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    tell(run, db, *[Happened(number, "thing/1") for number in range(4)])
    run(until(lambda: len(receiver.messages) == 4))
    run(until_told(lambda: _none_wait(near, owner, hook.path)))
    newest, *_, oldest = delivered(near, owner, hook.path)
    answer = near.post(f"{hook.path}/deliveries/{oldest['id']}/replay", token=owner)
    assert (answer.status_code, answer.json()["status"], answer.json()["tries"]) == (200, "waiting", 0)
    run(until(lambda: len(receiver.messages) == 5))
    assert receiver.messages[4].id == receiver.messages[0].id
    run(until_told(lambda: _none_wait(near, owner, hook.path)))
    since = {"since": oldest["created_at"]}
    receiver.answer = lambda message: (500, "")
    answer = near.post(f"{hook.path}/replay", token=owner, json=since)
    assert answer.json() == {"deliveries": 4, "more": False, "through": newest["created_at"]}
    refused = near.post(f"{hook.path}/deliveries/{newest['id']}/replay", token=owner)
    assert (refused.status_code, refused.json()["code"]) == (409, "events.delivery_waits")
    receiver.answer = lambda message: (200, "")

    async def arrive() -> None:
        while receiver.numbers[-1] != 3 or len(receiver.messages) < 9:
            await db.write(make_due)
            await asyncio.sleep(0.05)

    run(arrive())
    assert list(dict.fromkeys(receiver.numbers[5:])) == [0, 1, 2, 3]
    run(until_told(lambda: _none_wait(near, owner, hook.path)))
    failed_only = near.post(f"{hook.path}/replay", token=owner, json=since | {"failed_only": True})
    assert failed_only.json() == {"deliveries": 0, "more": False, "through": None}


def test_what_cannot_be_reached_is_an_attempt_that_says_why(
    near: Client, people: People, run: Run, db: Database
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, "http://127.0.0.1:1/", "test.*")
    tell(run, db, Happened(1))

    async def attempted() -> list[Any]:
        items = (await near.send("GET", f"{hook.path}/deliveries", token=owner)).json()["items"]
        if not items or not items[0]["tries"]:
            return []
        detail = await near.send("GET", f"{hook.path}/deliveries/{items[0]['id']}", token=owner)
        found: list[Any] = detail.json()["attempts"]
        return found

    (attempt,) = run(until_told(attempted))
    assert attempt["status"] is None
    assert "refused" in attempt["answer"].lower() or "connect" in attempt["answer"].lower()


def test_an_address_of_this_machine_is_refused_unless_the_operator_allows_it(
    client: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    token = people.person("owner").session
    refused = client.post("/api/v1/webhooks", token=token, json={"url": receiver.url})
    assert (refused.status_code, refused.json()["code"]) == (400, "events.url_unfit")


def test_a_name_that_leads_to_this_machine_is_refused_when_it_is_connected_to(
    start: Callable[..., Client],
    people: People,
    run: Run,
    db: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = start()
    token = people.person("owner").session
    hook = make_hook(client, token, f"http://harmless.example:{receiver.port}/", "test.*")

    async def resolved(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", receiver.port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolved)
    tell(run, db, Happened(1))

    async def attempted() -> list[Any]:
        items = (await client.send("GET", f"{hook.path}/deliveries", token=token)).json()["items"]
        return [item for item in items if item["tries"]]

    (one,) = run(until_told(attempted))
    (attempt,) = client.get(f"{hook.path}/deliveries/{one['id']}", token=token).json()["attempts"]
    assert "public network" in attempt["answer"]
    assert receiver.messages == []


def test_a_slow_receiver_does_not_keep_others_waiting(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    owner = people.person("owner").session
    quick = make_hook(near, owner, receiver.url + "/quick", "test.*")
    make_hook(near, owner, receiver.url + "/slow", "test.*")

    def answer(message: Message) -> tuple[int, str]:
        if message.path.endswith("slow"):
            time.sleep(1.0)
        return 200, ""

    receiver.answer = answer
    tell(run, db, *[Happened(number) for number in range(30)])
    run(until(lambda: sum(message.path.endswith("quick") for message in receiver.messages) == 30))
    assert sum(message.path.endswith("slow") for message in receiver.messages) < 30
    run(until_told(lambda: _none_wait(near, owner, quick.path)))


def test_many_receivers_that_do_not_answer_keep_nobody_waiting(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "AT_ONCE_EACH", 1)  # so that it takes less time until all of them are asked
    stranger, owner = people.person(), people.person("owner").session
    for _ in range(WEBHOOKS_MAX):
        make_hook(near, stranger.session, receiver.url + "/never", "test.*")
    quick = make_hook(near, owner, receiver.url + "/quick", "test.*")
    over = threading.Event()
    receiver.answer = lambda message: (200, "" if message.path.endswith("quick") or over.wait(60) else "")
    try:
        seen_by = f"account/{stranger.account_id}"
        tell(run, db, *[Happened(number, seen_by=seen_by) for number in range(10)])
        run(until(lambda: sum(message.path.endswith("quick") for message in receiver.messages) == 10))
    finally:
        over.set()
    run(until_told(lambda: _none_wait(near, owner, quick.path)))


def test_the_log_tells_of_each_attempt_and_holds_no_secret(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver, log: Log
) -> None:
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    tell(run, db, Happened(1))
    run(until(lambda: [line for line in log.lines() if line["event"] == "webhook.sent"]))
    assert hook.secret.encode() not in log.text
    assert hook.secret.removeprefix(rules.SECRET_PREFIX).encode() not in log.text
