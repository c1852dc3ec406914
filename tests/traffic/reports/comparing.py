"""What the oracle says about a question, in the shape of the answer."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artel.kernel.clock import parse_iso
from artel.traffic.reports import catalogue, rules, service
from artel.traffic.reports.model import Answer, Geo, Question
from tests.traffic.reports import oracle
from tests.traffic.reports.logs import Line

GEO = Geo("DB of the tests", "2026-01-01", "https://db.example")
NAMES = {"CN": "China", "US": "United States", "DE": "Germany", "FR": "A France by another name"}


def country_name(code: str) -> str:
    return NAMES.get(code, code)


@contextmanager
def desk(scratch: Path) -> Iterator[service.Desk]:
    """A desk with one thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        yield service.Desk(threads, scratch, scratch, GEO, country_name, "UTC")


def expected(log: list[Line], report: str, question: Question) -> oracle.Plain:
    """The answer of the oracle, with only those fields that it can know."""
    inquiry = rules.inquiry(catalogue.find(report), question, "UTC")
    lines = oracle.seen(log, inquiry.from_us, inquiry.to_us, inquiry.bots)
    name, zone, by, top, category = (
        inquiry.report.name,
        inquiry.zone,
        inquiry.by,
        inquiry.top,
        inquiry.category or "",
    )
    plain: dict[str, Callable[[], oracle.Plain]] = {
        "countries": lambda: oracle.countries(lines, by, top, country_name),
        "category-countries": lambda: oracle.category_countries(lines, category, by, top, country_name),
        "times-of-day": lambda: oracle.times_of_day(lines, category, zone, by, top),
        "busiest-hour": lambda: oracle.busiest_hour(lines, zone, by, top),
        "bought-together": lambda: oracle.bought_together(lines, category, top),
        "unpaid-carts": lambda: oracle.unpaid_carts(lines),
        "repeat-payers": lambda: oracle.repeat_payers(lines),
        "funnel": lambda: oracle.funnel(lines),
        "top-pages": lambda: oracle.top_pages(lines, by, top),
        "top-goods": lambda: oracle.top_goods(lines, by, top),
        "requests-per-hour": lambda: oracle.requests_per_hour(lines, zone, by),
        "requests-per-day": lambda: oracle.requests_per_day(lines, zone, by),
        "errors": lambda: oracle.errors(lines, by, top),
    }
    nothing = {"winners": [], "runners_up": [], "points": [], "unknown_share": None, "with_goods": None}
    watermark_us = max((line["at_us"] for line in lines), default=None)
    return nothing | plain[name]() | {"requests_read": len(lines), "watermark_us": watermark_us}


def told(answer: Answer) -> oracle.Plain:
    """The same fields of an answer."""
    both = answer.with_goods
    return {
        "value": answer.value,
        "out_of": answer.out_of,
        "winners": _pairs(answer.winners),
        "runners_up": _pairs(answer.runners_up),
        "points": _pairs(answer.points),
        "unknown_share": answer.unknown_share,
        "with_goods": both and {"winners": _pairs(both.winners), "runners_up": _pairs(both.runners_up)},
        "requests_read": answer.requests_read,
        "watermark_us": answer.watermark and parse_iso(answer.watermark),
    }


def _pairs(names: tuple[Any, ...]) -> list[tuple[str, int]]:
    return [(entry.name, entry.count) for entry in names]


def rounded(plain: oracle.Plain) -> oracle.Plain:
    """Shares are told to six places."""
    share = plain["unknown_share"]
    return plain | {"unknown_share": share if share is None else round(share, 6)}
