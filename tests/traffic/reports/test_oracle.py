"""Proof: every report and every table equals the oracle's, on random logs; and a planted fault is seen."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from artel.kernel.clock import parse_iso
from artel.traffic.reports import catalogue, listings, rules, service, statements
from artel.traffic.reports.model import CartLineRow, CartRow, PaymentRow, Question, TableName
from tests.traffic.reports import oracle
from tests.traffic.reports.comparing import desk, expected, rounded, told
from tests.traffic.reports.logs import Line, random_log, write_segments

# (seed, lines, begin, mean pause in seconds, files): around changes of clocks, in crowded and in thin logs.
LOGS = (
    (1, 0, datetime(2018, 8, 1, tzinfo=UTC), 60, 1),
    (2, 1, datetime(2018, 8, 1, tzinfo=UTC), 60, 1),
    (3, 60, datetime(2018, 8, 1, 23, 40, tzinfo=UTC), 30, 2),
    (4, 300, datetime(2018, 10, 27, 20, tzinfo=UTC), 120, 3),
    (5, 300, datetime(2018, 3, 24, 20, tzinfo=UTC), 600, 1),
    (6, 400, datetime(2018, 4, 1, 10, tzinfo=UTC), 100, 2),
    (7, 200, datetime(2019, 12, 31, 12, tzinfo=UTC), 3_000, 1),
    (8, 250, datetime(2018, 8, 1, tzinfo=UTC), 1, 1),
)
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia")


def questions(seed: int) -> list[tuple[str, Question]]:
    """One question to every report; the parameters differ from log to log and from report to report."""
    asked = []
    for number, report in enumerate(catalogue.REPORTS):
        turn = seed + number
        asked.append(
            (
                report.name,
                Question(
                    category="caviar" if report.category and turn % 4 == 0 else None,
                    from_time="2018-08-01T00:10" if turn % 5 == 0 else None,
                    to_time="2018-10-28T02:30" if turn % 5 == 1 else None,
                    timezone=ZONES[turn % len(ZONES)],
                    bots=turn % 3 != 0,
                    by="visitors" if report.measures and turn % 2 else "requests",
                    top=1 + turn % 4,
                ),
            )
        )
    return asked


@pytest.mark.parametrize(("seed", "lines", "begin", "pause_s", "files"), LOGS)
def test_every_report_says_what_the_oracle_says(
    tmp_path: Path, seed: int, lines: int, begin: datetime, pause_s: int, files: int
) -> None:
    log = random_log(seed, lines, begin, pause_s)
    segments = write_segments(log, tmp_path, files)
    with desk(tmp_path) as at:
        for report, question in questions(seed):
            assert answer(at, segments, report, question) == rounded(expected(log, report, question)), (
                report,
                question,
            )


@pytest.mark.parametrize(("seed", "lines", "begin", "pause_s", "files"), LOGS)
def test_every_table_holds_what_the_oracle_holds(
    tmp_path: Path, seed: int, lines: int, begin: datetime, pause_s: int, files: int
) -> None:
    log = random_log(seed, lines, begin, pause_s)
    segments = write_segments(log, tmp_path, files)
    with desk(tmp_path) as at:
        for name in listings.TABLE_TEXTS:
            assert whole_table(at, segments, name, page_rows=7 + seed) == plain_table(log, name), name


def answer(at: service.Desk, segments: list[Path], report: str, question: Question) -> oracle.Plain:
    return told(service.answer(at, rules.inquiry(catalogue.find(report), question, "UTC"), segments))


def whole_table(at: service.Desk, segments: list[Path], name: TableName, page_rows: int) -> list[Any]:
    """All pages of a table one after the other."""
    rows: list[Any] = []
    after: str | None = None
    while True:
        page = service.table_page(at, name, True, page_rows, rules.key_of(after), segments)
        assert len(page.items) <= page_rows
        rows += [plain_row(row) for row in page.items]
        after = page.next
        if after is None:
            return rows


def plain_row(row: Any) -> tuple[Any, ...]:
    values = tuple(getattr(row, name) for name in row.__struct_fields__)
    match row:
        case CartRow() | CartLineRow() | PaymentRow():
            return tuple(parse_iso(v) if isinstance(v, str) and v.endswith("Z") else v for v in values)
    return values


def plain_table(log: list[Line], name: str) -> list[Any]:
    lines = oracle.seen(log, None, None, bots=True)
    found: list[Any] = getattr(oracle, name.replace("-", "_"))(lines)
    return found


FAULTS = (
    ("bought-together", "partition by buyer order by", "order by"),
    ("bought-together", "order by at_us, source_id, line_no", "order by at_us, line_no"),
    ("bought-together", "where content <> category", "where content <> ''"),
    ("bought-together", "where kind = 'paid'", "where kind = 'pay'"),
    ("bought-together", "select distinct cart as holder", "select cart as holder"),
    ("countries", "where name = ''", "where name = 'none'"),
    ("countries", "dense_rank()", "row_number()"),
    ("countries", "count({unit})", "count(1)"),
    ("category-countries", "and category = (select category from asked)", ""),
    ("category-countries", "kind in ('category', 'good')", "kind = 'category'"),
    ("times-of-day", "{own}", "{unit}"),
    ("times-of-day", "/ 6.0", "/ 8.0"),
    ("busiest-hour", "slot + offset_slots", "slot"),
    ("busiest-hour", "offset_slots as shift", "0 as shift"),
    ("unpaid-carts", "and amount > 0", ""),
    ("unpaid-carts", "kind = 'paid'", "kind = 'pay'"),
    ("repeat-payers", "count(distinct cart_id)", "count(cart_id)"),
    ("repeat-payers", "carts >= 2", "carts > 2"),
    ("repeat-payers", "and user_id <> 0", ""),
    ("funnel", "> 1800000000", "> 1700000000"),
    ("funnel", "partition by guest order by moment_us\n    rows", "order by moment_us\n    rows"),
    ("top-goods", "where kind = 'good'", "where kind <> ''"),
    ("errors", "status >= 400", "status > 404"),
    ("requests-per-day", "floor(hour_no / 24.0)", "floor((hour_no + 1) / 24.0)"),
)


@pytest.mark.parametrize(("report", "right", "wrong"), FAULTS)
def test_a_fault_planted_in_the_sql_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: str, right: str, wrong: str
) -> None:
    text = statements._BY_NAME[report]
    assert right in text
    monkeypatch.setitem(statements._BY_NAME, report, text.replace(right, wrong))
    for seed, lines, begin, pause_s, _ in LOGS[3:]:
        folder = tmp_path / str(seed)
        folder.mkdir()
        log = random_log(seed, lines, begin, pause_s)
        segments = write_segments(log, folder)
        with desk(folder) as at:
            for by in ("requests", "visitors"):
                if by == "visitors" and not catalogue.find(report).measures:
                    continue
                question = Question(timezone="Australia/Lord_Howe", by=by)
                if answer(at, segments, report, question) != rounded(expected(log, report, question)):
                    return
    pytest.fail(f"no log showed that {right!r} had become {wrong!r}")
