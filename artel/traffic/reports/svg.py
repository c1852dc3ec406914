"""A chart as SVG: one self-contained picture, readable on light and on dark ground, with every text escaped."""

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from artel.traffic.reports.charts import Bar, Chart, printable, shortened, spread, value_text

_WIDTH: Final = 860
_MARGIN: Final = 20
_HEAD: Final = 64  # title and unit
_ROW: Final = 28  # one bar
_CHARACTER: Final = 7.3  # width of a digit at 13 px in the fonts named below, rounded up
_PLOT: Final = 240  # height of the columns
# Greys and a blue with a contrast of at least 4.5 to 1 to white and to black.
_STYLE: Final = (
    "text{font:13px system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#757575}"
    ".title{font-size:17px;font-weight:600}.value{font-variant-numeric:tabular-nums}"
    ".bar{fill:#2a78d6;shape-rendering:crispEdges}.grid{stroke:#757575;stroke-opacity:.3}.axis{stroke:#757575}"
)


def svg(chart: Chart) -> str:
    """The chart as the text of an SVG file. A tooltip on each bar tells its full name and value."""
    height, body = _bars(chart) if chart.kind == "bars" else _columns(chart)
    if not any(bar.value for bar in chart.bars):
        height, body = _HEAD + 40, [_text(_MARGIN, _HEAD + 12, "Nothing was counted.")]
    title = escape(printable(chart.title))
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label={quoteattr(printable(chart.title))}>',
        f"<title>{title}</title><style>{_STYLE}</style>",
        f'<text class="title" x="{_MARGIN}" y="28">{title}</text>',
        _text(_MARGIN, 48, f"{chart.unit} per {chart.period}" if chart.period else chart.unit),
    ]
    return "\n".join([*head, *body, "</svg>", ""])


def nice_ticks(greatest: int) -> list[int]:
    """Whole round numbers from 0 to the first at or above the greatest value: 2 to 6 of them."""
    step = 1
    while greatest > step * 5:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return list(range(0, greatest + step, step))


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(printable(text))}</text>'


def _tip(text: str) -> str:
    return f"<title>{escape(printable(text))}</title>"


def _bars(chart: Chart) -> tuple[int, list[str]]:
    names = [shortened(bar.name) for bar in chart.bars]
    told = [value_text(bar) for bar in chart.bars]
    left = _MARGIN + max(map(len, names), default=0) * _CHARACTER + 8
    room = _WIDTH - _MARGIN - left - max(map(len, told), default=0) * _CHARACTER - 8
    greatest = max((bar.value for bar in chart.bars), default=0) or 1
    body = []
    for number, (name, bar, text) in enumerate(zip(names, chart.bars, told, strict=True)):
        top = _HEAD + number * _ROW
        width = room * bar.value / greatest
        body += [
            _text(left - 8, top + 17, name, "end"),
            f'<rect class="bar" x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}" rx="2">'
            f"{_tip(f'{bar.name}: {text}')}</rect>",
            _text(left + width + 8, top + 17, text, kind="value"),
        ]
    bottom = _HEAD + len(names) * _ROW
    body.append(f'<line class="axis" x1="{left:.1f}" y1="{_HEAD}" x2="{left:.1f}" y2="{bottom}"/>')
    return bottom + _MARGIN, body


def _columns(chart: Chart) -> tuple[int, list[str]]:
    ticks = nice_ticks(max((bar.value for bar in chart.bars), default=0))
    left = _MARGIN + len(f"{ticks[-1]:,}") * _CHARACTER + 8
    right, base = _WIDTH - _MARGIN, _HEAD + _PLOT
    body = []
    for tick in ticks:
        y = base - _PLOT * tick / ticks[-1] if ticks[-1] else base
        body.append(f'<line class="grid" x1="{left:.1f}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        body.append(_text(left - 8, y + 4, f"{tick:,}", "end", "value"))
    heights = spread(chart.bars, int(right - left))
    wide = (right - left) / max(len(heights), 1)
    gap = 2 if wide >= 8 else 0  # narrow columns touch, or they would flicker
    for place, value in enumerate(heights):
        if value:
            height = _PLOT * value / ticks[-1]
            body.append(
                f'<rect class="bar" x="{left + place * wide:.2f}" y="{base - height:.1f}" '
                f'width="{max(wide - gap, 1):.2f}" height="{height:.1f}">{_tip(f"{value:,}")}</rect>'
            )
    body.append(f'<line class="axis" x1="{left:.1f}" y1="{base}" x2="{right}" y2="{base}"/>')
    return base + 44, body + _times(chart.bars, left, right, base)


def _times(bars: tuple[Bar, ...], left: float, right: float, base: float) -> list[str]:
    """Up to five names below the axis, each at its own time, the first and the last among them."""
    if not bars:
        return []
    first, span = bars[0].x, max(bars[-1].x - bars[0].x, 1)
    wanted = sorted({round(part * (len(bars) - 1) / 4) for part in range(5)})
    shown: list[str] = []
    free = left
    for index in wanted:
        bar = bars[index]
        label = bar.name.replace("T", " ").replace("+00:00", "")
        half = len(label) * _CHARACTER / 2
        x = min(max(left + (right - left) * (bar.x - first) / span, left + half), right - half)
        if x - half >= free:
            shown.append(_text(x, base + 20, label, "middle", "value"))
            free = x + half + 12
    return shown
