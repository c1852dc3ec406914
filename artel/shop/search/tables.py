"""What search keeps of the products: tables. The index itself is no plain table and is made by hand in its migration.

On SQLite `search_index` is an FTS5 table without content, on PostgreSQL a table with a `tsvector`; both hold stems that
are made here, in Python, so that both find the same.
"""

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from artel.db import identity, integer, metadata, text

# What a product is called, for those that live.
search_products = Table(
    "search_products",
    metadata,
    integer("product_id"),
    Column("title_key", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),  # as titles are sorted
    text("title_words"),  # the stems of the title, with spaces between
    text("author_words"),
    text("authors"),  # their names as a JSON list, as they are shown
    PrimaryKeyConstraint("product_id", name="search_products_pk"),
    ForeignKeyConstraint(["product_id"], ["products.id"], name="search_products_product_id_fk"),
)

# Every stem that a title or an author's name ever had: what a mistyped word is corrected to.
search_words = Table(
    "search_words",
    metadata,
    identity(),
    text("word"),  # the stem
    text("shown"),  # the whole word as it came first
    UniqueConstraint("word", name="search_words_word_uq"),
)

# What similar stems share: three letters of a long one, a short one with a letter left out.
search_keys = Table(
    "search_keys",
    metadata,
    text("key"),
    integer("word_id"),
    PrimaryKeyConstraint("key", "word_id", name="search_keys_pk"),
    ForeignKeyConstraint(["word_id"], ["search_words.id"], name="search_keys_word_id_fk"),
)
