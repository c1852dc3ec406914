"""Who is asking."""

import pytest

from artel.kernel.actor import ROLES, SYSTEM, Actor, origin


def test_an_actor_holds_its_own_roles_and_no_other() -> None:
    anna = Actor(1, "anna", frozenset({"customer"}))
    assert anna.is_any(frozenset({"customer", "staff"}))
    assert not anna.is_any(frozenset({"staff", "owner"}))
    assert not anna.is_any(frozenset())


def test_the_operator_holds_every_role() -> None:
    assert all(SYSTEM.is_any(frozenset({role})) for role in ROLES)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::1", "::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_ipv6_client_is_counted_by_its_network(address: str, counted: str) -> None:
    assert origin(address) == counted
