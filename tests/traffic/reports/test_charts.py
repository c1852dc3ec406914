"""Charts in the terminal and as SVG."""

from xml.etree import ElementTree

import pytest

from artel.traffic.reports import charts, svg
from artel.traffic.reports.charts import Bar, Chart

NAMES = ("a<b>&\"'", "\x00\x1b[31m\u202e", "]]>", "рыба", "x" * 300)
BARS = Chart("bars", "<script>alert(1)</script>", "requests", "", tuple(Bar(n, i, "1 %") for i, n in enumerate(NAMES)))
HOURS = Chart(
    "columns", "Hours", "requests", "hour, UTC", tuple(Bar(f"2018-08-{d:02}", d, "", d) for d in range(1, 29))
)
EMPTY = (
    Chart("bars", "t", "u", "", ()),
    Chart("columns", "t", "u", "day", ()),
    Chart("bars", "t", "u", "", (Bar("a", 0),)),
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("chart", [BARS, HOURS, *EMPTY])
def test_every_chart_is_one_well_formed_picture_that_runs_and_loads_nothing(chart: Chart) -> None:
    root = ElementTree.fromstring(svg.svg(chart))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "text", "rect", "line"}
    assert root.findtext(f"{SVG}title") == charts.printable(chart.title)
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)


def test_a_bar_tells_its_whole_name_and_is_as_long_as_its_value() -> None:
    rects = list(ElementTree.fromstring(svg.svg(BARS)).iter(f"{SVG}rect"))
    assert [float(rect.attrib["width"]) for rect in rects][::2] == pytest.approx(
        [n * float(rects[4].attrib["width"]) / 4 for n in (0, 2, 4)], abs=0.1
    )
    assert rects[4].findtext(f"{SVG}title") == "x" * 300 + ": 4 (1 %)"


def test_no_label_lies_outside_the_picture() -> None:
    for chart in (BARS, HOURS):
        root = ElementTree.fromstring(svg.svg(chart))
        for text in root.iter(f"{SVG}text"):
            assert 0 <= float(text.attrib["x"]) <= float(root.attrib["width"])
            assert 0 < float(text.attrib["y"]) < float(root.attrib["height"])


@pytest.mark.parametrize("greatest", [0, 1, 2, 5, 6, 9, 10, 11, 99, 1234, 3711, 10**12])
def test_an_axis_has_few_round_ticks_and_ends_above_the_greatest_value(greatest: int) -> None:
    ticks = svg.nice_ticks(greatest)
    assert ticks[0] == 0 and ticks[-1] >= greatest
    assert 1 <= len(ticks) <= 6
    assert all(str(tick).rstrip("0") in ("", *"123456789", "15", "25") for tick in ticks)


@pytest.mark.parametrize("chart", [BARS, HOURS, *EMPTY])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_chart_in_the_terminal_fits_and_moves_no_cursor(chart: Chart, width: int) -> None:
    lines = charts.terminal_lines(chart, width)
    assert all(line.isprintable() for line in lines)
    assert width < 80 or max(map(len, lines)) <= width


def test_hours_without_requests_leave_a_gap() -> None:
    bars = (Bar("a", 2, "", 10), Bar("b", 1, "", 13))
    assert charts.spread(bars, 80) == [2, 0, 0, 1]
    assert charts.spread(bars, 2) == [2, 1]
    assert charts.spread((), 80) == []
