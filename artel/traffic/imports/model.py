"""The vocabulary of imports: what is asked, what is answered, what is refused."""

from typing import Final, Literal

from msgspec import Struct

from artel.kernel.errors import Refusal

Status = Literal["running", "done", "failed"]
Kind = Literal["requests", "rejected"]

# Why a line was not understood.
REASONS: Final = {
    "blank": "is empty",
    "format": "does not match the format",
    "time": "has no such date or time, or one outside 1970 to 2099",
    "address": "has no valid client address",
    "number": "has a number that is too large",
    "too_long": "is longer than 65,536 bytes",
}


class Options(Struct, frozen=True, kw_only=True):
    """How logs are read. `format` is a name of `formats.NAMES`, '' to recognise it from the first 100 lines."""

    format: str = ""
    pattern: str = ""  # a regular expression with named groups, for the format `custom`
    timezone: str = "UTC"  # of times that name none
    geo_database: str = ""  # an .mmdb file; '': the one that is shipped


class Terms(Struct, frozen=True):
    """What the operator set about imports."""

    log: str  # that /parse reads, relative to the data folder
    timezone: str
    geo_database: str
    upload_max_bytes: int

    def options(self, format: str = "", pattern: str = "") -> Options:
        """How logs are read under these terms."""
        return Options(format=format, pattern=pattern, timezone=self.timezone, geo_database=self.geo_database)


class Rejection(Struct, frozen=True):
    """How many lines were rejected for one reason."""

    reason: str
    lines: int


class Import(Struct, frozen=True):
    """One run over one or more logs. parsed + rejected + duplicates = lines, at every moment.

    `lines` are those read in this run; `known` were imported before from the same file and not read again.
    The lines with # that CloudFront writes are no lines of the log and counted nowhere.
    """

    id: int
    status: str
    what: str  # the names of the logs, as the operator gave them
    format: str
    created_us: int
    finished_us: int  # 0 while it runs
    bytes_total: int  # 0 when nobody can know; of an upload what is here, which grows while it is sent
    bytes_read: int
    lines: int
    parsed: int
    rejected: int
    duplicates: int
    known: int
    problem: str  # what went wrong, '' when nothing did


class Summary(Struct, frozen=True):
    """An import and the reasons of what it rejected."""

    run: Import
    reasons: list[Rejection]
    problems: list[Refusal]  # one for each log that could not be read, or not to its end
    elapsed_us: int

    @property
    def lines_per_s(self) -> int:
        """Lines read in a second."""
        return self.run.lines * 1_000_000 // max(self.elapsed_us, 1)


class Segment(Struct, frozen=True):
    """One Parquet file of the store, as the manifest knows it."""

    id: int
    name: str
    rows: int
    size_bytes: int
    at_min_us: int
    at_max_us: int


class Stock(Struct, frozen=True):
    """What the store holds: what a report needs to read it, and to say how fresh it is."""

    generation: int  # grows with every change of what the store holds
    rows: int
    rejected: int
    at_min_us: int  # 0 when there are no rows
    at_max_us: int  # the watermark: time of the newest request


class RejectedLine(Struct, frozen=True):
    """A line that was not understood."""

    id: int  # its place in the list
    reason: str
    source: str  # the file it came from
    line_no: int
    text: str  # at most 64 KiB of it


class FormatUnknown(Refusal):
    """No format fits the first lines of {source}. It begins with: {line}. Known are {known};
    name one with --format, or describe the lines with --pattern."""

    code, kind = "traffic.format_unknown", "unprocessable"


class FormatName(Refusal):
    """There is no format named {name}. Known are {known}."""

    code, kind = "traffic.format_name", "invalid"


class PatternInvalid(Refusal):
    """The pattern cannot be used: {problem}."""

    code, kind = "traffic.pattern_invalid", "invalid"


class TimezoneUnknown(Refusal):
    """There is no time zone named {name}. Use a name like Europe/Berlin."""

    code, kind = "traffic.timezone_unknown", "invalid"


class TimezoneChanged(Refusal):
    """The logs in this store were read with the time zone {stored}, not {asked}.
    Lines would be counted twice: keep {stored}, or import into a new data folder."""

    code, kind = "traffic.timezone_changed", "conflict"


class GeoDatabaseUnreadable(Refusal):
    """The country database {path}, which ARTEL_GEO_DATABASE names, cannot be read: {reason}."""

    code, kind = "traffic.geo_database_unreadable", "invalid"


class LogMissing(Refusal):
    """There is no log {path}."""

    code, kind = "traffic.log_missing", "missing"


class LogUnreadable(Refusal):
    """The log {path} cannot be read: {reason}."""

    code, kind = "traffic.log_unreadable", "unprocessable"


class LogDamaged(Refusal):
    """{path} is damaged: {reason}. The {lines} lines before the damage are imported."""

    code, kind = "traffic.log_damaged", "unprocessable"


class NothingToImport(Refusal):
    """Nothing to import: {path} holds no files."""

    code, kind = "traffic.nothing_to_import", "missing"


class SegmentDamaged(Refusal):
    """A file of the stored log is missing or damaged: {name}. Restore traffic/segments from a backup;
    `artel doctor` looks at all of them."""

    code, kind = "traffic.segment_damaged", "unavailable"


class StorageFull(Refusal):
    """Not imported: {reason}. What was committed before stays; make room and run the same
    import again, nothing is counted twice."""

    code, kind = "traffic.storage_full", "unavailable"


class UploadTooLarge(Refusal):
    """The upload is larger than {limit} bytes. Nothing of it was imported."""

    code, kind = "traffic.upload_too_large", "too_large"


class ImportMissing(Refusal):
    """There is no import {import_id}."""

    code, kind = "traffic.import_missing", "missing"
