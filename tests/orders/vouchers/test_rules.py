"""What a voucher takes off which line, when it serves, and which codes are one."""

import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from artel.kernel.clock import US, parse_iso
from artel.kernel.errors import Refusal
from artel.kernel.money import AMOUNT_MAX, BASIS_POINTS
from artel.orders.vouchers import rules
from artel.orders.vouchers.model import (
    NOT_TAKEN,
    Standing,
    VoucherCurrency,
    VoucherEdit,
    VoucherMinimum,
    VoucherNotForThese,
    VoucherNotYet,
    VoucherOver,
    VoucherRow,
    VoucherUnfit,
    VoucherUnknown,
    VoucherUsedByYou,
    VoucherUsedUp,
    VoucherWanted,
)

NOW_US = 1_000 * US
TENTH = Standing(
    id=1,
    shop_id=None,
    code="TENTH",
    percent_bp=1_000,
    amount_minor=0,
    currency="",
    minimum_minor=0,
    from_us=0,
    until_us=0,
    once_per_customer=0,
    uses_max=0,
    used=0,
    used_by_asker=0,
)
ROW = VoucherRow(1, 7, "TENTH", 1_000, 0, "RUB", 0, 0, 0, 0, 5, 3, 1, 0, 0, 1)


def voucher(**fields: Any) -> Standing:
    return msgspec.structs.replace(TENTH, **fields)


def amount(amount_minor: int, **fields: Any) -> Standing:
    return voucher(**{"percent_bp": 0, "amount_minor": amount_minor, "currency": "RUB"} | fields)


# --- what it takes off


@pytest.mark.parametrize(
    ("given", "goods", "taken"),
    [
        (voucher(), [(1, 1_000)], [100]),
        (voucher(), [(1, 1_000), (2, 500)], [100, 50]),
        (voucher(shop_id=2), [(1, 1_000), (2, 500)], [0, 50]),
        (voucher(percent_bp=BASIS_POINTS), [(1, 1_000), (1, 0)], [1_000, 0]),
        (voucher(percent_bp=5_000), [(1, 5)], [2]),  # 2.5 to the even neighbour
        (voucher(percent_bp=5_000), [(1, 7)], [4]),  # 3.5
        (voucher(percent_bp=5_000), [(1, 1), (1, 1), (1, 1)], [1, 1, 0]),  # on the sum, not line by line
        (amount(100), [(1, 1_000)], [100]),
        (amount(100), [(1, 33), (1, 33), (1, 33)], [33, 33, 33]),  # never more than the goods
        (amount(10), [(1, 100), (1, 100), (1, 100)], [4, 3, 3]),  # what remains goes to the first
        (amount(100, shop_id=2), [(1, 1_000), (2, 40)], [0, 40]),
        (amount(100, minimum_minor=500), [(1, 200), (2, 300)], [40, 60]),
    ],
)
def test_a_voucher_takes_off(given: Standing, goods: list[tuple[int, int]], taken: list[int]) -> None:
    assert rules.discounts(given, "RUB", goods) == taken


@pytest.mark.parametrize(
    ("given", "goods", "refusal"),
    [
        (amount(100), [(1, 1_000)], None),
        (amount(100, currency="EUR"), [(1, 1_000)], VoucherCurrency),
        (voucher(), [(1, 1_000)], None),
        (voucher(currency="EUR", minimum_minor=1), [(1, 1_000)], VoucherCurrency),
        (amount(100, minimum_minor=1_000), [(1, 1_000)], None),
        (amount(100, minimum_minor=1_001), [(1, 1_000)], VoucherMinimum),
        (amount(100, minimum_minor=1_000, shop_id=1), [(1, 999), (2, 1)], VoucherMinimum),
        (voucher(shop_id=3), [(1, 1_000), (2, 500)], VoucherNotForThese),
        (voucher(), [(1, 0)], VoucherNotForThese),
        (voucher(percent_bp=1), [(1, 5_001)], None),
        (voucher(percent_bp=1), [(1, 5_000)], VoucherNotForThese),  # half a kopeck, to the even neighbour 0
        (voucher(), [], VoucherNotForThese),
    ],
)
def test_a_voucher_that_does_not_serve_the_goods_is_refused(
    given: Standing, goods: list[tuple[int, int]], refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        assert sum(rules.discounts(given, "RUB", goods)) > 0
        return
    with pytest.raises(refusal):
        rules.discounts(given, "RUB", goods)


LINES = st.lists(st.tuples(st.integers(1, 3), st.integers(0, AMOUNT_MAX)), max_size=100)
VALUES = st.one_of(
    st.builds(lambda rate: voucher(percent_bp=rate), st.integers(1, BASIS_POINTS)),
    st.builds(amount, st.integers(1, AMOUNT_MAX)),
)


@given(VALUES, st.sampled_from([None, 1, 2]), LINES)
def test_discounts_add_up_exactly_and_no_line_is_negative_or_above_its_worth(
    given: Standing, shop_id: int | None, goods: list[tuple[int, int]]
) -> None:
    given = msgspec.structs.replace(given, shop_id=shop_id)
    served = [worth if shop_id in (None, shop) else 0 for shop, worth in goods]
    try:
        taken = rules.discounts(given, "RUB", goods)
    except VoucherNotForThese:
        assert not sum(served) or 0 < sum(served) * given.percent_bp * 2 <= BASIS_POINTS
        return
    assert len(taken) == len(goods)
    assert all(0 <= each <= worth for each, worth in zip(taken, served, strict=True))
    if given.percent_bp:
        assert abs(sum(taken) * BASIS_POINTS - sum(served) * given.percent_bp) * 2 <= BASIS_POINTS
    else:
        assert sum(taken) == min(given.amount_minor, sum(served))


# --- when it serves


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (voucher(), None),
        (None, VoucherUnknown),
        (voucher(from_us=NOW_US), None),
        (voucher(from_us=NOW_US + 1), VoucherNotYet),
        (voucher(until_us=NOW_US + 1), None),
        (voucher(until_us=NOW_US), VoucherOver),
        (voucher(uses_max=3, used=2), None),
        (voucher(uses_max=3, used=3), VoucherUsedUp),
        (voucher(uses_max=0, used=3), None),
        (voucher(once_per_customer=1, used_by_asker=1), VoucherUsedByYou),
    ],
)
def test_a_voucher_serves_in_its_time_and_so_often(given: Standing | None, refusal: type[Refusal] | None) -> None:
    found = rules.why_not(given, "tenth", NOW_US)
    assert type(found) is (refusal or type(None))
    assert refusal is None or refusal in NOT_TAKEN


def test_a_refusal_tells_a_stranger_neither_how_often_a_voucher_was_used_nor_whose_it_is() -> None:
    for refusal in NOT_TAKEN:
        told = {name for _, name, _, _ in string.Formatter().parse(refusal.__doc__ or "") if name}
        assert told <= {"code", "from_at", "currency", "minimum_minor", "goods_minor"}, refusal


# --- codes


@pytest.mark.parametrize(
    ("one", "other"),
    [("WINTER-10", "winter10"), ("ЛЕТО", "лето"), ("K7QM-3WXZ", "k7qm 3wxz"), ("ＷＩＮ１", "win1"), ("ЁЛКА", "елка")],
)
def test_two_spellings_of_one_code_have_one_key(one: str, other: str) -> None:
    assert rules.code_key(one) == rules.code_key(other)


@pytest.mark.parametrize(("one", "other"), [("WINTER-10", "WINTER-11"), ("win1", "winl"), ("o", "0")])
def test_two_codes_that_differ_have_two_keys(one: str, other: str) -> None:
    assert rules.code_key(one) != rules.code_key(other)


@pytest.mark.parametrize("code", ["WINTER-10", "ЛЕТО", "A-B-C-D", "1234"])
def test_a_code_that_can_be_typed_is_fit(code: str) -> None:
    rules.check_code(code)


@pytest.mark.parametrize("code", ["ABC-", "----", "WIN 10", "WIN_10", "WIN10\n", "W\u200bIN10", "10%OFF", "=1+1"])
def test_a_code_that_cannot_be_typed_is_unfit(code: str) -> None:
    with pytest.raises(VoucherUnfit) as refusal:
        rules.check_code(code)
    assert refusal.value.facts["field"] == "code"


def test_the_codes_that_artel_makes_hold_nothing_that_is_misread() -> None:
    assert not set("0O1IL") & set(rules.ALPHABET)
    assert len(rules.ALPHABET) ** sum(rules.GROUPS) > 2**59


# --- what may be made of it


@pytest.mark.parametrize(
    ("wanted", "currency", "field"),
    [
        (VoucherWanted(percent_bp=1_000), "", None),
        (VoucherWanted(), "", "percent_bp"),
        (VoucherWanted(percent_bp=1_000, amount_minor=100), "RUB", "percent_bp"),
        (VoucherWanted(amount_minor=100), "RUB", None),
        (VoucherWanted(amount_minor=100), "", "currency"),
        (VoucherWanted(percent_bp=1_000, minimum_minor=100), "", "currency"),
        (VoucherWanted(percent_bp=1_000, minimum_minor=100, currency="RUB"), "RUB", None),
        (VoucherWanted(percent_bp=1_000, currency="EUR"), "RUB", "currency"),
    ],
)
def test_a_voucher_takes_a_share_or_an_amount_in_a_currency(
    wanted: VoucherWanted, currency: str, field: str | None
) -> None:
    if field is None:
        rules.check_value(wanted, currency)
        return
    with pytest.raises(VoucherUnfit) as refusal:
        rules.check_value(wanted, currency)
    assert refusal.value.facts["field"] == field


def test_a_moment_is_read_in_any_zone() -> None:
    assert rules.moment("from_at", "1970-01-01T00:00:01Z") == US
    assert rules.moment("from_at", "1970-01-01T03:00:01+03:00") == US
    assert rules.moment("until_at", "2999-12-31T23:59:59.999999Z") == parse_iso("3000-01-01") - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "12",
        "2026-13-01",
        "1969-12-31T23:59:59Z",
        "3000-01-01",
        "0001-01-01T00:00+12:00",
        "9999-12-31T23:59-12:00",
    ],
)
def test_what_is_no_moment_is_unfit(text: str) -> None:
    with pytest.raises(VoucherUnfit) as refusal:
        rules.moment("from_at", text)
    assert refusal.value.facts["field"] == "from_at"


def test_an_edit_names_the_columns_that_really_change() -> None:
    edit = VoucherEdit(minimum_minor=0, uses_max=6, active=False, until_at="1970-01-01T00:00:01Z")
    assert rules.edited(ROW, edit) == {"uses_max": 6, "active": 0, "until_us": US}
    assert rules.edited(ROW, VoucherEdit()) == {}


def test_an_empty_end_means_for_ever() -> None:
    row = msgspec.structs.replace(ROW, until_us=US)
    assert rules.edited(row, VoucherEdit(until_at="")) == {"until_us": 0}
    assert rules.edited(row, VoucherEdit(until_at=UNSET)) == {}


@pytest.mark.parametrize(
    ("row", "edit"),
    [
        (ROW, VoucherEdit(from_at="2026-01-02", until_at="2026-01-02")),
        (msgspec.structs.replace(ROW, until_us=US), VoucherEdit(from_at="2026-01-02")),
        (msgspec.structs.replace(ROW, from_us=5 * US), VoucherEdit(until_at="1970-01-01T00:00:05Z")),
    ],
)
def test_a_voucher_does_not_end_before_it_begins(row: VoucherRow, edit: VoucherEdit) -> None:
    with pytest.raises(VoucherUnfit):
        rules.edited(row, edit)


def test_a_minimum_needs_a_currency() -> None:
    with pytest.raises(VoucherUnfit):
        rules.edited(msgspec.structs.replace(ROW, currency=""), VoucherEdit(minimum_minor=1))
    assert rules.edited(ROW, VoucherEdit(minimum_minor=1)) == {"minimum_minor": 1}
