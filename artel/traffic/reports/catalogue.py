"""The reports there are, with the definitions that travel with their answers."""

from typing import Final

from artel.traffic.reports.model import Report, ReportUnknown
from artel.traffic.reports.rules import quoted

REPORTS: Final = (
    Report(
        "countries",
        "Countries that visit most",
        "The country with the most requests. Requests without a known country are left out, and their share is told.",
        "ranking",
        number=1,
        nameless=True,
        geo=True,
    ),
    Report(
        "category-countries",
        "Countries interested in a category",
        "The country with the most requests of pages of the category: its own page and its goods' pages. Requests "
        "without a known country are left out, and their share is told.",
        "ranking",
        number=2,
        category="fresh_fish",
        nameless=True,
        geo=True,
    ),
    Report(
        "times-of-day",
        "Time of day at which a category is viewed",
        "Requests of the category's own page by time of day in the time zone: night from 0:00 to 6:00, morning to "
        "12:00, daytime to 18:00, evening to 24:00. A second count includes its goods' pages.",
        "ranking",
        number=3,
        category="frozen_fish",
    ),
    Report(
        "busiest-hour",
        "Busiest hour",
        "The greatest number of requests in one calendar hour of one day in the time zone, from xx:00:00 to "
        "xx:59:59. When clocks are set back, the hour that comes twice counts as two.",
        "ranking",
        number=4,
    ),
    Report(
        "bought-together",
        "Categories bought together with a category",
        "Over carts that were paid (their success line is there) and hold a good of the category: the other "
        "category that occurs in most of those carts. A good belongs to the page that the same address asked for "
        "last before putting it in; goods without such a page are left out, and their share is told.",
        "ranking",
        number=5,
        unit="carts",
        category="semi_manufactures",
        nameless=True,
        measures=False,
    ),
    Report(
        "unpaid-carts",
        "Unpaid carts",
        "Carts with at least one good put in, of which no success line is there, out of all carts with a good.",
        "number",
        number=6,
        unit="carts",
        measures=False,
    ),
    Report(
        "repeat-payers",
        "Users who paid more than once",
        "Users, by user_id in the pay request, with two or more paid carts (their success line is there), out of "
        "the users with at least one.",
        "number",
        number=7,
        unit="users",
        measures=False,
    ),
    Report(
        "funnel",
        "From visit to payment",
        "Visits that came to each step or to a later one. A visit is the requests of one visitor (address and user "
        "agent) with no pause of more than 30 minutes between them.",
        "steps",
        unit="visits",
        measures=False,
    ),
    Report(
        "top-pages",
        "Most requested pages",
        "Requests by path, without the query.",
        "ranking",
    ),
    Report(
        "top-goods",
        "Most requested goods",
        "Requests of goods' pages. A good is known by its category and name, written category/good.",
        "ranking",
    ),
    Report(
        "requests-per-hour",
        "Requests per hour",
        "Requests in each calendar hour of the time zone; hours without any are left out. When clocks are set back, "
        "the hour that comes twice counts as two.",
        "series",
    ),
    Report(
        "requests-per-day",
        "Requests per day",
        "Requests on each calendar day of the time zone; days without any are left out.",
        "series",
    ),
    Report(
        "errors",
        "Errors by status",
        "Requests answered with an HTTP status of 400 or above, out of all requests. The share of requests whose "
        "log line told no status is unknown.",
        "ranking",
        nameless=True,
    ),
)
NAMES: Final = tuple(report.name for report in REPORTS)
_BY_KEY: Final = {report.name: report for report in REPORTS} | {
    str(report.number): report for report in REPORTS if report.number is not None
}


def find(report: str) -> Report:
    """The report of that name or number. Raises ReportUnknown, which lists what there is."""
    found = _BY_KEY.get(report.strip().lower())
    if found is None:
        listed = ", ".join(f"{r.number} {r.name}" if r.number else r.name for r in REPORTS)
        raise ReportUnknown(report=quoted(report), reports=listed)
    return found
