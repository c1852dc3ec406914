"""Events: use cases: to page through events, and to keep webhooks and look after their deliveries."""

import secrets
from typing import Final

from msgspec import UNSET, Struct

from artel.db import Read, Write, emit, listed, outbox, tally
from artel.db.outbox import Occurrence, Reach
from artel.events import queries, rules
from artel.events.model import (
    REPLAY_MAX,
    WEBHOOKS_MAX,
    Attempt,
    Delivery,
    DeliveryDetail,
    DeliveryFilter,
    DeliveryUnknown,
    DeliveryWaits,
    EventsQuery,
    PositionForgotten,
    Replayed,
    ReplayWanted,
    Told,
    TooManyWebhooks,
    Webhook,
    WebhookEdit,
    WebhookMade,
    WebhookRow,
    WebhookStale,
    WebhookTest,
    WebhookUnknown,
    WebhookWanted,
)
from artel.events.sight import Sight, sight_of
from artel.kernel.actor import Actor
from artel.kernel.clock import US, iso
from artel.kernel.errors import Malformed
from artel.kernel.page import NEWEST, Cut, Page, page
from artel.kernel.secrets import Sealer
from artel.kernel.versions import refuse_stale

SCAN_MAX: Final = 500  # events that one request looks at when only some kinds are wanted
EVERYTHING: Final = "%"
KEEP_US: Final = outbox.KEEP_US  # deliveries and attempts are kept as long as the events


class WebhookTerms(Struct, frozen=True):
    """What the operator set about webhooks."""

    private: bool


class Look(Struct, frozen=True):
    """Events after a position, and up to where there are none besides them; `more`: beyond that there may be others."""

    events: list[Told]
    upto: int
    more: bool


# --- events


async def list_events(tx: Read, who: Actor, query: EventsQuery) -> Page[Told]:
    """Events that the account may see, oldest first. A page may be short, or empty, and still have a `next`.

    Raises PositionForgotten.
    """
    reach = await outbox.reach(tx)
    after = reach.forgotten if query.after is None else query.after
    check_position(reach, after)
    sight = await sight_of(tx, who.account_id, who.roles)
    found = await look(tx, sight, reach.published, after, query.kinds.split(","), query.limit)
    return Page(found.events, str(found.upto) if found.more else None)


def check_position(reach: Reach, after: int) -> None:
    """Refuse a position after which not everything is here. Raises PositionForgotten, Malformed."""
    if after < reach.forgotten:
        raise PositionForgotten(after=after, forgotten=reach.forgotten)
    if after > reach.published:
        raise Malformed(field="after", problem=f"is not reached yet: the newest event is at position {reach.published}")


async def look(tx: Read, sight: Sight, published: int, after: int, kinds: list[str], limit: int) -> Look:
    """The next events of these kinds. One statement, for any number of shops.

    `published` must have been read before, so that nothing can appear below it any more.
    """
    scanned = limit if "*" in kinds else SCAN_MAX
    rows = await _seen(tx, sight, {"after": after, "upto": published, "row_limit": scanned + 1})
    events: list[Told] = []
    for place, row in enumerate(rows):
        if len(events) == limit or place == scanned:
            return Look(events, after, more=True)
        after = row.position
        if rules.matches(row.kind, kinds):
            events.append(rules.told(row.position, row.kind, row.at_us, row.subject, row.body))
    return Look(events, published, more=False)


async def _seen(tx: Read, sight: Sight, cut: dict[str, int]) -> list[Occurrence]:
    if sight.everything:
        return await tx.all(queries.SEEN_BY_ALL, **cut)
    return await tx.all(queries.SEEN_BY, words=listed.rows((word,) for word in sight.words), **cut)


# --- webhooks


async def make(tx: Write, who: Actor, body: WebhookWanted, sealer: Sealer, terms: WebhookTerms) -> WebhookMade:
    """Have events sent to an address. The secret that signs them is shown this once.

    Raises UrlUnfit, TooManyWebhooks.
    """
    rules.check_url(body.url, private=terms.private)
    # The tally's row is locked until the commit, so that two at once are counted one after the other.
    await tally.count(tx, f"webhooks of {who.account_id}", WEBHOOKS_MAX, US)
    if (await tx.one(queries.COUNT, account_id=who.account_id) or 0) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(limit=WEBHOOKS_MAX)
    row = await tx.one(
        queries.MAKE,
        account_id=who.account_id,
        url=body.url,
        kinds=" ".join(body.kinds),
        active=int(body.active),
        now_us=tx.now_us,
    )
    assert row is not None, "an insert answers with its row"
    return await _with_new_secret(tx, row, sealer, old_until_us=0)


async def rotate(tx: Write, who: Actor, webhook_id: int, sealer: Sealer) -> WebhookMade:
    """A new secret. The old one signs too for 24 hours, so that the receiver can change at its leisure.

    Raises WebhookUnknown.
    """
    row = await _own_locked(tx, who, webhook_id)
    return await _with_new_secret(tx, row, sealer, old_until_us=tx.now_us + rules.OLD_SECRET_US)


async def _with_new_secret(tx: Write, row: WebhookRow, sealer: Sealer, old_until_us: int) -> WebhookMade:
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    sealed = sealer.seal(secret, rules.sealed_for(row.id))
    await tx.run(queries.SET_SECRET, of_id=row.id, new_secret=sealed, old_until_us=old_until_us)
    return WebhookMade(row.id, rules.secret_text(secret), row.url, row.kinds.split(), bool(row.active), row.version)


async def webhooks(tx: Read, who: Actor, query: Cut) -> Page[Webhook]:
    """The account's webhooks, oldest first."""
    rows = await tx.all(queries.LIST, account_id=who.account_id, after_id=query.key(0), row_limit=query.limit + 1)
    return page([rules.shown(row) for row in rows], query, "id")


async def get(tx: Read, who: Actor, webhook_id: int) -> Webhook:
    """One of the account's webhooks. Raises WebhookUnknown."""
    return rules.shown(await _own(tx, who, webhook_id))


async def edit(
    tx: Write, who: Actor, webhook_id: int, body: WebhookEdit, if_match: int | None, terms: WebhookTerms
) -> Webhook:
    """Change a webhook. What waited while it was off is sent when it is on again; what happened meanwhile is not.

    Raises WebhookUnknown, WebhookStale, UrlUnfit.
    """
    row = await _own_locked(tx, who, webhook_id)
    refuse_stale(WebhookStale, if_match, rules.shown(row), body)
    if body.url is not UNSET:
        rules.check_url(body.url, private=terms.private)
    wakes = body.active is True and not row.active
    written = await tx.one(
        queries.EDIT,
        of_id=row.id,
        new_url=row.url if body.url is UNSET else body.url,
        new_kinds=row.kinds if body.kinds is UNSET else " ".join(body.kinds),
        new_active=row.active if body.active is UNSET else int(body.active),
        new_problem="" if wakes else row.problem,
        new_failing_since_us=0 if wakes else row.failing_since_us,
        now_us=tx.now_us,
    )
    assert written is not None, "the row is locked since it was read"
    return rules.shown(written)


async def remove(tx: Write, who: Actor, webhook_id: int) -> None:
    """Delete a webhook with its deliveries; what waits is never sent. Raises WebhookUnknown."""
    row = await _own_locked(tx, who, webhook_id)
    for command in (queries.DELETE_ATTEMPTS, queries.DELETE_DELIVERIES, queries.DELETE):
        await tx.run(command, webhook_id=row.id)


async def test(tx: Write, who: Actor, webhook_id: int) -> None:
    """Send it a `webhook.test`, whatever kinds it takes; its deliveries tell what became of it.

    Raises WebhookUnknown.
    """
    row = await _own_locked(tx, who, webhook_id)
    await emit(tx, WebhookTest(row.id, who.account_id))


# --- deliveries


async def deliveries(tx: Read, who: Actor, webhook_id: int, query: DeliveryFilter) -> Page[Delivery]:
    """What was or shall be sent to a webhook, newest first; kept for 30 days. Raises WebhookUnknown."""
    await _own(tx, who, webhook_id)
    cut = Cut(query.limit, query.after)
    rows = await tx.all(
        queries.DELIVERIES,
        webhook_id=webhook_id,
        status=query.status or EVERYTHING,
        before_id=cut.key(NEWEST),
        row_limit=cut.limit + 1,
    )
    return page([rules.shown_delivery(row) for row in rows], cut, "id")


async def delivery(tx: Read, who: Actor, webhook_id: int, delivery_id: int) -> DeliveryDetail:
    """One delivery with its newest attempts. Raises WebhookUnknown, DeliveryUnknown."""
    await _own(tx, who, webhook_id)
    row = await tx.one(queries.DELIVERY, delivery_id=delivery_id, webhook_id=webhook_id)
    if row is None:
        raise DeliveryUnknown(webhook_id=webhook_id, delivery_id=delivery_id)
    attempts = await tx.all(queries.ATTEMPTS, delivery_id=delivery_id)
    shown = [Attempt(iso(each.at_us), each.status or None, each.took_us // 1000, each.answer) for each in attempts]
    return DeliveryDetail(rules.shown_delivery(row), shown)


async def replay(tx: Write, who: Actor, webhook_id: int, delivery_id: int) -> Delivery:
    """Send a delivery again, under the same message id; later ones of its subject wait for it.

    Raises WebhookUnknown, DeliveryUnknown, DeliveryWaits.
    """
    await _own_locked(tx, who, webhook_id)
    row = await tx.one(queries.REPLAY, delivery_id=delivery_id, webhook_id=webhook_id, now_us=tx.now_us)
    if row is not None:
        return rules.shown_delivery(row)
    if await tx.one(queries.DELIVERY, delivery_id=delivery_id, webhook_id=webhook_id) is None:
        raise DeliveryUnknown(webhook_id=webhook_id, delivery_id=delivery_id)
    raise DeliveryWaits(delivery_id=delivery_id)


async def replay_since(tx: Write, who: Actor, webhook_id: int, body: ReplayWanted) -> Replayed:
    """Send again all that was made since a time and is not waiting, in its order, up to 10,000 deliveries.

    Raises WebhookUnknown.
    """
    await _own_locked(tx, who, webhook_id)
    wanted = {
        "webhook_id": webhook_id,
        "since_us": rules.microseconds(body.since),
        "but_status": "delivered" if body.failed_only else "",
    }
    made_us = await tx.all(queries.REPLAY_SINCE, now_us=tx.now_us, **wanted)
    more = len(made_us) == REPLAY_MAX and await tx.one(queries.ANY_SINCE, **wanted) is not None
    return Replayed(len(made_us), more, iso(max(made_us)) if made_us else None)


async def sweep(tx: Write) -> int:
    """Forget old deliveries and their attempts."""
    before_us = tx.now_us - KEEP_US
    forgotten = await tx.run(queries.FORGET_ATTEMPTS, before_us=before_us)
    return forgotten + await tx.run(queries.FORGET_DELIVERIES, before_us=before_us)


async def _own(tx: Read, who: Actor, webhook_id: int) -> WebhookRow:
    row = await tx.one(queries.GET, webhook_id=webhook_id, account_id=who.account_id)
    if row is None:
        raise WebhookUnknown(webhook_id=webhook_id)
    return row


async def _own_locked(tx: Write, who: Actor, webhook_id: int) -> WebhookRow:
    row = await tx.one(queries.GET_LOCKED, webhook_id=webhook_id, account_id=who.account_id)
    if row is None:
        raise WebhookUnknown(webhook_id=webhook_id)
    return row
