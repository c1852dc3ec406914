"""What the tests share: both databases, the application in this process, and a client that speaks to it."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from artel.app import make
from artel.db import Database
from artel.db.migrate import migrate_postgres, migrate_sqlite
from artel.db.opening import DATABASE_FILE, open_database
from artel.edge.asgi import Edge
from artel.edge.observe import make_log
from artel.settings import Settings
from tests.people import People
from tests.servers import Postgres

Run = Callable[[Awaitable[Any]], Any]
PASSWORD = "correct horse battery"
REAL_LOG = Path(__file__).parents[2] / "shared" / "data" / "logs.txt"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole session, with a migrated database to copy from."""
    server = Postgres()
    try:
        asyncio.run(_execute(server.url("postgres"), "create database template_artel"))
        asyncio.run(migrate_postgres(server.url("template_artel")))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / DATABASE_FILE
    migrate_sqlite(path)
    return path.read_bytes()


@contextlib.contextmanager
def _installation(request: pytest.FixtureRequest, data: Path) -> Iterator[Settings]:
    """A new, migrated installation on the database that the fixture's parameter names."""
    data.mkdir()
    if request.param == "sqlite":
        (data / DATABASE_FILE).write_bytes(request.getfixturevalue("sqlite_template"))
        yield Settings(data=data)
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"t{next(_numbers)}"
    asyncio.run(_execute(server.url("postgres"), f"create database {name} template template_artel strategy file_copy"))
    yield Settings(data=data, database=server.url(name))
    asyncio.run(_execute(server.url("postgres"), f"drop database {name} with (force)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a new, migrated installation: once with SQLite, once with PostgreSQL."""
    with _installation(request, tmp_path / "data") as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def other_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A second installation beside the one of `settings`, to carry something over into: on each database."""
    with _installation(request, tmp_path / "other") as found:
        yield found


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs coroutines on one event loop, which ends with the test."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def db(settings: Settings, run: Run) -> Iterator[Database]:
    """The door to the database of `settings`."""
    database = run(open_database(settings.database, settings.data))
    yield database
    run(database.close())


@pytest.fixture
def other_db(other_settings: Settings, run: Run) -> Iterator[Database]:
    """The door to the database of `other_settings`."""
    database = run(open_database(other_settings.database, other_settings.data))
    yield database
    run(database.close())


class Log:
    """Collects the lines of a log."""

    def __init__(self) -> None:
        self.text = b""

    def write(self, text: bytes) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


class Client:
    """A client of the application in this process, for tests that do not await."""

    def __init__(self, app: Edge, run: Run, address: str = "127.0.0.1") -> None:
        self._app, self._run = app, run
        self.transport = httpx.ASGITransport(app=app, client=(address, 50000))
        self.http = httpx.AsyncClient(transport=self.transport, base_url="http://artel.test")

    def at(self, address: str) -> "Client":
        """The same application, asked from another address."""
        return Client(self._app, self._run, address)

    def request(self, verb: str, path: str, **rest: Any) -> httpx.Response:
        """One request; `token` becomes the bearer token."""
        return self._run(self.send(verb, path, **rest))

    async def send(self, verb: str, path: str, token: str | None = None, **rest: Any) -> httpx.Response:
        """The same, for tests that run several at once."""
        headers = dict(rest.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await self.http.request(verb, path, headers=headers, **rest)

    def get(self, path: str, **rest: Any) -> httpx.Response:
        return self.request("GET", path, **rest)

    def post(self, path: str, **rest: Any) -> httpx.Response:
        return self.request("POST", path, **rest)

    def together(self, *calls: Awaitable[Any]) -> list[Any]:
        """Run several at once."""

        async def gather() -> list[Any]:
            return list(await asyncio.gather(*calls))

        return self._run(gather())

    def register(self, login: str, **fields: Any) -> int:
        """A new account; answers its id."""
        answer = self.post("/api/v1/accounts", json={"login": login, "password": PASSWORD, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def log_in(self, login: str, password: str = PASSWORD) -> str:
        """A new session; answers its token."""
        answer = self.post("/api/v1/sessions", json={"login": login, "password": password})
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]


@pytest.fixture
def log() -> Log:
    """What the application logs."""
    return Log()


@pytest.fixture
def app(settings: Settings, run: Run, log: Log) -> Iterator[Edge]:
    """The whole application, started in this process."""
    edge = make(settings, make_log("debug", log))  # type: ignore[arg-type]
    run(edge.start())
    yield edge
    run(edge.stop())


@pytest.fixture
def client(app: Edge, run: Run) -> Iterator[Client]:
    """A client of `app`."""
    client = Client(app, run)
    yield client
    run(client.http.aclose())


@pytest.fixture
def start(settings: Settings, run: Run, log: Log) -> Iterator[Callable[..., Client]]:
    """Starts the application with some settings changed, and answers a client of it."""
    started: list[Edge] = []

    def begin(**changed: Any) -> Client:
        edge = make(msgspec.structs.replace(settings, **changed), make_log("debug", log))  # type: ignore[arg-type]
        run(edge.start())
        started.append(edge)
        return Client(edge, run)

    yield begin
    for edge in started:
        run(edge.stop())


@pytest.fixture
def people(db: Database, run: Run) -> People:
    """Accounts entered without HTTP, in the database of `app`."""
    return People(db, run)


@pytest.fixture
def real_log() -> Path:
    """The real access log of the shop, which is not part of the project."""
    if not REAL_LOG.exists():
        pytest.skip(f"the real access log is not here: {REAL_LOG}")
    return REAL_LOG


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
