"""What is measured: `artel serve`, and the rivals on copies of the same database, each a process tree of its own."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
from msgspec import Struct

from artel.db.opening import DATABASE_FILE
from tests.servers import START_S, Postgres, free_port, serving

PASSWORD = "correct horse battery"
TEMPLATE = "bench_template"


class Installation(Struct, frozen=True):
    """A data folder with one account in it, and a token of a session of that account."""

    data: Path
    token: str
    database: str = ""  # postgresql://…; '' is SQLite in the folder

    def options(self) -> dict[str, str]:
        """What `artel serve` is told."""
        return {"database": self.database} if self.database else {}

    def orm_url(self) -> str:
        """The database for SQLAlchemy's asynchronous engine."""
        if self.database:
            return self.database.replace("postgresql://", "postgresql+asyncpg://")
        return f"sqlite+aiosqlite:///{self.data / DATABASE_FILE}"


@contextmanager
def installations(engine: str, count: int) -> Iterator[list[Installation]]:
    """So many equal installations, thrown away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="artel-bench-"))
    postgres = Postgres(durable=True) if engine == "postgresql" else None
    try:
        database = postgres.url(TEMPLATE) if postgres else ""
        if postgres:
            _administer(postgres, [f"create database {TEMPLATE}"])
        first = _fill(Installation(folder / "0", "", database))
        copies = []
        for number in range(1, count + 1):
            shutil.copytree(first.data, folder / str(number))
            if postgres:
                _administer(postgres, [f"create database bench_{number} template {TEMPLATE}"])
                database = postgres.url(f"bench_{number}")
            copies.append(Installation(folder / str(number), first.token, database))
        yield copies
    finally:
        if postgres:
            postgres.stop()
        shutil.rmtree(folder)


@contextmanager
def ours(installation: Installation) -> Iterator[str]:
    """`artel serve` with its defaults; gives the address."""
    with serving(installation.data, **installation.options()) as server:
        yield server.url


@contextmanager
def bare(module: str, installation: Installation) -> Iterator[str]:
    """A bare RSGI handler under granian: one process, as ours."""
    port = free_port()
    options = ["--interface", "rsgi", "--http", "1", "--no-ws", "--log-level", "warning", "--port", str(port)]
    database = installation.database or str(installation.data / DATABASE_FILE)
    with _running(["granian", *options, f"bench.rivals.{module}:app"], port, installation.data, database) as url:
        yield url


@contextmanager
def fastapi(installation: Installation) -> Iterator[str]:
    """FastAPI and the ORM under uvicorn with its fastest parts: httptools and uvloop, one process."""
    port = free_port()
    options = ["--loop", "uvloop", "--http", "httptools", "--port", str(port)]
    command = ["uvicorn", *options, "bench.rivals.orm:app"]
    with _running(command, port, installation.data, installation.orm_url()) as url:
        yield url


@contextmanager
def _running(module: list[str], port: int, data: Path, database: str) -> Iterator[str]:
    log = data.parent / f"rival-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            stdout=file,
            stderr=file,
            env=os.environ | {"BENCH_DATABASE": database},
            start_new_session=True,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return  # it answers; what it says to this path does not matter
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the rival did not start:\n{log.read_text()}")


def tree(pid: int) -> list[int]:
    """A process and all that it started."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        with suppress(FileNotFoundError):
            tasks = list(Path(f"/proc/{each}/task").iterdir())
            found.append(each)
            for task in tasks:
                waiting += map(int, (task / "children").read_text().split())
    return found


def _fill(installation: Installation) -> Installation:
    with serving(installation.data, **installation.options()) as server:
        credentials = {"login": "anna", "password": PASSWORD}
        profile = {"name": "Anna", "first_name": "Anna", "last_name": "Blum", "email": "anna@example.com"}
        _post(f"{server.url}/api/v1/accounts", credentials | profile)
        token = _post(f"{server.url}/api/v1/sessions", credentials)["token"]
        server.stop()
    return Installation(installation.data, token, installation.database)


def _post(url: str, body: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=START_S) as answer:
        answered: dict[str, str] = json.load(answer)
    return answered


def _administer(postgres: Postgres, statements: list[str]) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(postgres.url("postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
