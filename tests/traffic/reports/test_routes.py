"""The reports over HTTP."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from artel.traffic.reports import catalogue
from artel.traffic.reports.model import Question
from tests.conftest import Client
from tests.people import People
from tests.traffic.reports.comparing import expected
from tests.traffic.reports.conftest import Store
from tests.traffic.reports.logs import random_log

LOG = random_log(31, 120, datetime(2018, 8, 1, tzinfo=UTC), 90)
BASE = "/api/v1/traffic"


@pytest.fixture
def staff(people: People) -> str:
    """The session of a member of the staff."""
    return people.person("staff").session


def test_a_report_is_answered_as_the_oracle_answers_it(client: Client, staff: str, store: Store) -> None:
    store(LOG)
    answer = client.get(f"{BASE}/reports/unpaid-carts", token=staff)
    assert answer.status_code == 200
    assert answer.json()["value"] == expected(LOG, "unpaid-carts", Question())["value"]
    by_number = client.get(f"{BASE}/reports/6?timezone=Europe/Berlin&bots=true", token=staff).json()
    assert by_number["value"] == answer.json()["value"]
    assert by_number["asked"]["timezone"] == "Europe/Berlin"


def test_the_catalogue_tells_every_report_and_its_definition(client: Client, staff: str) -> None:
    listed = client.get(f"{BASE}/reports", token=staff).json()
    assert [report["name"] for report in listed] == [report.name for report in catalogue.REPORTS]
    assert all(report["definition"] for report in listed)


def test_a_chart_is_a_picture_and_a_sheet_is_a_file(client: Client, staff: str, store: Store) -> None:
    store(LOG)
    chart = client.get(f"{BASE}/reports/funnel/chart.svg", token=staff)
    assert chart.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in chart.headers["content-security-policy"]
    assert ElementTree.fromstring(chart.text).tag.endswith("svg")
    sheet = client.get(f"{BASE}/reports/3/sheet.csv", token=staff)
    assert sheet.headers["content-disposition"] == 'attachment; filename="times-of-day.csv"'
    assert sheet.text.startswith("time of day,requests,goods' pages included\n")


def test_a_table_comes_in_pages(client: Client, staff: str, store: Store) -> None:
    store(LOG)
    rows: list[Any] = []
    after = ""
    while True:
        page = client.get(f"{BASE}/tables/carts?limit=3{after}", token=staff).json()
        rows += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    whole = client.get(f"{BASE}/tables/carts?limit=1000", token=staff).json()
    assert rows == whole["items"] and len(rows) > 3


@pytest.mark.parametrize(
    ("path", "status", "code", "says"),
    [
        ("reports/8", 404, "reports.unknown", "1 countries"),
        ("tables/orders", 404, "reports.table_unknown", "cart-lines"),
        ("reports/1?timezone=Mars", 400, "reports.malformed", "timezone"),
        ("reports/1?from=soon", 400, "reports.malformed", "from"),
        ("reports/1?category=caviar", 400, "reports.malformed", "category"),
        ("reports/1?by=hits", 400, "request.malformed", "by"),
        ("reports/1?top=0", 400, "request.malformed", "top"),
        ("reports/1?from_time=2018-08-01", 400, "request.malformed", "from_time"),
        ("tables/carts?limit=1001", 400, "request.malformed", "limit"),
        ("tables/carts?after=x", 400, "reports.malformed", "after"),
    ],
)
def test_a_malformed_question_is_a_problem_that_names_the_field(
    client: Client, staff: str, path: str, status: int, code: str, says: str
) -> None:
    answer = client.get(f"{BASE}/{path}", token=staff)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.json()["detail"]


def test_reports_are_for_the_staff(client: Client, people: People) -> None:
    customer = people.person().session
    for path in ("reports", "reports/1", "reports/1/chart.svg", "reports/1/sheet.csv", "tables/carts"):
        assert client.get(f"{BASE}/{path}", token=customer).status_code == 403
        assert client.get(f"{BASE}/{path}").status_code == 401
