"""Proof: systemd understands deploy/artel.service, and it gives the server little to do harm with."""

import shutil
import subprocess
from pathlib import Path

import pytest

from artel.cli import STOP_TIMEOUT_S
from artel.settings import PREFIX, Settings
from tests.deploy.files import DEPLOY
from tests.servers import ARTEL

UNIT = (DEPLOY / "artel.service").read_text("utf-8")
EXPOSURE_MAX = 20  # tenths; systemd calls 0 to 19 safe enough to say OK, 100 is the worst
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def value(key: str) -> str:
    (line,) = [line for line in UNIT.splitlines() if line.startswith(f"{key}=")]
    return line.partition("=")[2]


def test_it_starts_what_make_installs() -> None:
    program, *rest = value("ExecStart").split()
    assert Path(program).relative_to("/opt/artel") == ARTEL.relative_to(ARTEL.parents[2])
    assert rest == ["serve"]
    assert value("Environment").startswith(f"{PREFIX}DATA=/var/lib/")
    assert "data" in Settings.__struct_fields__ and value("StateDirectory") == "artel"


def test_a_stop_ends_the_first_process_and_leaves_time_for_the_requests_that_run() -> None:
    assert value("KillMode") == "mixed"
    assert int(value("TimeoutStopSec")) > STOP_TIMEOUT_S


@needs_systemd
def test_systemd_reads_it(tmp_path: Path) -> None:
    unit = tmp_path / "artel.service"
    unit.write_text(UNIT.replace(value("ExecStart"), str(ARTEL) + " serve"), "utf-8")
    assert analyze("verify", str(unit)) == (0, "")
    unit.write_text(UNIT.replace("KillMode=mixed", "KillMode=gently"), "utf-8")
    assert "gently" in analyze("verify", str(unit))[1], "what it does not understand is seen"


@needs_systemd
def test_it_exposes_little() -> None:
    assert analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", str(DEPLOY / "artel.service"))[0] == 0
    assert analyze("security", "--offline=true", "--threshold=1", str(DEPLOY / "artel.service"))[0] != 0


def analyze(*words: str) -> tuple[int, str]:
    done = subprocess.run(["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr
