"""What a payment provider is to Artel: a place outside the database that takes money and gives it back.

A provider is asked between transactions and never inside one. Each question may be repeated: whoever crashed after it
was answered asks it again. What a provider sends by itself is only a hint that it should be asked.
"""

from typing import Final, Protocol

from artel.payments.model import PaymentRow, Truth

MANUAL: Final = "manual"  # nobody is asked: staff say that the money is there
WALLET: Final = "wallet"  # nobody is asked: the money is in the book, and moves in the transaction that pays with it
TEST: Final = "test"


class ProviderFailed(RuntimeError):
    """A provider did not do what it was asked for, or it is not known whether it did. It will be asked again."""


class Provider(Protocol):
    """Somebody who takes money. A call raises ProviderFailed when it failed or its outcome is not known."""

    methods: tuple[str, ...]  # its ways to pay, the usual one first; one that has no name is ''

    async def start(self, payment: PaymentRow) -> str:
        """Ask for the money; answers the provider's own name of it. The same payment again: the same name."""

    async def state(self, reference: str) -> Truth:
        """What became of it, now."""

    async def refund(self, reference: str, amount_minor: int, key: str) -> str:
        """Give back this much; answers the provider's own name of it. The same key again: nothing more is given."""
