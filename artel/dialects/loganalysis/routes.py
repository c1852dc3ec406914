"""The log analyser's calls, on the same accounts, import and reports as /api/v1."""

from typing import Any, Final

import msgspec

from artel.accounts import model, service
from artel.accounts.hashing import Hasher
from artel.accounts.model import Registration
from artel.db import Database, Write
from artel.dialects.lists import whole
from artel.dialects.log_in import LogIn, prove
from artel.dialects.loganalysis import wire
from artel.dialects.loganalysis.wire import MANNER
from artel.edge.call import Call
from artel.edge.decode import checked
from artel.edge.pages import start_page
from artel.edge.reply import Reply, encode
from artel.edge.route import ANYONE, LOGGED_IN, Route, Trial, delete, get, patch, post
from artel.kernel.actor import Actor
from artel.kernel.page import PAGE_MAX
from artel.traffic.imports import service as imports
from artel.traffic.imports.model import (
    FormatUnknown,
    LogDamaged,
    LogMissing,
    LogUnreadable,
    SegmentDamaged,
    StorageFull,
    Terms,
    TimezoneChanged,
)
from artel.traffic.imports.weave import Workshop
from artel.traffic.reports import service as reports
from artel.traffic.reports.model import Question
from artel.traffic.reports.service import Desk


async def hello(db: Database, call: Call) -> Reply:
    """Artel's start page for a browser, a greeting for anybody else."""
    if "text/html" in call.header(b"accept"):
        return start_page()
    return Reply(200, encode({"hello": "world"}))


async def echo(db: Database, body: msgspec.Raw) -> Reply:
    """The same JSON back."""
    return Reply(200, bytes(body))


def as_it_is(reply: Reply) -> Reply:
    """The use case has written the answer itself."""
    return reply


async def hash_new(
    db: Database, who: Actor, body: wire.NewUser, hasher: Hasher, terms: service.Terms
) -> service.Hashed:
    """Check what is asked for and hash the password."""
    return await service.hash_new(db, who, checked(Registration, msgspec.structs.asdict(body)), hasher, terms)


async def register(
    tx: Write, who: Actor, body: wire.NewUser, hashed: service.Hashed, terms: service.Terms
) -> wire.User:
    """Open an account; no log-in follows."""
    return wire.user(
        await service.register(tx, who, checked(Registration, msgspec.structs.asdict(body)), hashed, terms)
    )


async def log_in(tx: Write, who: Actor, body: LogIn, proven: service.Proven, terms: service.Terms) -> str:
    """Open a session; its token is the answer."""
    return (await service.log_in(tx, who, body.credentials, proven, terms)).token


async def edit(tx: Write, who: Actor, user_id: int, body: wire.NewNames) -> wire.User:
    """Change one's own names."""
    if user_id != who.account_id:
        raise wire.OnlyYourOwn
    names = model.Edit(first_name=body.first_name, last_name=body.last_name)
    return wire.user(await service.edit(tx, who, names, None))


async def remove(tx: Write, who: Actor, user_id: int) -> None:
    """Close one's own account."""
    if user_id != who.account_id:
        raise wire.OnlyYourOwn
    await service.delete(tx, who)


async def everybody(db: Database, who: Actor) -> list[wire.User]:
    """All users."""
    query = model.AccountFilter(limit=PAGE_MAX)
    return [wire.user(each) for each in await whole(lambda page: db.read(service.list_accounts, who, page), query)]


async def parse(db: Database, shop: Workshop, terms: Terms) -> str:
    """Import what came to the configured log."""
    await imports.import_configured(shop, terms.log, terms.options())
    return "added to the database"


async def report(db: Database, number: str, desk: Desk) -> Reply:
    """One of the seven, under its old key; the first by name where several share the first place."""
    key = wire.REPORT_KEYS.get(number)
    if key is None:
        raise wire.NoSuchReport
    answer = await reports.ask(db, desk, number, Question())
    if answer.watermark is None:
        raise wire.NotParsed
    value: str | int | None = answer.value
    if number in wire.NAMED:
        value = answer.winners[0].name if answer.winners else None
    return wire.one_key(key)(value)


def _dialect(make: Any, path: str, use: Any, **rest: Any) -> Route:
    route: Route = make(path, use, manner=MANNER, **rest)
    return route


USER: Final = "/user/{user_id}"
ROUTES: Final[list[Route]] = [
    _dialect(get, "/", hello, access=ANYONE, present=as_it_is),
    _dialect(post, "/", echo, access=ANYONE, present=as_it_is, body_optional=True),
    _dialect(
        post,
        "/user",
        register,
        access=ANYONE,
        status=201,
        prepare=hash_new,
        idempotent=True,
        raises=(model.LoginTaken, model.LoginUnfit, model.PasswordUnfit, model.TooManyRegistrations),
        example={"login": "anna", "password": "correct horse battery", "first_name": "Anna", "last_name": "Orlova"},
        trial=Trial(given={"login": "anna-{{$guid}}"}, gives={"login": "login"}),
    ),
    _dialect(
        post,
        "/user/auth",
        log_in,
        access=ANYONE,
        prepare=prove,
        present=wire.one_key("Authorization"),
        raises=(model.UnknownLogin, model.WrongPassword, model.TooManyAttempts, model.HashingBusy),
        example={"login": "anna", "password": "correct horse battery"},
        trial=Trial(needs=("user_id",), gives={"session_token": "Authorization"}),
    ),
    _dialect(get, "/user/all", everybody, access=LOGGED_IN, scope="accounts:read"),
    _dialect(
        patch,
        USER,
        edit,
        access=LOGGED_IN,
        scope="profile:write",
        raises=(wire.OnlyYourOwn,),
        example={"first_name": "Anna", "last_name": "Orlova"},
    ),
    _dialect(
        delete,
        USER,
        remove,
        access=LOGGED_IN,
        status=204,
        raises=(wire.OnlyYourOwn, model.OwnerNeeded),
        trial=Trial(ends=("user_id", "login")),
    ),
    _dialect(
        get,
        "/parse",
        parse,
        access=LOGGED_IN,
        scope="traffic:write",
        status=201,
        present=wire.parsed,
        raises=(LogMissing, FormatUnknown, LogUnreadable, LogDamaged, TimezoneChanged, SegmentDamaged, StorageFull),
    ),
    _dialect(
        get,
        "/report/{number}",
        report,
        access=LOGGED_IN,
        scope="traffic:read",
        present=as_it_is,
        raises=(wire.NoSuchReport, wire.NotParsed),
        trial=Trial(given={"number": "6"}),
    ),
]
