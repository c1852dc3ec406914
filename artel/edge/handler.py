"""From a route to a handler: decode, one transaction, call, encode. All that can be decided once is decided here."""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from artel.db import Database, Read, Write
from artel.edge import idempotency
from artel.edge.call import Call
from artel.edge.decode import Arguments, decoder
from artel.edge.identity import Authenticate, Copies, CrossSite, NotLoggedIn, admit, refuse_cross_site
from artel.edge.reply import Header, Reply, encode
from artel.edge.route import ANYONE, Credential, Route
from artel.edge.signature import Signature, read_signature
from artel.kernel.actor import Actor
from artel.kernel.errors import Malformed, Refusal
from artel.kernel.secrets import Sealer

NOBODY: Final = Actor(0, "", frozenset())

Handler = Callable[[Call], Awaitable[Reply]]
Preparation = Callable[[Actor, Arguments, idempotency.Key | None], Awaitable[Any]]


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


def bind(route: Route, kit: Kit) -> Handler:
    """The handler of a route."""
    signature = read_signature(route, kit.provides)
    decode = decoder(route, signature, kit.limits.upload_max_bytes)
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
        arguments = await _decoded(route, kit, decode, call, token)
        who = await _copied(kit, token, call) if kit.copies else None
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
            arguments[signature.prepared or ""] = await prepare(who, arguments, key)

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
        if signature.request_key:
            arguments["request_key"] = idempotency.request_key(key, who)
        reply = present(await use(tx, **arguments))
        if key:
            await keys.keep(tx, key, who, reply)
        return reply

    async def handle(call: Call) -> Reply:
        token = _token(route, call)
        await _read_body(route, signature, kit.limits, call)
        arguments = await _decoded(route, kit, decode, call, token)
        key = idempotency.key_of(route, call, token) if route.idempotent else None
        async with keys.in_flight(key) if key else nullcontext():
            if prepare and route.prepare_when(arguments.get("body")):
                await prepared(call, token, arguments, key)
            elif prepare:
                arguments[signature.prepared or ""] = None
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
        reply = present(await use(kit.db, **arguments))
        if reply.pieces is None:
            return reply
        return msgspec.structs.replace(reply, still=partial(_is_still, kit, token, who))

    return handle


async def _is_still(kit: Kit, token: str, who: Actor | None) -> bool:
    """Whether the asker of an answer that goes on is who it was, with the same roles and scopes. Asks the database."""
    found = await kit.db.read(kit.authenticate, token) if token else None
    return (_at(found, "") if found else None) == (_at(who, "") if who else None)


def _preparing(route: Route, signature: Signature, kit: Kit) -> Preparation | None:
    """The part of a use case that comes before its transaction, with the asker known but nothing stored yet."""
    if route.prepare is None:
        return None
    prepare = route.prepare
    asked = read_signature(msgspec.structs.replace(route, use=prepare, prepare=None), kit.provides)
    assert signature.prepared, f"{route.name} takes nothing of the type that its preparation gives"
    names = set(inspect.signature(prepare).parameters)

    async def run(who: Actor, arguments: Arguments, key: idempotency.Key | None) -> Any:
        given = {name: value for name, value in arguments.items() if name in names} | asked.provided
        if asked.actor:
            given[asked.actor] = who
        if asked.request_key:
            given["request_key"] = idempotency.request_key(key, who)
        return await prepare(kit.db, **given)

    return run


def _at(who: Actor, address: str) -> Actor:
    return msgspec.structs.replace(who, address=address)


def _token(route: Route, call: Call) -> str:
    """The token of the request, '' for none. Raises NotLoggedIn before anything of the request is read.

    Where anyone may ask, a cookie that another site's page sent along is as if it were not there.
    """
    credential: Credential | None = route.manner.credential(call)
    if credential is None:
        if route.access == ANYONE:
            return ""
        raise NotLoggedIn
    try:
        refuse_cross_site(call, credential)
    except CrossSite:
        if route.access == ANYONE:
            return ""
        raise
    return credential.token


async def _decoded(route: Route, kit: Kit, decode: Callable[[Call], Arguments], call: Call, token: str) -> Arguments:
    """What was asked for. Who may not ask at all is told that, and not what is wrong with the request."""
    try:
        return decode(call)
    except Malformed:
        if route.access != ANYONE:
            admit(route, await kit.db.read(kit.authenticate, token))
        raise


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
        kind = call.media_type()
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
