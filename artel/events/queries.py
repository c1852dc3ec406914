"""Events: every statement. Those that write and publish events are the outbox's (db/outbox.py)."""

from typing import Final

from msgspec import Struct
from sqlalchemy import (
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from artel.db import Command, Query
from artel.db.listed import listed
from artel.db.outbox import SHOWN, Occurrence
from artel.db.tables import outbox, outbox_audience
from artel.events.model import REPLAY_MAX, AttemptRow, DeliveryRow, WebhookRow
from artel.events.tables import attempts, deliveries, webhooks

# Literals, since parameters would not match the partial indexes.
_published = outbox.c.position > literal_column("0")
_waits = deliveries.c.finished_us == literal_column("0")
_done = deliveries.c.finished_us > 0
_shown = [webhooks.c[field] for field in WebhookRow.__struct_fields__]
_own = and_(webhooks.c.id == bindparam("webhook_id"), webhooks.c.account_id == bindparam("account_id"))
_delivery = [deliveries.c[field] for field in DeliveryRow.__struct_fields__]
ATTEMPTS_SHOWN: Final = 100  # of one delivery, the newest
DUE_MAX: Final = 1_000  # webhooks that are looked at in one round; those that have enough on their way are passed over


# --- events

SEEN_BY_ALL = Query(
    Occurrence,
    select(*SHOWN)
    .where(_published, outbox.c.position > bindparam("after"), outbox.c.position <= bindparam("upto"))
    .order_by(outbox.c.position)
    .limit(bindparam("row_limit")),
)
# Of each word only as many positions are looked at as are wanted, though a shop may have heard of a month's events:
# none beyond the first of its own can be among the first of all.
_words = listed("words", word=str)
_beyond = outbox_audience.alias("beyond")
_last = (
    select(_beyond.c.position)
    .where(
        _beyond.c.word == _words.c.word,
        _beyond.c.position > bindparam("after"),
        _beyond.c.position <= bindparam("upto"),
    )
    .order_by(_beyond.c.position)
    .limit(literal_column("1"))
    .offset(bindparam("row_limit"))
    .scalar_subquery()
)
_heard = (
    select(outbox_audience.c.position)
    .join_from(_words, outbox_audience, outbox_audience.c.word == _words.c.word)
    .where(
        outbox_audience.c.position > bindparam("after"),
        outbox_audience.c.position <= func.coalesce(_last, bindparam("upto")),
    )
    .distinct()
    .order_by(outbox_audience.c.position)
    .limit(bindparam("row_limit"))
    .subquery("heard")
)
SEEN_BY = Query(
    Occurrence,
    select(*SHOWN)
    .join_from(_heard, outbox, and_(outbox.c.position == _heard.c.position, _published))
    .order_by(outbox.c.position),
)


# --- webhooks

MAKE = Query(
    WebhookRow,
    insert(webhooks)
    .values(
        account_id=bindparam("account_id"),
        url=bindparam("url"),
        kinds=bindparam("kinds"),
        secret=b"",
        old_secret=b"",
        old_secret_until_us=0,
        active=bindparam("active"),
        problem="",
        failing_since_us=0,
        failures=0,
        rests_until_us=0,
        served_us=0,
        created_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        version=1,
    )
    .returning(*_shown),
)
COUNT = Query(int, select(func.count().label("count")).where(webhooks.c.account_id == bindparam("account_id")))
SET_SECRET = Command(
    update(webhooks)
    .where(webhooks.c.id == bindparam("of_id"))
    .values(secret=bindparam("new_secret"), old_secret=webhooks.c.secret, old_secret_until_us=bindparam("old_until_us"))
)
LIST = Query(
    WebhookRow,
    select(*_shown)
    .where(webhooks.c.account_id == bindparam("account_id"), webhooks.c.id > bindparam("after_id"))
    .order_by(webhooks.c.id)
    .limit(bindparam("row_limit")),
)
GET = Query(WebhookRow, select(*_shown).where(_own))
GET_LOCKED = Query(WebhookRow, select(*_shown).where(_own).with_for_update())
EDIT = Query(
    WebhookRow,
    update(webhooks)
    .where(webhooks.c.id == bindparam("of_id"))
    .values(
        url=bindparam("new_url"),
        kinds=bindparam("new_kinds"),
        active=bindparam("new_active"),
        problem=bindparam("new_problem"),
        failing_since_us=bindparam("new_failing_since_us"),
        failures=0,
        rests_until_us=0,
        updated_us=bindparam("now_us"),
        version=webhooks.c.version + 1,
    )
    .returning(*_shown),
)
_of_webhook = select(deliveries.c.id).where(deliveries.c.webhook_id == bindparam("webhook_id"))
DELETE_ATTEMPTS = Command(delete(attempts).where(attempts.c.delivery_id.in_(_of_webhook)))
DELETE_DELIVERIES = Command(delete(deliveries).where(deliveries.c.webhook_id == bindparam("webhook_id")))
DELETE = Command(delete(webhooks).where(webhooks.c.id == bindparam("webhook_id")))


# --- deliveries as their owner sees them

DELIVERIES = Query(
    DeliveryRow,
    select(*_delivery)
    .where(
        deliveries.c.webhook_id == bindparam("webhook_id"),
        deliveries.c.id < bindparam("before_id"),
        deliveries.c.status.like(bindparam("status")),
    )
    .order_by(deliveries.c.id.desc())
    .limit(bindparam("row_limit")),
)
DELIVERY = Query(
    DeliveryRow,
    select(*_delivery).where(
        deliveries.c.id == bindparam("delivery_id"), deliveries.c.webhook_id == bindparam("webhook_id")
    ),
)
ATTEMPTS = Query(
    AttemptRow,
    select(*[attempts.c[field] for field in AttemptRow.__struct_fields__])
    .where(attempts.c.delivery_id == bindparam("delivery_id"))
    .order_by(attempts.c.id.desc())
    .limit(ATTEMPTS_SHOWN),
)
_again = {
    "status": "waiting",
    "tries": 0,
    "due_us": bindparam("now_us"),
    "claimed_until_us": 0,
    "finished_us": 0,
}
REPLAY = Query(
    DeliveryRow,
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery_id"), deliveries.c.webhook_id == bindparam("webhook_id"), _done)
    .values(_again)
    .returning(*_delivery),
)


def _since() -> Select[tuple[int]]:
    return (
        select(deliveries.c.id)
        .where(
            deliveries.c.webhook_id == bindparam("webhook_id"),
            deliveries.c.created_us >= bindparam("since_us"),
            deliveries.c.status != bindparam("but_status"),
            _done,
        )
        .order_by(deliveries.c.id)
    )


REPLAY_SINCE = Query(
    int,
    update(deliveries)
    .where(deliveries.c.id.in_(_since().limit(REPLAY_MAX)))
    .values(_again)
    .returning(deliveries.c.created_us),
)
ANY_SINCE = Query(int, _since().limit(1))


# --- publishing


class Receiver(Struct, frozen=True):
    """A webhook that takes events; `kinds` are patterns with spaces between."""

    id: int
    account_id: int
    kinds: str


RECEIVERS = Query(
    Receiver,
    select(webhooks.c.id, webhooks.c.account_id, webhooks.c.kinds)
    .where(webhooks.c.active == 1)
    .order_by(webhooks.c.id),
)
DELIVER = Command(
    insert(deliveries)
    .inline()
    .values(
        webhook_id=bindparam("webhook_id"),
        event_id=bindparam("event_id"),
        kind=bindparam("kind"),
        subject=bindparam("subject"),
        status="waiting",
        tries=0,
        due_us=bindparam("now_us"),
        claimed_until_us=0,
        created_us=bindparam("now_us"),
        finished_us=0,
    )
)


# --- sending


class Job(Struct, frozen=True):
    """A delivery that was claimed, with all that it takes to send it."""

    id: int
    event_id: int
    tries: int
    kind: str
    body: str
    at_us: int
    audience: str


class Target(Struct, frozen=True):
    """Where a webhook's deliveries go, and what signs them."""

    id: int
    account_id: int
    url: str
    secret: bytes
    old_secret: bytes
    old_secret_until_us: int
    failures: int
    failing_since_us: int


_free = and_(deliveries.c.due_us <= bindparam("now_us"), deliveries.c.claimed_until_us <= bindparam("now_us"))
_earlier = deliveries.alias("earlier")
# A delivery waits for the earlier ones of its subject; without a subject for none.
_is_first = or_(
    deliveries.c.subject == "",
    ~exists(
        select(_earlier.c.id).where(
            _earlier.c.webhook_id == deliveries.c.webhook_id,
            _earlier.c.subject == deliveries.c.subject,
            _earlier.c.finished_us == literal_column("0"),
            _earlier.c.id < deliveries.c.id,
        )
    ),
)
DUE = Query(
    int,
    select(webhooks.c.id)
    .where(
        webhooks.c.active == 1,
        webhooks.c.rests_until_us <= bindparam("now_us"),
        exists(select(deliveries.c.id).where(deliveries.c.webhook_id == webhooks.c.id, _waits, _free)),
    )
    .order_by(webhooks.c.served_us, webhooks.c.id)
    .limit(DUE_MAX),
)
SERVE = Query(
    Target,
    update(webhooks)
    .where(
        webhooks.c.id == bindparam("webhook_id"),
        webhooks.c.active == 1,
        webhooks.c.rests_until_us <= bindparam("now_us"),
    )
    .values(served_us=bindparam("now_us"))
    .returning(*[webhooks.c[field] for field in Target.__struct_fields__]),
)
CLAIM = Query(
    int,
    update(deliveries)
    .where(
        deliveries.c.id.in_(
            select(deliveries.c.id)
            .where(deliveries.c.webhook_id == bindparam("webhook_id"), _waits, _free, _is_first)
            .order_by(deliveries.c.id)
            .limit(bindparam("row_limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(claimed_until_us=bindparam("until_us"))
    .returning(deliveries.c.id),
)
JOB = Query(
    Job,
    select(
        deliveries.c.id,
        deliveries.c.event_id,
        deliveries.c.tries,
        outbox.c.kind,
        outbox.c.body,
        outbox.c.at_us,
        outbox.c.audience,
    )
    .join_from(deliveries, outbox, outbox.c.id == deliveries.c.event_id)
    .where(deliveries.c.id == bindparam("delivery_id")),
)
REST = Command(update(webhooks).where(webhooks.c.id == bindparam("of_id")).values(rests_until_us=bindparam("until_us")))
ATTEMPTED = Command(
    update(deliveries)
    .where(deliveries.c.id == bindparam("of_id"), deliveries.c.claimed_until_us == bindparam("claim_us"), _waits)
    .values(
        status=bindparam("new_status"),
        tries=deliveries.c.tries + bindparam("tried"),
        due_us=bindparam("next_us"),
        claimed_until_us=0,
        finished_us=bindparam("done_us"),
    )
)
NOTE = Command(
    insert(attempts)
    .inline()
    .values(
        delivery_id=bindparam("delivery_id"),
        at_us=bindparam("at_us"),
        status=bindparam("status"),
        took_us=bindparam("took_us"),
        answer=bindparam("answer"),
    )
)
WENT_WELL = Command(
    update(webhooks)
    .where(
        webhooks.c.id == bindparam("of_id"),
        or_(webhooks.c.failures > 0, webhooks.c.rests_until_us > 0, webhooks.c.failing_since_us > 0),
    )
    .values(failing_since_us=0, failures=0, rests_until_us=0)
)
WENT_WRONG = Query(
    int,
    update(webhooks)
    .where(webhooks.c.id == bindparam("of_id"))
    .values(
        failures=webhooks.c.failures + 1,
        failing_since_us=case(
            (webhooks.c.failing_since_us == 0, bindparam("now_us")), else_=webhooks.c.failing_since_us
        ),
        rests_until_us=bindparam("until_us"),
    )
    .returning(webhooks.c.failing_since_us),
)
DISABLE = Query(
    int,
    update(webhooks)
    .where(webhooks.c.id == bindparam("of_id"), webhooks.c.active == 1)
    .values(active=0, problem=bindparam("new_problem"), version=webhooks.c.version + 1)
    .returning(webhooks.c.account_id),
)


# --- forgetting

_old = select(deliveries.c.id).where(deliveries.c.created_us < bindparam("before_us"))
FORGET_ATTEMPTS = Command(delete(attempts).where(attempts.c.delivery_id.in_(_old)))
FORGET_DELIVERIES = Command(delete(deliveries).where(deliveries.c.created_us < bindparam("before_us")))
