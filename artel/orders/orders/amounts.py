"""What an order comes to: every sum is that of the lines, and nothing is rounded twice.

The one rule of tax: it is computed for each line on its price times its quantity less its discount. A price that holds
its tax holds `net * rate / (1 + rate)` of it; otherwise `net * rate` comes on top; both are rounded half to even, once.
Delivery bears the rate of its shop in the same way. Parts and the order add up what the lines have.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from artel.kernel.money import AMOUNT_MAX, BASIS_POINTS, half_even, share_bp
from artel.orders.orders.model import TotalTooLarge
from artel.orders.orders.rows import LineRow, PartRow


class Sums(Struct, frozen=True):
    """Money in minor units. `tax_minor` is all the tax, `tax_added_minor` what of it the prices do not hold."""

    goods_minor: int = 0
    discount_minor: int = 0
    delivery_minor: int = 0
    tax_minor: int = 0
    tax_added_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What is paid."""
        return self.goods_minor - self.discount_minor + self.delivery_minor + self.tax_added_minor


class Priced(Struct, frozen=True):
    """What a line is sold for: copies at a price, of a shop, with a rate of tax that the price holds or does not."""

    shop_id: int
    quantity: int
    price_minor: int
    tax_bp: int
    tax_included: int
    discount_minor: int = 0


class Delivery(Struct, frozen=True):
    """What a delivery costs, and with which tax."""

    price_minor: int
    tax_bp: int
    tax_included: int


def tax_of(net_minor: int, tax_bp: int, tax_included: int) -> tuple[int, int]:
    """The tax of an amount: all of it, and what of it comes on top."""
    if tax_included:
        return half_even(net_minor * tax_bp, BASIS_POINTS + tax_bp), 0
    tax_minor = share_bp(net_minor, tax_bp)
    return tax_minor, tax_minor


def of_line(line: Priced) -> Sums:
    """What a line comes to."""
    goods_minor = line.price_minor * line.quantity
    tax_minor, added_minor = tax_of(goods_minor - line.discount_minor, line.tax_bp, line.tax_included)
    return Sums(goods_minor, line.discount_minor, 0, tax_minor, added_minor)


def of_delivery(delivery: Delivery) -> Sums:
    """What a delivery comes to."""
    tax_minor, added_minor = tax_of(delivery.price_minor, delivery.tax_bp, delivery.tax_included)
    return Sums(0, 0, delivery.price_minor, tax_minor, added_minor)


def together(several: Iterable[Sums]) -> Sums:
    """The sums added up."""
    goods = discount = delivery = tax = added = 0
    for each in several:
        goods += each.goods_minor
        discount += each.discount_minor
        delivery += each.delivery_minor
        tax += each.tax_minor
        added += each.tax_added_minor
    return Sums(goods, discount, delivery, tax, added)


def of_parts(lines: Sequence[Priced], deliveries: Mapping[int, Delivery]) -> dict[int, Sums]:
    """What each shop's part comes to, by the shop's id. Raises TotalTooLarge when the order is more than any can be."""
    found: dict[int, list[Sums]] = {}
    for line in lines:
        found.setdefault(line.shop_id, []).append(of_line(line))
    for shop_id, delivery in deliveries.items():
        found[shop_id].append(of_delivery(delivery))
    parts = {shop_id: together(found[shop_id]) for shop_id in sorted(found)}
    whole = together(parts.values())
    if max(whole.goods_minor, whole.total_minor) > AMOUNT_MAX:
        raise TotalTooLarge(limit_minor=AMOUNT_MAX)
    return parts


def due_for(copies: int, line_total_minor: int, quantity: int) -> int:
    """What the first `copies` of a line's copies are worth: so that all of them are worth exactly the line."""
    return half_even(line_total_minor * copies, quantity)


def tax_back(tax_minor: int, refunded_minor: int, total_minor: int) -> int:
    """The tax in what was paid back of a part: in proportion, so that a part paid back whole takes back all its tax."""
    return half_even(tax_minor * refunded_minor, total_minor) if refunded_minor else 0


def line_total(line: LineRow, part: PartRow) -> int:
    """What a line costs, with its discount and the tax that comes on top; a shop's tax is added to all its prices."""
    added = line.tax_minor if part.tax_added_minor else 0
    return line.price_minor * line.quantity - line.discount_minor + added
