"""Carts: tables."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata

# One per account; a guest's has a token instead.
carts = Table(
    "carts",
    metadata,
    identity(),
    integer("account_id", nullable=True),
    Column("token_hash", LargeBinary, nullable=True),
    integer("created_us"),
    integer("updated_us"),
    UniqueConstraint("account_id", name="carts_account_id_uq"),
    UniqueConstraint("token_hash", name="carts_token_hash_uq"),
    ForeignKeyConstraint(["account_id"], ["accounts.id"], name="carts_account_id_fk"),
    CheckConstraint("(account_id IS NULL) <> (token_hash IS NULL)", name="owner"),
)
Index("carts_updated_ix", carts.c.updated_us)

cart_lines = Table(
    "cart_lines",
    metadata,
    integer("cart_id"),
    integer("offer_id"),
    integer("quantity"),
    integer("seen_price_minor"),  # what the offer cost when the line was last changed
    integer("added_us"),
    PrimaryKeyConstraint("cart_id", "offer_id", name="cart_lines_pk"),
    # A cart that ends takes its lines with it, in the one statement that looks whether it may end.
    ForeignKeyConstraint(["cart_id"], ["carts.id"], name="cart_lines_cart_id_fk", ondelete="CASCADE"),
    ForeignKeyConstraint(["offer_id"], ["offers.id"], name="cart_lines_offer_id_fk"),
    CheckConstraint("quantity > 0", name="quantity"),
)
