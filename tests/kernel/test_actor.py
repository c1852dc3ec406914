"""Who is asking."""

from artel.kernel.actor import ROLES, SYSTEM, Actor


def test_an_actor_holds_its_own_roles_and_no_other() -> None:
    anna = Actor(1, "anna", frozenset({"customer"}))
    assert anna.is_any(frozenset({"customer", "staff"}))
    assert not anna.is_any(frozenset({"staff", "owner"}))
    assert not anna.is_any(frozenset())


def test_the_operator_holds_every_role() -> None:
    assert all(SYSTEM.is_any(frozenset({role})) for role in ROLES)
