"""Delivery methods: pure decisions."""

from artel.kernel.clock import iso
from artel.orders.delivery.model import Method, MethodRow


def price(method: MethodRow, goods_minor: int) -> int:
    """What delivery costs for goods of this worth, in minor units: nothing from `free_from_minor` on."""
    free = 0 < method.free_from_minor <= goods_minor
    return 0 if free else method.price_minor


def shown(row: MethodRow) -> Method:
    """The method as an answer."""
    return Method(
        id=row.id,
        shop_id=row.shop_id,
        name=row.name,
        description=row.description,
        price_minor=row.price_minor,
        currency=row.currency,
        free_from_minor=row.free_from_minor,
        active=bool(row.active),
        created_at=iso(row.created_us),
        updated_at=iso(row.updated_us),
        version=row.version,
    )
