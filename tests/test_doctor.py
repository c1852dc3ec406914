"""`artel doctor`: what it warns of."""

from pathlib import Path

import msgspec
import pytest

from artel.db.migrate import migrate_sqlite
from artel.db.opening import DATABASE_FILE
from artel.db.sqlite import connect
from artel.doctor import examine
from artel.settings import Settings
from tests.conftest import Client, Run
from tests.people import People
from tests.traffic.imports.lines import shop as line


@pytest.mark.parametrize(("setting", "finding"), [("payments_test", "payments"), ("superservice_topups", "top-ups")])
def test_a_setting_that_lets_in_money_that_nobody_paid_is_warned_of(
    tmp_path: Path, run: Run, setting: str, finding: str
) -> None:
    plain = Settings(data=tmp_path, payments_test=False, superservice_topups=False)
    told = [
        [each.state for each in run(examine(msgspec.structs.replace(plain, **{setting: on}))) if each.what == finding]
        for on in (False, True)
    ]
    assert told == [[], ["warn"]]


def _told(settings: Settings, run: Run, what: str) -> tuple[str, str]:
    return next((each.state, each.detail) for each in run(examine(settings)) if each.what == what)


def test_a_segment_that_is_missing_or_damaged_is_named(
    settings: Settings, run: Run, client: Client, people: People
) -> None:
    token, log = people.person("owner").session, b"".join(line(i).encode() + b"\n" for i in range(50))
    assert client.post("/api/v1/traffic/imports", token=token, content=log).json()["parsed"] == 50
    assert _told(settings, run, "log segments")[0] == "ok"
    (segment,) = (settings.data / "traffic" / "segments").iterdir()
    whole = segment.read_bytes()
    for damaged in (whole[:-1], whole[:-4] + b"PAR2", b"", whole + b"PAR1", None):
        segment.unlink() if damaged is None else segment.write_bytes(damaged)
        state, detail = _told(settings, run, "log segments")
        assert state == "fail" and segment.name in detail
    segment.write_bytes(whole)
    assert _told(settings, run, "log segments")[0] == "ok"


def test_a_schema_is_old_new_or_too_new(tmp_path: Path, run: Run) -> None:
    settings = Settings(data=tmp_path)
    migrate_sqlite(tmp_path / DATABASE_FILE)
    assert _told(settings, run, "schema")[0] == "ok"
    for found, state in (("0001", "warn"), ("9999", "fail")):
        with connect(tmp_path / DATABASE_FILE) as connection:
            connection.execute("update alembic_version set version_num = ?", (found,))
        assert _told(settings, run, "schema")[0] == state
