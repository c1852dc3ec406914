"""Shops: tables."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata, text

shops = Table(
    "shops",
    metadata,
    identity(),
    text("slug"),  # in addresses; unique
    text("name"),
    text("name_key"),  # as it is searched
    text("description"),
    text("site"),
    text("currency"),  # of its offers
    integer("tax_bp"),  # basis points, for products that say nothing of their own
    integer("tax_included"),  # 1: prices hold the tax; 0: it is added
    integer("confirms"),  # 1: an order waits until the shop has looked whether it can be delivered
    integer("low_stock"),  # an offer with this many copies or fewer is worth an event
    integer("commission_bp"),  # basis points of its sales that the platform keeps
    integer("created_us"),
    integer("updated_us"),
    integer("closed_us"),  # 0: it is open
    integer("version"),
    UniqueConstraint("slug", name="shops_slug_uq"),
    CheckConstraint("tax_bp BETWEEN 0 AND 10000", name="tax_bp"),
    CheckConstraint("commission_bp BETWEEN 0 AND 10000", name="commission_bp"),
)

# Who may edit a shop, besides the owners of the installation.
shop_members = Table(
    "shop_members",
    metadata,
    integer("shop_id"),
    integer("account_id"),
    integer("added_us"),
    PrimaryKeyConstraint("shop_id", "account_id", name="shop_members_pk"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="shop_members_shop_id_fk"),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="shop_members_account_id_fk"),
)
Index("shop_members_account_ix", shop_members.c.account_id)
