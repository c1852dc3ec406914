"""What orders are, said a second time: dictionaries and sums, nothing of the product. The simulation compares with it.

Two shops: one sells at once, one looks first whether it can deliver. Prices are such that a tenth off is whole.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

SELLS, LOOKS = "sells", "looks"
SHOP_OF: Final = {0: SELLS, 1: SELLS, 2: LOOKS}  # the offers
PRICE_OF: Final = {0: 1_000, 1: 2_500, 2: 40}
STOCK: Final = 8  # of each offer, at first
COMMISSION_BP: Final = {SELLS: 1_250, LOOKS: 333}
USES_MAX: Final = {"LIMITED": 3, "ONCE": 10**6}
CUSTOMERS: Final = ("anna", "boris")
HOLD_S, CONFIRM_S = 900, 86_400
PAID: Final = ("paid", "shipped", "completed", "partly_refunded")


@dataclass
class Line:
    """Copies of one offer; `price` is what one costs with its discount, `back` how many were paid back."""

    price: int
    quantity: int
    back: int = 0


@dataclass
class Order:
    """An order; `left_s` is how long its stock is held yet, `kept` the money that nobody promised back.

    `paid` is how it was: by hand, from the wallet, or not yet.
    """

    customer: str
    lines: dict[int, Line]
    voucher: str | None
    status: str
    left_s: int
    kept: int = 0
    refunded: dict[str, int] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    shipped: set[str] = field(default_factory=set)
    completed: bool = False
    paid: str = ""

    def shops(self) -> set[str]:
        return {SHOP_OF[offer] for offer in self.lines}

    def worth(self, shop: str) -> int:
        return sum(line.price * line.quantity for offer, line in self.lines.items() if SHOP_OF[offer] == shop)

    def total(self) -> int:
        return sum(map(self.worth, self.shops()))

    def room(self, shop: str) -> int:
        """What can be paid back of a part."""
        return self.worth(shop) - self.refunded.get(shop, 0)

    def awaited(self) -> set[str]:
        """The shops whose parts neither are on their way nor were paid back whole."""
        return {shop for shop in self.shops() - self.shipped if self.room(shop)}

    def commission(self, shop: str) -> int:
        """What the platform keeps of a part: its share of the sale less the same share of what went back."""
        whole = round(Fraction(self.worth(shop) * COMMISSION_BP[shop], 10_000))  # half to even
        back = Fraction(whole * self.refunded.get(shop, 0), self.worth(shop))
        return whole - round(back)


class Model:
    """What the database should hold. Each step answers whether it may be made, and makes it then."""

    def __init__(self) -> None:
        self.stock = dict.fromkeys(SHOP_OF, STOCK)
        self.orders: list[Order] = []
        self.carts: dict[str, dict[int, int]] = {name: {} for name in CUSTOMERS}
        self.wallets = dict.fromkeys(CUSTOMERS, 0)
        self.credited = self.unwanted = 0
        self.paid_out = dict.fromkeys((SELLS, LOOKS), 0)

    def book(self) -> dict[str, int]:
        """What is in the accounts, those that are empty left out."""
        by_hand = [order for order in self.orders if order.paid == "by hand"]
        found = {f"wallet {name}": minor for name, minor in self.wallets.items()}
        found |= {f"revenue {shop}": self.earned(shop) - minor for shop, minor in self.paid_out.items()}
        found["fees"] = sum(order.commission(shop) for order in self._paid() for shop in order.shops())
        found["refunds"] = sum(sum(order.refunded.values()) for order in by_hand) + self.unwanted
        found["provider manual"] = -sum(order.total() for order in by_hand) - self.unwanted
        found["payouts"] = sum(self.paid_out.values())
        found["world"] = -self.credited
        return {place: minor for place, minor in found.items() if minor}

    def earned(self, shop: str) -> int:
        """What a shop has of all that was sold."""
        parts = [order for order in self._paid() if shop in order.shops()]
        return sum(order.room(shop) - order.commission(shop) for order in parts)

    def _paid(self) -> list[Order]:
        return [order for order in self.orders if order.paid]

    def credit(self, customer: str, amount: int) -> bool:
        self.wallets[customer] += amount
        self.credited += amount
        return True

    def pay_out(self) -> bool:
        for shop in self.paid_out:
            self.paid_out[shop] = max(self.paid_out[shop], self.earned(shop))
        return True

    def used(self, voucher: str) -> int:
        """How many orders that live, or lived to be paid, have it."""
        return sum(order.voucher == voucher for order in self.orders)

    def place(self, customer: str, wanted: dict[int, int] | None, voucher: str | None) -> bool:
        """Given lines, or the cart."""
        lines = self.carts[customer] if wanted is None else wanted
        if not lines or any(self.stock[offer] < count for offer, count in lines.items()):
            return False
        mine = [order for order in self.orders if order.customer == customer]
        if voucher and self.used(voucher) >= USES_MAX[voucher]:
            return False
        if voucher == "ONCE" and any(order.voucher == voucher for order in mine):
            return False
        percent = 90 if voucher else 100
        made = {offer: Line(PRICE_OF[offer] * percent // 100, count) for offer, count in lines.items()}
        looks = any(SHOP_OF[offer] == LOOKS for offer in lines)
        order = Order(customer, made, voucher, "check_availability" if looks else "awaiting_payment", HOLD_S)
        order.left_s, order.confirmed = CONFIRM_S if looks else HOLD_S, {SELLS}
        for offer, count in lines.items():
            self.stock[offer] -= count
        if wanted is None:
            self.carts[customer] = {}
        self.orders.append(order)
        return True

    def pay(self, number: int) -> bool:
        order = self.orders[number]
        if order.status != "awaiting_payment" or order.left_s <= 0:
            self.unwanted += order.total()
            return False
        order.status, order.kept, order.paid = "paid", order.total(), "by hand"
        return True

    def pay_from_wallet(self, number: int) -> bool:
        order = self.orders[number]
        waits = order.status == "awaiting_payment" and order.left_s > 0
        if not waits or self.wallets[order.customer] < order.total():
            return False
        self.wallets[order.customer] -= order.total()
        order.status, order.kept, order.paid = "paid", order.total(), "wallet"
        return True

    def confirm(self, number: int, who: str, shop: str) -> bool:
        order = self.orders[number]
        waits = order.status == "check_availability" and order.left_s > 0
        if not waits or shop in order.confirmed or shop not in self._own(order, who):
            return False
        order.confirmed.add(shop)
        if order.confirmed >= order.shops():
            order.status, order.left_s = "awaiting_payment", HOLD_S
        return True

    def cancel(self, number: int, who: str) -> bool:
        order = self.orders[number]
        sells_all = who == "staff" or self._own(order, who) == order.shops()
        allowed = {
            "check_availability": bool(self._own(order, who)) or who == order.customer,
            "awaiting_payment": sells_all or who == order.customer,
            "paid": sells_all or (who == order.customer and not order.shipped),
            "shipped": sells_all,
        }
        if not allowed.get(order.status, False):
            return False
        if order.kept:
            self._return(order, order.kept)
            order.refunded = {shop: order.worth(shop) for shop in order.shops()}
        order.kept = 0
        self._end(order, "cancelled")
        return True

    def expire(self) -> int:
        """All that are over; answers how many."""
        waiting = ("check_availability", "awaiting_payment")
        over = [order for order in self.orders if order.status in waiting and order.left_s <= 0]
        for order in over:
            self._end(order, "expired")
        return len(over)

    def ship(self, number: int, who: str, shop: str) -> bool:
        order = self.orders[number]
        if order.status not in ("paid", "partly_refunded") or order.completed or shop in order.shipped:
            return False
        if shop not in self._own(order, who):
            return False
        order.shipped.add(shop)
        if not order.awaited():
            order.status = "shipped"
        return True

    def complete(self, number: int, who: str) -> bool:
        order = self.orders[number]
        may = who in (order.customer, "staff") or self._own(order, who) == order.shops()
        there = order.status in ("shipped", "partly_refunded") and not order.awaited()
        if not may or not there or order.completed:
            return False
        order.status, order.completed = "completed", True
        return True

    def refund_copies(self, number: int, who: str, offer: int, count: int, *, restock: bool) -> bool:
        order = self.orders[number]
        line = order.lines.get(offer)
        if not self._refundable(order, who) or line is None or SHOP_OF[offer] not in self._own(order, who):
            return False
        if line.quantity - line.back < count:
            return False
        line.back += count
        shop = SHOP_OF[offer]
        self._give_back(order, {shop: min(order.room(shop), line.price * count)})
        self.stock[offer] += count if restock else 0
        return True

    def refund_amount(self, number: int, who: str, amount: int) -> bool:
        order = self.orders[number]
        rooms = {shop: order.room(shop) for shop in sorted(self._own(order, who), key=(SELLS, LOOKS).index)}
        whole = sum(rooms.values())
        if not self._refundable(order, who) or amount > whole:
            return False
        exact = {shop: Fraction(amount * room, whole) for shop, room in rooms.items()}
        shares = {shop: int(share) for shop, share in exact.items()}
        for shop in sorted(rooms, key=lambda each: shares[each] - exact[each])[: amount - sum(shares.values())]:
            shares[shop] += 1
        self._give_back(order, shares)
        return True

    def refund_everything(self, number: int, who: str, *, restock: bool) -> bool:
        order = self.orders[number]
        if not self._refundable(order, who):
            return False
        for offer, line in order.lines.items():
            if SHOP_OF[offer] in self._own(order, who):
                self.stock[offer] += line.quantity - line.back if restock else 0
                line.back = line.quantity
        self._give_back(order, {shop: order.room(shop) for shop in self._own(order, who)})
        return True

    def pass_time(self, seconds: int) -> None:
        for order in self.orders:
            order.left_s -= seconds

    def _own(self, order: Order, who: str) -> set[str]:
        """The parts that somebody may move; a shop's keeper is called after it."""
        return order.shops() if who == "staff" else order.shops() & {who}

    def _refundable(self, order: Order, who: str) -> bool:
        return order.status in PAID and any(order.room(shop) for shop in self._own(order, who))

    def _give_back(self, order: Order, shares: dict[str, int]) -> None:
        for shop, share in shares.items():
            order.refunded[shop] = order.refunded.get(shop, 0) + share
        self._return(order, sum(shares.values()))
        order.kept -= sum(shares.values())
        order.status = "partly_refunded" if order.kept else "refunded"

    def _return(self, order: Order, amount: int) -> None:
        """What was paid from a wallet is there again at once."""
        if order.paid == "wallet":
            self.wallets[order.customer] += amount

    def _end(self, order: Order, status: str) -> None:
        for offer, line in order.lines.items():
            self.stock[offer] += line.quantity - line.back
        order.status, order.voucher = status, None
