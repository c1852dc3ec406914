"""Wallets: the words."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from artel.db import Event
from artel.kernel.errors import Refusal
from artel.kernel.moments import FROM_TO, Moment
from artel.kernel.money import AMOUNT_MAX, Currency
from artel.kernel.page import PAGE_DEFAULT, Cursor, Limit
from artel.kernel.text import PRINTS
from artel.payments.model import NAME_MAX, Name

NOTE_MAX: Final = 1_000
DESTINATION_MAX: Final = 500

Sum = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="Minor units: 12345 is 123.45 roubles.")]
Why = Annotated[str, Meta(min_length=1, max_length=NOTE_MAX, pattern=PRINTS, description="The account sees it.")]
Note = Annotated[str, Meta(max_length=NOTE_MAX)]
Destination = Annotated[
    str,
    Meta(min_length=1, max_length=DESTINATION_MAX, pattern=PRINTS, description="Where to: the details of a bank."),
]
Status = Literal["requested", "paid", "refused", "cancelled"]
Move = Literal["pay", "refuse", "cancel"]


# --- what comes in


class WalletQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which wallets: that of one currency, or all of the asker's, in the order in which they were first used."""

    currency: Currency | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class EntriesQuery(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """Which part of a wallet's statement, the newest line first; the time `from` is included, the time `to` is not.

    Who has one wallet need not name its currency.
    """

    currency: Currency | None = None
    from_at: Moment | None = None
    to_at: Moment | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


class SheetQuery(Struct, frozen=True, forbid_unknown_fields=True, rename=FROM_TO):
    """Which part of a wallet's statement: the time `from` is included, the time `to` is not.

    Who has one wallet need not name its currency.
    """

    currency: Currency | None = None
    from_at: Moment | None = None
    to_at: Moment | None = None


class TopUpWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """How much to put into a wallet, and which provider shall take it, in which of its ways."""

    amount_minor: Sum
    currency: Currency
    provider: Name
    method: Annotated[str, Meta(max_length=NAME_MAX)] = ""


class Correction(Struct, frozen=True, forbid_unknown_fields=True):
    """How much staff give or take, and why."""

    amount_minor: Sum
    currency: Currency
    note: Why


class WithdrawalWanted(Struct, frozen=True, forbid_unknown_fields=True):
    """How much shall leave a wallet, and where to."""

    amount_minor: Sum
    currency: Currency
    to: Destination


class Paid(Struct, frozen=True, forbid_unknown_fields=True):
    """What to remember of a withdrawal that was paid: the number of the bank's transfer. The account sees it."""

    note: Note = ""


class Refused(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a withdrawal is refused."""

    note: Why


class WithdrawalFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which withdrawals to list, the newest first."""

    status: Status | None = None
    limit: Limit = PAGE_DEFAULT
    after: Cursor | None = None


# --- rows


class WithdrawalRow(Struct, frozen=True):
    """A withdrawal as the database holds it."""

    id: int
    account_id: int
    amount_minor: int
    currency: str
    destination: str
    status: Status
    note: str
    hold_id: int | None
    transfer_id: int | None
    settled_by: int | None
    created_us: int
    settled_us: int


# --- answers


class Withdrawal(Struct, frozen=True):
    """Money that shall leave a wallet, or did. While it is requested, `hold_id` keeps it from being spent."""

    id: int
    account_id: int
    amount_minor: int
    currency: str
    to: str
    status: Status
    note: str
    hold_id: int | None
    transfer_id: int | None
    requested_at: str
    settled_at: str | None


# --- events


class OfWallet(Event, frozen=True):
    """What the events of a wallet have in common."""

    account_id: int
    amount_minor: int
    currency: str

    def subject(self) -> str:
        """The account, whose wallet is locked while something happens to it."""
        return f"account/{self.account_id}"

    def audience(self) -> tuple[str, ...]:
        """The account."""
        return (f"account/{self.account_id}",)


class ToppedUp(OfWallet, frozen=True):
    """A provider took money for the wallet."""

    kind: ClassVar[str] = "wallet.topped_up"
    payment_id: int
    transfer_id: int


class Credited(OfWallet, frozen=True):
    """Staff gave money."""

    kind: ClassVar[str] = "wallet.credited"
    transfer_id: int
    note: str


class Debited(OfWallet, frozen=True):
    """Staff took money."""

    kind: ClassVar[str] = "wallet.debited"
    transfer_id: int
    note: str


class OfWithdrawal(OfWallet, frozen=True):
    """What the events of a withdrawal have in common."""

    withdrawal_id: int
    note: str


class WithdrawalRequested(OfWithdrawal, frozen=True):
    """Money shall leave the wallet: it cannot be spent any more."""

    kind: ClassVar[str] = "wallet.withdrawal_requested"


class WithdrawalPaid(OfWithdrawal, frozen=True):
    """Staff sent the money."""

    kind: ClassVar[str] = "wallet.withdrawal_paid"


class WithdrawalRefused(OfWithdrawal, frozen=True):
    """Staff will not send the money: it can be spent again."""

    kind: ClassVar[str] = "wallet.withdrawal_refused"


class WithdrawalCancelled(OfWithdrawal, frozen=True):
    """The account does not want it any more: the money can be spent again."""

    kind: ClassVar[str] = "wallet.withdrawal_cancelled"


# --- refusals


class CurrencyNeeded(Refusal):
    """Say which wallet: give its currency, one of {known}."""

    code, kind = "wallets.currency_needed", "invalid"


class WithdrawalUnknown(Refusal):
    """You have no withdrawal {withdrawal_id}."""

    code, kind = "wallets.withdrawal_unknown", "missing"


class WithdrawalMoved(Refusal):
    """You cannot {move} the withdrawal {withdrawal_id}: it is {status} since {at}."""

    code, kind = "wallets.withdrawal_moved", "conflict"
