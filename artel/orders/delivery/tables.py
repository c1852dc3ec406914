"""Delivery methods: tables."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Table

from artel.db import identity, integer, metadata, text

delivery_methods = Table(
    "delivery_methods",
    metadata,
    identity(),
    integer("shop_id"),
    text("name"),
    text("description"),
    integer("price_minor"),
    text("currency"),
    integer("free_from_minor"),  # goods of this worth are delivered for nothing; 0: never
    integer("active"),  # 0: withdrawn
    integer("created_us"),
    integer("updated_us"),
    integer("version"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="delivery_methods_shop_id_fk"),
    CheckConstraint("price_minor >= 0", name="price"),
)
Index("delivery_methods_shop_ix", delivery_methods.c.shop_id)
