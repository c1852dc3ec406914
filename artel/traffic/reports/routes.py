"""Reports: the HTTP surface."""

from concurrent.futures import Executor
from typing import Final

from artel.edge.reply import Reply
from artel.edge.route import STAFF, Route, Trial, get
from artel.settings import Settings
from artel.traffic.imports import geo
from artel.traffic.imports.folders import prepare
from artel.traffic.reports import model, service
from artel.traffic.reports.charts import chart_of
from artel.traffic.reports.sheets import csv_text, sheet
from artel.traffic.reports.svg import svg


def picture(answer: model.Answer) -> Reply:
    """An answer as a chart. The policy keeps the picture from ever loading or running anything."""
    policy = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'")
    return Reply(200, svg(chart_of(answer)).encode(), b"image/svg+xml", (policy,))


def spreadsheet(answer: model.Answer) -> Reply:
    """An answer as a file of CSV to be saved."""
    saved = (b"content-disposition", f'attachment; filename="{answer.report}.csv"'.encode())
    return Reply(200, csv_text(sheet(answer)).encode(), b"text/csv; charset=utf-8", (saved,))


def desk(settings: Settings, threads: Executor) -> service.Desk:
    """What the use cases below take: the threads that answer, and the folders of the installation."""
    about, folders = geo.describe(settings.geo_database), prepare(settings.data)
    return service.Desk(
        threads=threads,
        segments=folders.segments,
        scratch=folders.root,
        geo=model.Geo(about.name, about.date, about.link),
        country_name=geo.country_name,
        timezone=settings.traffic_timezone,
    )


_ASKED: Final = (
    model.ReportUnknown,
    model.QuestionMalformed,
    model.SegmentsUnreadable,
    model.ReportTooLarge,
    model.ReportsBusy,
)

_TRIAL: Final = Trial(given={"report": "countries"})

ROUTES: Final[list[Route]] = [
    get("/api/v1/traffic/reports", service.reports, access=STAFF, scope="traffic:read"),
    get(
        "/api/v1/traffic/reports/{report}", service.ask, access=STAFF, scope="traffic:read", raises=_ASKED, trial=_TRIAL
    ),
    get(
        "/api/v1/traffic/reports/{report}/chart.svg",
        service.ask,
        access=STAFF,
        scope="traffic:read",
        present=picture,
        produces=("image/svg+xml",),
        raises=_ASKED,
        trial=_TRIAL,
    ),
    get(
        "/api/v1/traffic/reports/{report}/sheet.csv",
        service.ask,
        access=STAFF,
        scope="traffic:read",
        present=spreadsheet,
        produces=("text/csv",),
        raises=_ASKED,
        trial=_TRIAL,
    ),
    get(
        "/api/v1/traffic/tables/{table}",
        service.table,
        access=STAFF,
        scope="traffic:read",
        raises=(model.TableUnknown, *_ASKED[1:]),
        trial=Trial(given={"table": "carts"}),
    ),
]
