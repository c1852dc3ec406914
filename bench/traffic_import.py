"""Import of a million lines, as ratios in one run: `python -m bench.traffic_import [LINES]`.

The bare scan is one regular expression of DuckDB's over the same file; GoAccess parses as many combined lines.
"""

import asyncio
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from artel.db.migrate import migrate
from artel.db.opening import open_database
from artel.traffic.imports import geo, service
from artel.traffic.imports.demo import write_log
from artel.traffic.imports.model import Options
from artel.traffic.imports.weave import Workshop

ROUNDS = 3  # the best of them counts, of ours and of the rivals'
PATTERN = (
    r"^shop_api\s+\| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \[([A-Z0-9]{8})\] INFO: "
    r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}) https://[^/]+/(.*)$"
)


def timed(use: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of the processors; the latter tell more when the machine has other work."""
    began, used = time.perf_counter(), _cpu_s()
    use()
    return time.perf_counter() - began, _cpu_s() - used


def _cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def bare_scan(log: Path) -> None:
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute(
            f"SELECT count(*) FROM (SELECT regexp_extract(l, '{PATTERN}', ['t', 'id', 'ip', 'u']) r FROM "
            f"read_csv('{log}', columns = {{'l': 'VARCHAR'}}, delim = chr(1), quote = '', escape = '', "
            "header = false, auto_detect = false)) WHERE r.t <> ''"
        ).fetchone()


def our_import(log: Path, lines: int) -> tuple[float, float]:
    """Everything: parse, country, duplicates, Parquet, manifest. The store is new, its database is there already."""
    with tempfile.TemporaryDirectory(dir=log.parent) as name:
        asyncio.run(migrate("", Path(name)))
        return timed(lambda: asyncio.run(_import(log, lines, Path(name))))


async def _import(log: Path, lines: int, data: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
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


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        shop, combined = Path(name) / "shop.log", Path(name) / "access.log"
        print(f"{lines:,} lines generated in {timed(lambda: write_log(shop, lines))[0]:.1f} s")
        geo.load()
        scans, ours = [], []
        for _ in range(ROUNDS):  # in turn, so that a noisy moment hits both
            scans.append(timed(lambda: bare_scan(shop)))
            ours.append(our_import(shop, lines))
        told("bare scan", min(scans), min(ours), lines)
        print(f"import / bare scan: {min(scans)[0] / min(ours)[0]:.2f} of its speed (promised: 0.25)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory at most {peak:.0f} MB (promised: 400)")
        if shutil.which("goaccess") is None:
            print("GoAccess is not installed: not compared")
            return
        write_log(combined, lines, style="combined")
        rival, mine = (
            timed(lambda: goaccess(combined)),
            min(our_import(combined, lines) for _ in range(2)),
        )
        told("GoAccess", rival, mine, lines)
        print(f"import / GoAccess: {rival[0] / mine[0]:.1f} times as fast (promised: 5)")


def told(name: str, rival: tuple[float, float], ours: tuple[float, float], lines: int) -> None:
    print(
        f"{name} {rival[0]:.2f} s ({rival[1]:.2f} s of processors), import {ours[0]:.2f} s ({ours[1]:.2f}), "
        f"{lines / ours[0]:,.0f} lines/s"
    )


if __name__ == "__main__":
    main()
