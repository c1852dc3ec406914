"""Orders as they are shown to those who may see them: times as ISO 8601, and the parts that concern the asker."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from artel.kernel.clock import iso
from artel.kernel.spreadsheet import csv_line
from artel.orders.orders import amounts, rules
from artel.orders.orders.amounts import Sums
from artel.orders.orders.model import Bought, Happened, Line, Listed, Order, Part, Purchase
from artel.orders.orders.rows import BoughtRow, EventRow, LineRow, ListedRow, PartRow, SheetRow
from artel.orders.orders.seeing import Seen
from artel.payments.model import PaymentShown


def order(seen: Seen, lines: Sequence[LineRow], payments: list[PaymentShown], now_us: int) -> Order:
    """The order with the parts that the asker sees, whose sums are the order's."""
    row, whole = seen.order, seen.whole
    parts = [_part(each, lines) for each in seen.parts if whole or each.shop_id in seen.own]
    sums = row if whole else _together(parts)
    return Order(
        id=row.id,
        number=rules.number(row.id, row.placed_us),
        account_id=row.account_id,
        status=row.status,
        currency=row.currency,
        goods_minor=sums.goods_minor,
        discount_minor=sums.discount_minor,
        delivery_minor=sums.delivery_minor,
        tax_minor=sums.tax_minor,
        tax_added_minor=sums.tax_added_minor,
        total_minor=sums.total_minor,
        refunded_minor=row.refunded_minor if whole else sum(part.refunded_minor for part in parts),
        address=row.address,
        note=row.note,
        voucher_code=row.voucher_code if whole else "",
        placed_at=iso(row.placed_us),
        expires_at=_at(row.expires_us),
        paid_at=_at(row.paid_us),
        completed_at=_at(row.completed_us),
        updated_at=iso(row.updated_us),
        version=row.version,
        whole=whole,
        moves=seen.legal(now_us),
        parts=parts,
        payments=payments,
    )


def _together(parts: Sequence[Part]) -> Sums:
    return amounts.together(
        Sums(part.goods_minor, part.discount_minor, part.delivery_minor, part.tax_minor, part.tax_added_minor)
        for part in parts
    )


def _part(row: PartRow, lines: Sequence[LineRow]) -> Part:
    return Part(
        shop_id=row.shop_id,
        shop_name=row.shop_name,
        delivery_method_id=row.delivery_method_id,
        delivery_name=row.delivery_name,
        goods_minor=row.goods_minor,
        discount_minor=row.discount_minor,
        delivery_minor=row.delivery_minor,
        tax_minor=row.tax_minor,
        tax_added_minor=row.tax_added_minor,
        total_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        refunded_tax_minor=amounts.tax_back(row.tax_minor, row.refunded_minor, row.total_minor),
        confirmed_at=_at(row.confirmed_us),
        shipped_at=_at(row.shipped_us),
        tracking=row.tracking,
        lines=[_line(line, row) for line in lines if line.shop_id == row.shop_id],
    )


def _line(row: LineRow, part: PartRow) -> Line:
    return Line(
        offer_id=row.offer_id,
        title=row.title,
        quantity=row.quantity,
        price_minor=row.price_minor,
        discount_minor=row.discount_minor,
        tax_bp=row.tax_bp,
        tax_minor=row.tax_minor,
        total_minor=amounts.line_total(row, part),
        refunded_quantity=row.refunded_quantity,
    )


def listed(row: ListedRow) -> Listed:
    """An order in a list."""
    return Listed(
        id=row.id,
        number=rules.number(row.id, row.placed_us),
        account_id=row.account_id,
        status=row.status,
        currency=row.currency,
        total_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        placed_at=iso(row.placed_us),
        expires_at=_at(row.expires_us),
        paid_at=_at(row.paid_us),
        updated_at=iso(row.updated_us),
        version=row.version,
    )


def purchase(row: ListedRow, lines: Sequence[BoughtRow]) -> Purchase:
    """An order of its customer, with those of the lines that are its."""
    bought = [Bought(line.title, line.quantity, line.price_minor) for line in lines if line.order_id == row.id]
    return Purchase(row.id, row.status, iso(row.placed_us), bought)


def happened(row: EventRow, *, whole: bool) -> Happened:
    """An event of the history; money and voucher are left out for who does not see the whole order."""
    changes = msgspec.json.decode(row.changes)
    hidden = () if whole else [name for name in changes if name.endswith("_minor") or name == "voucher_code"]
    shown = {
        name.removesuffix("_us") + "_at" if name.endswith("_us") else name: _at(value)
        if name.endswith("_us")
        else value
        for name, value in changes.items()
        if name not in hidden
    }
    return Happened(row.id, iso(row.at_us), row.account_id, row.shop_id, row.kind, row.reason, shown)


SHEET: Final = (
    *("number", "order_id", "placed_at", "status", "paid_at", "shipped_at", "completed_at", "customer_id"),
    *("shop_id", "shop", "currency", "goods_minor", "discount_minor", "delivery_minor", "tax_minor"),
    *("tax_added_minor", "total_minor", "refunded_minor", "voucher", "delivery", "tracking", "address", "note"),
)


async def sheet(pages: AsyncIterator[Sequence[SheetRow]]) -> AsyncIterator[list[str]]:
    """The pages as lines of CSV, beginning with the names of the columns."""
    yield [csv_line(SHEET)]
    async for rows in pages:
        yield [sheet_line(row) for row in rows]


def sheet_line(row: SheetRow) -> str:
    """A part of an order as a line of CSV, in the columns of SHEET."""
    money = (row.goods_minor, row.discount_minor, row.delivery_minor, row.tax_minor, row.tax_added_minor)
    times = (_at(row.paid_us), _at(row.shipped_us), _at(row.completed_us))
    return csv_line(
        (
            *(rules.number(row.order_id, row.placed_us), row.order_id, iso(row.placed_us), row.status, *times),
            *(row.account_id, row.shop_id, row.shop_name, row.currency, *money, row.total_minor, row.refunded_minor),
            *(row.voucher_code, row.delivery_name, row.tracking, row.address, row.note),
        )
    )


def _at(at_us: int) -> str | None:
    return iso(at_us) if at_us else None
