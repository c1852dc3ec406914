"""The command line: what `artel serve` refuses before it serves, and where no command begins an installation."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import typer
from typer.core import TyperGroup, TyperOption
from typer.testing import CliRunner

from artel.cli import app
from artel.db.migrate import NothingInstalled
from artel.ledger.journal.model import JournalUnreadable
from tests.servers import ARTEL, Postgres, free_port


def _serve(data: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ARTEL, "serve", "--data", data, *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _refused(ended: "subprocess.CompletedProcess[str]") -> str:
    assert (ended.returncode, ended.stdout) == (1, ""), ended.stderr
    assert ended.stderr.startswith("artel: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_a_server_that_cannot_listen_says_so_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert "already in use" in _refused(_serve(tmp_path, "--port", port))
    assert "nowhere.invalid" in _refused(_serve(tmp_path, "--host", "nowhere.invalid", "--port", port))


def test_a_server_whose_settings_are_wrong_says_so_in_one_line(tmp_path: Path) -> None:
    assert "ARTEL_GEO_DATABASE" in _refused(_serve(tmp_path, ARTEL_GEO_DATABASE="absent.mmdb"))
    assert "ARTEL_BODY_MAX_BYTES" in _refused(_serve(tmp_path, ARTEL_BODY_MAX_BYTES="many"))
    assert "PostgreSQL" in _refused(_serve(tmp_path, "--workers", "2")).replace("postgresql", "PostgreSQL")


def test_a_server_whose_database_does_not_answer_says_so_in_one_line(tmp_path: Path) -> None:
    nobody = f"postgresql://artel:secret@127.0.0.1:{free_port()}/artel"
    told = _refused(_serve(tmp_path, "--port", str(free_port()), "--database", nobody))
    assert told.startswith("artel: the database is not available: ") and "secret" not in told


def test_port_0_is_a_free_one_and_told(tmp_path: Path) -> None:
    with subprocess.Popen([ARTEL, "serve", "--data", tmp_path, "--port", "0"], stdout=subprocess.PIPE) as server:
        assert server.stdout
        url = server.stdout.readline().split()[3].decode()
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=7)) as client:
                client.get(f"{url}healthz").raise_for_status()
        finally:
            server.terminate()


def test_a_damaged_key_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "artel.key").write_bytes(b"x")
    assert "artel.key" in _refused(_serve(tmp_path, "--port", str(free_port())))
    assert (tmp_path / "artel.key").read_bytes() == b"x"


# --- where there is no installation

BEGIN = {
    "serve",
    "migrate",
    "demo",
    "account create",
    "shop create",
    "catalogue import",
    "traffic import",
}  # what one may begin with
FIT = {"currency": "RUB", "scope": "traffic:read", "table": "carts"}
MORE = {"traffic report": ["1"]}  # else it lists the reports


def _commands(command: Any, *names: str) -> Iterator[tuple[str, list[str]]]:
    """Every command that works on an installation, with an argument for each that it must be given."""
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            yield from _commands(each, *names, name)
    elif any(param.name == "data" for param in command.params):
        needed = [param for param in command.params if param.required]
        words = [
            word
            for param in needed
            for word in ([param.opts[0]] * isinstance(param, TyperOption) + [FIT.get(param.name or "", "1")])
        ]
        yield (name := " ".join(names)), [*names, *words, *MORE.get(name, [])]


COMMANDS = dict(_commands(typer.main.get_command(app)))
assert COMMANDS.keys() > BEGIN | {"doctor"}, "they are found"


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - BEGIN - {"doctor"}))
def test_a_mistyped_folder_is_no_new_installation(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "1").touch()
    for folder in ("typo", "empty"):
        ended = CliRunner().invoke(app, [*COMMANDS[name], "--data", folder])
        assert isinstance(ended.exception, NothingInstalled | JournalUnreadable), (ended.exception, ended.output)
        assert folder in str(ended.exception)
    assert {path.name for path in tmp_path.rglob("*")} == {"1", "empty"}


def test_an_empty_database_is_left_as_it_is(postgres: Postgres) -> None:
    url = postgres.url("nothing_there")
    asyncio.run(_on_postgres(postgres.url("postgres"), "create database nothing_there"))
    told = subprocess.run([ARTEL, "jobs", "list", "--database", url], capture_output=True, text=True, timeout=60)
    assert "there is no Artel in the database nothing_there, and none was made" in _refused(told)
    nameless = url.replace("@", ":hidden@", 1).removesuffix("/nothing_there")
    told = subprocess.run(
        [ARTEL, "jobs", "list", "--database", nameless],
        env=os.environ | {"PGDATABASE": "nothing_there"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "in the database nothing_there" in _refused(told) and "hidden" not in told.stderr
    assert (
        asyncio.run(_on_postgres(url, "select count(*) from pg_class where relnamespace = 'public'::regnamespace")) == 0
    )


async def _on_postgres(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
