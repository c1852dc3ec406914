"""Shops: the words."""

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.money import Currency, Rate
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.text import Slug, Title, Website

Description = Annotated[str, Meta(max_length=5_000)]
Copies = Annotated[int, Meta(ge=0, le=1_000_000)]


class ShopWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A shop to be opened.

    `slug` is made of the name when it is left out. `tax_bp` is for products that say nothing of their own, in basis
    points. With `confirms` an order waits until the shop has looked whether it can deliver. A sale that leaves
    `low_stock` copies or fewer is told to the shop's staff.
    """

    name: Title
    currency: Currency
    slug: Slug | UnsetType = UNSET
    description: Description = ""
    site: Website = ""
    tax_bp: Rate = 0
    tax_included: bool = True
    confirms: bool = False
    low_stock: Copies = 3


class ShopEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay. The currency stays for ever: the prices are in it."""

    name: Title | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    site: Website | UnsetType = UNSET
    tax_bp: Rate | UnsetType = UNSET
    tax_included: bool | UnsetType = UNSET
    confirms: bool | UnsetType = UNSET
    low_stock: Copies | UnsetType = UNSET


class Shop(Struct, frozen=True):
    """A shop as everybody sees it. Nothing can be bought in one that is closed."""

    id: int
    slug: str
    name: str
    description: str
    site: str
    currency: str
    tax_bp: int
    tax_included: bool
    confirms: bool
    low_stock: int
    created_at: str
    updated_at: str
    closed_at: str | None
    version: int


class Commission(Struct, frozen=True, forbid_unknown_fields=True):
    """What the platform keeps of a shop's sales: of what the goods cost after discount, without their delivery."""

    rate_bp: Rate


class ShopRow(Struct, frozen=True):
    """A shop as the database holds it."""

    id: int
    slug: str
    name: str
    description: str
    site: str
    currency: str
    tax_bp: int
    tax_included: int
    confirms: int
    low_stock: int
    commission_bp: int
    created_us: int
    updated_us: int
    closed_us: int
    version: int


class ShopFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which shops to list: those that are open, or those that are closed, whose name holds the words."""

    search: Annotated[str, Meta(max_length=200)] = ""
    closed: bool = False
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Member(Struct, frozen=True):
    """An account that edits the shop."""

    account_id: int
    login: str
    added_at: str


class MemberRow(Struct, frozen=True):
    """An account that edits the shop, as the database holds it."""

    account_id: int
    added_us: int


class _OfShop(Event, frozen=True):
    """Something that happened to a shop."""

    shop_id: int
    by: int

    def subject(self) -> str:
        """The shop."""
        return f"shop/{self.shop_id}"

    def audience(self) -> tuple[str, ...]:
        """Its staff."""
        return (f"shop/{self.shop_id}",)


class Opened(_OfShop, frozen=True):
    """A shop was opened, or opened again."""

    kind: ClassVar[str] = "shop.opened"


class Edited(_OfShop, frozen=True):
    """Fields of a shop were changed."""

    kind: ClassVar[str] = "shop.edited"
    fields: list[str]


class Closed(_OfShop, frozen=True):
    """A shop was closed."""

    kind: ClassVar[str] = "shop.closed"


class MemberAdded(_OfShop, frozen=True):
    """An account may edit the shop from now on."""

    kind: ClassVar[str] = "shop.member_added"
    account_id: int


class MemberRemoved(_OfShop, frozen=True):
    """An account may not edit the shop any more."""

    kind: ClassVar[str] = "shop.member_removed"
    account_id: int


class ShopUnknown(Refusal):
    """There is no shop {shop}."""

    code, kind = "shops.unknown", "missing"


class NotYourShop(Refusal):
    """Only the members of shop {shop} and the owners may do this."""

    code, kind = "shops.not_yours", "forbidden"


class MemberUnknown(Refusal):
    """Account {account} is no member of shop {shop}."""

    code, kind = "shops.member_unknown", "missing"


class ShopSlugTaken(Refusal):
    """Another shop has the slug {slug}: give one of your own."""

    code, kind = "shops.slug_taken", "conflict"


class ShopStale(Refusal):
    """The shop is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "shops.stale", "stale"
