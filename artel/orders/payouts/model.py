"""Payouts: the words."""

from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.money import AMOUNT_MAX, Currency
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit

NOTE_MAX: Final = 1_000

Id = Annotated[int, Meta(ge=1, le=10**18 - 1)]
Minimum = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="Minor units; shops that earned less wait.")]


class RunWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is paid out: every shop that earned enough, or one, in every currency or in one."""

    shop_id: Id | None = None
    currency: Currency | None = None
    minimum_minor: Minimum = 1
    note: Annotated[str, Meta(max_length=NOTE_MAX, description="What its shop reads with it.")] = ""


class PayoutRow(Struct, frozen=True):
    """A payout as the database holds it."""

    id: int
    shop_id: int
    currency: str
    amount_minor: int
    transfer_id: int
    from_us: int
    until_us: int
    at_us: int
    by: int | None
    note: str


class Payout(Struct, frozen=True):
    """What a shop was given: all that was booked for it after `from_at` (null: ever before) and up to `until_at`."""

    id: int
    shop_id: int
    currency: str
    amount_minor: int
    transfer_id: int
    from_at: str | None
    until_at: str
    at: str
    by_account_id: int | None
    note: str


class Due(Struct, frozen=True):
    """What a shop could be given now."""

    shop_id: int
    currency: str
    amount_minor: int


class Run(Struct, frozen=True):
    """The payouts that a run made. With `more` there are shops left that earned enough: run it again."""

    payouts: list[Payout]
    more: bool


class PayoutFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which payouts to list, the newest first: those of one shop, or of all that the asker may see."""

    shop: Id | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class PaidOut(Event, frozen=True):
    """A shop was given what it earned."""

    kind: ClassVar[str] = "payout.made"
    payout_id: int
    shop_id: int
    amount_minor: int
    currency: str

    def subject(self) -> str:
        """The shop."""
        return f"shop/{self.shop_id}"

    def audience(self) -> tuple[str, ...]:
        """Its members."""
        return (f"shop/{self.shop_id}",)


class PayoutUnknown(Refusal):
    """There is no payout {payout_id} to a shop of yours."""

    code, kind = "payouts.unknown", "missing"


class StatementTooLong(Refusal):
    """The statement has more than {limit} lines: read it page by page."""

    code, kind = "payouts.statement_too_long", "conflict"
