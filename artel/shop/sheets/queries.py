"""The catalogue as CSV: every statement."""

from sqlalchemy import bindparam, exists, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Query, among
from artel.db.listed import listed
from artel.shop.offers.tables import offers
from artel.shop.products.tables import books, products
from artel.shop.sheets.model import OfferLine, SkuLine, Unoffered
from artel.shop.sheets.tables import product_skus

_offer = [offers.c[field] for field in OfferLine.__struct_fields__]
_sku = [product_skus.c[field] for field in SkuLine.__struct_fields__]

# --- import

_pairs = listed("pairs", shop_id=int, product_id=int)
OFFERS = Query(
    OfferLine,
    select(*_offer).join_from(
        _pairs, offers, (offers.c.shop_id == _pairs.c.shop_id) & (offers.c.product_id == _pairs.c.product_id)
    ),
)
_called = listed("called", shop_id=int, sku=str)
SKUS = Query(
    SkuLine,
    select(*_sku)
    .join_from(
        _called, product_skus, (product_skus.c.shop_id == _called.c.shop_id) & (product_skus.c.sku == _called.c.sku)
    )
    .join(products, products.c.id == product_skus.c.product_id)
    .where(products.c.deleted_us == 0),
)
_named = listed("named", product_id=int, shop_id=int, sku=str)
_call = upsert(product_skus).from_select(
    ["product_id", "shop_id", "sku"],
    select(_named.c.product_id, _named.c.shop_id, _named.c.sku)
    .where(text("1 = 1"))  # else ON is of a join
    .order_by(_named.c.shop_id, _named.c.sku),  # so that two who name the same ones do not wait in a circle
)
CALL = (
    Query(  # what a deleted product was called, another may be called; not what a living one is called since a moment
        int,
        _call.on_conflict_do_update(
            index_elements=["shop_id", "sku"],
            set_={"product_id": _call.excluded.product_id},
            where=exists().where(products.c.id == product_skus.c.product_id, products.c.deleted_us > 0),
        ).returning(product_skus.c.product_id),
    )
)

# --- export

SKUS_OF = Query(SkuLine, select(*_sku).where(among(product_skus.c.product_id, "product_ids")))
OF_SHOP = Query(
    OfferLine,
    select(*_offer)
    .join_from(offers, products, products.c.id == offers.c.product_id)
    .where(offers.c.shop_id == bindparam("shop_id"), offers.c.id > bindparam("after_id"), products.c.deleted_us == 0)
    .order_by(offers.c.id)
    .limit(bindparam("row_limit")),
)
_unoffered = (
    select(products.c.id, books.c.isbn, product_skus.c.sku, products.c.created_us)
    .select_from(
        products.outerjoin(books, books.c.product_id == products.c.id).outerjoin(
            product_skus, product_skus.c.product_id == products.c.id
        )
    )
    .where(products.c.deleted_us == 0)
)
# Products that a shop entered and does not offer, and those of no shop that nobody offers.
UNOFFERED = Query(
    Unoffered,
    _unoffered.where(
        products.c.shop_id == bindparam("shop_id"),
        ~exists().where(offers.c.product_id == products.c.id, offers.c.shop_id == bindparam("shop_id")),
    ),
)
ORPHANS = Query(
    Unoffered,
    _unoffered.where(products.c.shop_id.is_(None), ~exists().where(offers.c.product_id == products.c.id)),
)
