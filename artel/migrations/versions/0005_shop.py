"""Shops, products, offers."""

import sqlalchemy as sa
from alembic import op

from artel.db.statement import identity, integer, text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _shops()
    _shop_members()
    _categories()
    _products()
    _books()
    _authors()
    _product_authors()
    _product_images()
    _offers()
    _offer_prices()
    _search_products()
    _search_words()
    _search_keys()
    _product_skus()
    by_hand()


def _shops() -> None:
    op.create_table(
        "shops",
        identity(),
        text("slug"),
        text("name"),
        text("name_key"),
        text("description"),
        text("site"),
        text("currency"),
        integer("tax_bp"),
        integer("tax_included"),
        integer("confirms"),
        integer("low_stock"),
        integer("created_us"),
        integer("updated_us"),
        integer("closed_us"),
        integer("version"),
        sa.CheckConstraint("tax_bp BETWEEN 0 AND 10000", name="shops_tax_bp_ck"),
        sa.PrimaryKeyConstraint("id", name="shops_pk"),
        sa.UniqueConstraint("slug", name="shops_slug_uq"),
    )


def _shop_members() -> None:
    op.create_table(
        "shop_members",
        integer("shop_id"),
        integer("account_id"),
        integer("added_us"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="shop_members_account_id_fk"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="shop_members_shop_id_fk"),
        sa.PrimaryKeyConstraint("shop_id", "account_id", name="shop_members_pk"),
    )
    op.create_index("shop_members_account_ix", "shop_members", ["account_id"])


def _categories() -> None:
    op.create_table(
        "categories",
        identity(),
        integer("parent_id", nullable=True),
        text("slug"),
        text("name"),
        sa.Column("path", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        integer("position"),
        integer("version"),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name="categories_parent_id_fk"),
        sa.PrimaryKeyConstraint("id", name="categories_pk"),
        sa.UniqueConstraint("path", name="categories_path_uq"),
        sa.UniqueConstraint("slug", name="categories_slug_uq"),
    )
    op.create_index("categories_parent_ix", "categories", ["parent_id"])


def _products() -> None:
    op.create_table(
        "products",
        identity(),
        integer("shop_id", nullable=True),
        text("kind"),
        text("title"),
        text("description"),
        integer("category_id", nullable=True),
        text("language"),
        text("attributes"),
        integer("tax_bp"),
        integer("created_us"),
        integer("updated_us"),
        integer("deleted_us"),
        integer("version"),
        sa.CheckConstraint("tax_bp BETWEEN -1 AND 10000", name="products_tax_bp_ck"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name="products_category_id_fk"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="products_shop_id_fk"),
        sa.PrimaryKeyConstraint("id", name="products_pk"),
    )
    op.create_index("products_category_ix", "products", ["category_id"])
    op.create_index("products_shop_ix", "products", ["shop_id"])


def _books() -> None:
    op.create_table(
        "books",
        integer("product_id"),
        text("isbn", nullable=True),
        text("publisher"),
        integer("year"),
        integer("pages"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="books_product_id_fk"),
        sa.PrimaryKeyConstraint("product_id", name="books_pk"),
        sa.UniqueConstraint("isbn", name="books_isbn_uq"),
    )


def _authors() -> None:
    op.create_table(
        "authors",
        identity(),
        text("name"),
        text("name_key"),
        sa.PrimaryKeyConstraint("id", name="authors_pk"),
        sa.UniqueConstraint("name_key", name="authors_name_key_uq"),
    )


def _product_authors() -> None:
    op.create_table(
        "product_authors",
        integer("product_id"),
        integer("author_id"),
        integer("position"),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name="product_authors_author_id_fk"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="product_authors_product_id_fk"),
        sa.PrimaryKeyConstraint("product_id", "author_id", name="product_authors_pk"),
    )
    op.create_index("product_authors_author_ix", "product_authors", ["author_id", "product_id"])


def _product_images() -> None:
    op.create_table(
        "product_images",
        integer("product_id"),
        integer("position"),
        text("url"),
        text("alt"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="product_images_product_id_fk"),
        sa.PrimaryKeyConstraint("product_id", "position", name="product_images_pk"),
    )


def _offers() -> None:
    op.create_table(
        "offers",
        identity(),
        integer("shop_id"),
        integer("product_id"),
        integer("price_minor"),
        text("currency"),
        integer("compare_at_minor"),
        integer("stock"),
        integer("active"),
        integer("created_us"),
        integer("updated_us"),
        integer("version"),
        integer("for_sale"),
        integer("category_id", nullable=True),
        text("language"),
        sa.Column("title_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.CheckConstraint("compare_at_minor = 0 OR compare_at_minor > price_minor", name="offers_compare_at_ck"),
        sa.CheckConstraint("price_minor >= 0", name="offers_price_ck"),
        sa.CheckConstraint("stock >= 0", name="offers_stock_ck"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="offers_product_id_fk"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="offers_shop_id_fk"),
        sa.PrimaryKeyConstraint("id", name="offers_pk"),
        sa.UniqueConstraint("shop_id", "product_id", name="offers_shop_product_uq"),
    )
    op.create_index(
        "offers_by_price_ix",
        "offers",
        ["price_minor", "id", "shop_id", "category_id", "language"],
        sqlite_where=sa.text("for_sale = 1"),
        postgresql_where=sa.text("for_sale = 1"),
    )
    op.create_index(
        "offers_by_title_ix",
        "offers",
        ["title_key", "id", "shop_id", "category_id", "language", "price_minor"],
        sqlite_where=sa.text("for_sale = 1"),
        postgresql_where=sa.text("for_sale = 1"),
    )
    op.create_index(
        "offers_of_category_ix",
        "offers",
        ["category_id", "id", "shop_id", "language", "price_minor"],
        sqlite_where=sa.text("for_sale = 1"),
        postgresql_where=sa.text("for_sale = 1"),
    )
    op.create_index(
        "offers_of_language_ix",
        "offers",
        ["language", "title_key", "id", "shop_id", "category_id", "price_minor"],
        sqlite_where=sa.text("for_sale = 1"),
        postgresql_where=sa.text("for_sale = 1"),
    )
    op.create_index(
        "offers_of_shop_ix", "offers", ["shop_id", "id", "for_sale", "category_id", "language", "price_minor"]
    )
    op.create_index("offers_product_ix", "offers", ["product_id"])


def _offer_prices() -> None:
    op.create_table(
        "offer_prices",
        identity(),
        integer("offer_id"),
        integer("price_minor"),
        integer("compare_at_minor"),
        text("currency"),
        integer("at_us"),
        integer("account_id", nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="offer_prices_offer_id_fk"),
        sa.PrimaryKeyConstraint("id", name="offer_prices_pk"),
    )
    op.create_index("offer_prices_offer_ix", "offer_prices", ["offer_id", "id"])


def _search_products() -> None:
    op.create_table(
        "search_products",
        integer("product_id"),
        sa.Column("title_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        text("title_words"),
        text("author_words"),
        text("authors"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="search_products_product_id_fk"),
        sa.PrimaryKeyConstraint("product_id", name="search_products_pk"),
    )


def _search_words() -> None:
    op.create_table(
        "search_words",
        identity(),
        text("word"),
        text("shown"),
        sa.PrimaryKeyConstraint("id", name="search_words_pk"),
        sa.UniqueConstraint("word", name="search_words_word_uq"),
    )


def _search_keys() -> None:
    op.create_table(
        "search_keys",
        text("key"),
        integer("word_id"),
        sa.ForeignKeyConstraint(["word_id"], ["search_words.id"], name="search_keys_word_id_fk"),
        sa.PrimaryKeyConstraint("key", "word_id", name="search_keys_pk"),
    )


def _product_skus() -> None:
    op.create_table(
        "product_skus",
        integer("product_id"),
        integer("shop_id"),
        text("sku"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="product_skus_product_id_fk"),
        sa.PrimaryKeyConstraint("product_id", name="product_skus_pk"),
        sa.UniqueConstraint("shop_id", "sku", name="product_skus_shop_sku_uq"),
    )


# by hand


def by_hand() -> None:
    """The search index, which is no plain table, and the triggers that keep what offers are listed by."""
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


SQLITE = (
    "CREATE VIRTUAL TABLE search_index USING fts5("
    "title, authors, body, content='', contentless_delete=1, tokenize='ascii', detail='column', prefix='2 3')",
    """CREATE TRIGGER offers_entered_tg AFTER INSERT ON offers BEGIN
      UPDATE offers SET
        for_sale = coalesce((
          SELECT NEW.active = 1 AND products.deleted_us = 0 AND shops.closed_us = 0
          FROM products, shops WHERE products.id = NEW.product_id AND shops.id = NEW.shop_id), 0),
        category_id = (SELECT category_id FROM products WHERE id = NEW.product_id),
        language = coalesce((SELECT language FROM products WHERE id = NEW.product_id), ''),
        title_key = coalesce((SELECT title_key FROM search_products WHERE product_id = NEW.product_id), '')
      WHERE id = NEW.id;
    END""",
    """CREATE TRIGGER offers_active_tg AFTER UPDATE OF active ON offers WHEN OLD.active <> NEW.active BEGIN
      UPDATE offers SET for_sale = (
          SELECT NEW.active = 1 AND products.deleted_us = 0 AND shops.closed_us = 0
          FROM products, shops WHERE products.id = NEW.product_id AND shops.id = NEW.shop_id)
      WHERE id = NEW.id;
    END""",
    """CREATE TRIGGER offers_follow_products_tg AFTER UPDATE OF category_id, language, deleted_us ON products
    WHEN OLD.category_id IS NOT NEW.category_id OR OLD.language <> NEW.language OR OLD.deleted_us <> NEW.deleted_us
    BEGIN
      UPDATE offers SET
        for_sale = active = 1 AND NEW.deleted_us = 0
          AND EXISTS (SELECT 1 FROM shops WHERE shops.id = offers.shop_id AND shops.closed_us = 0),
        category_id = NEW.category_id,
        language = NEW.language
      WHERE product_id = NEW.id;
    END""",
    """CREATE TRIGGER offers_follow_shops_tg AFTER UPDATE OF closed_us ON shops
    WHEN (OLD.closed_us = 0) <> (NEW.closed_us = 0) BEGIN
      UPDATE offers SET for_sale = active = 1 AND NEW.closed_us = 0
          AND EXISTS (SELECT 1 FROM products WHERE products.id = offers.product_id AND products.deleted_us = 0)
      WHERE shop_id = NEW.id;
    END""",
    """CREATE TRIGGER offers_titled_tg AFTER INSERT ON search_products BEGIN
      UPDATE offers SET title_key = NEW.title_key WHERE product_id = NEW.product_id;
    END""",
    """CREATE TRIGGER offers_retitled_tg AFTER UPDATE OF title_key ON search_products
    WHEN OLD.title_key <> NEW.title_key BEGIN
      UPDATE offers SET title_key = NEW.title_key WHERE product_id = NEW.product_id;
    END""",
)

# The rows that an offer follows are locked against writers first, and read in a second statement, which sees what they
# committed: else an offer that is entered while its product is edited would keep the old values for ever.
POSTGRESQL = (
    "CREATE TABLE search_index (rowid BIGINT CONSTRAINT search_index_pk PRIMARY KEY, vector TSVECTOR NOT NULL)",
    "CREATE INDEX search_index_vector_ix ON search_index USING gin (vector)",
    # EXECUTE plans for the words that are asked for: a rare one is found by the index, of one that half of the products
    # have the newest are walked through. A plan for any word would fetch every product with it.
    """CREATE FUNCTION search_newest(words TEXT, most INTEGER) RETURNS TABLE (rowid BIGINT)
      LANGUAGE plpgsql STABLE AS $$ BEGIN
      RETURN QUERY EXECUTE 'SELECT rowid FROM search_index WHERE vector @@ $1 ORDER BY rowid DESC LIMIT $2'
        USING to_tsquery('simple', words), most;
    END $$""",
    """CREATE FUNCTION offers_entered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM 1 FROM products, shops WHERE products.id = NEW.product_id AND shops.id = NEW.shop_id
        FOR SHARE OF products, shops;
      SELECT (NEW.active = 1 AND products.deleted_us = 0 AND shops.closed_us = 0)::int, products.category_id,
          products.language, coalesce(search_products.title_key, '')
        INTO NEW.for_sale, NEW.category_id, NEW.language, NEW.title_key
        FROM products CROSS JOIN shops LEFT JOIN search_products ON search_products.product_id = products.id
        WHERE products.id = NEW.product_id AND shops.id = NEW.shop_id;
      IF NOT FOUND THEN
        NEW.for_sale = 0;
        NEW.language = '';
        NEW.title_key = '';
      END IF;
      RETURN NEW;
    END $$""",
    "CREATE TRIGGER offers_entered_tg BEFORE INSERT ON offers FOR EACH ROW EXECUTE FUNCTION offers_entered()",
    """CREATE TRIGGER offers_active_tg BEFORE UPDATE OF active ON offers FOR EACH ROW
      WHEN (OLD.active <> NEW.active) EXECUTE FUNCTION offers_entered()""",
    """CREATE FUNCTION offers_follow_products() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE offers SET
        for_sale = (active = 1 AND NEW.deleted_us = 0
          AND EXISTS (SELECT 1 FROM shops WHERE shops.id = offers.shop_id AND shops.closed_us = 0))::int,
        category_id = NEW.category_id,
        language = NEW.language
      WHERE product_id = NEW.id;
      RETURN NULL;
    END $$""",
    """CREATE TRIGGER offers_follow_products_tg AFTER UPDATE OF category_id, language, deleted_us ON products
      FOR EACH ROW WHEN (OLD.category_id IS DISTINCT FROM NEW.category_id OR OLD.language <> NEW.language
        OR OLD.deleted_us <> NEW.deleted_us) EXECUTE FUNCTION offers_follow_products()""",
    """CREATE FUNCTION offers_follow_shops() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE offers SET for_sale = (active = 1 AND NEW.closed_us = 0
          AND EXISTS (SELECT 1 FROM products WHERE products.id = offers.product_id AND products.deleted_us = 0))::int
      WHERE shop_id = NEW.id;
      RETURN NULL;
    END $$""",
    """CREATE TRIGGER offers_follow_shops_tg AFTER UPDATE OF closed_us ON shops
      FOR EACH ROW WHEN ((OLD.closed_us = 0) <> (NEW.closed_us = 0)) EXECUTE FUNCTION offers_follow_shops()""",
    """CREATE FUNCTION offers_titled() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE offers SET title_key = NEW.title_key WHERE product_id = NEW.product_id;
      RETURN NULL;
    END $$""",
    """CREATE TRIGGER offers_titled_tg AFTER INSERT ON search_products
      FOR EACH ROW EXECUTE FUNCTION offers_titled()""",
    """CREATE TRIGGER offers_retitled_tg AFTER UPDATE OF title_key ON search_products
      FOR EACH ROW WHEN (OLD.title_key <> NEW.title_key) EXECUTE FUNCTION offers_titled()""",
)
