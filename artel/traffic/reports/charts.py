"""A chart of an answer: what to draw, and how it looks in a terminal (svg.py draws the same as a picture)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import Struct

from artel.traffic.reports.model import Answer, Point

BARS_MAX: Final = 40  # more cannot be read; the table lists them all
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_PARTS: Final = " ▏▎▍▌▋▊▉█"
_HEIGHT: Final = 10  # lines of a chart of a series in a terminal
_LABEL_MAX: Final = 32  # characters of a name beside its bar


class Bar(Struct, frozen=True):
    """One value and its name; `note` stands behind it, `x` is its place on an axis of time (hours or days)."""

    name: str
    value: int
    note: str = ""
    x: int = 0


class Chart(Struct, frozen=True):
    """`bars` lie below each other, each with its name; `columns` stand on an axis of time."""

    kind: Literal["bars", "columns"]
    title: str
    unit: str
    period: str  # what the axis of time counts, and its zone; '' for bars
    bars: tuple[Bar, ...]


def chart_of(answer: Answer) -> Chart:
    """What an answer looks like. A ranking shows winners and runners-up, a number what it is part of."""
    match answer.shape:
        case "series":
            period = "hour" if answer.report.endswith("hour") else "day"
            axis = f"{period}, {answer.asked.timezone}"
            return Chart("columns", answer.title, answer.unit, axis, _columns(answer.points, period))
        case "steps":
            whole = answer.out_of
            bars = tuple(Bar(point.name, point.count, percent(point.count, whole)) for point in answer.points)
        case "number":
            noted = percent(answer.value, answer.out_of)
            bars = (Bar(answer.title, answer.value, noted), Bar(f"all {answer.unit}", answer.out_of))
        case "ranking":
            listed = (answer.winners + answer.runners_up)[:BARS_MAX]
            bars = tuple(Bar(ranked.name, ranked.count) for ranked in listed)
    return Chart("bars", answer.title, answer.unit, "", bars)


def percent(part: int, whole: int) -> str:
    """`12.5 %`; nothing of nothing is nothing."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def _columns(points: Sequence[Point], period: str) -> tuple[Bar, ...]:
    step_s = 3600 if period == "hour" else 86_400
    return tuple(Bar(point.name, point.count, "", int(_moment(point.name).timestamp()) // step_s) for point in points)


def _moment(name: str) -> datetime:
    moment = datetime.fromisoformat(name)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def value_text(bar: Bar) -> str:
    """What stands behind a bar: `1,234 (5.0 %)`."""
    return f"{bar.value:,} ({bar.note})" if bar.note else f"{bar.value:,}"


def printable(text: str) -> str:
    """The text without what moves a cursor, reverses a line or breaks XML: a log may hold anything."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def shortened(text: str, length: int = _LABEL_MAX) -> str:
    """The text, cut to a length with an ellipsis."""
    clean = printable(text)
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def spread(bars: Sequence[Bar], places: int) -> list[int]:
    """The columns of a chart: each place shows the greatest value of the times that fall on it, 0 where none is.

    A short range takes only as many places as it has hours or days.
    """
    if not bars:
        return []
    first, last = bars[0].x, max(bar.x for bar in bars)
    span = last - first + 1
    places = min(places, span)
    heights = [0] * places
    for bar in bars:
        place = (bar.x - first) * places // span
        heights[place] = max(heights[place], bar.value)
    return heights


def terminal_lines(chart: Chart, width: int) -> list[str]:
    """The chart in characters, at most `width` a line."""
    if not any(bar.value for bar in chart.bars):
        return ["(nothing to draw)"]
    return _terminal_bars(chart.bars, width) if chart.kind == "bars" else _terminal_columns(chart, width)


def _terminal_bars(bars: Sequence[Bar], width: int) -> list[str]:
    names = [shortened(bar.name) for bar in bars]
    told = [value_text(bar) for bar in bars]
    label_width = max(map(len, names))
    room = max(8, width - label_width - max(map(len, told)) - 3)
    greatest = max(bar.value for bar in bars)
    lines = []
    for name, bar, text in zip(names, bars, told, strict=True):
        eighths = -(-bar.value * room * 8 // greatest)
        drawn = _PARTS[8] * (eighths // 8) + _PARTS[eighths % 8].strip()
        lines.append(f"{name:>{label_width}} ┤{drawn} {text}")
    return lines


def _terminal_columns(chart: Chart, width: int) -> list[str]:
    greatest = max(bar.value for bar in chart.bars)
    scale = f"{greatest:,}"
    room = max(8, width - len(scale) - 2)
    heights = [-(-value * _HEIGHT * 8 // greatest) for value in spread(chart.bars, room)]
    lines = []
    for row in range(_HEIGHT, 0, -1):
        label = scale if row == _HEIGHT else "0" if row == 1 else ""
        drawn = "".join(_BLOCKS[min(8, max(0, height - 8 * (row - 1)))] for height in heights)
        lines.append(f"{label:>{len(scale)}} ┤{drawn}".rstrip())
    first, last = chart.bars[0].name, chart.bars[-1].name
    ends = f"{first}  to  {last}" if first != last else first
    return [*lines, f"{'':>{len(scale)}}  {ends}"]
