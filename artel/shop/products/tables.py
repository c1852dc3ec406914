"""Products, their authors and images: tables."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata, text

products = Table(
    "products",
    metadata,
    identity(),
    integer("shop_id", nullable=True),  # the shop that entered it, whose staff edit it; none: the owners do
    text("kind"),  # book, goods
    text("title"),
    text("description"),
    integer("category_id", nullable=True),
    text("language"),  # ISO 639-1; '' for none
    text("attributes"),  # JSON object of free attributes
    integer("tax_bp"),  # basis points; -1: as the shop has it
    integer("created_us"),
    integer("updated_us"),
    integer("deleted_us"),  # 0: it lives
    integer("version"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="products_shop_id_fk"),
    ForeignKeyConstraint(["category_id"], ["categories.id"], name="products_category_id_fk"),
    CheckConstraint("tax_bp BETWEEN -1 AND 10000", name="tax_bp"),
)
Index("products_category_ix", products.c.category_id)
Index("products_shop_ix", products.c.shop_id)

# What only a book has.
books = Table(
    "books",
    metadata,
    integer("product_id"),
    text("isbn", nullable=True),  # ISBN-13, digits only; none: printed before 1967, or not known
    text("publisher"),
    integer("year"),  # 0: not known
    integer("pages"),  # 0: not known
    PrimaryKeyConstraint("product_id", name="books_pk"),
    UniqueConstraint("isbn", name="books_isbn_uq"),
    ForeignKeyConstraint(["product_id"], ["products.id"], name="books_product_id_fk"),
)

authors = Table(
    "authors",
    metadata,
    identity(),
    text("name"),
    text("name_key"),  # as it is compared
    UniqueConstraint("name_key", name="authors_name_key_uq"),
)

product_authors = Table(
    "product_authors",
    metadata,
    integer("product_id"),
    integer("author_id"),
    integer("position"),
    PrimaryKeyConstraint("product_id", "author_id", name="product_authors_pk"),
    ForeignKeyConstraint(["product_id"], ["products.id"], name="product_authors_product_id_fk"),
    ForeignKeyConstraint(["author_id"], ["authors.id"], name="product_authors_author_id_fk"),
)
Index("product_authors_author_ix", product_authors.c.author_id, product_authors.c.product_id)

product_images = Table(
    "product_images",
    metadata,
    integer("product_id"),
    integer("position"),
    text("url"),
    text("alt"),  # what the image shows, for who does not see it
    PrimaryKeyConstraint("product_id", "position", name="product_images_pk"),
    ForeignKeyConstraint(["product_id"], ["products.id"], name="product_images_product_id_fk"),
)
