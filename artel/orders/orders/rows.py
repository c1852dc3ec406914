"""Orders as the database holds them."""

from msgspec import Struct

from artel.orders.orders.model import Kind, Status


class OrderRow(Struct, frozen=True):
    """An order as the database holds it."""

    id: int
    account_id: int
    status: Status
    currency: str
    goods_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    tax_added_minor: int
    total_minor: int
    refunded_minor: int
    address: str
    note: str
    voucher_code: str
    placed_us: int
    expires_us: int
    paid_us: int
    completed_us: int
    updated_us: int
    version: int


class PartRow(Struct, frozen=True):
    """What one shop delivers of an order, as the database holds it."""

    order_id: int
    shop_id: int
    shop_name: str
    delivery_method_id: int | None
    delivery_name: str
    goods_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    tax_added_minor: int
    total_minor: int
    refunded_minor: int
    confirmed_us: int
    shipped_us: int
    tracking: str
    commission_bp: int
    commission_minor: int
    commission_refunded_minor: int


class LineRow(Struct, frozen=True):
    """Copies of one offer in an order, as the database holds it."""

    id: int
    order_id: int
    shop_id: int
    offer_id: int
    title: str
    quantity: int
    price_minor: int
    discount_minor: int
    tax_bp: int
    tax_minor: int
    refunded_quantity: int


class DueRow(Struct, frozen=True):
    """An order's money: what it came to, what was promised back, and what the platform keeps of it yet."""

    id: int
    currency: str
    paid_us: int
    total_minor: int
    refunded_minor: int
    commission_minor: int


class EarnedRow(Struct, frozen=True):
    """What a shop has of its part of an order, once that is paid: without what was promised back and the commission."""

    order_id: int
    shop_id: int
    earned_minor: int


class EventRow(Struct, frozen=True):
    """Something that happened to an order; `changes` is a JSON object of the row's fields and their new values."""

    id: int
    order_id: int
    at_us: int
    account_id: int | None
    shop_id: int | None
    kind: Kind
    reason: str
    changes: str


class BoughtRow(Struct, frozen=True):
    """A line of an order as its customer remembers it."""

    order_id: int
    title: str
    quantity: int
    price_minor: int


class ListedRow(Struct, frozen=True):
    """An order in a list, as one row."""

    id: int
    account_id: int
    status: Status
    currency: str
    total_minor: int
    refunded_minor: int
    placed_us: int
    expires_us: int
    paid_us: int
    updated_us: int
    version: int


class SheetRow(Struct, frozen=True):
    """A part of an order as one row of a spreadsheet."""

    order_id: int
    shop_id: int
    shop_name: str
    account_id: int
    status: Status
    currency: str
    goods_minor: int
    discount_minor: int
    delivery_minor: int
    tax_minor: int
    tax_added_minor: int
    total_minor: int
    refunded_minor: int
    delivery_name: str
    address: str
    note: str
    voucher_code: str
    tracking: str
    placed_us: int
    paid_us: int
    shipped_us: int
    completed_us: int
