"""From a route to a handler: decode, one transaction, call, encode. All that can be decided once is decided here."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_origin, get_type_hints

import msgspec
from structlog.typing import FilteringBoundLogger

from artel.db import Database, Read, Write
from artel.edge import idempotency
from artel.edge.call import Call
from artel.edge.identity import Authenticate, Copies, CrossSite, admit, refuse_cross_site
from artel.edge.reply import Header, Reply, encode
from artel.edge.route import ANYONE, Credential, Route, Stream
from artel.kernel.actor import Actor
from artel.kernel.errors import Malformed, Refusal
from artel.kernel.secrets import Sealer

ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # PostgreSQL's text cannot hold it
NOBODY: Final = Actor(0, "", frozenset())
INTEGER_DIGITS_MAX: Final = 18  # of an id: more does not fit the database's 64 bits

Handler = Callable[[Call], Awaitable[Reply]]
Arguments = dict[str, Any]


class NotFound(Refusal):
    """There is nothing at {path}."""

    code, kind = "request.not_found", "missing"


class NotJson(Refusal):
    """The body is {content_type}; send application/json."""

    code, kind = "request.not_json", "unsupported"


class Limits(msgspec.Struct, frozen=True):
    """How much of a request is read, and how long that may take."""

    body_max_bytes: int
    upload_max_bytes: int
    body_timeout_s: int


class Kit(msgspec.Struct, frozen=True):
    """What every handler works with; `provides` are further arguments of use cases, found by type."""

    db: Database
    authenticate: Authenticate
    copies: Copies | None
    sealer: Sealer
    limits: Limits
    log: FilteringBoundLogger
    provides: tuple[Any, ...] = ()


class Signature(msgspec.Struct, frozen=True):
    """What a use case asks for, read from its annotations once."""

    style: type  # Read, Write or Database
    first: str
    actor: str | None
    body: tuple[str, Any] | None
    query: tuple[str, Any] | None
    stream: str | None
    if_match: bool
    path: dict[str, type]
    provided: dict[str, Any]
    prepared: str | None
    result: Any


def read_signature(route: Route, provides: tuple[Any, ...]) -> Signature:
    """Sort a use case's parameters. A parameter that nobody can fill is a programming fault."""
    hints = get_type_hints(route.use)
    result = hints.pop("return", None)
    names = list(inspect.signature(route.use).parameters)
    prepared = get_type_hints(route.prepare).get("return") if route.prepare else None
    found: dict[str, Any] = {"path": {}, "provided": {}}
    for name in names[1:]:
        wanted = hints[name]
        if wanted is Actor:
            found["actor"] = name
        elif f"{{{name}}}" in route.path:
            found["path"][name] = wanted
        elif name in ("body", "query"):
            found[name] = (name, wanted)
        elif name == "if_match":
            found["if_match"] = True
        elif wanted == Stream:
            found["stream"] = name
        elif prepared is not None and wanted == prepared:
            found["prepared"] = name
        else:
            found["provided"][name] = _provided(route, name, wanted, provides)
    return Signature(
        style=hints[names[0]],
        first=names[0],
        actor=found.get("actor"),
        body=found.get("body"),
        query=found.get("query"),
        stream=found.get("stream"),
        if_match=found.get("if_match", False),
        path=found["path"],
        provided=found["provided"],
        prepared=found.get("prepared"),
        result=result,
    )


def _provided(route: Route, name: str, wanted: Any, provides: tuple[Any, ...]) -> Any:
    kind = get_origin(wanted) or wanted
    matching = [each for each in provides if isinstance(kind, type) and isinstance(each, kind)]
    assert matching, f"{route.name}: nobody provides `{name}: {wanted}`"
    return matching[0]


def bind(route: Route, kit: Kit) -> Handler:
    """The handler of a route."""
    signature = read_signature(route, kit.provides)
    decode = _decoder(route, signature, kit.limits)
    if signature.style is Read:
        return _reading(route, signature, kit, decode)
    if signature.style is Write:
        return _writing(route, signature, kit, decode)
    assert signature.style is Database, f"{route.name} begins with a Read, a Write or a Database"
    return _stepping(route, signature, kit, decode)


def _reading(route: Route, signature: Signature, kit: Kit, decode: Callable[..., Any]) -> Handler:
    use, actor, present = route.use, signature.actor, _presenter(route)

    async def in_transaction(tx: Read, who: Actor | None, token: str, arguments: Arguments) -> Reply:
        if who is None and token:
            who = await kit.authenticate(tx, token)
        admit(route, who)
        if actor:
            arguments[actor] = who or NOBODY
        return present(await use(tx, **arguments))

    async def handle(call: Call) -> Reply:
        token = _token(route, call)
        arguments = decode(call)
        who = await _copied(kit, token, call)
        return await kit.db.read(in_transaction, who, token, arguments)

    return handle


def _writing(route: Route, signature: Signature, kit: Kit, decode: Callable[..., Any]) -> Handler:
    use, actor, present = route.use, signature.actor, _presenter(route)
    prepare = _preparing(route, signature, kit)
    keys = idempotency.Keys(kit.sealer)

    async def identified(tx: Read, token: str, address: str) -> Actor:
        who = await kit.authenticate(tx, token) if token else None
        admit(route, who)
        return _at(who or NOBODY, address)

    async def prepared(call: Call, token: str, arguments: Arguments, key: idempotency.Key | None) -> None:
        assert prepare is not None, "only what is prepared comes here"
        who = await kit.db.read(identified, token, call.address)
        if key is None or not await kit.db.read(keys.known, key, who):
            arguments[signature.prepared or ""] = await prepare(who, arguments)

    async def in_transaction(
        tx: Write, token: str, address: str, arguments: Arguments, key: idempotency.Key | None
    ) -> Reply:
        who = await identified(tx, token, address)
        if key:
            earlier = await keys.claim(tx, key, who)
            if earlier:
                return earlier
        if actor:
            arguments[actor] = who
        reply = present(await use(tx, **arguments))
        if key:
            await keys.keep(tx, key, who, reply)
        return reply

    async def handle(call: Call) -> Reply:
        token = _token(route, call)
        await _read_body(route, signature, kit.limits, call)
        arguments = decode(call)
        key = idempotency.key_of(route, call, token) if route.idempotent else None
        with keys.in_flight(key):
            if prepare:
                await prepared(call, token, arguments, key)
            reply = await kit.db.write(in_transaction, token, call.address, arguments, key)
        if kit.copies and token:
            await kit.copies.drop(token)
        return reply

    return handle


def _stepping(route: Route, signature: Signature, kit: Kit, decode: Callable[..., Any]) -> Handler:
    use, actor, present = route.use, signature.actor, _presenter(route)

    async def handle(call: Call) -> Reply:
        token = _token(route, call)
        who = await _copied(kit, token, call)
        if who is None and token:
            who = await kit.db.read(kit.authenticate, token)
        admit(route, who)
        await _read_body(route, signature, kit.limits, call)
        arguments = decode(call)
        if actor:
            arguments[actor] = _at(who or NOBODY, call.address)
        return present(await use(kit.db, **arguments))

    return handle


def _preparing(route: Route, signature: Signature, kit: Kit) -> Callable[[Actor, Arguments], Awaitable[Any]] | None:
    """The part of a use case that comes before its transaction, with the asker known but nothing stored yet."""
    if route.prepare is None:
        return None
    prepare = route.prepare
    asked = read_signature(msgspec.structs.replace(route, use=prepare, prepare=None), kit.provides)
    assert signature.prepared, f"{route.name} takes nothing of the type that its preparation gives"
    names = set(inspect.signature(prepare).parameters)

    async def run(who: Actor, arguments: Arguments) -> Any:
        given = {name: value for name, value in arguments.items() if name in names} | asked.provided
        if asked.actor:
            given[asked.actor] = who
        return await prepare(kit.db, **given)

    return run


def _at(who: Actor, address: str) -> Actor:
    return msgspec.structs.replace(who, address=address)


def _token(route: Route, call: Call) -> str:
    credential: Credential | None = route.manner.credential(call)
    try:
        refuse_cross_site(call, credential)
    except CrossSite:
        if route.access != ANYONE:
            raise
        return ""  # the route needs no log-in, so the cookie is as good as absent
    return credential.token if credential else ""


async def _copied(kit: Kit, token: str, call: Call) -> Actor | None:
    """The asker out of Redis, put there for the next request when it was not."""
    if not kit.copies or not token:
        return None
    who = await kit.copies.get(token)
    if who is None:
        who = await kit.db.read(kit.authenticate, token)
        if who is not None:
            await kit.copies.put(token, who)
    return _at(who, call.address) if who else None


async def _read_body(route: Route, signature: Signature, limits: Limits, call: Call) -> None:
    if signature.body is None:
        return
    await call.read_body(limits.body_max_bytes, limits.body_timeout_s)
    if route.manner.json_only and call.body:
        kind = call.header(b"content-type").partition(";")[0].strip().lower()
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise NotJson(content_type=kind)


def _presenter(route: Route) -> Callable[[Any], Reply]:
    if route.present:
        return route.present
    status = route.status

    def as_json(result: Any) -> Reply:
        if result is None:
            return Reply(204)
        version = getattr(result, "version", None)
        headers: tuple[Header, ...] = () if version is None else ((b"etag", b'"%d"' % version),)
        return Reply(status, encode(result), headers=headers)

    return as_json


def _decoder(route: Route, signature: Signature, limits: Limits) -> Callable[[Call], Arguments]:
    """What turns a request into the use case's arguments. Raises Malformed with the field's path."""
    parts: list[Callable[[Call, Arguments], None]] = []
    for name, wanted in signature.path.items():
        parts.append(_path_part(name, wanted))
    if signature.query:
        parts.append(_query_part(*signature.query))
    if signature.body:
        parts.append(_body_part(*signature.body, optional=route.body_optional))
    if signature.if_match:
        parts.append(_if_match_part)
    if signature.stream:
        parts.append(_stream_part(signature.stream, limits.upload_max_bytes))
    provided = signature.provided

    def decode(call: Call) -> Arguments:
        arguments = dict(provided)
        for part in parts:
            part(call, arguments)
        return arguments

    return decode


def _path_part(name: str, wanted: type) -> Callable[[Call, Arguments], None]:
    def integer(call: Call, arguments: Arguments) -> None:
        text = call.path_args[name]
        if not (text.isascii() and text.isdigit() and len(text) <= INTEGER_DIGITS_MAX):
            raise NotFound(path=call.path)
        arguments[name] = int(text)

    def text(call: Call, arguments: Arguments) -> None:
        arguments[name] = call.path_args[name]

    return integer if wanted is int else text


def _query_part(name: str, wanted: Any) -> Callable[[Call, Arguments], None]:
    fields = {field.encode_name for field in msgspec.structs.fields(wanted)}

    def part(call: Call, arguments: Arguments) -> None:
        given = call.query()
        for field, value in given.items():
            if "\0" in value:
                raise Malformed(field=field, problem="holds a NUL character, which no text here may")
        unknown = given.keys() - fields
        if unknown:
            raise Malformed(
                field=min(unknown),
                problem="is not a parameter of this; there are " + ", ".join(sorted(fields)),
            )
        try:
            arguments[name] = msgspec.convert(given, wanted, strict=False)
        except msgspec.ValidationError as fault:
            raise malformed(fault, "query") from None

    return part


def _body_part(name: str, wanted: Any, *, optional: bool) -> Callable[[Call, Arguments], None]:
    decode = msgspec.json.Decoder(wanted).decode

    def part(call: Call, arguments: Arguments) -> None:
        if optional and not call.body:
            arguments[name] = None
            return
        if ESCAPED_NUL.search(call.body):
            raise Malformed(field="body", problem="holds a NUL character, which no text here may")
        try:
            arguments[name] = decode(call.body)
        except msgspec.ValidationError as fault:
            raise malformed(fault, "body") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise Malformed(field="body", problem=f"is not JSON: {fault}") from None

    return part


def _if_match_part(call: Call, arguments: Arguments) -> None:
    text = call.header(b"if-match").strip()
    if text in ("", "*"):
        arguments["if_match"] = None
        return
    number = text.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) <= INTEGER_DIGITS_MAX):
        raise Malformed(field="If-Match", problem='is not an ETag that Artel gave out, such as "3"')
    arguments["if_match"] = int(number)


def _stream_part(name: str, limit_bytes: int) -> Callable[[Call, Arguments], None]:
    def part(call: Call, arguments: Arguments) -> None:
        arguments[name] = call.stream_body(limit_bytes)

    return part


def malformed(fault: msgspec.ValidationError, whole: str) -> Malformed:
    """msgspec's words, with the field's path apart: `login: Expected str, got int`."""
    problem, _, where = str(fault).partition(" - at `$")
    field = where.rstrip("`").lstrip(".") or whole
    return Malformed(field=field, problem=problem[:1].lower() + problem[1:].replace("`", ""))
