"""What an idle server costs, and how soon it answers."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from bench import Outcome
from bench.servers import installations, tree
from tests.servers import serving

IDLE_S = 2
MEMORY_MAX_MB = 140
KEEPS_BYTE_CODE = {"PYTHONDONTWRITEBYTECODE": ""}  # as any installation does after its first start
START_MAX_S = 2


def measure(quick: bool) -> Iterator[Outcome]:
    """The proportional set size of all its processes, and the time from exec to the first 200 of /readyz."""
    starts_s, sizes_mb = [], []
    with installations("sqlite", 1) as (installation,):
        with serving(installation.data, KEEPS_BYTE_CODE) as server:
            server.stop()
        for _ in range(1 if quick else 5):
            began_s = time.monotonic()
            with serving(installation.data, KEEPS_BYTE_CODE) as server:
                starts_s.append(time.monotonic() - began_s)
                time.sleep(IDLE_S)
                sizes_mb.append(sum(map(pss_mb, tree(server.process.pid))))
                server.stop()
    size_mb, start_s = statistics.median(sizes_mb), statistics.median(starts_s)
    yield Outcome("idle memory (PSS), MB", f"{size_mb:.0f} MB", "", size_mb, MEMORY_MAX_MB, "at most")
    yield Outcome("first answer after start, s", f"{start_s:.2f} s", "", start_s, START_MAX_S, "at most")


def pss_mb(pid: int) -> float:
    """Memory of a process, what it shares counted in part."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1_000_000
