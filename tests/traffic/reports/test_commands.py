"""`artel traffic report` and `artel traffic table`."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from artel.kernel.errors import Malformed, Refusal
from artel.settings import Settings
from artel.traffic.reports import catalogue
from artel.traffic.reports.commands import reports_app
from artel.traffic.reports.model import TABLES, Question, QuestionMalformed, ReportUnknown, TableUnknown
from tests.traffic.reports.comparing import expected
from tests.traffic.reports.conftest import Store
from tests.traffic.reports.logs import line, random_log
from tests.traffic.reports.oracle import cart_lines, seen

LOG = random_log(11, 200, datetime(2018, 8, 1, tzinfo=UTC), 90)


def command(settings: Settings, *words: str) -> Result:
    """Run a command as an operator would; a refusal comes out as it went in."""
    places = ["--data", str(settings.data), "--database", settings.database]
    return CliRunner().invoke(reports_app, [*words, *places], env={"COLUMNS": "120"})


def refused(settings: Settings, *words: str) -> Refusal:
    result = command(settings, *words)
    assert isinstance(result.exception, Refusal), result.output
    return result.exception


def test_every_report_answers_by_name_and_by_number(settings: Settings, store: Store) -> None:
    store(LOG)
    for report in catalogue.REPORTS:
        answer = json.loads(command(settings, "report", report.name, "--json").stdout)
        assert answer["value"] == expected(LOG, report.name, Question())["value"], report.name
        assert answer["definition"] == report.definition
        assert answer["asked"]["timezone"] == "UTC"
        if report.number:
            assert json.loads(command(settings, "report", str(report.number), "--json").stdout) == answer


def test_a_report_for_people_tells_what_is_needed_to_judge_it(settings: Settings, store: Store) -> None:
    store(LOG)
    shown = " ".join(command(settings, "report", "1").stdout.split())
    plain = expected(LOG, "countries", Question())
    assert f"Most: France ({plain['value']} requests)" in shown
    assert "Read: 200 requests up to 2018-08-01T" in shown
    assert f"Unknown: {100 * plain['unknown_share']:.1f} % of what was counted." in shown
    assert "Countries: " in shown and "https://" in shown


def test_the_options_reach_the_question(settings: Settings, store: Store) -> None:
    store(LOG)
    words = ("--from", "2018-08-01T01:00", "--to", "2018-08-01T05:00", "--timezone", "Asia/Kathmandu")
    told = json.loads(command(settings, "report", "4", "--by", "visitors", "--no-bots", *words, "--json").stdout)
    question = Question(
        from_time="2018-08-01T01:00",
        to_time="2018-08-01T05:00",
        timezone="Asia/Kathmandu",
        bots=False,
        by="visitors",
    )
    assert told["value"] == expected(LOG, "busiest-hour", question)["value"]
    assert told["asked"] == {
        "timezone": "Asia/Kathmandu",
        "bots": False,
        "by": "visitors",
        "category": None,
        "from": "2018-07-31T19:15:00.000000Z",
        "to": "2018-07-31T23:15:00.000000Z",
    }


@pytest.mark.parametrize(
    ("words", "refusal", "says"),
    [
        (("report", "8"), ReportUnknown, "There are: 1 countries"),
        (("report", "\x1b[2Jno"), ReportUnknown, "'\\x1b[2Jno'"),
        (("report", "1", "--category", "caviar"), QuestionMalformed, "category: the report countries asks"),
        (("report", "2", "--category", ""), QuestionMalformed, "category: is the name"),
        (("report", "2", "--category", "a/b"), QuestionMalformed, "category: is the name"),
        (("report", "1", "--timezone", "Mars/Base"), QuestionMalformed, "timezone: there is no time zone"),
        (("report", "1", "--timezone", "America"), QuestionMalformed, "timezone: there is no time zone"),
        (("report", "1", "--timezone", "../etc/passwd"), QuestionMalformed, "timezone: there is no time zone"),
        (("report", "1", "--from", "31.08.2018"), QuestionMalformed, "from: '31.08.2018' is no time; write"),
        (("report", "1", "--to", "2018-02-31"), QuestionMalformed, "to: '2018-02-31' is no time"),
        (("report", "1", "--from", "2018-08-02", "--to", "2018-08-02"), QuestionMalformed, "give the next day"),
        (("report", "5", "--by", "visitors"), QuestionMalformed, "by: the report bought-together counts carts"),
        (("report", "1", "--csv", "--json"), Malformed, "--csv: contradicts --json"),
        (("table", "orders"), TableUnknown, "There are: categories, goods, carts"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_malformed_question_is_refused_naming_the_field(
    settings: Settings, words: tuple[str, ...], refusal: type[Refusal], says: str
) -> None:
    found = refused(settings, *words)
    assert isinstance(found, refusal)
    assert says in str(found)


@pytest.mark.parametrize("words", [("report", "1", "--by", "hits"), ("report", "1", "--top", "0"), ("table",)])
def test_wrong_usage_ends_with_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert command(Settings(data=tmp_path), *words).exit_code == 2


def test_an_empty_store_has_no_winner_and_divides_by_nothing(settings: Settings) -> None:
    for report in catalogue.REPORTS:
        answer = json.loads(command(settings, "report", report.name, "--json").stdout)
        assert (answer["value"], answer["winners"], answer["watermark"]) == (0, [], None)
        assert answer["unknown_share"] in (None, 0)
        assert command(settings, "report", report.name).exit_code == 0
    for table in TABLES:
        assert json.loads(command(settings, "table", table, "--json").stdout) == []


def test_a_chart_is_written_as_svg(settings: Settings, store: Store) -> None:
    store(LOG)
    picture = settings.data / "funnel.svg"
    result = command(settings, "report", "funnel", "--svg", str(picture), "--csv")
    assert ElementTree.fromstring(picture.read_text()).tag == "{http://www.w3.org/2000/svg}svg"
    assert result.stdout.startswith("step,visits\nvisit,")
    assert str(picture) in result.stderr.replace("\n", "")


def test_a_table_as_csv_holds_every_row(settings: Settings, store: Store) -> None:
    store(LOG)
    header, *rows = csv.reader(io.StringIO(command(settings, "table", "cart-lines", "--csv").stdout))
    plain = cart_lines(seen(LOG, None, None, bots=True))
    assert header == ["cart_id", "category", "good", "goods_id", "amount", "created_at", "address"]
    assert [(int(row[0]), row[1], row[2], int(row[3]), int(row[4])) for row in rows] == [row[:5] for row in plain]
    few = json.loads(command(settings, "table", "cart-lines", "--limit", "3", "--json").stdout)
    assert len(few) == 3


def test_what_a_visitor_typed_is_no_formula_and_moves_no_cursor(settings: Settings, store: Store) -> None:
    at_us = 1_533_081_600_000_000
    store([line(at_us=at_us, path="=cmd|' /C calc'!A0"), line(at_us=at_us, path="\x1b[2J<b>", line_no=2)])
    assert "\n'=cmd|' /C calc'!A0,1\n" in command(settings, "report", "top-pages", "--csv").stdout
    assert "\x1b" not in command(settings, "report", "top-pages").stdout


def test_without_a_name_the_reports_are_listed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    shown = command(settings, "report").stdout
    assert all(report.name in shown for report in catalogue.REPORTS)
    assert len(json.loads(command(settings, "report", "--json").stdout)) == len(catalogue.REPORTS)
