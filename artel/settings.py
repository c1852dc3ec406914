"""Every setting: an `ARTEL_*` variable with its type, unit and default. `artel serve --help` shows the common ones."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from artel.kernel.errors import Malformed
from artel.kernel.money import AMOUNT_MAX, BASIS_POINTS

PREFIX: Final = "ARTEL_"

ADDRESSES: Final = {"database": ("postgresql", "postgres"), "redis": ("redis", "rediss", "unix")}

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


class Settings(Struct, frozen=True, kw_only=True):
    """What an operator may set. Each field is the variable `ARTEL_<FIELD>` in capitals."""

    data: Annotated[Path, Meta(description="Folder of the database, the key and the log segments.")] = Path(
        "artel-data"
    )
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port to listen on.")] = 8000
    workers: Annotated[
        Positive,
        Meta(description="Processes that serve. More than 1 needs PostgreSQL: SQLite has one writer."),
    ] = 1
    database: Annotated[str, Meta(description="postgresql://… ; empty: SQLite in the data folder, artel.db.")] = ""
    redis: Annotated[str, Meta(description="redis://… that answers session checks; empty: SQL answers them.")] = ""
    trusted_proxies: Annotated[str, Meta(description="Addresses, by comma, whose X-Forwarded-For is believed.")] = ""
    session_ttl_s: Annotated[Positive, Meta(description="Life of a session, seconds.")] = 30 * 86_400
    registrations_per_hour: Annotated[
        Positive, Meta(description="Accounts that one address may register in an hour.")
    ] = 300
    login_failures_per_address: Annotated[
        Positive, Meta(description="Failed log-ins of one address in 5 minutes, over all accounts.")
    ] = 100
    body_max_bytes: Annotated[Positive, Meta(description="Largest JSON body, bytes.")] = 1_048_576
    upload_max_bytes: Annotated[Positive, Meta(description="Largest uploaded log, bytes as sent.")] = 10 * 1024**3
    body_timeout_s: Annotated[Positive, Meta(description="Time in which a body must arrive, seconds.")] = 10
    key_ttl_s: Annotated[Positive, Meta(description="How long an Idempotency-Key is remembered, seconds.")] = 86_400
    traffic_log: Annotated[
        str, Meta(description="Access log that the old /parse reads, relative to the data folder.")
    ] = "logs.txt"
    traffic_timezone: Annotated[
        str, Meta(description="Time zone of log times that name none, and of reports that ask for none.")
    ] = "UTC"
    geo_database: Annotated[
        str, Meta(description="An .mmdb file that tells countries; empty: the packed DB-IP Lite.")
    ] = ""
    payments_test: Annotated[
        bool, Meta(description="Whether the payment provider `test` is let in: its money is not real, the goods are.")
    ] = False
    superservice_topups: Annotated[
        bool, Meta(description="Whether customers may give themselves money by the older `PUT /api/users/me/wallet/`.")
    ] = True
    webhooks_private: Annotated[
        bool, Meta(description="Whether webhooks may lead to private and loopback addresses: only for development.")
    ] = False
    order_hold_s: Annotated[
        Positive, Meta(description="How long copies are held for an order that waits to be paid, seconds.")
    ] = 900
    order_confirm_s: Annotated[
        Positive, Meta(description="How long they are held while a shop looks whether it can deliver, seconds.")
    ] = 86_400
    job_fee_bp: Annotated[
        int,
        Meta(ge=0, le=BASIS_POINTS, description="What the platform takes of a job's value, in basis points."),
    ] = 1_000
    job_fee_min_minor: Annotated[
        int, Meta(ge=0, le=AMOUNT_MAX, description="At least so much of each job's value, minor units.")
    ] = 0
    job_fee_max_minor: Annotated[
        int, Meta(ge=0, le=AMOUNT_MAX, description="At most so much of each job's value, minor units; 0: no bound.")
    ] = 0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="debug, info, warning or error.")
    ] = "info"
    access_log: Annotated[bool, Meta(description="Whether every request is logged.")] = True


def load(environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings from the environment, and over them what was given on the command line (None: not given).

    Raises Malformed, naming the variable.
    """
    values: dict[str, Any] = {
        field: environment[PREFIX + field.upper()]
        for field in Settings.__struct_fields__
        if PREFIX + field.upper() in environment
    }
    values |= {field: value for field, value in given.items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as fault:
        problem, _, where = str(fault).partition(" - at `$.")
        raise Malformed(field=PREFIX + where.rstrip("`").upper(), problem=problem) from None
    _check_zone(settings.traffic_timezone)
    for field, schemes in ADDRESSES.items():
        _check_address(field, getattr(settings, field), schemes)
    return settings


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of the zone database
        problem = f"there is no time zone {ascii(name)}; write a name like Europe/Berlin"
        raise Malformed(field=f"{PREFIX}TRAFFIC_TIMEZONE", problem=problem) from None


def _check_address(field: str, address: str, schemes: tuple[str, ...]) -> None:
    """Refuse what is no address, without showing it: it may hold a password."""
    try:
        parts = urlsplit(address)
        fit = not address or (parts.scheme in schemes and parts.port != 0)
    except ValueError:
        fit = False
    if not fit:
        raise Malformed(field=PREFIX + field.upper(), problem=f"is not an address that begins with {schemes[0]}://")


def _decode(wanted: type, value: Any) -> Any:
    assert wanted is Path, f"no way to read a {wanted}"
    if value == "":  # a variable of the shell that is not set; as a path it would be this folder
        raise ValueError("names no folder")
    return Path(value)
