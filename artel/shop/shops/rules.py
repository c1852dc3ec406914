"""Shops: pure decisions."""

from collections.abc import Mapping

from artel.kernel.clock import iso
from artel.shop.shops.model import Member, MemberRow, Shop, ShopRow


def shown(row: ShopRow) -> Shop:
    """The shop as an answer."""
    return Shop(
        row.id,
        row.slug,
        row.name,
        row.description,
        row.site,
        row.currency,
        row.tax_bp,
        bool(row.tax_included),
        bool(row.confirms),
        row.low_stock,
        iso(row.created_us),
        iso(row.updated_us),
        iso(row.closed_us) if row.closed_us else None,
        row.version,
    )


def member(row: MemberRow, logins: Mapping[int, str]) -> Member:
    """The member as an answer."""
    return Member(row.account_id, logins[row.account_id], iso(row.added_us))
