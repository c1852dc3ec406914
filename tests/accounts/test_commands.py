"""The operator's commands as a shell sees them: output, errors, exit codes."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artel.cli import main
from artel.db.opening import DATABASE_FILE
from artel.settings import Settings
from tests.conftest import Client
from tests.people import PASSWORD
from tests.servers import ARTEL

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def artel(settings: Settings) -> Command:
    """Runs a command against the database of `settings`."""
    where = {"ARTEL_DATA": str(settings.data), "ARTEL_DATABASE": settings.database}

    def run(*words: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [ARTEL, *words], input=typed, capture_output=True, text=True, env=os.environ | where, timeout=60
        )

    return run


def _create(artel: Command, *words: str, typed: str = f"{PASSWORD}\n") -> "subprocess.CompletedProcess[str]":
    return artel("account", "create", *words, "--password-stdin", typed=typed)


def test_the_operator_makes_an_owner_and_a_token_that_work(artel: Command, client: Client) -> None:
    made = _create(artel, "Анна", "--role", "owner", "--role", "staff", "--name", "Anna [b]K[/b]", "--json")
    assert (made.returncode, made.stderr) == (0, "")
    account = json.loads(made.stdout)
    assert (account["login"], account["roles"], account["name"]) == ("Анна", ["owner", "staff"], "Anna [b]K[/b]")
    assert PASSWORD not in made.stdout
    assert client.get("/api/v1/accounts", token=client.log_in("анна")).status_code == 200

    token = artel("token", "create", "АННА", "--scope", "profile:read", "--scope", "accounts:read", "--days", "1")
    assert token.returncode == 0
    assert token.stdout == token.stdout.strip() + "\n"  # nothing but the token: $(artel token create …) works
    assert "not shown again" in token.stderr
    assert token.stdout.strip() not in token.stderr
    for path in ("/api/v1/me", "/api/v1/accounts"):
        assert client.get(path, token=token.stdout.strip()).status_code == 200
    assert client.get("/api/v1/sessions", token=token.stdout.strip()).status_code == 403


Inside = Callable[..., tuple[int, str, str]]


@pytest.fixture
def inside(sqlite_template: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Inside:
    """Runs a command in this process, which is faster: exit code, output, errors."""
    (tmp_path / DATABASE_FILE).write_bytes(sqlite_template)
    monkeypatch.setenv("ARTEL_DATA", str(tmp_path))

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["artel", *words])
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_a_command_that_is_refused_says_why_in_one_line(inside: Inside) -> None:
    create = ("account", "create", "--password-stdin")
    assert inside(*create, "anna", typed=f"{PASSWORD}\n")[0] == 0
    for words, typed, why in (
        ((*create, "ANNA"), PASSWORD, "taken"),
        ((*create, "ivan"), "short", "password"),
        ((*create, "ivan"), "", "password"),
        ((*create, "ivan"), "password1", "common"),
        ((*create, "ivan", "--role", "boss"), PASSWORD, "customer, executor, staff, owner"),
        ((*create, " ivan"), PASSWORD, "space"),
        ((*create, "ivan", "--email", "nobody"), PASSWORD, "email"),
        (("token", "create", "nobody", "--scope", "profile:read"), "", "nobody"),
        (("token", "create", "anna", "--scope", "everything"), "", "scopes"),
    ):
        code, output, errors = inside(*words, typed=typed)
        assert (code, output) == (1, ""), words
        assert why in errors, words
        assert errors.startswith("artel: ")
        assert errors.count("\n") == 1, errors


def test_wrong_usage_has_an_exit_code_of_its_own(inside: Inside) -> None:
    for words in (
        ("account", "create"),
        ("account", "fly"),
        ("token", "create", "anna"),
        ("token", "create", "--x"),
        ("token", "create", "anna", "--scope", "profile:read", "--days", "0"),
        ("token", "create", "anna", "--scope", "profile:read", "--days", "many"),
    ):
        code, output, errors = inside(*words)
        assert (code, output) == (2, ""), words
        assert "Usage: " in errors


def test_every_command_shows_an_example(inside: Inside) -> None:
    for words in (("account", "create"), ("token", "create")):
        code, output, _ = inside(*words, "--help")
        assert code == 0
        assert "Example: artel" in output
