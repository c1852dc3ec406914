"""The HTTP surface of events and webhooks: what is kept, who sees what, what is refused."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from artel.db import Database, Read, Write, outbox
from artel.edge.asgi import Edge
from artel.events import service, sight
from artel.events.model import WEBHOOKS_MAX
from artel.kernel.actor import SYSTEM
from artel.settings import Settings
from artel.shop.shops import service as shops
from artel.shop.shops.model import ShopWanted
from tests.accounts.test_secrets_kept import everything, forms
from tests.conftest import Client, Run
from tests.events.happening import Happened, Other, Receiver, happen, make_due, make_hook, tell, until, until_told
from tests.events.listening import listening
from tests.people import People, Person

URL = "https://example.com/hook"
WEBHOOKS = "/api/v1/webhooks"


def test_a_webhook_is_made_shown_changed_and_deleted(client: Client, people: People) -> None:
    token = people.person().session
    made = client.post(WEBHOOKS, token=token, json={"url": URL, "kinds": ["order.*", "stock.low"]})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    path = f"{WEBHOOKS}/{made.json()['id']}"
    shown = client.get(path, token=token)
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["kinds"] == ["order.*", "stock.low"]
    assert "secret" not in shown.text
    assert client.get(WEBHOOKS, token=token).json()["items"] == [shown.json()]
    etag = {"If-Match": '"1"'}
    changed = client.request("PATCH", path, token=token, json={"active": False}, headers=etag)
    assert (changed.json()["active"], changed.json()["version"], changed.json()["url"]) == (False, 2, URL)
    stale = client.request("PATCH", path, token=token, json={"url": URL + "/2"}, headers=etag)
    assert (stale.status_code, stale.json()["code"]) == (412, "events.webhook_stale")
    assert stale.json()["facts"]["yours"] == {"url": URL + "/2"}
    unfit = client.request("PATCH", path, token=token, json={"url": "http://localhost/"})
    assert unfit.json()["code"] == "events.url_unfit"
    assert client.request("DELETE", path, token=token).status_code == 204
    assert client.get(path, token=token).json()["code"] == "events.webhook_unknown"


def test_a_webhook_with_deliveries_is_deleted_with_them(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    token = people.person("owner").session
    hook = make_hook(near, token, receiver.url, "test.*")
    tell(run, db, Happened(1))
    run(until(lambda: receiver.messages))
    (one,) = run(until_told(lambda: _deliveries(near, token, hook.path)))
    assert near.request("DELETE", hook.path, token=token).status_code == 204
    assert near.get(f"{hook.path}/deliveries/{one['id']}", token=token).status_code == 404


async def _deliveries(client: Client, token: str, path: str, status: str = "delivered") -> list[Any]:
    found: list[Any] = (await client.send("GET", f"{path}/deliveries?status={status}", token=token)).json()["items"]
    return found


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "ftp://example.com/"}, "request.malformed"),
        ({"url": "https://example.com/\r\nHost: other"}, "request.malformed"),
        ({"url": "https://example.com/ "}, "request.malformed"),
        ({"url": "https://exämple.com/"}, "request.malformed"),
        ({"url": "https://" + "x" * 2000}, "request.malformed"),
        ({"url": "https://example.com/<b>"}, "request.malformed"),
        ({"url": "https://example.com/\\x"}, "request.malformed"),
        ({"url": "https://a:b@example.com/"}, "events.url_unfit"),
        ({"url": "https://10.0.0.1/"}, "events.url_unfit"),
        ({"url": URL, "kinds": []}, "request.malformed"),
        ({"url": URL, "kinds": ["order*"]}, "request.malformed"),
        ({"url": URL, "kinds": ["order. *"]}, "request.malformed"),
        ({"url": URL, "kinds": ["*.placed"]}, "request.malformed"),
        ({"url": URL, "kinds": ["a\n"]}, "request.malformed"),
        ({"url": URL, "kinds": ["a"] * 51}, "request.malformed"),
        ({"url": URL, "secret": "mine"}, "request.malformed"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(client: Client, people: People, body: Any, code: str) -> None:
    answer = client.post(WEBHOOKS, token=people.person().session, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_an_account_has_a_bounded_number_of_webhooks_even_when_they_are_made_at_once(
    client: Client, people: People
) -> None:
    person, other = people.person(), people.person()
    sent = [client.send("POST", WEBHOOKS, token=person.session, json={"url": URL}) for _ in range(WEBHOOKS_MAX + 5)]
    statuses = [answer.status_code for answer in client.together(*sent)]
    assert statuses.count(201) == WEBHOOKS_MAX
    assert statuses.count(409) == 5
    listed = client.get(f"{WEBHOOKS}?limit=200", token=person.session).json()
    assert len(listed["items"]) == WEBHOOKS_MAX
    assert client.post(WEBHOOKS, token=other.session, json={"url": URL}).status_code == 201


def test_a_dump_of_the_database_holds_no_secret_of_a_webhook(
    client: Client, people: People, run: Run, db: Database, settings: Settings
) -> None:
    token = people.person().session
    key = {"Idempotency-Key": "a-webhook"}
    made = client.post(WEBHOOKS, token=token, json={"url": URL}, headers=key).json()
    renewed = client.post(f"{WEBHOOKS}/{made['id']}/secret", token=token, headers=key).json()
    found = everything(run, db, settings)
    assert URL.encode() in found
    for secret in (made["secret"], renewed["secret"]):
        for form in forms(secret.removeprefix("whsec_")):
            assert form not in found
    assert client.post(WEBHOOKS, token=token, json={"url": URL}, headers=key).json() == made, "it is repeated once"


# --- pages


def test_events_are_paged_without_a_gap_whatever_the_size(
    client: Client, people: People, run: Run, db: Database
) -> None:
    token = people.person("owner").session
    tell(run, db, *[Happened(number) if number % 3 else Other(number) for number in range(50)])
    run(until_told(lambda: _published(db)))
    for kinds, wanted in (
        ("*", list(range(50))),
        ("test.*", [number for number in range(50) if number % 3]),
        ("other.thing", list(range(0, 50, 3))),
        ("other.thing,test.happened", list(range(50))),
    ):
        for limit in (1, 7, 200):
            heard = _read_all(client, token, kinds, limit)
            assert [each["data"]["number"] for each in heard if "number" in each["data"]] == wanted, (kinds, limit)


def _read_all(client: Client, token: str, kinds: str, limit: int) -> list[Any]:
    heard: list[Any] = []
    after = ""
    while True:
        answer = client.get(f"/api/v1/events?kinds={kinds}&limit={limit}{after}", token=token)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) <= limit
        heard += answer.json()["items"]
        if answer.json()["next"] is None:
            return heard
        after = f"&after={answer.json()['next']}"


async def _published(db: Database) -> bool:
    return not (await db.read(outbox.reach)).waits


def test_a_page_that_looks_for_rare_kinds_ends_in_time_and_goes_on(
    client: Client, people: People, run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SCAN_MAX", 10)
    token = people.person("owner").session
    tell(run, db, *[Happened(number) for number in range(35)], Other(99))
    run(until_told(lambda: _published(db)))
    first = client.get("/api/v1/events?kinds=other.*", token=token).json()
    assert first["items"] == []
    assert first["next"] == "10"
    assert [each["data"]["number"] for each in _read_all(client, token, "other.*", 50)] == [99]


# --- who sees what


class Cast(msgspec.Struct):
    """Two shops with a member each, a customer, and one of the staff."""

    member: Person
    stranger: Person
    customer: Person
    staff: Person
    shop_id: int
    other_id: int


@pytest.fixture
def cast(people: People, run: Run, db: Database) -> Cast:
    member, stranger = people.person(), people.person()

    async def open_shops(tx: Write) -> list[int]:
        made = []
        for place, person in enumerate((member, stranger)):
            wanted = ShopWanted(name=f"S{place}", slug=f"s-{place}", currency="RUB")
            shop = await shops.create(tx, SYSTEM, wanted)
            await shops.add_member(tx, SYSTEM, shop.id, person.account_id)
            made.append(shop.id)
        return made

    shop_id, other_id = run(db.write(open_shops))
    return Cast(member, stranger, people.person(), people.person("staff"), shop_id, other_id)


def _events_of(cast: Cast) -> list[Happened]:
    return [
        Happened(1, "order/1", f"shop/{cast.shop_id} account/{cast.customer.account_id}"),
        Happened(2, "order/2", f"shop/{cast.other_id}"),
        Happened(3, "order/3", ""),
        Happened(4, "order/4", f"account/{cast.customer.account_id}0 shop/{cast.shop_id}0"),
    ]


def _seen(cast: Cast) -> dict[str, list[int]]:
    return {
        cast.member.session: [1],
        cast.stranger.session: [2],
        cast.customer.session: [1],
        cast.staff.session: [1, 2, 3, 4],
    }


def _prove_pages(client: Client, run: Run, db: Database, cast: Cast) -> None:
    tell(run, db, *_events_of(cast))
    run(until_told(lambda: _published(db)))
    for token, wanted in _seen(cast).items():
        heard = _read_all(client, token, "test.*", 2)
        assert [each["data"]["number"] for each in heard] == wanted


def _prove_streams(app: Edge, run: Run, db: Database, cast: Cast) -> None:
    async def hear(token: str) -> list[int]:
        async with listening(app, token, "kinds=test.*") as listener:
            await asyncio.sleep(0.2)
            await until(lambda: len(listener.numbers) >= len(_seen(cast)[token]))
            await asyncio.sleep(0.5)
            return listener.numbers

    async def go() -> list[list[int]]:
        listeners = [asyncio.create_task(hear(token)) for token in _seen(cast)]
        await asyncio.sleep(0.1)
        await db.write(happen, *_events_of(cast))
        return await asyncio.gather(*listeners)

    assert run(go()) == list(_seen(cast).values())


def _prove_webhooks(client: Client, run: Run, db: Database, cast: Cast, receiver: Receiver) -> None:
    for place, token in enumerate(_seen(cast)):
        make_hook(client, token, f"{receiver.url}/{place}", "test.*")
    tell(run, db, *_events_of(cast))
    wanted = sorted((f"/hook/{place}", each) for place, seen in enumerate(_seen(cast).values()) for each in seen)
    run(until(lambda: len(receiver.messages) >= len(wanted)))
    run(asyncio.sleep(0.3))
    assert sorted((message.path, message.number) for message in receiver.messages) == wanted


def test_a_page_shows_what_is_the_askers_and_the_staff_all(client: Client, run: Run, db: Database, cast: Cast) -> None:
    _prove_pages(client, run, db, cast)


def test_a_stream_tells_what_is_the_listeners_and_the_staff_all(app: Edge, run: Run, db: Database, cast: Cast) -> None:
    _prove_streams(app, run, db, cast)


def test_a_webhook_gets_what_is_its_accounts_and_the_staffs_all(
    near: Client, run: Run, db: Database, cast: Cast, receiver: Receiver
) -> None:
    _prove_webhooks(near, run, db, cast, receiver)


async def _everybody(tx: Read, account_id: int, *_: Any) -> sight.Sight:
    return sight.Sight(everything=True, words=())


@pytest.mark.parametrize("where", ["pages", "streams", "webhooks"])
def test_the_proofs_catch_a_sight_that_is_too_wide(
    start: Callable[..., Client],
    run: Run,
    db: Database,
    cast: Cast,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    """The canary of the three tests above."""
    for module in ("artel.events.service", "artel.events.streams"):
        monkeypatch.setattr(f"{module}.sight_of", _everybody)
    monkeypatch.setattr("artel.events.dispatch.sight_of_account", _everybody)
    client = start(webhooks_private=True)
    prove: dict[str, Callable[[], None]] = {
        "pages": lambda: _prove_pages(client, run, db, cast),
        "streams": lambda: _prove_streams(client.transport.app, run, db, cast),  # type: ignore[arg-type]
        "webhooks": lambda: _prove_webhooks(client, run, db, cast, receiver),
    }
    with pytest.raises(AssertionError):
        prove[where]()


def test_what_an_account_may_not_see_any_more_when_it_is_sent_is_withheld(
    near: Client, run: Run, db: Database, cast: Cast, receiver: Receiver, people: People
) -> None:
    hook = make_hook(near, cast.member.session, receiver.url, "test.*")
    receiver.answer = lambda message: (500, "")
    tell(run, db, Happened(1, "order/1", f"shop/{cast.shop_id}"), Happened(2, "order/1", f"shop/{cast.shop_id}"))
    run(until(lambda: receiver.messages))
    run(until_told(lambda: _deliveries(near, cast.member.session, hook.path, "waiting")))

    async def leave(tx: Write) -> None:
        await shops.remove_member(tx, SYSTEM, cast.shop_id, cast.member.account_id)

    run(db.write(leave))

    async def withheld() -> bool:
        await db.write(make_due)
        return len(await _deliveries(near, cast.member.session, hook.path, "withheld")) == 2

    run(until_told(withheld))
    assert len(receiver.messages) == 1


def test_a_closed_account_gets_nothing(
    near: Client, run: Run, db: Database, cast: Cast, receiver: Receiver, people: People
) -> None:
    make_hook(near, cast.staff.session, receiver.url + "/closed", "test.*")
    make_hook(near, people.person("owner").session, receiver.url, "test.*")
    assert near.request("DELETE", "/api/v1/me", token=cast.staff.session).status_code == 204
    tell(run, db, Happened(1))
    run(until(lambda: receiver.messages))
    run(asyncio.sleep(0.2))
    assert [message.path for message in receiver.messages] == ["/hook"]


def test_a_token_needs_the_scope(client: Client, people: People) -> None:
    person = people.person()
    scoped, other = people.token(person, "events:read"), people.token(person, "webhooks:read")
    assert client.get("/api/v1/events", token=scoped.token).status_code == 200
    assert client.get("/api/v1/events", token=other.token).status_code == 403
    assert client.get(WEBHOOKS, token=other.token).status_code == 200
    assert client.post(WEBHOOKS, token=other.token, json={"url": URL}).status_code == 403
