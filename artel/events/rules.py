"""Events: pure decisions: who sees what, where may be sent to, when to try again, how a message is signed."""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from artel.events.model import Delivery, DeliveryRow, Told, UrlUnfit, Webhook, WebhookRow, WebhookTest
from artel.kernel.clock import US, iso

# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # the specification asks for 24 to 64
OLD_SECRET_US: Final = 24 * 3600 * US  # how long the secret before this one signs too

# The specification's schedule: the wait before each further try. Together about three days.
WAITS_S: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
TRIES_MAX: Final = len(WAITS_S) + 1
JITTER: Final = 0.2  # of a wait, at most, is added to it, so that what failed together does not come back together
REST_AFTER: Final = 3  # failures on end
REST_MAX_S: Final = 600  # a failing address is asked again after this long at the latest
DISABLE_AFTER_DAYS: Final = 5  # of nothing but failures
DISABLE_AFTER_US: Final = DISABLE_AFTER_DAYS * 86_400 * US
GONE: Final = 410  # the receiver says that it wants no more, ever

NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: IPv4 inside IPv6
# What Python 3.11 takes for public, and is not: RFC 3879 site-local, RFC 8215 local-use NAT64, RFC 7526 6to4 relays.
NOT_PUBLIC: Final = tuple(map(ipaddress.ip_network, ("fec0::/10", "64:ff9b:1::/48", "192.88.99.0/24")))
NAMES_AT_HOME: Final = ("localhost", ".localhost", ".local", ".internal")  # what a name of the public network is not

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


# --- who sees what


def account_word(account_id: int) -> str:
    """What an audience calls an account."""
    return f"account/{account_id}"


def shop_word(shop_id: int) -> str:
    """What an audience calls a shop: its members see the event."""
    return f"shop/{shop_id}"


def matches(kind: str, patterns: Iterable[str]) -> bool:
    """Whether the kind is one of the patterns: `order.placed`, `order.*`, `*`."""
    return any(
        pattern in ("*", kind) or (pattern.endswith(".*") and kind.startswith(pattern[:-1])) for pattern in patterns
    )


def wants(webhook_id: int, patterns: Iterable[str], kind: str, subject: str) -> bool:
    """Whether a webhook wants the event. A test goes to the one that was asked to be tested, whatever it wants."""
    if kind == WebhookTest.kind:
        return subject == f"webhook/{webhook_id}"
    return matches(kind, patterns)


# --- where may be sent to


def check_url(url: str, *, private: bool) -> SplitResult:
    """The parts of an address that may be sent to; what a name is resolved to is judged when it is connected to.

    `private`: inner addresses are allowed. Raises UrlUnfit.
    """
    parts = _split_url(url)
    host = (parts.hostname or "").rstrip(".")
    if not private and (host == NAMES_AT_HOME[0] or host.endswith(NAMES_AT_HOME[1:])):
        raise UrlUnfit(problem="is a name of the inner network")
    literal = _is_literal(host)
    if literal and not private and not is_public(host):
        raise UrlUnfit(problem="is not an address of the public network")
    return parts


def _is_literal(host: str) -> bool:
    """Whether a host is an IP address. Raises UrlUnfit for what only looks like one: 0x7f.1 and 2130706433."""
    last = host.rpartition(".")[2]
    if ":" not in host and not last.isdigit() and not last.startswith("0x"):
        return False
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        raise UrlUnfit(problem="has a number for a host that is not an IP address as it is usually written") from None
    return True


def _split_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        fit = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise UrlUnfit(problem="is not an address of the web") from None
    if not fit or parts.scheme not in ("http", "https"):
        raise UrlUnfit(problem="is not an address of the web")
    if "@" in parts.netloc:
        raise UrlUnfit(problem="holds a login: every message is signed, so none is needed")
    if parts.fragment:
        raise UrlUnfit(problem="has a part after #, which is never sent")
    return parts


def is_public(address: str) -> bool:
    """Whether an IP address is of the public network; an IPv4 address inside an IPv6 one is judged by itself."""
    try:
        found: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        teredo = found.teredo
        inner = found.ipv4_mapped or found.sixtofour or (teredo[1] if teredo else None)
        if found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if int(found) >> 32 == 0:  # ::127.0.0.1, the compatible form that nobody uses any more
            return False
    return found.is_global and not found.is_multicast and not any(found in each for each in NOT_PUBLIC)


# --- when to try again


def next_try_us(now_us: int, tries: int, jitter: float) -> int | None:
    """When to try again after so many tries; None: give up. `jitter` is from 0 to 1."""
    if tries >= TRIES_MAX:
        return None
    return now_us + int(WAITS_S[tries - 1] * US * (1 + JITTER * jitter))


def rest_us(failures: int) -> int:
    """How long an address is left alone after so many failures on end: 1, 2, 4 … seconds from the third on.

    One event that a receiver cannot bear holds nobody up, and a dead receiver costs few attempts whatever waits.
    """
    return 0 if failures < REST_AFTER else min(1 << min(failures - REST_AFTER, 30), REST_MAX_S) * US


# --- how a message is signed


def secret_text(secret: bytes) -> str:
    """A secret as it is shown."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signature(secrets: Iterable[bytes], message_id: str, at_s: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret, with spaces between."""
    signed = f"{message_id}.{at_s}.".encode() + body
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def message_id(event_id: int) -> str:
    """The header `webhook-id`: the same for every attempt, so that a receiver knows a repetition."""
    return f"evt_{event_id}"


def sealed_for(webhook_id: int) -> str:
    """The row that a webhook's sealed secrets belong to: moved to another one they open nothing."""
    return f"webhook/{webhook_id}"


# --- what is shown


def microseconds(at: datetime) -> int:
    """A moment as the database holds it."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def shown(row: WebhookRow) -> Webhook:
    """A webhook as its owner sees it."""
    return Webhook(
        row.id,
        row.url,
        row.kinds.split(),
        bool(row.active),
        row.problem,
        iso(row.failing_since_us) if row.failing_since_us else None,
        iso(row.created_us),
        iso(row.updated_us),
        row.version,
    )


def shown_delivery(row: DeliveryRow) -> Delivery:
    """A delivery as the webhook's owner sees it."""
    return Delivery(
        row.id,
        message_id(row.event_id),
        row.kind,
        row.subject,
        row.status,
        row.tries,
        iso(row.created_us),
        None if row.finished_us else iso(row.due_us),
        iso(row.finished_us) if row.finished_us else None,
    )


def told(position: int, kind: str, at_us: int, subject: str, body: str) -> Told:
    """An event as it is shown."""
    return Told(position, kind, iso(at_us), subject, msgspec.Raw(body.encode()))
