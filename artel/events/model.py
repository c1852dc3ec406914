"""Events: the words."""

import datetime
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.patterns import told

URL_MAX: Final = 2000  # characters
KINDS_MAX: Final = 50  # patterns of one webhook or one stream
WEBHOOKS_MAX: Final = 20  # of one account
REPLAY_MAX: Final = 10_000  # deliveries that one request replays

_WORDS = r"[a-z_]+(\.[a-z_]+)*"
_PATTERN = rf"(\*|{_WORDS}(\.\*)?)"
_NO_KIND = "is no kind of event: write one such as order.placed, all that begin alike as order.*, or * for all"
_NO_URL = "is no address of the web in ASCII: write it as https://shop.example/hook, other letters as %D1%88 or xn--"
KindPattern = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=told(rf"^{_PATTERN}$(?!\n)", _NO_KIND),
        description="A kind (`order.placed`), all that begin alike (`order.*`), or all (`*`).",
    ),
]
Kinds = Annotated[list[KindPattern], Meta(min_length=1, max_length=KINDS_MAX)]
KindList = Annotated[
    str,
    Meta(
        max_length=1000,
        pattern=told(rf"^{_PATTERN}(,{_PATTERN})*$(?!\n)", f"{_NO_KIND}; with commas between"),
        description="Kinds or patterns such as `order.*`, with commas between.",
    ),
]
Url = Annotated[
    str,
    Meta(
        max_length=URL_MAX,
        # The characters of RFC 3986.
        pattern=told(r"^https?://[!#-;=?-\[\]_a-z~]+$(?!\n)", _NO_URL),
        description="Where to send events: http or https, an address of the public network.",
    ),
]
DeliveryStatus = Literal["waiting", "delivered", "failed", "withheld"]


# --- the stream


class EventsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events: of these kinds, after this position. A page without `after` begins with the oldest that is kept."""

    kinds: KindList = "*"
    after: (
        Annotated[
            int,
            Meta(ge=0, le=2**63 - 1, description="A position: the `id` of a streamed event, or `next` of a page."),
        ]
        | None
    ) = None
    limit: Limit = PAGE_DEFAULT


class Told(Struct, frozen=True):
    """An event as it is shown; `data` depends on the kind, `subject` is what it happened to."""

    position: int
    kind: str
    at: str
    subject: str
    data: msgspec.Raw


# --- webhooks


class WebhookWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Where events shall be sent, and which."""

    url: Url
    kinds: Kinds = msgspec.field(default_factory=lambda: ["*"])
    active: bool = True


class WebhookEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay. `active: true` also wakes one that we switched off."""

    url: Url | UnsetType = UNSET
    kinds: Kinds | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class Webhook(Struct, frozen=True):
    """A webhook as its owner sees it. `problem` says why we switched it off, if we did."""

    id: int
    url: str
    kinds: list[str]
    active: bool
    problem: str
    failing_since: str | None
    created_at: str
    updated_at: str
    version: int


class WebhookMade(Struct, frozen=True):
    """A new webhook, or a new secret of one. The secret is shown this once."""

    id: int
    secret: str
    url: str
    kinds: list[str]
    active: bool
    version: int


class WebhookRow(Struct, frozen=True):
    """A webhook as the database holds it; `kinds` are patterns with spaces between."""

    id: int
    url: str
    kinds: str
    active: int
    problem: str
    failing_since_us: int
    created_us: int
    updated_us: int
    version: int


class DeliveryFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries to list."""

    status: DeliveryStatus | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Attempt(Struct, frozen=True):
    """One try to deliver: the status of the answer (null: none came) and its beginning, or why there was none."""

    at: str
    status: int | None
    took_ms: int
    answer: str


class Delivery(Struct, frozen=True):
    """One event on its way to one webhook. `next_try_at` is null unless it waits."""

    id: int
    message_id: str
    kind: str
    subject: str
    status: str
    tries: int
    created_at: str
    next_try_at: str | None
    finished_at: str | None


class DeliveryDetail(Struct, frozen=True):
    """A delivery with its attempts, newest first."""

    delivery: Delivery
    attempts: list[Attempt]


class DeliveryRow(Struct, frozen=True):
    """A delivery as the database holds it."""

    id: int
    event_id: int
    kind: str
    subject: str
    status: str
    tries: int
    due_us: int
    created_us: int
    finished_us: int


class AttemptRow(Struct, frozen=True):
    """An attempt as the database holds it."""

    at_us: int
    status: int
    took_us: int
    answer: str


class ReplayWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Since when deliveries shall be sent again; `failed_only` leaves alone what arrived."""

    since: Annotated[datetime.datetime, Meta(tz=True)]
    failed_only: bool = False


class Replayed(Struct, frozen=True):
    """How many are sent again. `more`: there are others, created at `through` or later; ask again since then."""

    deliveries: int
    more: bool
    through: str | None


# --- events of our own


class WebhookTest(Event, frozen=True):
    """Its owner asked for it, to see whether it arrives."""

    kind: ClassVar[str] = "webhook.test"
    webhook_id: int
    account_id: int

    def subject(self) -> str:
        """It goes to this webhook alone."""
        return f"webhook/{self.webhook_id}"

    def audience(self) -> tuple[str, ...]:
        """Its owner."""
        return (f"account/{self.account_id}",)


class WebhookDisabled(Event, frozen=True):
    """We switched a webhook off."""

    kind: ClassVar[str] = "webhook.disabled"
    webhook_id: int
    account_id: int
    problem: str

    def subject(self) -> str:
        """The webhook."""
        return f"webhook/{self.webhook_id}"

    def audience(self) -> tuple[str, ...]:
        """Its owner."""
        return (f"account/{self.account_id}",)


# --- refusals


class WebhookUnknown(Refusal):
    """You have no webhook {webhook_id}."""

    code, kind = "events.webhook_unknown", "missing"


class DeliveryUnknown(Refusal):
    """Your webhook {webhook_id} has no delivery {delivery_id}."""

    code, kind = "events.delivery_unknown", "missing"


class DeliveryWaits(Refusal):
    """The delivery {delivery_id} is still waiting to be sent."""

    code, kind = "events.delivery_waits", "conflict"


class UrlUnfit(Refusal):
    """url: {problem}."""

    code, kind = "events.url_unfit", "invalid"


class TooManyWebhooks(Refusal):
    """You have {limit} webhooks, as many as an account may: delete one."""

    code, kind = "events.too_many_webhooks", "conflict"


class WebhookStale(Refusal):
    """The webhook is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "events.webhook_stale", "stale"


class PositionForgotten(Refusal):
    """Events up to position {forgotten} are forgotten, you asked for those after {after}: some are lost to you."""

    code, kind = "events.position_forgotten", "stale"


class TooManyStreams(Refusal):
    """Your account has {limit} streams open, as many as it may: close one, or try again in {retry_s} s."""

    code, kind = "events.too_many_streams", "throttled"


class StreamsFull(Refusal):
    """{limit} streams are open, as many as this server takes: try again in {retry_s} s."""

    code, kind = "events.streams_full", "unavailable"
