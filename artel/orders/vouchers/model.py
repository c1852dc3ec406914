"""Vouchers: the words."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from artel.kernel.errors import Refusal
from artel.kernel.money import Amount, Currency, Rate
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit

CODE_MIN = 4  # letters and digits: shorter ones are found by trying
CODE_MAX = 40
USES_MAX = 10**9
TIME_MAX = 40  # characters

_MOMENT = {"format": "date-time", "examples": ["2026-12-01T00:00:00Z"]}
Code = Annotated[
    str,
    Meta(
        min_length=CODE_MIN,
        max_length=CODE_MAX,
        description="Letters, digits and hyphens; case and hyphens do not count. Left out: one is made.",
        extra_json_schema={"examples": ["WINTER-10"]},
    ),
]
CodeTyped = Annotated[str, Meta(max_length=CODE_MAX, description="The code of a voucher.")]
ShopId = Annotated[int, Meta(ge=1, le=10**18 - 1)]
From = Annotated[str, Meta(max_length=TIME_MAX, description="ISO 8601; now when left out.", extra_json_schema=_MOMENT)]
Until = Annotated[str, Meta(max_length=TIME_MAX, description="ISO 8601; empty: for ever.")]
Uses = Annotated[int, Meta(ge=0, le=USES_MAX, description="How often, by all customers together; 0: any number.")]
Minimum = Annotated[Amount, Meta(description="What the goods that it serves must be worth, in minor units.")]


class VoucherWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """A voucher to be made: either `percent_bp` (basis points) or `amount_minor` off the goods.

    Without `shop_id` it serves the goods of every shop, which only owners may give away. `currency` is that of the
    amount and the minimum; a shop's voucher has its shop's.
    """

    code: Code | UnsetType = UNSET
    shop_id: ShopId | UnsetType = UNSET
    percent_bp: Rate = 0
    amount_minor: Amount = 0
    currency: Currency | UnsetType = UNSET
    minimum_minor: Minimum = 0
    from_at: From | UnsetType = UNSET
    until_at: Until = ""
    once_per_customer: bool = False
    uses_max: Uses = 0


class VoucherEdit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The fields to change; those left out stay. What a voucher takes off, and whose it is, is for good."""

    minimum_minor: Minimum | UnsetType = UNSET
    from_at: From | UnsetType = UNSET
    until_at: Until | UnsetType = UNSET
    uses_max: Uses | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class VoucherFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which vouchers to list: those of one shop, or of all shops of the asker."""

    shop_id: ShopId | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class Voucher(Struct, frozen=True):
    """A voucher as who gives it away sees it; `used` counts the orders that it serves."""

    id: int
    shop_id: int | None
    code: str
    percent_bp: int
    amount_minor: int
    currency: str
    minimum_minor: int
    from_at: str
    until_at: str | None
    once_per_customer: bool
    uses_max: int
    used: int
    active: bool
    created_at: str
    updated_at: str
    version: int


class VoucherRow(Struct, frozen=True):
    """A voucher as the database holds it."""

    id: int
    shop_id: int | None
    code: str
    percent_bp: int
    amount_minor: int
    currency: str
    minimum_minor: int
    from_us: int
    until_us: int
    once_per_customer: int
    uses_max: int
    used: int
    active: int
    created_us: int
    updated_us: int
    version: int


class Standing(Struct, frozen=True):
    """A voucher as a customer's code finds it; `used_by_asker` is 1 when it serves each once, and served the asker."""

    id: int
    shop_id: int | None
    code: str
    percent_bp: int
    amount_minor: int
    currency: str
    minimum_minor: int
    from_us: int
    until_us: int
    once_per_customer: int
    uses_max: int
    used: int
    used_by_asker: int


class VoucherUnfit(Refusal):
    """{field}: {problem}."""

    code, kind = "vouchers.unfit", "invalid"


class CodeTaken(Refusal):
    """The code {code} is taken: choose another one."""

    code, kind = "vouchers.code_taken", "conflict"


class OwnerOnly(Refusal):
    """Name the shop whose voucher it is: one for all shops is the owner's."""

    code, kind = "vouchers.owner_only", "forbidden"


class VoucherMissing(Refusal):
    """You have no voucher {voucher_id}."""

    code, kind = "vouchers.missing", "missing"


class VoucherStale(Refusal):
    """The voucher is at version {version}, your change was made for {base}: look at it again."""

    code, kind = "vouchers.stale", "stale"


class UsedMoreOften(Refusal):
    """The voucher has served {used} orders already: its limit cannot be {uses_max}."""

    code, kind = "vouchers.used_more_often", "conflict"


class VoucherUnknown(Refusal):
    """There is no voucher {code}."""

    code, kind = "vouchers.unknown", "missing"


class TooManyGuesses(Refusal):
    """Too many codes that there are not were tried by your account, or from your address: try again in {retry_s} s."""

    code, kind = "vouchers.too_many_guesses", "throttled"


class VoucherNotYet(Refusal):
    """The voucher {code} serves from {from_at} on."""

    code, kind = "vouchers.not_yet", "conflict"


class VoucherOver(Refusal):
    """The voucher {code} is over."""

    code, kind = "vouchers.over", "conflict"


class VoucherUsedUp(Refusal):
    """The voucher {code} is used up."""

    code, kind = "vouchers.used_up", "conflict"


class VoucherUsedByYou(Refusal):
    """The voucher {code} serves each customer once, and you have used it."""

    code, kind = "vouchers.used_by_you", "conflict"


class VoucherMinimum(Refusal):
    """The voucher {code} serves goods of {minimum_minor} {currency} (minor units) and more; yours are {goods_minor}."""

    code, kind = "vouchers.minimum", "conflict"


class VoucherCurrency(Refusal):
    """The voucher {code} is for goods in {currency}."""

    code, kind = "vouchers.currency", "conflict"


class VoucherNotForThese(Refusal):
    """The voucher {code} takes nothing off these goods."""

    code, kind = "vouchers.not_for_these", "conflict"


# Why a code is not taken: the same for a cart that is shown and for an order.
NOT_TAKEN = (
    VoucherUnknown,
    VoucherNotYet,
    VoucherOver,
    VoucherUsedUp,
    VoucherUsedByYou,
    VoucherMinimum,
    VoucherCurrency,
    VoucherNotForThese,
)
