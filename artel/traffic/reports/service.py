"""Ask the log: the reports, and the tables that are derived from it.

A question is two steps: the manifest is read in a transaction of its own, then DuckDB reads the segments in a bounded
pool of threads. A segment never changes, so an answer is what the log held when the manifest was read.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from duckdb import DuckDBPyConnection
from msgspec import Struct, field

from artel.db import Database
from artel.kernel.clock import iso
from artel.kernel.page import Page
from artel.traffic.imports import manifest
from artel.traffic.reports import catalogue, engine, rules
from artel.traffic.reports.listings import TABLE_TEXTS
from artel.traffic.reports.model import (
    SERIES_MAX,
    TABLES,
    Answer,
    Asked,
    CartLineRow,
    CartRow,
    CategoryRow,
    Geo,
    GoodRow,
    PaymentRow,
    Point,
    Question,
    Ranked,
    Ranking,
    Report,
    ReportsBusy,
    ReportTooLarge,
    SegmentsUnreadable,
    TableName,
    TableQuestion,
    TableRow,
    TableUnknown,
)
from artel.traffic.reports.rules import Inquiry
from artel.traffic.reports.statements import SEEN, text_of

QUESTIONS_MAX: Final = 32  # of one process, running and waiting: a few seconds of work for each million lines
RETRY_S: Final = 5
EXPORT_PAGE: Final = 100_000  # rows at a time when a whole table is written out

Result = TypeVar("Result")


class Desk(Struct, frozen=True):
    """What answering takes: threads, a folder for sorts that do not fit into memory, the names of the
    countries.

    `threads` bounds how many questions run at once, each within engine.MEMORY_LIMIT, `places` how many wait.
    """

    threads: Executor
    segments: Path
    scratch: Path
    geo: Geo
    country_name: Callable[[str], str]
    timezone: str
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(QUESTIONS_MAX))


class Found(Struct, frozen=True):
    """What a statement of a report said, before it is put into an answer."""

    value: int = 0
    out_of: int = 0
    unknown: int = 0
    ranking: Ranking = Ranking()
    with_goods: Ranking | None = None
    points: tuple[Point, ...] = ()


async def reports(db: Database) -> list[Report]:
    """The reports there are, each with its definition."""
    return list(catalogue.REPORTS)


async def ask(db: Database, desk: Desk, report: str, query: Question) -> Answer:
    """Answer one question. About 20 ms for each million lines, ten times that for carts and visits.

    Raises ReportUnknown, QuestionMalformed, SegmentsUnreadable, ReportTooLarge, ReportsBusy.
    """
    inquiry = rules.inquiry(catalogue.find(report), query, desk.timezone)
    return await _with_segments(db, desk, (inquiry.from_us, inquiry.to_us), partial(answer, desk, inquiry))


async def table(db: Database, desk: Desk, table: str, query: TableQuestion) -> Page[TableRow]:
    """One keyset page of a table that is derived from the whole log.

    Costs as much as a report about carts, whatever the page. Raises TableUnknown, QuestionMalformed,
    SegmentsUnreadable, ReportTooLarge, ReportsBusy.
    """
    return await pages(db, desk, table, query.bots, query.limit, query.after)


async def pages(db: Database, desk: Desk, name: str, bots: bool, limit: int, after: str | None) -> Page[TableRow]:
    """The same with pages of any length, for who writes a whole table out."""
    use = partial(table_page, desk, table_name(name), bots, limit, rules.key_of(after))
    return await _with_segments(db, desk, rules.EVER_US, use)


async def _with_segments(
    db: Database, desk: Desk, period_us: tuple[int, int], use: Callable[[Sequence[Path]], Result]
) -> Result:
    """Run `use` in the pool on the visible segments that can hold a line of the period.

    An import may replace the segment of an unfinished last line and sweep its file away between the two steps: then
    the manifest has changed, and is read once more. Raises ReportsBusy when too many wait already.
    """
    if desk.places.locked():
        raise ReportsBusy(retry_s=RETRY_S)
    async with desk.places:
        return await _on_what_is_shown(db, desk, period_us, use)


async def _on_what_is_shown(
    db: Database, desk: Desk, period_us: tuple[int, int], use: Callable[[Sequence[Path]], Result]
) -> Result:
    loop = asyncio.get_running_loop()
    for last_try in (False, True):
        shown = await db.read(manifest.shown, "requests")
        paths = [desk.segments / s.name for s in shown if s.at_max_us >= period_us[0] and s.at_min_us < period_us[1]]
        try:
            return await loop.run_in_executor(desk.threads, use, paths)
        except SegmentsUnreadable:
            if last_try:
                raise
    raise AssertionError("the last try answers or raises")


def answer(desk: Desk, inquiry: Inquiry, segments: Sequence[Path]) -> Answer:
    """Answer a question from these segments, in the calling thread."""
    scope = engine.Scope(inquiry.from_us, inquiry.to_us, inquiry.bots)
    # Equal counts share a place, so the runners-up that are shown lie within as many places below the
    # winners.
    terms = engine.Terms(category=inquiry.category or "", places=inquiry.top + 1)
    with engine.opened(segments, scope, terms, desk.scratch) as log:
        ((lines_read, first_us, last_us),) = engine.rows(log, SEEN)
        slot_us = rules.SLOT_S * 1_000_000
        engine.put_zone(log, rules.offsets(inquiry.zone, first_us // slot_us, last_us // slot_us))
        found = _find(desk, log, inquiry)
    return _answer(desk, inquiry, found, lines_read, iso(last_us) if lines_read else None)


def _find(desk: Desk, log: DuckDBPyConnection, inquiry: Inquiry) -> Found:
    rows = engine.rows(log, text_of(inquiry.report.name, inquiry.by))
    match inquiry.report.name:
        case "times-of-day":
            return _times_of_day(rows, inquiry)
        case "unpaid-carts" | "repeat-payers":
            return Found(value=rows[0][0], out_of=rows[0][1])
        case "funnel":
            return _funnel(rows)
        case "requests-per-hour":
            return _series([Point(rules.hour_label(hour, shift), n) for hour, shift, n in rows])
        case "requests-per-day":
            return _series([Point(rules.day_label(day), n) for day, n in rows])
        case "countries" | "category-countries":
            return _ranking(rows, inquiry.top, lambda code, n: Ranked(desk.country_name(code), n, code))
        case "busiest-hour":
            return _ranking(rows, inquiry.top, _hour)
        case _:
            return _ranking(rows, inquiry.top, Ranked)


def _hour(name: str, count: int) -> Ranked:
    hour_no, shift = name.split("/")
    return Ranked(rules.hour_label(int(hour_no), int(shift)), count)


def _ranking(rows: list[tuple[Any, ...]], top: int, named: Callable[[str, int], Ranked]) -> Found:
    sums = {place: int(n) for _, n, place in rows if place <= 0}
    ranking = rules.ranking(((named(name, n), place) for name, n, place in rows if place > 0), top)
    return Found(value=_greatest(ranking), out_of=sums[0], unknown=sums[-1], ranking=ranking)


def _times_of_day(rows: list[tuple[Any, ...]], inquiry: Inquiry) -> Found:
    own = rules.ranking_of([(rules.PARTS_OF_DAY[part], n) for part, n, _ in rows], inquiry.top)
    both = rules.ranking_of([(rules.PARTS_OF_DAY[part], n) for part, _, n in rows], inquiry.top)
    return Found(value=_greatest(own), out_of=sum(n for _, n, _ in rows), ranking=own, with_goods=both)


def _greatest(ranking: Ranking) -> int:
    return ranking.winners[0].count if ranking.winners else 0


def _funnel(rows: list[tuple[Any, ...]]) -> Found:
    reached = rules.steps_reached([(step, n) for step, n in rows])
    points = tuple(Point(name, n) for name, n in zip(rules.STEPS, reached, strict=True))
    return Found(value=reached[-1], out_of=reached[0], points=points)


def _series(points: list[Point]) -> Found:
    if len(points) > SERIES_MAX:
        raise ReportTooLarge(limit=f"{SERIES_MAX} rows")
    listed = [(Ranked(point.name, point.count), 1) for point in points]
    greatest = max((point.count for point in points), default=0)
    winners = rules.ranking((entry for entry in listed if entry[0].count == greatest), 0)
    return Found(value=greatest, out_of=sum(point.count for point in points), ranking=winners, points=tuple(points))


def _answer(desk: Desk, inquiry: Inquiry, found: Found, lines_read: int, watermark: str | None) -> Answer:
    report = inquiry.report
    has_from, has_to = inquiry.bounded
    return Answer(
        report=report.name,
        number=report.number,
        title=report.title,
        definition=report.definition,
        shape=report.shape,
        unit=report.unit or inquiry.by,
        value=int(found.value),
        out_of=int(found.out_of),
        winners=found.ranking.winners,
        runners_up=found.ranking.runners_up,
        with_goods=found.with_goods,
        points=found.points,
        unknown_share=rules.share(found.unknown, found.out_of) if report.nameless else None,
        geo=desk.geo if report.geo else None,
        requests_read=lines_read,
        watermark=watermark,
        asked=Asked(
            timezone=inquiry.zone.key,
            bots=inquiry.bots,
            by=inquiry.by if report.measures else None,
            category=inquiry.category,
            from_time=iso(inquiry.from_us) if has_from else None,
            to_time=iso(inquiry.to_us) if has_to else None,
        ),
    )


def table_name(name: str) -> TableName:
    """The table of that name. Raises TableUnknown, which lists what there is."""
    for known in TABLES:
        if known == name.strip().lower():
            return known
    raise TableUnknown(table=rules.quoted(name), tables=", ".join(TABLES))


def table_page(
    desk: Desk, name: TableName, bots: bool, limit: int, after: rules.Key, segments: Sequence[Path]
) -> Page[TableRow]:
    """One page of a table from these segments, in the calling thread."""
    from_us, to_us = rules.EVER_US
    terms = engine.Terms(page_rows=limit + 1, after=after)
    with engine.opened(segments, engine.Scope(from_us, to_us, bots), terms, desk.scratch) as log:
        found = [_row(name, row) for row in engine.rows(log, TABLE_TEXTS[name])]
    if len(found) <= limit:
        return Page([row for row, _ in found])
    return Page([row for row, _ in found[:limit]], rules.cursor(found[limit - 1][1]))


def _row(name: TableName, row: tuple[Any, ...]) -> tuple[TableRow, rules.Key]:
    """A row of a table, and the key that the next page begins after."""
    match name:
        case "categories":
            category, own, goods = row
            return CategoryRow(category, int(own), int(goods)), (-1, category, "", -1)
        case "goods":
            category, good, goods_id, asked_for, carts, amount = row
            told = GoodRow(category, good, goods_id, int(asked_for), int(carts), int(amount))
            return told, (-1, category, good, -1)
        case "carts":
            cart, created_us, goods, amount, paid = row
            return CartRow(cart, iso(created_us), goods, int(amount), bool(paid)), (cart, "", "", -1)
        case "cart-lines":
            cart, category, good, told_by, goods_id, amount, put_us, address = row
            line = CartLineRow(cart, category, good, goods_id, int(amount), iso(put_us), address)
            return line, (cart, category, good, told_by)
        case "payments":
            cart, user_id, asked_us, paid_us = row
            asked_at, paid_at = (iso(us) if us else None for us in (asked_us, paid_us))
            return PaymentRow(cart, user_id, asked_at, paid_at), (cart, "", "", user_id)
