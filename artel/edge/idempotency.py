"""Idempotency-Key: one effect for one key, whatever is lost on the way back.

The key's row is written in the effect's own transaction. An answer that is given again is counted, so that it commits
something too: on a synchronous replica an answer without a commit could be lost by the next failure.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from artel.db import Command, Query, Read, Write
from artel.db.tables import idempotency
from artel.edge.call import Call
from artel.edge.reply import Reply
from artel.edge.route import Route
from artel.kernel.actor import Actor
from artel.kernel.errors import Malformed, Refusal
from artel.kernel.secrets import Sealer

HEADER: Final = b"idempotency-key"
KEY_CHARACTERS_MAX: Final = 255
WAIT_S: Final = 5.0  # for the first request with a key; longer than almost every effect takes
RETRY_S: Final = 1
KEY: Final = re.compile(rb"[!-~](?:[ -~]{0,%d}[!-~])?" % (KEY_CHARACTERS_MAX - 2))
REPLAYED: Final = (b"idempotent-replayed", b"true")


class KeyReused(Refusal):
    """This Idempotency-Key came before with another body: use a new key for a new request."""

    code, kind = "idempotency.key_reused", "unprocessable"


class InFlight(Refusal):
    """The first request with this Idempotency-Key is still running after some seconds; ask again in {retry_s} s."""

    code, kind = "idempotency.in_flight", "conflict"


class Key(Struct, frozen=True):
    """A key as it came, and what was sent with it."""

    scope: bytes  # the route's verb and path, and the key itself
    carrier: str  # the token and address that it came with
    body: bytes

    def of(self, who: Actor) -> bytes:
        """What the row is found by: the account's own keys, or those of a visitor's address."""
        asker = str(who.account_id) if who.account_id else who.address
        return hashlib.sha256(asker.encode() + b"\0" + self.scope).digest()


class _Kept(Struct, frozen=True):
    request_hash: bytes
    answer: bytes


CLAIM = Command(
    insert(idempotency)
    .values(
        key_hash=bindparam("key_hash"),
        request_hash=bindparam("request_hash"),
        status=0,
        answer=b"",
        created_us=bindparam("created_us"),
        replays=0,
    )
    .on_conflict_do_nothing(index_elements=["key_hash"])
)
KEPT = Query(
    _Kept,
    select(idempotency.c.request_hash, idempotency.c.answer).where(idempotency.c.key_hash == bindparam("key_hash")),
)
KEEP = Command(
    update(idempotency)
    .where(idempotency.c.key_hash == bindparam("of_key"))
    .values(status=bindparam("status"), answer=bindparam("answer"))
)
REPLAY = Command(
    update(idempotency).where(idempotency.c.key_hash == bindparam("key_hash")).values(replays=idempotency.c.replays + 1)
)
FORGET = Command(delete(idempotency).where(idempotency.c.created_us < bindparam("before_us")))


def key_of(route: Route, call: Call, token: str) -> Key | None:
    """The request's key, or None when it carries none. Raises Malformed."""
    raw = call.headers.get(HEADER)
    if raw is None:
        return None
    if not KEY.fullmatch(raw):
        raise Malformed(field="Idempotency-Key", problem=f"is not 1 to {KEY_CHARACTERS_MAX} printable ASCII characters")
    scope = f"{route.verb} {call.path}\0".encode() + raw
    return Key(scope, f"{token}\0{call.address}", call.body)


class Keys:
    """The keys of one route."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._running: dict[tuple[bytes, str], asyncio.Event] = {}

    @asynccontextmanager
    async def in_flight(self, key: Key) -> AsyncIterator[None]:
        """Hold the key while its request runs in this process; who comes meanwhile waits. Raises InFlight.

        In another process the second request waits for the first one's commit, and is then answered from it.
        """
        running = (key.scope, key.carrier)
        if running in self._running:
            await self._until_free(running)
        over = self._running[running] = asyncio.Event()
        try:
            yield
        finally:
            del self._running[running]
            over.set()

    async def _until_free(self, running: tuple[bytes, str]) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                while before := self._running.get(running):
                    await before.wait()
        except TimeoutError:
            raise InFlight(retry_s=RETRY_S) from None

    async def known(self, tx: Read, key: Key, who: Actor) -> bool:
        """Whether the key has an answer already, so that nothing need be prepared."""
        return await tx.one(KEPT, key_hash=key.of(who)) is not None

    async def claim(self, tx: Write, key: Key, who: Actor) -> Reply | None:
        """Take the key for this transaction; the earlier answer when it is taken. Raises KeyReused."""
        key_hash = key.of(who)
        request_hash = self._sealer.mark(key.body)  # a body may hold a password: a plain hash could be guessed at
        taken = await tx.run(CLAIM, key_hash=key_hash, request_hash=request_hash, created_us=tx.now_us)
        if taken:
            return None
        kept = await tx.one(KEPT, key_hash=key_hash)
        if kept is None or kept.request_hash != request_hash:
            raise KeyReused
        await tx.run(REPLAY, key_hash=key_hash)
        plain = self._sealer.open(kept.answer, key_hash.hex())
        if plain is None:  # sealed under a key of the installation that is gone
            raise KeyReused
        reply = msgspec.msgpack.decode(plain, type=Reply)
        return msgspec.structs.replace(reply, headers=(*reply.headers, REPLAYED))

    async def keep(self, tx: Write, key: Key, who: Actor, reply: Reply) -> None:
        """Keep the answer with the effect: both are committed, or none."""
        key_hash = key.of(who)
        sealed = self._sealer.seal(msgspec.msgpack.encode(reply), key_hash.hex())
        await tx.run(KEEP, of_key=key_hash, status=reply.status, answer=sealed)


def request_key(key: Key | None, who: Actor) -> str:
    """What a request is known by for longer than its answer is kept; '' when it carries no key."""
    return key.of(who).hex() if key else ""


async def forget(tx: Write, ttl_us: int) -> int:
    """Delete the keys that are too old to come again."""
    return await tx.run(FORGET, before_us=tx.now_us - ttl_us)
