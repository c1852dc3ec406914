"""Import of a million lines, as ratios in one run.

The bare scan is one regular expression of DuckDB's over the same file; GoAccess parses as many combined lines.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import duckdb

from artel.db.migrate import migrate
from artel.db.opening import open_database
from artel.edge.terminal import err
from artel.traffic.imports import service
from artel.traffic.imports.demo import write_log
from artel.traffic.imports.model import Options
from artel.traffic.imports.segments import LOOMS
from artel.traffic.imports.weave import Workshop
from bench import Outcome

LINES = 1_000_000
QUICK_LINES = 100_000
ROUNDS = 7
GOACCESS_ROUNDS = 3
ARTEL = Path(sys.executable).parent / "artel"
PATTERN = (
    r"^shop_api\s+\| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \[([A-Z0-9]{8})\] INFO: "
    r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}) https://[^/]+/(.*)$"
)


def timed(use: Callable[[], object]) -> float:
    """Seconds on the wall."""
    began = time.perf_counter()
    use()
    return time.perf_counter() - began


def bare_scan(log: Path) -> None:
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute(
            f"SELECT count(*) FROM (SELECT regexp_extract(l, '{PATTERN}', ['t', 'id', 'ip', 'u']) r FROM "
            f"read_csv('{log}', columns = {{'l': 'VARCHAR'}}, delim = chr(1), quote = '', escape = '', "
            "header = false, auto_detect = false)) WHERE r.t <> ''"
        ).fetchone()


def our_import(log: Path, lines: int) -> float:
    """Everything: parse, country, duplicates, Parquet, manifest. The store is new, its database is there already."""
    with tempfile.TemporaryDirectory(dir=log.parent) as name:
        asyncio.run(migrate("", Path(name)))
        return timed(lambda: asyncio.run(_import(log, lines, Path(name))))


async def _import(log: Path, lines: int, data: Path) -> None:
    with ThreadPoolExecutor(LOOMS) as pool:
        db = await open_database("", data)
        summary = await service.import_logs(Workshop(db, data, pool), [log], Options())
        await db.close()
        assert summary.run.parsed == lines, summary


def goaccess(log: Path) -> None:
    subprocess.run(
        ["goaccess", str(log), "--log-format=COMBINED", "-o", str(log.parent / "report.json")],
        check=True,
        capture_output=True,
    )


def in_a_process_of_its_own(log: Path, data: Path) -> tuple[float, float]:
    """Seconds and peak memory in MB of `artel traffic import`."""
    began = time.perf_counter()
    process = subprocess.Popen([ARTEL, "traffic", "import", log, "--data", data, "--json"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, "the import failed"
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def measure(quick: bool) -> Iterator[Outcome]:
    """Ours and the rivals' in turn, so that a noisy moment hits both; the medians of the ratios count."""
    lines = QUICK_LINES if quick else LINES
    with tempfile.TemporaryDirectory(prefix="artel-bench-") as name:
        folder = Path(name)
        shop, combined = folder / "shop.log", folder / "access.log"
        write_log(shop, lines)
        write_log(combined, lines, style="combined")
        our_import(shop, lines)  # not counted: what is loaded once
        few = 1 if quick else ROUNDS
        promise = f"import of {lines:,} lines, to a bare scan by DuckDB"
        yield compared(promise, in_turn(few, lambda: bare_scan(shop), shop, lines), 0.25, lines)
        if shutil.which("goaccess"):
            few = 1 if quick else GOACCESS_ROUNDS
            promise = "the shop's log, to GoAccess on as many combined lines"
            yield compared(promise, in_turn(few, lambda: goaccess(combined), shop, lines), 5, lines)
            promise = "combined lines, to GoAccess on the same"
            yield compared(promise, in_turn(few, lambda: goaccess(combined), combined, lines), 5, lines)
        else:
            err.print("GoAccess is not installed, so it is not compared: apt install goaccess")
        if not quick:
            yield from large(folder, shop)


def large(folder: Path, shop: Path) -> Iterator[Outcome]:
    """Ten times as many lines: memory, and whether the cost is linear."""
    tenfold = folder / "tenfold.log"
    write_log(tenfold, 10 * LINES)
    small_s, _ = in_a_process_of_its_own(shop, folder / "small")
    large_s, peak_mb = in_a_process_of_its_own(tenfold, folder / "large")
    yield Outcome(f"import of {10 * LINES:,} lines, peak memory, MB", f"{peak_mb:.0f} MB", "", peak_mb, 400, "at most")
    ours, rival = f"{large_s:.1f} s", f"{small_s:.1f} s for a tenth"
    yield Outcome("cost of a line among ten times as many", ours, rival, large_s / small_s / 10, 1.1, "at most")


def in_turn(rounds: int, rival: Callable[[], object], log: Path, lines: int) -> list[tuple[float, float]]:
    """Seconds of the rival and of our import, round by round."""
    return [(timed(rival), our_import(log, lines)) for _ in range(rounds)]


def compared(promise: str, rounds: list[tuple[float, float]], wanted: float, lines: int) -> Outcome:
    """How many times as fast as the rival we are."""
    ratio = median(rival_s / ours_s for rival_s, ours_s in rounds)
    rival_s, ours_s = median(rival_s for rival_s, _ in rounds), median(ours_s for _, ours_s in rounds)
    return Outcome(promise, f"{ours_s:.2f} s, {lines / ours_s:,.0f}/s", f"{rival_s:.2f} s", ratio, wanted)
