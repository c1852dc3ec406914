"""Session checks answered from Redis, which is only a copy and may vanish at any time."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import redis.asyncio as redis
from redis.exceptions import RedisError
from structlog.typing import FilteringBoundLogger

from artel.kernel.actor import Actor
from artel.kernel.secrets import token_hash

COPY_TTL_MS: Final = 900  # a session that ended is unknown everywhere within a second, whatever happens to Redis
REDIS_TIMEOUT_S: Final = 0.1  # slower than this, SQL is the better source
REDIS_PAUSE_S: Final = 1.0  # how long Redis is left alone after it failed


class RedisCopies:
    """Copies in Redis. It may vanish at any time: then SQL answers, and Redis is asked again a second later."""

    def __init__(self, url: str, log: FilteringBoundLogger) -> None:
        self._redis = redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
        self._decode = msgspec.msgpack.Decoder(Actor).decode
        self._log = log
        self._away_until_s = 0.0

    async def get(self, token: str) -> Actor | None:
        """The copy, or None."""
        found = await self._ask(lambda: self._redis.get(_name(token)))
        if not isinstance(found, bytes):
            return None
        try:
            return self._decode(found)
        except msgspec.MsgspecError:  # written by another version of Artel
            return None

    async def put(self, token: str, who: Actor) -> None:
        """Keep a copy for less than a second."""
        copy = msgspec.msgpack.encode(who)
        await self._ask(lambda: self._redis.set(_name(token), copy, px=COPY_TTL_MS))

    async def drop(self, token: str) -> None:
        """Forget the copy at once; when Redis is away, its end of life does it."""
        await self._ask(lambda: self._redis.delete(_name(token)))

    async def close(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    async def _ask(self, question: Callable[[], Awaitable[object]]) -> object:
        if time.monotonic() < self._away_until_s:
            return None
        try:
            return await question()
        except (RedisError, OSError, TimeoutError) as fault:
            self._away_until_s = time.monotonic() + REDIS_PAUSE_S
            self._log.warning("redis.away", reason=str(fault), effect="sessions are checked in SQL")
            return None


def _name(token: str) -> str:
    return "artel:session:" + token_hash(token).hex()
