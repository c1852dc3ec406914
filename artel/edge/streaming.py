"""An answer that goes on: sent piece by piece until there are no more, or until somebody has had enough of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from artel.edge.call import Call, Send
from artel.edge.reply import Pieces, Reply

STILL_S: Final = 0.8  # how often it is asked whether the asker may still listen: a revocation holds within a second
TAKEN_MAX_S: Final = 30.0  # a reader that takes nothing for this long is let go
END_MAX_S: Final = 1.0  # for telling a reader that this is the end


async def pour(call: Call, reply: Reply, send: Send, leaving: Awaitable[None]) -> None:
    """Send the pieces one after another: the next is not made before the last was taken.

    It ends with the pieces, with the connection, with the asker's right to listen, or with the server. What a piece's
    making raises is raised.
    """
    assert reply.pieces is not None, "only what comes in pieces is poured"
    pouring = asyncio.create_task(_pour(reply.pieces, send))
    watches = [
        asyncio.ensure_future(leaving),
        asyncio.create_task(call.gone()),
        asyncio.create_task(_until_refused(reply.still)),
    ]
    try:
        await asyncio.wait([pouring, *watches], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pouring, *watches):
            task.cancel()
        outcome, *_ = await asyncio.gather(pouring, *watches, return_exceptions=True)
        await reply.pieces.aclose()
    await _end(send)
    if isinstance(outcome, Exception) and not isinstance(outcome, TimeoutError | OSError):
        raise outcome


async def _pour(pieces: Pieces, send: Send) -> None:
    async for piece in pieces:
        async with asyncio.timeout(TAKEN_MAX_S):
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_refused(still: Callable[[], Awaitable[bool]] | None) -> None:
    """Until the asker may not listen any more; when that cannot be found out, it is taken for a no."""
    while still is None or await still():
        await asyncio.sleep(STILL_S)


async def _end(send: Send) -> None:
    try:
        async with asyncio.timeout(END_MAX_S):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, OSError):
        return  # nobody takes it
