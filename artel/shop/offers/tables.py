"""Offers and the history of their prices: tables."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Table, Text, UniqueConstraint

from artel.db import identity, integer, metadata, text

# A product in a shop.
offers = Table(
    "offers",
    metadata,
    identity(),
    integer("shop_id"),
    integer("product_id"),
    integer("price_minor"),
    text("currency"),
    integer("compare_at_minor"),  # the price that is struck through; 0: none
    integer("stock"),  # copies that can be sold
    integer("active"),  # 0: withdrawn
    integer("created_us"),
    integer("updated_us"),
    integer("version"),  # of what people edit: selling a copy does not count
    # What lists are filtered and sorted by. Triggers keep it, whoever writes offers, products or shops.
    integer("for_sale"),  # 1: it can be bought: it is active, its product lives, its shop is open
    integer("category_id", nullable=True),  # of the product
    text("language"),  # of the product
    Column(
        "title_key", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False
    ),  # search_products has it
    UniqueConstraint("shop_id", "product_id", name="offers_shop_product_uq"),
    ForeignKeyConstraint(["shop_id"], ["shops.id"], name="offers_shop_id_fk"),
    ForeignKeyConstraint(["product_id"], ["products.id"], name="offers_product_id_fk"),
    CheckConstraint("stock >= 0", name="stock"),
    CheckConstraint("price_minor >= 0", name="price"),
    CheckConstraint("compare_at_minor = 0 OR compare_at_minor > price_minor", name="compare_at"),
)
Index("offers_product_ix", offers.c.product_id)


def _for_sale(name: str, *columns: Column[Any]) -> None:
    condition = offers.c.for_sale == 1
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


# A list in an order walks one of the first two; a list of few offers gathers them by one of the others. They hold what
# lists are filtered by, so that only the offers that pass are looked at. The stock is in none of them: a sale changes
# no index.
_shop, _category, _language, _price = offers.c.shop_id, offers.c.category_id, offers.c.language, offers.c.price_minor
_for_sale("offers_by_price_ix", _price, offers.c.id, _shop, _category, _language)
_for_sale("offers_by_title_ix", offers.c.title_key, offers.c.id, _shop, _category, _language, _price)
_for_sale("offers_of_category_ix", _category, offers.c.id, _shop, _language, _price)
# Titles of one language stand together, so that a walk by title for another one would find nothing for long.
_for_sale("offers_of_language_ix", _language, offers.c.title_key, offers.c.id, _shop, _category, _price)
# Its staff see what is withdrawn, too.
Index("offers_of_shop_ix", _shop, offers.c.id, offers.c.for_sale, _category, _language, _price)

# Every price that an offer ever had, the present one last.
offer_prices = Table(
    "offer_prices",
    metadata,
    identity(),
    integer("offer_id"),
    integer("price_minor"),
    integer("compare_at_minor"),
    text("currency"),
    integer("at_us"),
    integer("account_id", nullable=True),  # who set it; none: the operator at the command line
    ForeignKeyConstraint(["offer_id"], ["offers.id"], name="offer_prices_offer_id_fk"),
)
Index("offer_prices_offer_ix", offer_prices.c.offer_id, offer_prices.c.id)
