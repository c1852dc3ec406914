"""Orders: the states, who may move them, and the history that gives the row."""

from typing import Final, get_args

import msgspec
import pytest

from artel.kernel.history import changes, replayed
from artel.orders.orders import rules
from artel.orders.orders.model import MoveName, Standing, Status
from artel.orders.orders.rows import OrderRow, PartRow

NOW: Final = 1_000_000_000
ORDER: Final = OrderRow(*(7, 5, "awaiting_payment", "RUB", 300, 0, 0, 0, 0, 300, 0, "", "", "", 1, NOW + 1, 0, 0, 1, 1))
PART: Final = PartRow(7, 1, "Books", None, "", 100, 0, 0, 0, 0, 100, 0, 1, 0, "", 0, 0, 0)
PARTS: Final = [PART, msgspec.structs.replace(PART, shop_id=2, goods_minor=200, total_minor=200)]
SENT: Final = [msgspec.structs.replace(part, shipped_us=5) for part in PARTS]
UNSAID: Final = [msgspec.structs.replace(part, confirmed_us=0) for part in PARTS]
BACK: Final = [msgspec.structs.replace(part, refunded_minor=part.total_minor) for part in PARTS]
BOTH: Final = {1, 2}


def order(status: str, **changed: object) -> OrderRow:
    return msgspec.structs.replace(ORDER, status=status, expires_us=0, **changed)


def waiting(status: str, expires_us: int = NOW + 1) -> OrderRow:
    return msgspec.structs.replace(ORDER, status=status, expires_us=expires_us)


def legal(row: OrderRow, parts: list[PartRow], *asker: Standing, own: set[int] | None = None) -> set[MoveName]:
    return set(rules.legal(row, parts, BOTH if own is None else own, frozenset(asker), NOW))


# What each may do in each state, written a second time.
TABLE: Final[list[tuple[OrderRow, list[PartRow], dict[str, set[str]]]]] = [
    (
        waiting("check_availability"),
        UNSAID,
        {"customer": {"cancel"}, "shop": {"confirm", "cancel"}, "staff": {"confirm", "cancel"}, "system": set()},
    ),
    (
        waiting("check_availability", NOW),
        UNSAID,
        {"customer": {"cancel"}, "shop": {"cancel"}, "staff": {"cancel"}, "system": {"expire"}},
    ),
    (
        waiting("awaiting_payment"),
        PARTS,
        {"customer": {"pay", "cancel"}, "shop": set(), "seller": {"cancel"}, "staff": {"cancel"}, "system": set()},
    ),
    (
        waiting("awaiting_payment", NOW),
        PARTS,
        {"customer": {"cancel"}, "shop": set(), "staff": {"cancel"}, "system": {"expire"}},
    ),
    (
        order("paid", paid_us=3),
        PARTS,
        {
            "customer": {"cancel"},
            "shop": {"ship", "refund"},
            "seller": {"cancel"},
            "staff": {"cancel", "ship", "refund"},
            "system": set(),
        },
    ),
    (
        order("paid", paid_us=3),
        [SENT[0], PARTS[1]],  # one of two is on its way
        {"customer": set(), "shop": {"ship", "refund"}, "staff": {"cancel", "ship", "refund"}},
    ),
    (
        order("shipped", paid_us=3),
        SENT,
        {
            "customer": {"complete"},
            "shop": {"refund"},
            "seller": {"cancel", "complete"},
            "staff": {"cancel", "complete", "refund"},
            "system": set(),
        },
    ),
    (order("completed", paid_us=3, completed_us=4), SENT, {"customer": set(), "shop": {"refund"}, "staff": {"refund"}}),
    (order("partly_refunded", paid_us=3), PARTS, {"customer": set(), "shop": {"ship", "refund"}}),
    (order("partly_refunded", paid_us=3), SENT, {"customer": {"complete"}, "staff": {"complete", "refund"}}),
    (order("partly_refunded", paid_us=3, completed_us=4), SENT, {"customer": set(), "staff": {"refund"}}),
    (order("partly_refunded", paid_us=3), [BACK[0], PARTS[1]], {"customer": set(), "staff": {"ship", "refund"}}),
    (order("partly_refunded", paid_us=3), [BACK[0], SENT[1]], {"customer": {"complete"}, "shop": {"ship", "refund"}}),
    (order("partly_refunded", paid_us=3, completed_us=4), [BACK[0], SENT[1]], {"customer": set(), "shop": {"refund"}}),
    *(
        (order(status), BACK, {each: set() for each in get_args(Standing)})
        for status in ("cancelled", "expired", "refunded")
    ),
]


@pytest.mark.parametrize(("row", "parts", "expected"), TABLE)
def test_each_state_has_its_moves_for_each_asker(
    row: OrderRow, parts: list[PartRow], expected: dict[Standing, set[str]]
) -> None:
    for asker, moves in expected.items():
        assert legal(row, parts, asker) == moves, (row.status, asker)


def test_every_state_is_in_the_table() -> None:
    assert {row.status for row, *_ in TABLE} == set(get_args(Status))
    assert set(rules.MOVES) == set(get_args(MoveName))


def test_a_shop_moves_only_what_is_left_of_its_own_part() -> None:
    one_sent = [SENT[0], PARTS[1]]
    assert legal(order("paid"), one_sent, "shop", own={1}) == {"refund"}
    assert legal(order("paid"), one_sent, "shop", own={2}) == {"ship", "refund"}
    one_back = [BACK[0], PARTS[1]]
    assert legal(order("partly_refunded"), one_back, "shop", own={1}) == {"ship"}
    one_said = [PARTS[0], UNSAID[1]]
    assert legal(waiting("check_availability"), one_said, "shop", own={1}) == {"cancel"}
    assert legal(waiting("check_availability"), one_said, "shop", own={2}) == {"confirm", "cancel"}


@pytest.mark.parametrize(
    ("account_id", "platform", "own", "standing"),
    [
        (5, False, set(), {"customer"}),
        (6, False, set(), set()),
        (6, False, {3}, set()),
        (6, False, {2, 3}, {"shop"}),
        (6, False, {1, 2}, {"shop", "seller"}),
        (6, True, set(), {"staff"}),
        (5, True, {1}, {"customer", "staff", "shop"}),
    ],
)
def test_what_somebody_is_to_an_order(account_id: int, platform: bool, own: set[int], standing: set[str]) -> None:
    found = rules.standings(account_id, platform, own, customer_id=5, shop_ids=[1, 2])
    assert found == standing
    assert rules.sees_all(found) == bool(standing - {"shop"})


def test_a_number_has_the_year_and_six_digits_or_more() -> None:
    assert rules.number(123, 1_795_219_200_000_000) == "2026-000123"
    assert rules.number(12_345_678, 1_767_225_599_999_999) == "2025-12345678"


def test_a_history_replayed_gives_the_row() -> None:
    paid = order("paid", paid_us=9, updated_us=9, version=2)
    back = msgspec.structs.replace(rules.after_refund(paid, 100), version=3)
    told, row = [], None
    for new in [ORDER, paid, back]:
        told.append(msgspec.json.encode(changes(row, new)).decode())
        row = new
    assert replayed(OrderRow, told) == back
    assert replayed(OrderRow, told[:2]) == paid
    assert set(msgspec.json.decode(told[2])) == {"status", "refunded_minor", "version"}
    assert replayed(OrderRow, [told[0], told[2]]) != back, "an event that is lost shows"


def test_a_refund_of_all_is_told_from_one_of_a_part() -> None:
    assert rules.after_refund(order("paid"), 299).status == "partly_refunded"
    assert rules.after_refund(order("shipped", refunded_minor=1), 299).status == "refunded"
