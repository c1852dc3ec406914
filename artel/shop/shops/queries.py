"""Shops: every statement."""

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Command, Query, among
from artel.db.listed import listed
from artel.shop.shops.model import MemberRow, ShopRow
from artel.shop.shops.tables import shop_members, shops

_shown = [shops.c[field] for field in ShopRow.__struct_fields__]
_the_shop = shops.c.id == bindparam("shop_id")

OPEN = Query(
    ShopRow,
    insert(shops)
    .values(
        slug=bindparam("slug"),
        name=bindparam("name"),
        name_key=bindparam("name_key"),
        description=bindparam("description"),
        site=bindparam("site"),
        currency=bindparam("currency"),
        tax_bp=bindparam("tax_bp"),
        tax_included=bindparam("tax_included"),
        confirms=bindparam("confirms"),
        low_stock=bindparam("low_stock"),
        commission_bp=0,
        created_us=bindparam("now_us"),
        updated_us=bindparam("now_us"),
        closed_us=0,
        version=1,
    )
    .returning(*_shown),
)
BY_ID = Query(ShopRow, select(*_shown).where(_the_shop))
BY_ID_LOCKED = Query(ShopRow, select(*_shown).where(_the_shop).with_for_update(key_share=True))
_slugs = listed("slugs", slug=str)
WITH_SLUGS = Query(ShopRow, select(*_shown).join_from(_slugs, shops, shops.c.slug == _slugs.c.slug))
ALL = Query(ShopRow, select(*_shown).order_by(shops.c.slug))
BY_SLUG = Query(ShopRow, select(*_shown).where(shops.c.slug == bindparam("slug")))
AMONG = Query(ShopRow, select(*_shown).where(among(shops.c.id, "shop_ids")))
_page = (
    select(*_shown)
    .where(shops.c.id > bindparam("after_id"), shops.c.name_key.like(bindparam("search_pattern"), escape="\\"))
    .order_by(shops.c.id)
    .limit(bindparam("row_limit"))
)
LIST_OPEN = Query(ShopRow, _page.where(shops.c.closed_us == 0))
LIST_CLOSED = Query(ShopRow, _page.where(shops.c.closed_us > 0))
EDIT = Query(
    ShopRow,
    update(shops)
    .where(_the_shop)
    .values(
        slug=bindparam("new_slug"),
        name=bindparam("new_name"),
        name_key=bindparam("new_name_key"),
        description=bindparam("new_description"),
        site=bindparam("new_site"),
        tax_bp=bindparam("new_tax_bp"),
        tax_included=bindparam("new_tax_included"),
        confirms=bindparam("new_confirms"),
        low_stock=bindparam("new_low_stock"),
        updated_us=bindparam("now_us"),
        version=shops.c.version + 1,
    )
    .returning(*_shown),
)
SET_COMMISSION = Command(update(shops).where(_the_shop).values(commission_bp=bindparam("new_commission_bp")))
_closing = (
    update(shops)
    .where(_the_shop)
    .values(closed_us=bindparam("new_closed_us"), updated_us=bindparam("now_us"), version=shops.c.version + 1)
)
CLOSE = Command(_closing.where(shops.c.closed_us == 0))
REOPEN = Query(ShopRow, _closing.where(shops.c.closed_us > 0).returning(*_shown))

_of_shop = shop_members.c.shop_id == bindparam("shop_id")
_the_member = shop_members.c.account_id == bindparam("account_id")
IS_MEMBER = Query(int, select(shop_members.c.account_id).where(_of_shop, _the_member))
SHOPS_OF = Query(int, select(shop_members.c.shop_id).where(_the_member).order_by(shop_members.c.shop_id))
MEMBERS = Query(
    MemberRow,
    select(shop_members.c.account_id, shop_members.c.added_us)
    .where(_of_shop, shop_members.c.account_id > bindparam("after_id"))
    .order_by(shop_members.c.account_id)
    .limit(bindparam("row_limit")),
)
ADD_MEMBER = Command(
    upsert(shop_members)
    .values(shop_id=bindparam("shop_id"), account_id=bindparam("account_id"), added_us=bindparam("now_us"))
    .on_conflict_do_nothing(index_elements=["shop_id", "account_id"])
)
REMOVE_MEMBER = Command(delete(shop_members).where(_of_shop, _the_member))
