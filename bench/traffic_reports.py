"""The seven reports together, warm, beside a bare scan of the same files (`select kind, count(*) … group by kind`)."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from artel.traffic.imports import geo
from artel.traffic.reports import catalogue, engine, rules, service
from artel.traffic.reports.model import Answer, Geo, Question
from artel.traffic.schema import REQUEST_COLUMNS
from bench import Outcome

PROMISES_S = {1_000_000: 1.0, 10_000_000: 8.0}  # lines: seconds for all seven
SEGMENT_LINES = 300_000  # about what 32 MiB of the shop's log hold
VISIT_LINES = 22  # on average
ROUNDS = 3  # the first reads the files into the page cache; the fastest counts

# Visits of 5 to 39 requests, 40,000 a day, in time order; every third fills a cart, most of those are paid.
LINES = """
with drawn as (
  select v.range as visit, s.range as step, cast(hash(v.range) // 4 as bigint) as dice,
    cast(hash(v.range, s.range) // 4 as bigint) as throw
  from range({first}, {last}) as v, range(40) as s where s.range < 5 + cast(hash(v.range) // 4 as bigint) % 35
),
kinds as (
  select *, dice % 3 = 0 as buys, 5 + dice % 35 - step as left_over,
    case when dice % 3 = 0 and 5 + dice % 35 - step = 1 and dice % 11 <> 0 then 'paid'
      when dice % 3 = 0 and 5 + dice % 35 - step = 2 then 'pay'
      when dice % 3 = 0 and step > 2 and throw % 100 < 16 then 'cart'
      when throw % 100 < 30 then 'home' when throw % 100 < 66 then 'category' else 'good' end as kind
  from drawn
),
rows as (
  select
    kind, case when kind in ('category', 'good')
      then ['fresh_fish', 'frozen_fish', 'semi_manufactures', 'canned_food', 'caviar'][1 + throw % 5]
      else '' end as category,
    case when kind = 'good' then 'good_' || throw // 7 % 6 else '' end as good,
    1 as source_id, row_number() over (order by visit, step) as line_no, throw as line_hash, 1 as occurrence,
    1533081600000000 + visit * 2160000 + step * 45000000 + throw % 40000000 // 1000000 * 1000000 as at_us,
    at_us // 900000000 as slot,
    concat_ws('.', dice % 223 + 1, dice // 1000 % 256, dice // 1000000 % 256, visit % 251) as ip, dice as visitor,
    ['CN', 'US', 'DE', 'FR', 'JP', 'GB', 'BR', 'IN', 'KR', 'RU', 'NL', ''][1 + dice % 12] as country,
    case when dice % 20 = 0 then 1 else 0 end as bot, 'GET' as method, '/' || category || '/' || good as path,
    200 as status, 5000 + throw % 9000 as bytes, '' as referrer, '' as agent,
    case when kind = 'cart' then throw % 30 else 0 end as goods_id,
    case when kind = 'cart' then 1 + throw % 4 else 0 end as amount,
    case when kind in ('cart', 'pay', 'paid') then visit + 1 else 0 end as cart_id,
    case when kind = 'pay' then 80000000000 + dice % 300000 else 0 end as user_id
  from kinds
)
select {columns} from rows
"""


def measure(quick: bool) -> Iterator[Outcome]:
    """Each size with segments of its own, made as an import of that many lines would leave them."""
    for lines, promise_s in PROMISES_S.items():
        if quick and lines > 1_000_000:
            continue
        with tempfile.TemporaryDirectory(prefix="artel-bench-") as folder:
            seven_s, scan_s = seven(make_segments(lines, Path(folder)), Path(folder))
        scan = f"scan {scan_s * 1000:.0f} ms, × {seven_s / scan_s:.0f}"
        promise = f"seven reports on {lines:,} lines, s"
        yield Outcome(promise, f"{seven_s:.2f} s", scan, seven_s, promise_s, "at most")


def seven(segments: list[Path], folder: Path) -> tuple[float, float]:
    """Seconds of the seven reports together, and of a bare scan."""
    about = geo.describe()
    with ThreadPoolExecutor(1) as threads:
        desk = service.Desk(threads, folder, folder, Geo(about.name, about.date), geo.country_name, "UTC")

        def asked(report: str) -> Callable[[], Answer]:
            inquiry = rules.inquiry(catalogue.find(report), Question(), "UTC")
            return lambda: service.answer(desk, inquiry, segments)

        scan_s = timed(lambda: bare_scan(segments))
        return sum(timed(asked(str(number))) for number in range(1, 8)), scan_s


def make_segments(lines: int, folder: Path) -> list[Path]:
    """Segments of about so many lines, a little more."""
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in REQUEST_COLUMNS.items())
    visits, paths = SEGMENT_LINES // VISIT_LINES, []
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as connection:
        for number in range(-(-lines // SEGMENT_LINES)):
            text = LINES.format(first=number * visits, last=(number + 1) * visits, columns=columns)
            path = folder / f"{number}.parquet"
            connection.execute(f"copy ({text}) to '{path}' (format parquet, compression zstd)")
            paths.append(path)
    return paths


def timed(use: Callable[[], object]) -> float:
    """Seconds of the fastest of several rounds."""
    elapsed_s = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        use()
        elapsed_s.append(time.perf_counter() - began_s)
    return min(elapsed_s)


def bare_scan(segments: list[Path]) -> None:
    """What nobody can do without: read one column of every line and count."""
    with duckdb.connect(config={"threads": engine.THREADS}) as connection:
        files = [str(path) for path in segments]
        connection.execute("select kind, count(*) from read_parquet(?) group by kind", [files]).fetchall()
