"""Who sees what, where may be sent to, when to try again, how a message is signed."""

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.events import rules
from artel.events.model import UrlUnfit
from artel.kernel.clock import US
from tests.events.happening import Message, fits

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
INNER = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd12::1",
    "ff0e::1",
    "2001:db8::1",
    "not an address",
    "",
]
FIT = [
    "https://example.com/hooks",
    "http://example.com",
    "https://example.com:8443/a?b=c",
    "https://8.8.8.8/",
    "https://[2606:4700::1]/",
    "https://xn--e1afmkfd.example/",
]
UNFIT = [
    "https:///x",
    "https://example.com:0/",
    "https://example.com:99999/",
    "https://anna:secret@example.com/",
    "https://example.com/#part",
    "https://[::1/",
    "https://1.2.3/",
    "https://2130706433/",
    "https://0x7f.0.0.1/",
    "https://127.1/",
    "https://256.1.1.1/",
]
AT_HOME = [
    "http://localhost/",
    "http://LOCALHOST:8000/",
    "http://localhost./",
    "http://db.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://127.0.0.1:6379/",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_network_is_one(address: str) -> None:
    assert rules.is_public(address)


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_none_in_whatever_form(address: str) -> None:
    assert not rules.is_public(address)


@pytest.mark.parametrize("url", FIT)
def test_an_address_of_the_web_is_taken(url: str) -> None:
    assert rules.check_url(url, private=False).hostname


@pytest.mark.parametrize("url", UNFIT)
def test_what_is_no_address_of_the_web_is_refused_even_at_home(url: str) -> None:
    for private in (False, True):
        with pytest.raises(UrlUnfit):
            rules.check_url(url, private=private)


@pytest.mark.parametrize("url", AT_HOME)
def test_the_inner_network_is_refused_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(UrlUnfit):
        rules.check_url(url, private=False)
    rules.check_url(url, private=True)


@pytest.mark.parametrize(
    ("patterns", "kind", "wanted"),
    [
        (["*"], "order.placed", True),
        (["order.*"], "order.placed", True),
        (["order.*"], "order.part.paid", True),
        (["order.*"], "orders.placed", False),
        (["order.*"], "order", False),
        (["order.placed"], "order.placed", True),
        (["order.placed"], "order.placed_again", False),
        (["stock.low", "order.paid"], "order.paid", True),
        ([], "order.paid", False),
    ],
)
def test_a_pattern_takes_its_kinds_and_no_others(patterns: list[str], kind: str, wanted: bool) -> None:
    assert rules.matches(kind, patterns) is wanted
    assert rules.wants(1, patterns, kind, "webhook/1") is wanted


def test_a_test_is_for_its_webhook_alone() -> None:
    assert rules.wants(1, ["order.*"], "webhook.test", "webhook/1")
    assert not rules.wants(11, ["*"], "webhook.test", "webhook/1")


def test_the_schedule_is_the_one_of_the_specification_and_ends() -> None:
    waits = [rules.next_try_us(0, tries, 0.0) for tries in range(1, rules.TRIES_MAX + 1)]
    assert waits == [each * US for each in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)] + [None]


@given(tries=st.integers(1, rules.TRIES_MAX - 1), jitter=st.floats(0, 1))
def test_jitter_only_ever_adds_and_not_much(tries: int, jitter: float) -> None:
    exact, found = rules.next_try_us(0, tries, 0.0), rules.next_try_us(0, tries, jitter)
    assert exact is not None
    assert found is not None
    assert exact <= found <= exact * (1 + rules.JITTER) + 1


def test_an_address_rests_longer_the_longer_it_fails() -> None:
    rests = [rules.rest_us(failures) // US for failures in range(1, 15)]
    assert rests == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert rules.rest_us(10**9) == 600 * US


def test_the_signature_is_the_published_one() -> None:
    """An example that Svix published, whose scheme the specification adopted."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = rules.signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(body=st.binary(max_size=200), secrets=st.lists(st.binary(min_size=24, max_size=64), min_size=1, max_size=2))
def test_each_secret_proves_the_message_and_no_other_does(body: bytes, secrets: list[bytes]) -> None:
    at_s = int(time.time())
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(at_s),
        "webhook-signature": rules.signature(secrets, "evt_1", at_s, body),
    }
    message = Message("/", headers, body)
    assert all(fits(message, rules.secret_text(secret)) for secret in secrets)
    assert not fits(message, rules.secret_text(secrets[0] + b"x"))
    assert not fits(Message("/", headers, body + b"x"), rules.secret_text(secrets[0]))
    assert not fits(Message("/", headers | {"webhook-id": "evt_2"}, body), rules.secret_text(secrets[0]))
