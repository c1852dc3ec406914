"""Vouchers: pure decisions."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET

from artel.kernel.clock import US, iso, parse_iso
from artel.kernel.errors import Refusal
from artel.kernel.money import share_bp, split
from artel.kernel.text import folded
from artel.orders.vouchers.model import (
    CODE_MIN,
    Standing,
    Voucher,
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

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # of codes that Artel makes: nothing that is misread in print
GROUPS: Final = (4, 4, 4)  # twelve of 31 letters: 59 bits, which nobody finds by trying
# How many codes that there are not may be tried: a person mistypes a few, a program needs thousands.
GUESSES_PER_ACCOUNT: Final = 10
GUESSES_PER_ADDRESS: Final = 50
GUESSES_WINDOW_US: Final = 3_600 * US
YEAR_3000_US: Final = parse_iso("3000-01-01") - 1


# --- the code of a customer


def code_key(code: str) -> str:
    """What makes two spellings of a code one: case, hyphens and spaces do not count."""
    return "".join(each for each in folded(code) if each.isalnum())


def why_not(voucher: Standing | None, typed: str, now_us: int) -> Refusal | None:
    """Why the voucher does not serve now; None when it does. One that was withdrawn is told like one that never was."""
    if voucher is None:
        return VoucherUnknown(code=typed)
    if voucher.from_us > now_us:
        return VoucherNotYet(code=voucher.code, from_at=iso(voucher.from_us))
    if 0 < voucher.until_us <= now_us:
        return VoucherOver(code=voucher.code)
    if 0 < voucher.uses_max <= voucher.used:
        return VoucherUsedUp(code=voucher.code)
    if voucher.used_by_asker:
        return VoucherUsedByYou(code=voucher.code)
    return None


def discounts(voucher: Standing, currency: str, goods: Sequence[tuple[int, int]]) -> list[int]:
    """What the voucher takes off each line of (shop_id, goods_minor), in minor units.

    The discount is computed once, on all the goods that it serves, and divided in proportion by largest remainders: it
    adds up exactly, and no line loses more than it is worth.
    Raises VoucherCurrency, VoucherMinimum, VoucherNotForThese.
    """
    served = [worth if voucher.shop_id in (None, shop_id) else 0 for shop_id, worth in goods]
    whole = sum(served)
    if whole and voucher.currency not in ("", currency):
        raise VoucherCurrency(code=voucher.code, currency=voucher.currency)
    if whole and whole < voucher.minimum_minor:
        raise VoucherMinimum(
            code=voucher.code, minimum_minor=voucher.minimum_minor, currency=voucher.currency, goods_minor=whole
        )
    wanted = share_bp(whole, voucher.percent_bp) if voucher.percent_bp else voucher.amount_minor
    if not min(whole, wanted):
        raise VoucherNotForThese(code=voucher.code)
    return split(min(whole, wanted), served)


# --- who gives vouchers away


def check_code(code: str) -> None:
    """Refuse a code that a person could not type. Raises VoucherUnfit."""
    if not all(each.isalnum() or each == "-" for each in code):
        raise VoucherUnfit(field="code", problem="holds something else than letters, digits and hyphens")
    if len(code_key(code)) < CODE_MIN:
        raise VoucherUnfit(field="code", problem=f"has fewer than {CODE_MIN} letters and digits")


def check_value(wanted: VoucherWanted, currency: str) -> None:
    """Refuse a voucher that takes nothing off, or in no currency; `currency` is the one that it gets.

    Raises VoucherUnfit.
    """
    if bool(wanted.percent_bp) == bool(wanted.amount_minor):
        raise VoucherUnfit(field="percent_bp", problem="give either percent_bp or amount_minor")
    if wanted.currency is not UNSET and wanted.currency != currency:
        raise VoucherUnfit(field="currency", problem=f"is not the shop's, which is {currency}")
    if (wanted.amount_minor or wanted.minimum_minor) and not currency:
        raise VoucherUnfit(field="currency", problem="is needed with an amount or a minimum")


def moment(field: str, text: str) -> int:
    """Microseconds of a time as it was typed. Raises VoucherUnfit."""
    try:
        at_us = parse_iso(text)
    except ValueError:
        raise VoucherUnfit(field=field, problem="is not an ISO 8601 time, such as 2026-12-01T00:00:00Z") from None
    if not 0 <= at_us <= YEAR_3000_US:
        raise VoucherUnfit(field=field, problem="is not between the years 1970 and 3000")
    return at_us


def check_span(from_us: int, until_us: int) -> None:
    """Refuse a voucher that ends before it begins. Raises VoucherUnfit."""
    if until_us and until_us <= from_us:
        raise VoucherUnfit(field="until_at", problem=f"is not after {iso(from_us)}, when it begins")


def edited(row: VoucherRow, edit: VoucherEdit) -> dict[str, int]:
    """The columns whose value really changes. Raises VoucherUnfit."""
    wanted: dict[str, int] = {}
    for field in ("minimum_minor", "uses_max", "active"):
        if (value := getattr(edit, field)) is not UNSET:
            wanted[field] = int(value)
    if edit.from_at is not UNSET:
        wanted["from_us"] = moment("from_at", edit.from_at)
    if edit.until_at is not UNSET:
        wanted["until_us"] = moment("until_at", edit.until_at) if edit.until_at else 0
    check_span(wanted.get("from_us", row.from_us), wanted.get("until_us", row.until_us))
    if wanted.get("minimum_minor") and not row.currency:
        raise VoucherUnfit(field="minimum_minor", problem="needs a voucher with a currency: make another one")
    return {column: value for column, value in wanted.items() if value != getattr(row, column)}


def shown(row: VoucherRow) -> Voucher:
    """The voucher as an answer."""
    return Voucher(
        id=row.id,
        shop_id=row.shop_id,
        code=row.code,
        percent_bp=row.percent_bp,
        amount_minor=row.amount_minor,
        currency=row.currency,
        minimum_minor=row.minimum_minor,
        from_at=iso(row.from_us),
        until_at=iso(row.until_us) if row.until_us else None,
        once_per_customer=bool(row.once_per_customer),
        uses_max=row.uses_max,
        used=row.used,
        active=bool(row.active),
        created_at=iso(row.created_us),
        updated_at=iso(row.updated_us),
        version=row.version,
    )
