"""Imports: the HTTP surface, and how an import is shown there."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from artel.db import Database, Read
from artel.edge.route import STAFF, Route, Stream, get, post
from artel.kernel.clock import iso
from artel.kernel.page import PAGE_DEFAULT, Cursor, Cut, Limit, Page
from artel.traffic.imports import formats, manifest, model, rejected, service
from artel.traffic.imports.model import Terms
from artel.traffic.imports.weave import Workshop

NAME_MAX: Final = 200
PATTERN_MAX: Final = 2_000  # characters of a regular expression


class UploadQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How the uploaded log is read: what the command line has as options."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)] = "upload"
    format: Annotated[str, Meta(max_length=NAME_MAX, extra_json_schema={"enum": ["", *formats.NAMES]})] = ""
    pattern: Annotated[str, Meta(max_length=PATTERN_MAX)] = ""


class RejectedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rejected lines to list."""

    reason: Annotated[str, Meta(max_length=NAME_MAX, extra_json_schema={"enum": ["", *model.REASONS]})] = ""
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class ImportShown(Struct, frozen=True):
    """An import, also while it runs: parsed + rejected + duplicates = lines at every moment."""

    id: int
    status: str
    what: str
    format: str
    created_at: str
    finished_at: str | None
    bytes_total: int
    bytes_read: int
    lines: int
    parsed: int
    rejected: int
    rejected_by_reason: dict[str, int]
    duplicates: int
    known: int
    problem: str


class StockShown(Struct, frozen=True):
    """What the store holds; `watermark` is the time of the newest request."""

    requests: int
    rejected: int
    since: str | None
    watermark: str | None


def shown(found: model.Import, reasons: list[model.Rejection]) -> ImportShown:
    """An import as an answer."""
    return ImportShown(
        id=found.id,
        status=found.status,
        what=found.what,
        format=found.format,
        created_at=iso(found.created_us),
        finished_at=iso(found.finished_us) if found.finished_us else None,
        bytes_total=found.bytes_total,
        bytes_read=found.bytes_read,
        lines=found.lines,
        parsed=found.parsed,
        rejected=found.rejected,
        rejected_by_reason={each.reason: each.lines for each in reasons},
        duplicates=found.duplicates,
        known=found.known,
        problem=found.problem,
    )


async def upload(db: Database, body: Stream, query: UploadQuery, shop: Workshop, terms: Terms) -> ImportShown:
    """Import the log in the body, plain or packed with gzip or zstd; the answer comes when it is imported.

    While it runs, GET /api/v1/traffic/imports shows how far it is. Sent twice, it counts nothing twice.
    """
    options = terms.options(query.format, query.pattern)
    done = await service.import_upload(shop, body, query.name, options, terms.upload_max_bytes)
    return shown(done.run, done.reasons)


async def parse(db: Database, shop: Workshop, terms: Terms) -> ImportShown:
    """Import the log that the operator configured: what came to it since the last time."""
    done = await service.import_configured(shop, terms.log, terms.options())
    return shown(done.run, done.reasons)


async def imports(tx: Read, query: Cut) -> Page[ImportShown]:
    """Imports, the newest first. The reasons of rejected lines are told by each import itself."""
    found = await manifest.listed(tx, query)
    return Page([shown(each, []) for each in found.items], found.next)


async def one_import(tx: Read, import_id: int) -> ImportShown:
    """One import, also while it runs."""
    return shown(await manifest.get(tx, import_id), await manifest.reasons(tx, import_id))


async def stock(tx: Read) -> StockShown:
    """How much the store holds and how fresh it is."""
    found = await manifest.stock(tx)
    since, until = (iso(us) if found.rows else None for us in (found.at_min_us, found.at_max_us))
    return StockShown(found.rows, found.rejected, since, until)


async def rejected_lines(db: Database, query: RejectedQuery, shop: Workshop) -> Page[model.RejectedLine]:
    """The lines that no import understood, with the reasons."""
    return await rejected.listed(shop, Cut(query.limit, query.after), query.reason)


_REFUSED: Final = (
    model.FormatUnknown,
    model.LogUnreadable,
    model.LogDamaged,
    model.TimezoneChanged,
    model.SegmentDamaged,
    model.StorageFull,
)

ROUTES: Final[list[Route]] = [
    post(
        "/api/v1/traffic/imports",
        upload,
        access=STAFF,
        scope="traffic:write",
        status=201,
        raises=(*_REFUSED, model.FormatName, model.PatternInvalid, model.UploadTooLarge),
    ),
    post(
        "/api/v1/traffic/imports/configured",
        parse,
        access=STAFF,
        scope="traffic:write",
        status=201,
        raises=(*_REFUSED, model.LogMissing),
    ),
    get("/api/v1/traffic/imports", imports, access=STAFF, scope="traffic:read"),
    get(
        "/api/v1/traffic/imports/{import_id}",
        one_import,
        access=STAFF,
        scope="traffic:read",
        raises=(model.ImportMissing,),
    ),
    get(
        "/api/v1/traffic/rejected",
        rejected_lines,
        access=STAFF,
        scope="traffic:read",
        raises=(model.SegmentDamaged,),
    ),
    get("/api/v1/traffic/stock", stock, access=STAFF, scope="traffic:read"),
]
