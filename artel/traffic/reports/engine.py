"""DuckDB over the Parquet segments of the log: prepares what the statements read, and runs them.

Each question opens a database of its own in memory and closes it: nothing goes stale, nothing is kept between
questions. Opening costs about 5 ms; the files stay in the system's page cache.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any, Final

import duckdb
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyConnection
from msgspec import Struct

from artel.traffic.reports.model import ReportTooLarge, SegmentsUnreadable
from artel.traffic.reports.rules import EVER_US, FIRST_PAGE, Key, Zone
from artel.traffic.reports.statements import Text
from artel.traffic.schema import REQUEST_COLUMNS

THREADS: Final = 2  # of one question; the pool that runs questions bounds how many run at once
MEMORY_LIMIT: Final = "400MB"  # of one question; a sort that needs more goes through the scratch folder
TIME_LIMIT_S: Final = 120  # one question may not hold a thread of the pool for longer

_SPILL: Final = "report-"
_GLOB: Final = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})  # read_parquet takes patterns


class Scope(Struct, frozen=True):
    """Which lines of the log a question reads: of the half open period, and of bots or not."""

    from_us: int
    to_us: int
    bots: bool


class Terms(Struct, frozen=True):
    """The one row of `asked`: what a statement is told besides its lines."""

    category: str = ""
    places: int = 0
    page_rows: int = 0
    after: Key = FIRST_PAGE


@contextmanager
def opened(segments: Sequence[Path], scope: Scope, terms: Terms, scratch: Path) -> Iterator[DuckDBPyConnection]:
    """A connection with `requests` and `asked`, for the statements of one question.

    Raises SegmentsUnreadable when a file is missing or damaged, ReportTooLarge when memory, disk or time
    run out.
    """
    _sweep(scratch)
    with tempfile.TemporaryDirectory(prefix=_SPILL, dir=scratch) as spill:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": THREADS,
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": spill,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,  # never asks a network
            "autoload_known_extensions": False,
        }
        connection = duckdb.connect(":memory:", config=settings)
        timer = Timer(TIME_LIMIT_S, connection.interrupt)
        timer.start()
        try:
            _prepare(connection, segments, scope, terms)
            yield connection
        except duckdb.InterruptException:
            raise ReportTooLarge(limit=f"{TIME_LIMIT_S} s") from None
        except duckdb.OutOfMemoryException:
            raise ReportTooLarge(limit=f"{MEMORY_LIMIT} of memory and the disk under it") from None
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.BinderException) as fault:
            raise SegmentsUnreadable(reason=str(fault).splitlines()[0]) from fault
        finally:
            timer.cancel()
            connection.close()


def rows(connection: DuckDBPyConnection, text: Text) -> list[tuple[Any, ...]]:
    """Every row of a statement; each statement carries its own limit."""
    found: list[tuple[Any, ...]] = connection.execute(text).fetchall()
    return found


def put_zone(connection: DuckDBPyConnection, zone: Zone) -> None:
    """Tell the statements the time zone. A zone has two ranges a year, so the rows are few."""
    connection.execute("create temp table zone (from_slot bigint, to_slot bigint, offset_slots bigint)")
    connection.executemany("insert into zone values (?, ?, ?)", zone)


def _sweep(scratch: Path) -> None:
    """Remove what questions left whose process was killed: none of them can still be running."""
    for left in scratch.glob(f"{_SPILL}*"):
        with contextlib.suppress(FileNotFoundError):  # another process sweeps, too
            if time.time() - left.stat().st_mtime > 2 * TIME_LIMIT_S:
                shutil.rmtree(left, ignore_errors=True)


def _prepare(connection: DuckDBPyConnection, segments: Sequence[Path], scope: Scope, terms: Terms) -> None:
    if segments:
        files = [str(path).translate(_GLOB) for path in segments]
        log = connection.read_parquet(files, hive_partitioning=False)
    else:
        columns = ", ".join(" ".join(column) for column in REQUEST_COLUMNS.items())
        connection.execute(" ".join(("create temp table no_requests (", columns, ")")))
        log = connection.table("no_requests")
    # A filter that lets everything pass would still make every question read the column.
    if scope.from_us > EVER_US[0]:
        log = log.filter(ColumnExpression("at_us") >= ConstantExpression(scope.from_us))
    if scope.to_us < EVER_US[1]:
        log = log.filter(ColumnExpression("at_us") < ConstantExpression(scope.to_us))
    if not scope.bots:
        log = log.filter(ColumnExpression("bot") == ConstantExpression(0))
    log.create_view("requests")
    connection.execute(
        "create temp table asked (category varchar, places bigint, page_rows bigint, after_number bigint, "
        "after_category varchar, after_good varchar, after_other bigint)"
    )
    told = (terms.category, terms.places, terms.page_rows, *terms.after)
    connection.execute("insert into asked values (?, ?, ?, ?, ?, ?, ?)", told)
