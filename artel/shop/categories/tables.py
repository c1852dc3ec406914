"""Categories: tables."""

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, Text, UniqueConstraint

from artel.db import identity, integer, metadata, text

categories = Table(
    "categories",
    metadata,
    identity(),
    integer("parent_id", nullable=True),  # none: a root
    text("slug"),
    text("name"),
    # The ids from the root to itself, /1/7/12/: what is below begins with it, and is one range in the order of bytes.
    Column("path", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    integer("position"),  # among its siblings
    integer("version"),
    UniqueConstraint("slug", name="categories_slug_uq"),
    UniqueConstraint("path", name="categories_path_uq"),
    ForeignKeyConstraint(["parent_id"], ["categories.id"], name="categories_parent_id_fk"),
)
Index("categories_parent_ix", categories.c.parent_id)
