"""Delivery methods: the words."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.kernel.errors import Refusal
from artel.kernel.money import Amount
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.text import Title

DESCRIPTION_MAX = 2_000

Description = Annotated[str, Meta(max_length=DESCRIPTION_MAX)]
FreeFrom = Annotated[
    Amount, Meta(description="Goods of this worth, before a voucher, are delivered for nothing; 0: none are.")
]


class MethodWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A way to deliver, with its price in the shop's currency."""

    name: Title
    price_minor: Amount
    description: Description = ""
    free_from_minor: FreeFrom = 0


class MethodEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay."""

    name: Title | UnsetType = UNSET
    price_minor: Amount | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    free_from_minor: FreeFrom | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class MethodFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which methods to list: those that can be chosen, or with `withdrawn` the others, for who edits the shop."""

    withdrawn: bool = False
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Method(Struct, frozen=True):
    """A way in which a shop delivers."""

    id: int
    shop_id: int
    name: str
    description: str
    price_minor: int
    currency: str
    free_from_minor: int
    active: bool
    created_at: str
    updated_at: str
    version: int


class MethodRow(Struct, frozen=True):
    """A method as the database holds it."""

    id: int
    shop_id: int
    name: str
    description: str
    price_minor: int
    currency: str
    free_from_minor: int
    active: int
    created_us: int
    updated_us: int
    version: int


class Chosen(Struct, frozen=True):
    """How a shop's part of an order is delivered, and what that costs for these goods."""

    method_id: int
    name: str
    price_minor: int


class MethodUnknown(Refusal):
    """Shop {shop_id} has no delivery method {method_id}, or it was withdrawn."""

    code, kind = "delivery.unknown", "missing"


class MethodStale(Refusal):
    """The delivery method is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "delivery.stale", "stale"


class NothingToDeliver(Refusal):
    """Delivery was chosen for shop {shop_id}, which has no part in this order."""

    code, kind = "delivery.nothing", "unprocessable"


class MethodCurrency(Refusal):
    """The delivery method {method_id} is priced in {currency}, the goods in {wanted}."""

    code, kind = "delivery.currency", "conflict"
