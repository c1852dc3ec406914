"""Events: the HTTP surface."""

import re
from collections.abc import AsyncGenerator
from typing import Final

from artel.db import Database
from artel.edge.call import Call
from artel.edge.reply import Pieces, Reply, encode
from artel.edge.route import LOGGED_IN, Route, Trial, delete, get, patch, post
from artel.events import model, service
from artel.events.streams import Streams
from artel.kernel.actor import Actor
from artel.kernel.errors import Malformed
from artel.kernel.page import Page

EVENT_STREAM: Final = b"text/event-stream"
LAST_EVENT_ID: Final = b"last-event-id"
POSITION: Final = re.compile(r"[0-9]{1,18}")
READ, WRITE, EVENTS = "webhooks:read", "webhooks:write", "events:read"
UNKNOWN: Final = (model.WebhookUnknown,)


async def events(
    db: Database, who: Actor, query: model.EventsQuery, call: Call, streams: Streams
) -> Page[model.Told] | Pieces:
    """Events that the account may see, oldest first; with `Accept: text/event-stream` live, as they happen.

    A stream begins now, or after the position in `after` or in the header `Last-Event-ID`, which wins. It misses no
    event and gives none twice; `limit` means nothing to it. It ends when the session ends. A page may be short, or
    empty, and still have a `next`. Raises PositionForgotten, TooManyStreams, StreamsFull.
    """
    if EVENT_STREAM.decode() not in call.header(b"accept").lower():
        return await db.read(service.list_events, who, query)
    return await streams.listen(who, query.kinds.split(","), _position(call, query.after))


def _position(call: Call, after: int | None) -> int | None:
    seen = call.header(LAST_EVENT_ID).strip()
    if not seen:
        return after
    if not POSITION.fullmatch(seen):
        raise Malformed(field="Last-Event-ID", problem="is not the id of an event of this stream")
    return int(seen)


def page_or_stream(result: Page[model.Told] | Pieces) -> Reply:
    """A page as JSON, a stream piece by piece; proxies must not collect it."""
    if isinstance(result, AsyncGenerator):
        return Reply(200, content_type=EVENT_STREAM, headers=((b"x-accel-buffering", b"no"),), pieces=result)
    return Reply(200, encode(result))


ROUTES: Final[list[Route]] = [
    get(
        "/api/v1/events",
        events,
        access=LOGGED_IN,
        scope=EVENTS,
        present=page_or_stream,
        produces=("application/json", EVENT_STREAM.decode()),
        raises=(model.PositionForgotten, model.TooManyStreams, model.StreamsFull),
    ),
    post(
        "/api/v1/webhooks",
        service.make,
        access=LOGGED_IN,
        scope=WRITE,
        status=201,
        idempotent=True,
        raises=(model.UrlUnfit, model.TooManyWebhooks),
        example={"url": "https://example.com/hooks/artel", "kinds": ["order.*"], "active": True},
        trial=Trial(given={"url": "https://shop.invalid/hooks"}),
    ),
    get("/api/v1/webhooks", service.webhooks, access=LOGGED_IN, scope=READ),
    get("/api/v1/webhooks/{webhook_id}", service.get, access=LOGGED_IN, scope=READ, raises=UNKNOWN),
    patch(
        "/api/v1/webhooks/{webhook_id}",
        service.edit,
        access=LOGGED_IN,
        scope=WRITE,
        raises=(*UNKNOWN, model.WebhookStale, model.UrlUnfit),
        example={"kinds": ["order.*", "stock.low"]},
    ),
    delete("/api/v1/webhooks/{webhook_id}", service.remove, access=LOGGED_IN, scope=WRITE, status=204, raises=UNKNOWN),
    post(
        "/api/v1/webhooks/{webhook_id}/secret",
        service.rotate,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=UNKNOWN,
    ),
    post(
        "/api/v1/webhooks/{webhook_id}/test",
        service.test,
        access=LOGGED_IN,
        scope=WRITE,
        status=204,
        idempotent=True,
        raises=UNKNOWN,
    ),
    post(
        "/api/v1/webhooks/{webhook_id}/replay",
        service.replay_since,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=UNKNOWN,
        example={"since": "2026-11-20T18:00:00Z", "failed_only": False},
    ),
    get("/api/v1/webhooks/{webhook_id}/deliveries", service.deliveries, access=LOGGED_IN, scope=READ, raises=UNKNOWN),
    get(
        "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
        service.delivery,
        access=LOGGED_IN,
        scope=READ,
        raises=(*UNKNOWN, model.DeliveryUnknown),
    ),
    post(
        "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
        service.replay,
        access=LOGGED_IN,
        scope=WRITE,
        idempotent=True,
        raises=(*UNKNOWN, model.DeliveryUnknown, model.DeliveryWaits),
        trial=Trial(given={"delivery_id": "0"}, refused=model.DeliveryUnknown),
    ),
]
