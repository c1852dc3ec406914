"""Proof: an installation always has an owner, however many of them take the role from each other at once."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from artel.accounts import queries, service
from artel.accounts.model import OwnerNeeded, RoleChange
from artel.accounts.tables import accounts
from artel.db import Database, Query, Write
from artel.db.opening import open_database
from artel.kernel.actor import Actor
from artel.settings import Settings
from tests.conftest import Client, Run
from tests.people import People, Person

CUSTOMER = RoleChange(["customer"])
OWNERS_NOT_LOCKED = Query(int, select(accounts.c.id).where(queries._lives, queries._owner).order_by(accounts.c.id))


@pytest.fixture
def doors(settings: Settings, run: Run) -> Iterator[list[Database]]:
    """The same database as two processes have it open."""
    opened = [run(open_database(settings.database, settings.data)) for _ in range(2)]
    yield opened
    for door in opened:
        run(door.close())


async def take_the_role(tx: Write, by: Person, of: Person) -> None:
    await service.set_roles(tx, Actor(by.account_id, by.login, frozenset({"owner"})), of.account_id, CUSTOMER)


async def close(tx: Write, person: Person) -> None:
    await service.delete(tx, Actor(person.account_id, person.login, frozenset({"owner"})))


def together(doors: list[Database], run: Run, *uses: tuple[Any, ...]) -> list[type | None]:
    """Run the uses in transactions that are open at the same moment; answers what each was refused with."""

    async def held(tx: Write, use: Any, *people: Person) -> None:
        await use(tx, *people)
        if doors[0].engine == "postgresql":  # SQLite has one writer at a time: its transactions wait at their begin
            await asyncio.sleep(0.1)

    async def gather() -> list[Any]:
        turns = (doors[number % 2].write(held, *use) for number, use in enumerate(uses))
        return await asyncio.gather(*turns, return_exceptions=True)

    return [None if answer is None else type(answer) for answer in run(gather())]


def owners(doors: list[Database], run: Run) -> list[int]:
    return run(doors[0].write(_owners))


async def _owners(tx: Write) -> list[int]:
    return await tx.all(queries.OWNERS_LOCKED)


def two_owners_take_the_role_from_each_other(doors: list[Database], people: People, run: Run) -> None:
    one, other = people.person("owner"), people.person("owner", "staff")
    refused = together(doors, run, (take_the_role, one, other), (take_the_role, other, one))
    assert sorted(map(str, refused)) == sorted(map(str, [None, OwnerNeeded]))
    assert len(owners(doors, run)) == 1


def test_of_two_owners_who_take_the_role_from_each_other_one_stays(
    doors: list[Database], people: People, run: Run
) -> None:
    two_owners_take_the_role_from_each_other(doors, people, run)


def test_the_proof_catches_a_missing_check(
    doors: list[Database], people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def let_go(tx: Write, account_id: int) -> None:
        return None

    monkeypatch.setattr(service, "_leave_an_owner", let_go)
    with pytest.raises(AssertionError):
        two_owners_take_the_role_from_each_other(doors, people, run)
    assert owners(doors, run) == []


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_the_proof_catches_a_check_that_locks_nothing(
    doors: list[Database], people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as planted:
        planted.setattr(queries, "OWNERS_LOCKED", OWNERS_NOT_LOCKED)
        with pytest.raises(AssertionError):
            two_owners_take_the_role_from_each_other(doors, people, run)
    assert owners(doors, run) == []


def test_of_five_owners_who_depose_and_close_in_a_ring_one_stays(
    doors: list[Database], people: People, run: Run
) -> None:
    ring = [people.person("owner") for _ in range(5)]
    uses = [(take_the_role, by, of) for by, of in pairwise([*ring, ring[0]])]
    refused = together(doors, run, *uses, *((close, person) for person in ring))
    assert set(refused) <= {None, OwnerNeeded, service.AccountUnknown}
    assert OwnerNeeded in refused
    assert len(owners(doors, run)) == 1


def test_one_who_becomes_an_owner_while_closing_is_not_the_last(
    doors: list[Database], people: People, run: Run
) -> None:
    """The other owner goes as soon as there is a second one, who was no owner yet when it asked to be closed."""
    anna, boris = people.person("owner"), people.person()

    async def hand_over(tx: Write) -> None:
        owner = RoleChange(["owner"])
        await service.set_roles(tx, Actor(anna.account_id, anna.login, frozenset()), boris.account_id, owner)
        await close(tx, anna)

    assert together(doors, run, (hand_over,), (close, boris)) in ([None, OwnerNeeded], [service.AccountUnknown, None])
    assert len(owners(doors, run)) == 1


def test_the_last_owner_cannot_close_its_account_through_any_api(client: Client, people: People) -> None:
    last = people.person("owner")
    answer = client.request("DELETE", "/api/v1/me", token=last.session)
    assert (answer.status_code, answer.json()["code"]) == (409, "accounts.owner_needed")
    answer = client.request("DELETE", f"/user/{last.account_id}", headers={"Authorization": last.session})
    assert (answer.status_code, answer.json()["error_code"]) == (409, 409)
    assert client.get("/api/v1/me", token=last.session).status_code == 200


def test_an_owner_may_step_down_or_close_while_another_one_stays(client: Client, people: People) -> None:
    first, second = people.person("owner"), people.person("owner")
    people.person("owner")
    path = f"/api/v1/accounts/{first.account_id}/roles"
    assert client.request("PUT", path, token=first.session, json={"roles": ["staff"]}).status_code == 200
    assert client.request("DELETE", "/api/v1/me", token=second.session).status_code == 204
