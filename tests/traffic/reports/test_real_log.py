"""Proof: the seven answers of the shop's real log, which is not part of the project."""

from pathlib import Path

import pytest

from artel.traffic.imports import geo
from artel.traffic.reports import catalogue, rules, service
from artel.traffic.reports.model import Question
from tests.traffic.reports.comparing import desk, expected, rounded, told
from tests.traffic.reports.logs import Line, shop_log, write_segments

# Report: value, winners. The countries of 1 and 2 depend on the packed database; the oracle finds them.
PINNED = {
    "times-of-day": (608, ["night"]),
    "busiest-hour": (94, ["2018-08-02T03:00+00:00"]),
    "bought-together": (43, ["frozen_fish"]),
    "unpaid-carts": (73, []),
    "repeat-payers": (77, []),
}


@pytest.fixture
def lines(real_log: Path) -> list[Line]:
    find = geo.load().find
    log = shop_log(real_log)
    return [line | {"country": find(line["ip"])} for line in log]


def test_the_seven_answers_are_those_of_the_oracle(lines: list[Line], tmp_path: Path) -> None:
    segments = write_segments(lines, tmp_path, 2)
    found = {}
    with desk(tmp_path) as at:
        for report in catalogue.REPORTS:
            answer = service.answer(at, rules.inquiry(report, Question(), "UTC"), segments)
            assert told(answer) == rounded(expected(lines, report.name, Question())), report.name
            assert answer.requests_read == 24_284
            found[report.name] = (answer.value, [ranked.name for ranked in answer.winners])
    assert {name: found[name] for name in PINNED} == PINNED
    assert all(found[name][1] for name in ("countries", "category-countries"))
