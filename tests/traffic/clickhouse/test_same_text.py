"""Proof: the statements of reports and tables yield the same rows on ClickHouse as on DuckDB, from the same text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from chdb.session import Session

from artel.traffic.reports import catalogue, engine, rules, statements
from artel.traffic.reports.listings import TABLE_TEXTS
from artel.traffic.reports.statements import text_of
from artel.traffic.schema import REQUEST_COLUMNS
from tests.traffic.reports.logs import random_log, write_segments
from tests.traffic.reports.test_oracle import LOGS, ZONES

TERMS = (
    engine.Terms(category="fresh_fish", places=3, page_rows=4),
    engine.Terms(category="semi_manufactures", places=1, page_rows=9, after=(3, "fresh_fish", "salmon", 7)),
)


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[Session]:
    """One ClickHouse inside this process."""
    session = Session()
    yield session
    session.close()


def texts() -> Iterator[tuple[str, str]]:
    """Every statement there is, with a name for the message of a test."""
    yield "seen", statements.SEEN
    for report in catalogue.REPORTS:
        yield report.name, text_of(report.name, "requests")
        if report.measures:
            yield f"{report.name} by visitors", text_of(report.name, "visitors")
    yield from TABLE_TEXTS.items()


def ask_clickhouse(session: Session, text: str) -> list[list[Any]]:
    """Rows with every integer as an integer, however wide."""
    told = session.query(text, "JSONCompactEachRow")
    return [msgspec.json.decode(row) for row in str(told).splitlines() if row]


def fill(session: Session, segments: list[Path], scope: engine.Scope, terms: engine.Terms, zone: rules.Zone) -> None:
    """What the engine of DuckDB prepares, on ClickHouse. In tests only, so the values stand in the text."""
    columns = ", ".join(f"{name} {kind}" for name, kind in REQUEST_COLUMNS.items() if kind != "UBIGINT")
    columns += ", line_hash UInt64, visitor UInt64"
    for name in ("log", "requests", "asked", "zone"):
        session.query(f"drop table if exists {name}")
    session.query(f"create table log ({columns}) engine = Memory")
    for path in segments:
        session.query(f"insert into log ({', '.join(REQUEST_COLUMNS)}) select * from file('{path}', Parquet)")
    bots = "" if scope.bots else "and bot = 0"
    period = f"at_us >= {scope.from_us} and at_us < {scope.to_us}"
    session.query(f"create view requests as select * from log where {period} {bots}")
    session.query(
        "create table asked (category String, places Int64, page_rows Int64, after_number Int64, "
        "after_category String, after_good String, after_other Int64) engine = Memory"
    )
    told = (terms.category, terms.places, terms.page_rows, *terms.after)
    session.query(f"insert into asked values {told}")
    session.query("create table zone (from_slot Int64, to_slot Int64, offset_slots Int64) engine = Memory")
    session.query(f"insert into zone values {', '.join(map(str, zone))}")


@pytest.mark.parametrize("number", range(len(LOGS)))
def test_clickhouse_and_duckdb_yield_the_same_rows(tmp_path: Path, clickhouse: Session, number: int) -> None:
    seed, lines, begin, pause_s, files = LOGS[number]
    segments = write_segments(random_log(seed, lines, begin, pause_s), tmp_path, files)
    terms, zone_name = TERMS[number % 2], ZONES[number % len(ZONES)]
    from_us, to_us = rules.EVER_US
    scope = engine.Scope(from_us, to_us, bots=number % 3 != 0)
    with engine.opened(segments, scope, terms, tmp_path) as duck:
        ((_, first_us, last_us),) = engine.rows(duck, statements.SEEN)
        slots = (first_us // 900_000_000, last_us // 900_000_000)
        zone = rules.offsets(rules.zone_of(zone_name), *slots)
        engine.put_zone(duck, zone)
        fill(clickhouse, segments, scope, terms, zone)
        for name, text in texts():
            assert ask_clickhouse(clickhouse, text) == [list(row) for row in engine.rows(duck, text)], name


def test_a_text_that_reads_nulls_of_an_outer_join_is_seen(tmp_path: Path, clickhouse: Session) -> None:
    """The canary: what portable SQL avoids does differ, and the comparison notices."""
    seed, lines, begin, pause_s, _ = LOGS[3]
    segments = write_segments(random_log(seed, lines, begin, pause_s), tmp_path)
    from_us, to_us = rules.EVER_US
    scope = engine.Scope(from_us, to_us, bots=True)
    text = """
    select count(*) from requests left join (select 0 as no_cart, -1 as thing) as nothing on cart_id + 1 = no_cart
    where thing is null
    """
    with engine.opened(segments, scope, TERMS[0], tmp_path) as duck:
        fill(clickhouse, segments, scope, TERMS[0], ((0, 1, 0),))
        assert ask_clickhouse(clickhouse, text) != [list(row) for row in engine.rows(duck, text)]
