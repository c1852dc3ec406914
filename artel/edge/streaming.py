"""An answer that goes on: sent piece by piece until there are no more, or until somebody has had enough of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final

from artel.edge.call import Call, Send
from artel.edge.reply import Pieces, Reply

STILL_S: Final = 0.8  # how often it is asked whether the asker may still listen: a revocation holds within a second
TAKEN_MAX_S: Final = 30.0  # a reader that takes nothing for this long is let go
END_MAX_S: Final = 1.0  # for telling a reader that this is the end
PIECE_BYTES: Final = 64 * 1024  # of a file: what a slow reader takes within the time above
CSV: Final = b"text/csv; charset=utf-8"


def spreadsheet(name: str, pages: AsyncIterator[Iterable[str]]) -> Reply:
    """Lines of CSV as a file to be saved, sent as they are read: one page of them is in memory at a time."""
    saved = (b"content-disposition", f'attachment; filename="{name}"'.encode("ascii"))
    return Reply(200, content_type=CSV, headers=(saved,), pieces=_encoded(pages), is_file=True)


async def _encoded(pages: AsyncIterator[Iterable[str]]) -> Pieces:
    async for page in pages:
        text = "".join(page).encode()
        for begin in range(0, len(text), PIECE_BYTES):
            yield text[begin : begin + PIECE_BYTES]
        await asyncio.sleep(0)  # SQLite answers without waiting: this is where others come in


async def pour(call: Call, reply: Reply, send: Send, leaving: Callable[[], Awaitable[None]]) -> None:
    """Send the pieces one after another: the next is not made before the last was taken.

    It ends with the pieces, with the connection, with the asker's right to listen, or, unless it is a file, with the
    server. What a piece's making raises is raised. A file that breaks off is left without its end, so that the server
    breaks the connection off.
    """
    assert reply.pieces is not None, "only what comes in pieces is poured"
    pouring = asyncio.create_task(_pour(reply.pieces, send))
    watches = [asyncio.create_task(call.gone()), asyncio.create_task(_until_refused(reply.still))]
    if not reply.is_file:
        watches.append(asyncio.ensure_future(leaving()))
    try:
        await asyncio.wait([pouring, *watches], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pouring, *watches):
            task.cancel()
        outcome, *_ = await asyncio.gather(pouring, *watches, return_exceptions=True)
        await reply.pieces.aclose()
    if outcome is None or not reply.is_file:
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
