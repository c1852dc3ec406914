"""Orders, their parts, lines and history: tables."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata, text

_SUM = "total_minor = goods_minor - discount_minor + delivery_minor + tax_added_minor"

orders = Table(
    "orders",
    metadata,
    identity(),
    integer("account_id"),
    text("status"),
    text("currency"),
    integer("goods_minor"),  # the lines at their frozen prices
    integer("discount_minor"),  # what the voucher takes off the goods
    integer("delivery_minor"),
    integer("tax_minor"),  # all the tax, held in the prices or added to them
    integer("tax_added_minor"),  # the part of the tax that is added to the prices
    integer("total_minor"),  # what is paid
    integer("refunded_minor"),  # what was promised back
    text("address"),  # where to, as the customer wrote it
    text("note"),
    text("voucher_code"),  # '' for none
    integer("placed_us"),
    integer("expires_us"),  # until when the stock is held for it; 0: it is not waiting to be paid
    integer("paid_us"),  # 0: not yet
    integer("completed_us"),  # 0: not yet
    integer("updated_us"),
    integer("version"),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="orders_account_id_fk"),
    CheckConstraint(_SUM, name="total"),
    CheckConstraint("discount_minor <= goods_minor", name="discount"),
    CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refunded"),
)
Index("orders_account_ix", orders.c.account_id, orders.c.id)
Index(
    "orders_expires_ix",
    orders.c.expires_us,
    sqlite_where=orders.c.expires_us > 0,
    postgresql_where=orders.c.expires_us > 0,
)

# What one shop delivers of an order; the parts add up to it.
order_parts = Table(
    "order_parts",
    metadata,
    integer("order_id"),
    integer("shop_id"),
    text("shop_name"),  # as it was called
    integer("delivery_method_id", nullable=True),  # none: the customer fetches it
    text("delivery_name"),  # as it was called
    integer("goods_minor"),
    integer("discount_minor"),
    integer("delivery_minor"),
    integer("tax_minor"),
    integer("tax_added_minor"),
    integer("total_minor"),
    integer("refunded_minor"),
    integer("confirmed_us"),  # when the shop said that it can deliver; 0: not yet asked or not yet said
    integer("shipped_us"),  # 0: not yet
    text("tracking"),  # the carrier's number
    integer("commission_bp"),  # the shop's rate when the order was placed
    integer("commission_minor"),  # what the platform keeps of the total
    integer("commission_refunded_minor"),  # what of it went back with refunds
    PrimaryKeyConstraint("order_id", "shop_id", name="order_parts_pk"),
    ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_parts_order_id_fk"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="order_parts_shop_id_fk"),
    ForeignKeyConstraint(["delivery_method_id"], ["delivery_methods.id"], name="order_parts_delivery_method_id_fk"),
    CheckConstraint(_SUM, name="total"),
    CheckConstraint("refunded_minor BETWEEN 0 AND total_minor", name="refunded"),
    CheckConstraint("commission_minor BETWEEN 0 AND total_minor", name="commission"),
    CheckConstraint("commission_refunded_minor BETWEEN 0 AND commission_minor", name="commission_refunded"),
)
Index("order_parts_shop_ix", order_parts.c.shop_id, order_parts.c.order_id)

order_lines = Table(
    "order_lines",
    metadata,
    identity(),
    integer("order_id"),
    integer("shop_id"),
    integer("offer_id"),
    text("title"),  # as the product was called
    integer("quantity"),
    integer("price_minor"),  # of one copy, frozen
    integer("discount_minor"),  # of the whole line
    integer("tax_bp"),
    integer("tax_minor"),
    integer("refunded_quantity"),  # copies given back; their stock went back too when they came back
    UniqueConstraint("order_id", "offer_id", name="order_lines_order_offer_uq"),
    ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_lines_order_id_fk"),
    ForeignKeyConstraint(["offer_id"], ["offers.id"], name="order_lines_offer_id_fk"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("price_minor >= 0", name="price"),
    CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refunded"),
)
Index("order_lines_offer_ix", order_lines.c.offer_id)

# What happened to an order: who, when, why. Nothing of it is changed later.
order_events = Table(
    "order_events",
    metadata,
    identity(),
    integer("order_id"),
    integer("at_us"),
    integer("account_id", nullable=True),  # none: Artel itself
    integer("shop_id", nullable=True),  # whose part it was about; none: the whole order
    text("kind"),  # placed, paid, …
    text("reason"),
    text("changes"),  # JSON object: the fields of the order's row that changed, with their new values
    ForeignKeyConstraint(["order_id"], ["orders.id"], name="order_events_order_id_fk"),
)
Index("order_events_order_ix", order_events.c.order_id)
