"""`artel demo`: what it prints."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.servers import ARTEL


def demo(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ARTEL, "demo", "--data", data, *options], capture_output=True, text=True, timeout=120)


def test_it_tells_who_may_log_in_and_who_that_is(tmp_path: Path) -> None:
    said = demo(tmp_path / "d").stdout
    for login, what in (("owner", "owner of everything"), ("staff", "member of shop 1"), ("anna", "customer")):
        (line,) = [line for line in said.splitlines() if line.split()[:1] == [login]]
        assert what in line
    assert "password: artel demo password" in said
    told: dict[str, Any] = json.loads(demo(tmp_path / "d", "--json").stdout)
    assert told["sizes"]["books"] == 100 and told["guests"][0]["login"] == "owner"


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    done = demo(tmp_path / "d", "--as-of", "yesterday")
    assert (done.returncode, done.stderr) == (1, "artel: --as-of: yesterday is no day; write 2026-11-20.\n")
