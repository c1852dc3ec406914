"""What shops call their products in sheets: tables."""

from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint

from artel.db import integer, metadata, text

# The own number of a product, where an ISBN does not tell it apart: what a line of a sheet is recognised by.
product_skus = Table(
    "product_skus",
    metadata,
    integer("product_id"),
    integer("shop_id"),  # that entered the product; 0: none
    text("sku"),
    PrimaryKeyConstraint("product_id", name="product_skus_pk"),
    UniqueConstraint("shop_id", "sku", name="product_skus_shop_sku_uq"),
    ForeignKeyConstraint(["product_id"], ["products.id"], name="product_skus_product_id_fk"),
)
