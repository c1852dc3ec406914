"""The reports in plain Python, from contracts/loganalysis.md alone: slow, simple, nothing shared with the SQL."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from tests.traffic.reports.logs import Line

Plain = dict[str, Any]
Counts = dict[str, int]


def seen(log: Iterable[Line], from_us: int | None, to_us: int | None, bots: bool) -> list[Line]:
    """The lines of a period, with or without those of bots, in order."""
    wanted = [
        line
        for line in log
        if (from_us is None or line["at_us"] >= from_us)
        and (to_us is None or line["at_us"] < to_us)
        and (bots or not line["bot"])
    ]
    return sorted(wanted, key=lambda line: (line["at_us"], line["source_id"], line["line_no"]))


def local(line: Line, zone: ZoneInfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=line["at_us"])).astimezone(zone)


def count(log: Iterable[Line], name: Callable[[Line], str], by: str) -> Counts:
    if by == "requests":
        return dict(Counter(name(line) for line in log))
    visitors = defaultdict(set)
    for line in log:
        visitors[name(line)].add((line["ip"], line["agent"]))
    return {key: len(found) for key, found in visitors.items()}


def places(counts: Counts, top: int) -> Plain:
    """Winners (all of the greatest count) and the names after them, equal counts by name."""
    named = {name: n for name, n in counts.items() if name and n}
    ordered = sorted(named.items(), key=lambda entry: (-entry[1], entry[0]))
    greatest = max(named.values(), default=0)
    return {
        "value": greatest,
        "winners": [entry for entry in ordered if entry[1] == greatest],
        "runners_up": [entry for entry in ordered if entry[1] < greatest][:top],
    }


def ranking(counts: Counts, top: int, nameless: bool = False) -> Plain:
    whole = sum(counts.values())
    unknown = counts.get("", 0) / whole if whole else 0.0
    return places(counts, top) | {"out_of": whole, "unknown_share": unknown if nameless else None}


def put_in(log: Sequence[Line]) -> list[tuple[Line, tuple[str, str]]]:
    """Every line that put something into a cart, with the good whose page its address had asked for last."""
    last: dict[str, tuple[str, str]] = {}
    found = []
    for line in log:
        if line["kind"] == "good":
            last[line["ip"]] = (line["category"], line["good"])
        if line["kind"] == "cart" and line["amount"] > 0:
            found.append((line, last.get(line["ip"], ("", ""))))
    return found


def paid(log: Iterable[Line]) -> set[int]:
    return {line["cart_id"] for line in log if line["kind"] == "paid"}


def countries(log: Sequence[Line], by: str, top: int, names: Callable[[str], str]) -> Plain:
    return ranking(count(log, lambda line: line["country"] and names(line["country"]), by), top, nameless=True)


def category_countries(log: Sequence[Line], category: str, by: str, top: int, names: Callable[[str], str]) -> Plain:
    pages = [line for line in log if line["category"] == category and line["kind"] in ("category", "good")]
    return countries(pages, by, top, names)


def times_of_day(log: Sequence[Line], category: str, zone: ZoneInfo, by: str, top: int) -> Plain:
    def part(line: Line) -> str:
        return ("night", "morning", "daytime", "evening")[local(line, zone).hour // 6]

    pages = [line for line in log if line["category"] == category]
    own = [line for line in pages if line["kind"] == "category"]
    with_goods = places(count(pages, part, by), top)
    return ranking(count(own, part, by), top) | {
        "with_goods": {name: with_goods[name] for name in ("winners", "runners_up")}
    }


def hours(log: Sequence[Line], zone: ZoneInfo, by: str) -> Counts:
    def hour(line: Line) -> str:
        moment = local(line, zone)
        offset = moment.utcoffset()
        assert offset is not None
        begin = moment.replace(minute=0, second=0, microsecond=0, tzinfo=timezone(offset))
        return begin.isoformat(timespec="minutes")

    return count(log, hour, by)


def busiest_hour(log: Sequence[Line], zone: ZoneInfo, by: str, top: int) -> Plain:
    return ranking(hours(log, zone, by), top)


def bought_together(log: Sequence[Line], category: str, top: int) -> Plain:
    contents, done = defaultdict(set), paid(log)
    for line, (found, _) in put_in(log):
        if line["cart_id"] in done:
            contents[line["cart_id"]].add(found)
    others = Counter(other for held in contents.values() if category in held for other in held if other != category)
    return ranking(dict(others), top, nameless=True)


def unpaid_carts(log: Sequence[Line]) -> Plain:
    carts = {line["cart_id"] for line, _ in put_in(log)}
    return {"value": len(carts - paid(log)), "out_of": len(carts)}


def repeat_payers(log: Sequence[Line]) -> Plain:
    carts, done = defaultdict(set), paid(log)
    for line in log:
        if line["kind"] == "pay" and line["user_id"] and line["cart_id"] in done:
            carts[line["user_id"]].add(line["cart_id"])
    return {"value": sum(len(paid_by) >= 2 for paid_by in carts.values()), "out_of": len(carts)}


def funnel(log: Sequence[Line]) -> Plain:
    steps = ("visit", "category", "good", "cart", "pay", "paid")
    last_us: dict[tuple[str, str], int] = {}
    visits: list[int] = []
    visit_of: dict[tuple[str, str], int] = {}
    for line in log:
        who = (line["ip"], line["agent"])
        if who not in last_us or line["at_us"] - last_us[who] > 30 * 60 * 1_000_000:
            visit_of[who] = len(visits)
            visits.append(0)
        last_us[who] = line["at_us"]
        step = steps.index(line["kind"]) if line["kind"] in steps else 0
        visits[visit_of[who]] = max(visits[visit_of[who]], step)
    points = [(name, sum(deepest >= step for deepest in visits)) for step, name in enumerate(steps)]
    return {"value": points[-1][1], "out_of": points[0][1], "points": points}


def top_pages(log: Sequence[Line], by: str, top: int) -> Plain:
    return ranking(count(log, lambda line: line["path"], by), top)


def top_goods(log: Sequence[Line], by: str, top: int) -> Plain:
    pages = [line for line in log if line["kind"] == "good"]
    return ranking(count(pages, lambda line: f"{line['category']}/{line['good']}", by), top)


def series(counts: Counts) -> Plain:
    """In order of time; names are ISO 8601, so of equal times the greater offset comes first."""

    def moment(entry: tuple[str, int]) -> datetime:
        found = datetime.fromisoformat(entry[0])
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    points = sorted(counts.items(), key=moment)
    found = places(counts, 0)
    return found | {"points": points, "out_of": sum(counts.values())}


def requests_per_hour(log: Sequence[Line], zone: ZoneInfo, by: str) -> Plain:
    return series(hours(log, zone, by))


def requests_per_day(log: Sequence[Line], zone: ZoneInfo, by: str) -> Plain:
    return series(count(log, lambda line: local(line, zone).date().isoformat(), by))


def errors(log: Sequence[Line], by: str, top: int) -> Plain:
    counts = count(log, lambda line: str(line["status"]) if line["status"] else "", by)
    failed = {name: n for name, n in counts.items() if name and int(name) >= 400}
    whole = sum(counts.values())
    return places(failed, top) | {
        "out_of": whole,
        "unknown_share": counts.get("", 0) / whole if whole else 0.0,
    }


def cart_lines(log: Sequence[Line]) -> list[tuple[Any, ...]]:
    """(cart, category, good, goods_id, amount, first put in, address), a good once in each cart."""
    found: dict[tuple[int, str, str, int], list[Line]] = defaultdict(list)
    for line, (category, good) in put_in(log):
        found[line["cart_id"], category, good, 0 if good else line["goods_id"]].append(line)
    return [
        (
            *key[:3],
            min(line["goods_id"] for line in lines),
            sum(line["amount"] for line in lines),
            min(line["at_us"] for line in lines),
            min(line["ip"] for line in lines),
        )
        for key, lines in sorted(found.items())
    ]


def carts(log: Sequence[Line]) -> list[tuple[Any, ...]]:
    """(cart, created, goods, amount, paid)."""
    found = defaultdict(list)
    for row in cart_lines(log):
        found[row[0]].append(row)
    return [
        (cart, min(row[5] for row in rows), len(rows), sum(row[4] for row in rows), cart in paid(log))
        for cart, rows in sorted(found.items())
    ]


def categories(log: Sequence[Line]) -> list[tuple[Any, ...]]:
    """(category, requests of its page, requests of its goods' pages)."""
    pages = [line for line in log if line["kind"] in ("category", "good")]
    return [
        (name, *(sum(p["category"] == name and p["kind"] == kind for p in pages) for kind in ("category", "good")))
        for name in sorted({line["category"] for line in pages})
    ]


def goods(log: Sequence[Line]) -> list[tuple[Any, ...]]:
    """(category, good, goods_id, requests, carts, amount)."""
    pages = Counter((line["category"], line["good"]) for line in log if line["kind"] == "good")
    rows = cart_lines(log)
    found = []
    for key in sorted(pages):
        held = [row for row in rows if row[1:3] == key]
        ids = [row[3] for row in held]
        found.append((*key, max(ids, default=0), pages[key], len(held), sum(row[4] for row in held)))
    return found


def payments(log: Sequence[Line]) -> list[tuple[Any, ...]]:
    """(cart, user, first asked to pay, first success line); a success that nobody asked for has no user."""
    asked: dict[tuple[int, int], int] = {}
    success: dict[int, int] = {}
    for line in log:
        if line["kind"] == "pay":
            asked.setdefault((line["cart_id"], line["user_id"]), line["at_us"])
        if line["kind"] == "paid":
            success.setdefault(line["cart_id"], line["at_us"])
    carts_asked = {cart for cart, _ in asked}
    rows = [(cart, user, at_us, success.get(cart)) for (cart, user), at_us in asked.items()]
    rows += [(cart, 0, None, at_us) for cart, at_us in success.items() if cart not in carts_asked]
    return sorted(rows, key=lambda row: row[:2])
