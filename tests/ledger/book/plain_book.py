"""The book in plain Python: what it must answer, without a database."""

from dataclasses import dataclass, field
from typing import Any, Final

from artel.kernel.errors import Refusal
from artel.kernel.money import AMOUNT_MAX
from artel.ledger.book.model import (
    AlreadyReversed,
    AmountUnfit,
    HoldOver,
    KeyReused,
    NotEnoughMoney,
    NotReversible,
    Place,
    Posting,
    TooMuchMoney,
)

HOT: Final = {"fees", "refunds", "provider", "payouts", "world"}
WITH_FLOOR: Final = {"wallet", "escrow"}
CAP_MINOR: Final = 100_000_000


@dataclass
class PlainAccount:
    """Lines are time, transfer and amount, in the order of their booking."""

    place: Place
    posted: int = 0
    held: int = 0
    last_us: int = -1
    lines: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def hot(self) -> bool:
        return self.place.purpose in HOT


@dataclass
class PlainTransfer:
    asked: Any  # all that was asked for under the key
    postings: list[tuple[Place, int]]
    booked_us: int
    reverses: int | None = None
    reversed_by: str | None = None  # the key of the transfer that did


@dataclass
class PlainHold:
    asked: Any
    place: Place
    amount: int
    expires_us: int
    status: str = "pending"
    posted: int = 0


Refused = type[Refusal]


class PlainBook:
    """Each method answers the refusals that are right, or makes the change and answers an empty set.

    A transfer gets the number that the real book gave it, which is told by `made`.
    """

    def __init__(self) -> None:
        self.now_us = 0
        self.accounts: dict[Place, PlainAccount] = {}
        self.transfers: dict[str, PlainTransfer] = {}  # by key
        self.holds: dict[str, PlainHold] = {}  # by key
        self.numbers: dict[str, int] = {}  # of transfers

    def account(self, place: Place) -> PlainAccount:
        return self.accounts.setdefault(place, PlainAccount(place))

    def post(self, key: str, postings: list[Posting], asked: Any, reverses: str | None = None) -> set[Refused]:
        if any(not 0 < abs(each.amount_minor) <= AMOUNT_MAX for each in postings):
            return {AmountUnfit}
        if reverses is not None:
            of = self.transfers[reverses]
            if of.reverses is not None:
                return {NotReversible}
            if of.reversed_by not in (None, key):
                return {AlreadyReversed}
        if key in self.transfers:
            return set() if self.transfers[key].asked == asked else {KeyReused}
        if refused := {kind for each in postings for kind in self._refused(each)}:
            return refused
        cold = [self.account(each.place) for each in postings if each.place.purpose not in HOT]
        booked_us = max([self.now_us, *(account.last_us + 1 for account in cold)])
        self.transfers[key] = PlainTransfer(
            asked, [(each.place, each.amount_minor) for each in postings], booked_us, self.numbers.get(reverses or "")
        )
        for each in postings:
            account = self.account(each.place)
            account.posted += each.amount_minor
            account.held -= each.release_minor
            account.last_us = booked_us
        if reverses is not None:
            self.transfers[reverses].reversed_by = key
        return set()

    def _refused(self, posting: Posting) -> list[Refused]:
        account, amount = self.accounts.get(posting.place, PlainAccount(posting.place)), posting.amount_minor
        change, found = amount + posting.release_minor, list[Refused]()
        if posting.place.purpose in WITH_FLOOR and change < 0 and account.posted - account.held + change < 0:
            found.append(NotEnoughMoney)
        if posting.place.purpose == "wallet" and amount > 0 and account.posted + amount > CAP_MINOR:
            found.append(TooMuchMoney)
        return found

    def made(self, key: str, number: int) -> None:
        """The real book made the transfer of the key."""
        if key not in self.numbers:
            self.numbers[key] = number
            made = self.transfers[key]
            for place, amount in made.postings:
                self.account(place).lines.append((made.booked_us, number, amount))

    def hold(self, key: str, place: Place, amount: int, expires_us: int) -> set[Refused]:
        if not 0 < amount <= AMOUNT_MAX:
            return {AmountUnfit}
        asked = (place, amount, expires_us)
        if key in self.holds:
            return set() if self.holds[key].asked == asked else {KeyReused}
        account = self.accounts.get(place, PlainAccount(place))
        if place.purpose in WITH_FLOOR and account.posted - account.held < amount:
            return {NotEnoughMoney}
        self.account(place).held += amount
        self.holds[key] = PlainHold(asked, place, amount, expires_us)
        return set()

    def settle(self, key: str, to: list[Posting], transfer_key: str) -> set[Refused]:
        hold = self.holds[key]
        if self._over(hold):
            return {HoldOver}
        taken = sum(each.amount_minor for each in to)
        if not 0 < taken <= hold.amount:
            return {AmountUnfit}
        refused = self.post(transfer_key, [Posting(hold.place, -taken, hold.amount), *to], None)
        if not refused:
            hold.status, hold.posted = "posted", taken
        return refused

    def void(self, key: str) -> set[Refused]:
        hold = self.holds[key]
        if self._over(hold):
            return {HoldOver}
        self._free(hold, "voided")
        return set()

    def expire(self) -> int:
        due = [hold for hold in self.holds.values() if hold.status == "pending" and self._over(hold)]
        for hold in due:
            self._free(hold, "expired")
        return len(due)

    def _free(self, hold: PlainHold, status: str) -> None:
        hold.status = status
        self.account(hold.place).held -= hold.amount

    def _over(self, hold: PlainHold) -> bool:
        return hold.status != "pending" or 0 < hold.expires_us <= self.now_us

    def statement(self, place: Place) -> list[tuple[int, int, int, int]]:
        """Time, transfer, amount and the balance after it; the newest first."""
        found, balance = [], 0
        for at_us, number, amount in sorted(self.accounts[place].lines):
            balance += amount
            found.append((at_us, number, amount, balance))
        return found[::-1]

    def balance_at(self, place: Place, at_us: int) -> int:
        return sum(amount for booked_us, _, amount in self.accounts[place].lines if booked_us <= at_us)
