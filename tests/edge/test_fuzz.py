"""S2: schemathesis makes requests out of /openapi.json, right ones and wrong ones: no check of it fails."""

import os
import re
import subprocess
import sys
from pathlib import Path

from artel.settings import Settings
from tests.servers import serving

SEED = int(os.environ.get("ARTEL_FUZZ_SEED", "20261121"))
SIZES = {  # how much is tried, and how many cases that are at least
    "sqlite": (["--max-examples", "55"], 2_000),
    "postgresql": (["--max-examples", "5", "--phases", "fuzzing,stateful"], 150),
}
SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CONFIG = Path(__file__).parent / "schemathesis.toml"
GENEROUS = {  # limits of their own tests stand in nobody's way here
    "ARTEL_REGISTRATIONS_PER_HOUR": "1000000",
    "ARTEL_LOGIN_FAILURES_PER_ADDRESS": "1000000",
}


def fuzz(url: str, settings: Settings, *size: str) -> "subprocess.CompletedProcess[str]":
    where = {"FUZZ_URL": url, "FUZZ_DATA": str(settings.data), "FUZZ_DATABASE": settings.database}
    return subprocess.run(
        [SCHEMATHESIS, "--config-file", CONFIG, "run", f"{url}/openapi.json"]
        + ["--checks", "all", "--seed", str(SEED), "--no-color", "--no-shrink", *size],
        env=os.environ | where | {"SCHEMATHESIS_HOOKS": "tests.edge.fuzzing", "PYTHONPATH": os.curdir},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_no_request_that_the_reference_allows_or_forbids_is_answered_otherwise(settings: Settings) -> None:
    size, cases = SIZES["postgresql" if settings.database else "sqlite"]
    print(f"seed {SEED}")
    with serving(settings.data, GENEROUS, **({"database": settings.database} if settings.database else {})) as server:
        done = fuzz(server.url, settings, *size)
        log = server.log.read_text()
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"request.fault"' not in log, "\n".join(re.findall(r".*request\.fault.*", log))
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated and int(generated[1]) >= cases, done.stdout[-600:]
