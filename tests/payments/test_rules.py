"""Payments: what a truth changes, how a refund is shared out, how long the pauses are."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artel.payments import rules
from artel.payments.model import PaymentRow, Truth

DAY_S: Final = 86_400


def row(status: Any = "pending", *, taken_minor: int = 0, taken_currency: str = "") -> PaymentRow:
    return PaymentRow(
        1, 1, 1, "[3,5]", "test", "ok", "r", status, 500, "RUB", taken_minor, taken_currency, 0, None, "", 1, 0
    )


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        ("pending", "pending", None),
        ("pending", "captured", "succeeded"),
        ("pending", "declined", "failed"),
        ("failed", "pending", None),
        ("failed", "captured", "succeeded"),  # the provider let the customer try again
        ("failed", "declined", None),
        ("succeeded", "pending", None),
        ("succeeded", "captured", None),
        ("succeeded", "declined", None),
    ],
)
def test_a_truth_changes_a_payment_at_most_once_and_money_that_was_taken_counts(
    before: Any, said: Any, after: Any
) -> None:
    assert rules.news(row(before), Truth(said, 500, "RUB")) == after


@pytest.mark.parametrize(
    ("taken_minor", "currency", "exact"),
    [(500, "RUB", True), (499, "RUB", False), (501, "RUB", False), (500, "USD", False)],
)
def test_only_the_amount_that_was_asked_for_is_exact(taken_minor: int, currency: str, exact: bool) -> None:
    assert rules.is_exact(row("succeeded", taken_minor=taken_minor, taken_currency=currency)) is exact


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**12), max_size=5))
def test_a_refund_is_never_more_than_the_payments_have_room_for(wanted_minor: int, rooms: list[int]) -> None:
    parts = rules.shares(wanted_minor, rooms)
    assert sum(parts) == min(wanted_minor, sum(rooms))
    assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))
    for place, (part, room) in enumerate(zip(parts, rooms, strict=True)):
        assert part == room or not any(parts[place + 1 :]), "the first payments first"


@pytest.mark.parametrize("pauses_s", [rules.CHECK_AFTER_S, rules.REFUND_AFTER_S])
def test_the_pauses_grow_to_a_day(pauses_s: tuple[int, ...]) -> None:
    assert list(pauses_s) == sorted(pauses_s)
    assert (pauses_s[0], pauses_s[-1]) == (2, DAY_S)


def test_a_refund_is_tried_for_three_days_before_staff_are_asked() -> None:
    assert 2.5 * DAY_S < sum(rules.REFUND_AFTER_S[:-1]) < 4 * DAY_S


def test_the_shops_of_a_payment_are_read_from_its_row() -> None:
    assert rules.shops_of(row()) == [3, 5]
