"""S6: a dump of the database, and a whole day's log, hold no usable token, password or key."""

import asyncio
import base64
import hashlib
import json

import msgspec
import pytest
from sqlalchemy import update

from artel.accounts.tables import accounts
from artel.app import KEY_FILE
from artel.db import Command, Database, Write
from artel.settings import Settings
from tests.conftest import Client, Log, Run
from tests.people import dump
from tests.scenario import FIRST, live_through


def everything(run: Run, db: Database, settings: Settings) -> bytes:
    """All values of all rows, and with SQLite the files as they lie on the disk."""
    rows = [value for table in run(db.read(dump)).values() for row in table for value in row]
    found = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in rows)
    files = [each for each in settings.data.rglob("*") if each.is_file() and each.name != KEY_FILE]
    assert settings.database or any(each.name.endswith("-wal") for each in files), "the file in use is looked at, too"
    return found + b"".join(each.read_bytes() for each in files)


def forms(secret: str) -> list[bytes]:
    """A secret as it is, and in every form that gives it back at once or lets it be guessed fast."""
    plain = secret.encode()
    log_in = json.dumps({"login": "anna", "password": secret}, separators=(",", ":")).encode()
    fast = [hashlib.new(name, plain).digest() for name in ("md5", "sha1", "sha256")]
    if secret.startswith(("as_", "at_")):
        fast = []  # 256 random bits: no fast hash of them can be guessed
    fast += [hashlib.sha256(log_in).digest()]
    hexed = [each.hex().encode() for each in fast]
    return [plain, base64.b64encode(plain).rstrip(b"="), plain.hex().encode(), *fast, *hexed]


def prove(client: Client, run: Run, db: Database, settings: Settings) -> None:
    secrets = live_through(client)
    found = everything(run, db, settings)
    assert b"anna" in found
    for secret in secrets:
        for form in forms(secret):
            assert form not in found, f"the dump holds {secret!r} as {form!r}"
    assert (settings.data / KEY_FILE).read_bytes() not in found


def test_a_dump_of_the_database_opens_nothing(client: Client, run: Run, db: Database, settings: Settings) -> None:
    prove(client, run, db, settings)


def test_the_installations_key_is_for_its_user_alone(client: Client, settings: Settings) -> None:
    key = settings.data / KEY_FILE
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)


def test_no_line_of_the_log_holds_a_secret(client: Client, run: Run, log: Log) -> None:
    for secret in live_through(client):
        assert secret.encode() not in log.text
    run(asyncio.sleep(1.2))  # the relay goes round once a second
    lines = log.lines()
    assert {"request", "events"} <= {line["event"] for line in lines}
    assert not [line for line in lines if line["level"] == "error"]


def test_the_proof_catches_a_password_in_a_row(
    client: Client, run: Run, db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Command(update(accounts).values(name=FIRST))

    async def careless(tx: Write) -> int:
        return await tx.run(plant)

    real = live_through

    def and_then(asked: Client) -> list[str]:
        secrets = real(asked)
        run(db.write(careless))
        return secrets

    monkeypatch.setattr(f"{__name__}.live_through", and_then)
    with pytest.raises(AssertionError, match="the dump holds"):
        prove(client, run, db, settings)


def test_the_proof_catches_an_answer_kept_open(
    client: Client, run: Run, db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artel.kernel.secrets.Sealer.seal", lambda self, plain, row: plain)
    monkeypatch.setattr("artel.kernel.secrets.Sealer.open", lambda self, sealed, row: sealed)
    with pytest.raises(AssertionError, match="the dump holds 'as_"):
        prove(client, run, db, settings)


def test_the_proof_catches_a_body_that_is_hashed_fast(
    client: Client, run: Run, db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artel.kernel.secrets.Sealer.mark", lambda self, text: hashlib.sha256(text).digest())
    with pytest.raises(AssertionError, match="the dump holds"):
        prove(client, run, db, settings)


def test_facts_of_a_refusal_are_never_a_password(client: Client) -> None:
    """What msgspec says about a value that does not fit names its kind, not the value."""
    for password in ("short", "x" * 1025):
        answer = client.post("/api/v1/accounts", json={"login": "anna", "password": password})
        assert password not in answer.text
    assert msgspec.json.decode(answer.content)["facts"]["field"] == "password"
