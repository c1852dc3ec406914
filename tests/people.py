"""Accounts for the tests, entered at once: one cheap hash serves them all, where a real one takes 29 ms."""

import functools
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher
from msgspec import Struct
from sqlalchemy import Table, bindparam, select, update

from artel.accounts import service
from artel.accounts.model import SCOPES, Registration, TokenWanted
from artel.accounts.service import Hashed, Terms
from artel.accounts.tables import accounts, api_tokens, sessions
from artel.db import Command, Database, Query, Read, Write, metadata
from artel.kernel.actor import Actor

PASSWORD: Final = "correct horse battery"
CHEAP_HASH: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
TERMS: Final = Terms(session_ttl_s=3600, registrations_per_hour=10_000, login_failures_per_address=10_000)

EXPIRE_SESSION = Command(
    update(sessions).where(sessions.c.id == bindparam("of_id")).values(expires_us=sessions.c.created_us)
)
EXPIRE_TOKEN = Command(
    update(api_tokens).where(api_tokens.c.id == bindparam("of_id")).values(expires_us=api_tokens.c.created_us)
)
SESSION_ID = Query(int, select(sessions.c.id).where(sessions.c.account_id == bindparam("of_id")))
CLOSE = Command(update(accounts).where(accounts.c.id == bindparam("of_id")).values(deleted_us=1))


class Person(Struct, frozen=True):
    """An account with one open session."""

    account_id: int
    login: str
    session: str  # the token
    session_id: int


class Token(Struct, frozen=True):
    """An API token."""

    token_id: int
    token: str


class People:
    """Enters accounts, sessions and API tokens through the services, without HTTP."""

    def __init__(self, db: Database, run: Callable[[Awaitable[Any]], Any]) -> None:
        self._db, self._run = db, run
        self._numbers = itertools.count(1)

    def person(self, *roles: str, login: str = "", **fields: str) -> Person:
        """A new account with these roles (none named: customer), logged in."""
        login = login or f"person{next(self._numbers)}"
        return self._run(self._db.write(enter, login, frozenset(roles or ("customer",)), fields))

    def token(self, person: Person, *scopes: str) -> Token:
        """An API token of the person; none named: with every scope."""
        return self._run(self._db.write(_make_token, person, scopes or SCOPES))

    def expire_session(self, person: Person) -> None:
        self._run(self._db.write(_change, EXPIRE_SESSION, person.session_id))

    def expire_token(self, token: Token) -> None:
        self._run(self._db.write(_change, EXPIRE_TOKEN, token.token_id))

    def close(self, person: Person) -> None:
        self._run(self._db.write(_change, CLOSE, person.account_id))


async def enter(tx: Write, login: str, roles: frozenset[str], fields: dict[str, str]) -> Person:
    wanted = Registration(login=login, password=PASSWORD, **fields)
    account = await service.create(tx, wanted, Hashed(CHEAP_HASH), roles)
    opened = await service.open_session(tx, account.id, "127.0.0.1", TERMS)
    session_id = await tx.one(SESSION_ID, of_id=account.id)
    assert session_id is not None
    return Person(account.id, login, opened.token, session_id)


async def _make_token(tx: Write, person: Person, scopes: tuple[Any, ...]) -> Token:
    who = Actor(person.account_id, person.login, frozenset())
    made = await service.make_token(tx, who, TokenWanted(name="of a test", scopes=list(scopes)))
    return Token(made.id, made.token)


async def _change(tx: Write, command: Command, of_id: int) -> None:
    assert await tx.run(command, of_id=of_id) == 1


@functools.cache
def _everything(table: Table) -> Query[Any]:
    row = msgspec.defstruct(table.name, [(str(column.name), Any) for column in table.c])
    return Query(row, select(table))


async def dump(tx: Read) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in one order. How far the relay is with an event is left out: it goes on meanwhile."""
    rows = {
        table.name: sorted((msgspec.structs.astuple(row) for row in await tx.all(_everything(table))), key=repr)
        for table in metadata.sorted_tables
    }
    rows["outbox"] = [row[:4] for row in rows["outbox"]]
    return rows
