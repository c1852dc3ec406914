"""Checkouts over HTTP: POST /api/v1/orders out of a cart of 3 lines, 16 clients, each request of another account.

The rival is the same statements in the raw driver without HTTP: apsw that commits 16 of them together with
synchronous=FULL, or asyncpg with a connection for each of 16 clients. The statements are recorded from the product, so
that they are the same; only the ids of account and order are put in anew.

Two things belong to them that no recording of one transaction shows. SQLite checks foreign keys only where it is told
to, as PostgreSQL always does. And an event of the outbox is told to nobody before it has its position and stands under
each word of its audience: the product does that after the commit, within the time that is measured, and so does the
rival, for 16 events at once, or as many as wait.
"""

import asyncio
import hashlib
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw
import asyncpg
from msgspec import Struct

from artel.accounts import queries as accounts
from artel.db import Command, Query, Write, outbox
from artel.db.opening import DATABASE_FILE, open_database
from artel.db.outbox import Occurrence
from artel.db.statement import Compiled, Engine, Params
from artel.events.relay import GATHER_S
from artel.kernel.actor import Actor
from artel.orders.orders import queries, service
from artel.orders.orders.model import Placing, Terms
from bench import Outcome
from bench.catalogue import fill
from bench.load import Request, load
from bench.servers import Installation, installations, ours

CLIENTS: Final = 16
WANTED: Final = 0.4
OFFERS: Final = 3_000
PLANS: Final = 500  # different carts
FIRST: Final = 1_000  # the id of the first account with a cart
SESSION_US: Final = 10**18
COPIES: Final = 10**9  # nothing is sold out
NAMES: Final[dict[Engine, str]] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
ACCOUNTS_S: Final[dict[Engine, int]] = {"sqlite": 8_000, "postgresql": 2_500}  # more than are used in a second


class Step(Struct, frozen=True):
    """One statement of a checkout; where in its arguments the account's and the order's ids stand."""

    text: str
    rows: list[list[Any]]
    account: list[int]
    order: list[int]
    gives_order: bool
    many: bool

    def filled(self, row: list[Any], account_id: int, order_id: int) -> list[Any]:
        """A row of arguments with these ids."""
        given = row.copy()
        for place in self.account:
            given[place] = account_id
        for place in self.order:
            given[place] = order_id
        return given


Plan = list[Step]
ACCOUNT, ORDER = object(), object()
MARKS: Final = {"account_id": ACCOUNT, "order_id": ORDER}


def measure(quick: bool) -> Iterator[Outcome]:
    """Against the same statements in the raw driver."""
    rounds, seconds = (1, 1) if quick else (5, 2)
    for engine, name in NAMES.items():
        with installations(engine, 2) as (mine, other):
            for installation in (mine, other):
                asyncio.run(_fill(installation, ACCOUNTS_S[engine] * (rounds * seconds + 1)))
            rival = Rival(other, engine, asyncio.run(_recorded(other, engine)))
            with ours(mine) as url:
                product = Product(url, ACCOUNTS_S[engine])
                product.sell(1)
                rival.sell(1)
                pairs = [(product.sell(seconds), rival.sell(seconds)) for _ in range(rounds)]
        for ours_s, rival_s in pairs:
            print(f"  {ours_s:9,.0f}/s {rival_s:9,.0f}/s {ours_s / rival_s:6.2f}", file=sys.stderr)
        yield Outcome(
            f"checkouts of 3 lines, {name}, to the raw driver",
            f"{statistics.median(each for each, _ in pairs):,.0f}/s",
            f"{statistics.median(each for _, each in pairs):,.0f}/s",
            statistics.median(each / other for each, other in pairs),
            WANTED,
        )


class Product:
    """The product under load."""

    def __init__(self, url: str, accounts_s: int) -> None:
        self._url, self._accounts_s, self._next = url, accounts_s, FIRST + PLANS

    def sell(self, seconds: int) -> float:
        """Checkouts per second; every request is another account's."""
        request = Request("/api/v1/orders", "as_bench{n}", "POST", "{}", first=self._next)
        self._next += self._accounts_s * seconds
        return load(self._url, request, CLIENTS, seconds)


class Rival:
    """The raw driver."""

    def __init__(self, installation: Installation, engine: Engine, plans: list[Plan]) -> None:
        self._installation, self._plans, self._next = installation, plans, FIRST + PLANS
        self._session: Compiled = getattr(accounts.SESSION_HOLDER, engine)

    def sell(self, seconds: int) -> float:
        """Checkouts per second."""
        if self._installation.database:
            return asyncio.run(self._postgres(self._installation.database, seconds))
        return self._sqlite(str(self._installation.data / DATABASE_FILE), seconds)

    def _account(self) -> tuple[int, Plan, Sequence[Any]]:
        """The next account with its statements, and the arguments by which its session is found."""
        account_id = self._next
        self._next += 1
        found = self._session.arguments({"token_hash": _token_hash(account_id), "now_us": 1})
        return account_id, self._plans[account_id % PLANS], found

    def _sqlite(self, path: str, seconds: int) -> float:
        connection = apsw.Connection(path, statementcachesize=200)
        connection.execute("pragma synchronous=full")
        connection.execute("pragma foreign_keys=on")
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        execute = connection.execute
        began_s, sold = time.perf_counter(), 0
        while time.perf_counter() < began_s + seconds:
            execute("begin immediate")
            for _ in range(CLIENTS):
                account_id, plan, session = self._account()
                assert execute(self._session.text, session).fetchone()
                order_id = 0
                for step in plan:
                    if step.many:
                        connection.executemany(step.text, [step.filled(row, account_id, order_id) for row in step.rows])
                        continue
                    found = execute(step.text, step.filled(step.rows[0], account_id, order_id)).fetchall()
                    order_id = found[0][0] if step.gives_order else order_id
            last = execute(outbox.LOCK.sqlite.text).fetchone()[0]
            waiting = outbox.UNPUBLISHED.sqlite
            for text, rows in _publishing("sqlite", execute(waiting.text, waiting.arguments({})).fetchall(), last):
                connection.executemany(text, rows)
            execute("commit")
            sold += CLIENTS
        took_s = time.perf_counter() - began_s
        connection.close()
        return sold / took_s

    async def _postgres(self, url: str, seconds: int) -> float:
        pool = await asyncpg.create_pool(
            url, min_size=CLIENTS + 1, max_size=CLIENTS + 1, server_settings={"jit": "off"}, statement_cache_size=200
        )
        began_s, sold = time.perf_counter(), 0

        async def publisher(connection: Any) -> None:
            waiting = outbox.UNPUBLISHED.postgresql
            while time.perf_counter() < began_s + seconds:
                async with connection.transaction():
                    last = await connection.fetchval(outbox.LOCK.postgresql.text)
                    events = await connection.fetch(waiting.text, *waiting.arguments({}))
                    for text, rows in _publishing("postgresql", events, last):
                        await connection.executemany(text, rows)
                await asyncio.sleep(0 if len(events) == outbox.BATCH else GATHER_S)

        async def client(connection: Any) -> None:
            nonlocal sold
            while time.perf_counter() < began_s + seconds:
                account_id, plan, session = self._account()
                async with connection.transaction():
                    assert await connection.fetchrow(self._session.text, *session)
                    order_id = 0
                    for step in plan:
                        if step.many:
                            rows = [step.filled(row, account_id, order_id) for row in step.rows]
                            await connection.executemany(step.text, rows)
                            continue
                        found = await connection.fetch(step.text, *step.filled(step.rows[0], account_id, order_id))
                        order_id = found[0][0] if step.gives_order else order_id
                sold += 1

        async with pool:
            published, *connections = [await pool.acquire() for _ in range(CLIENTS + 1)]
            began_s = time.perf_counter()
            await asyncio.gather(*map(client, connections), publisher(published))
            took_s = time.perf_counter() - began_s
            for connection in (published, *connections):
                await pool.release(connection)
        return sold / took_s


def _publishing(engine: Engine, waiting: Sequence[Any], last: int) -> list[tuple[str, list[Any]]]:
    """What gives the waiting events their positions and their listeners: statements, each with its rows."""
    if not waiting:
        return []
    names = Occurrence.__struct_fields__
    event_id, audience = names.index("id"), names.index("audience")
    placed = list(enumerate(waiting, last + 1))
    heard = [{"word": word, "position": at} for at, event in placed for word in sorted(set(event[audience].split()))]
    given = [{"event_id": event[event_id], "new_position": at} for at, event in placed]
    steps = ((outbox.PUBLISH, given), (outbox.OPEN_TO, heard), (outbox.REACHED, [{"last": placed[-1][0]}]))
    compiled: list[tuple[Compiled, list[Any]]] = [(getattr(command, engine), rows) for command, rows in steps]
    return [(each.text, [each.arguments(row) for row in rows]) for each, rows in compiled]


# --- recording what the product does


class _Recording:
    """A transaction that remembers its statements; the ids of account and order as marks."""

    def __init__(self, tx: Write, engine: Engine, account_id: int) -> None:
        self._tx, self._engine, self._account_id, self.now_us = tx, engine, account_id, tx.now_us
        self.plan: Plan = []

    async def one(self, query: Query[Any], **params: Any) -> Any:
        self._keep(query, [params])
        return await self._tx.one(query, **params)

    async def all(self, query: Query[Any], **params: Any) -> list[Any]:
        self._keep(query, [params])
        return await self._tx.all(query, **params)

    async def run(self, command: Command, **params: Any) -> int:
        self._keep(command, [params])
        return await self._tx.run(command, **params)

    async def many(self, command: Command, params: Sequence[Params]) -> None:
        self._keep(command, params, many=True)
        await self._tx.many(command, params)

    def _keep(self, command: Command, params: Sequence[Params], *, many: bool = False) -> None:
        compiled: Compiled = getattr(command, self._engine)
        marked = [dict(each) | {name: mark for name, mark in MARKS.items() if name in each} for each in params]
        rows = [list(compiled.arguments(each)) for each in marked]
        places = {mark: [place for place, value in enumerate(rows[0]) if value is mark] for mark in MARKS.values()}
        self.plan.append(Step(compiled.text, rows, places[ACCOUNT], places[ORDER], command is queries.PLACE, many))


async def _recorded(installation: Installation, engine: Engine) -> list[Plan]:
    """The statements of one checkout of each cart; it is done, too."""

    async def record(tx: Write, account_id: int) -> Plan:
        recording = _Recording(tx, engine, account_id)
        who = Actor(account_id, "bench", frozenset({"customer"}))
        await service.place(recording, who, Placing(), Terms(900, 86_400))
        return recording.plan

    db = await open_database(installation.database, installation.data)
    try:
        plans = {number % PLANS: await db.write(record, number) for number in range(FIRST, FIRST + PLANS)}
    finally:
        await db.close()
    return [plans[number] for number in range(PLANS)]


# --- filling


def _token_hash(number: int) -> bytes:
    return hashlib.sha256(f"as_bench{number}".encode()).digest()


async def _fill(installation: Installation, count: int) -> None:
    """Offers of which nothing is sold out, and accounts, each logged in and with three of them in its cart."""
    db = await open_database(installation.database, installation.data)
    try:
        await fill(db, OFFERS)
    finally:
        await db.close()
    numbers = range(FIRST, FIRST + PLANS + count)
    tables: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
        "accounts": (
            "id login login_key password_hash name first_name last_name email roles search_text created_us updated_us"
            " deleted_us version",
            [(n, f"b{n}", f"b{n}", "", "", "", "", "", "customer", "", 1, 1, 0, 1) for n in numbers],
        ),
        "sessions": (
            "id account_id token_hash created_us expires_us address",
            [(n, n, _token_hash(n), 1, SESSION_US, "") for n in numbers],
        ),
        "carts": ("id account_id created_us updated_us", [(n, n, 1, 1) for n in numbers]),
        "cart_lines": (
            "cart_id offer_id quantity seen_price_minor added_us",
            [(n, 1 + (n % PLANS * 3 + line * 7) % OFFERS, 1 + line % 2, 1, line) for n in numbers for line in range(3)],
        ),
    }
    stock = f"update offers set stock = {COPIES}"
    if installation.database:
        connection = await asyncpg.connect(installation.database)
        for table, (columns, rows) in tables.items():
            await connection.copy_records_to_table(table, records=rows, columns=columns.split())
        await connection.execute(stock)
        await connection.execute("vacuum analyze")
        await connection.close()
        return
    with apsw.Connection(str(installation.data / DATABASE_FILE)) as connection:
        for table, (columns, rows) in tables.items():
            marks = ", ".join("?" * len(columns.split()))
            names = ", ".join(columns.split())
            connection.executemany(f"insert into {table} ({names}) values ({marks})", rows)
        connection.execute(stock)
