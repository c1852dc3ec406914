"""The provider `test`: takes money that is not real, and misbehaves in the way that the payment's method names.

It is a provider like any other: it keeps books of its own, in transactions of its own, and knows of Artel's payments
only what it was told when they were started.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import bindparam, case, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from artel.db import Command, Database, Query, Write
from artel.kernel.clock import US
from artel.kernel.secrets import new_token
from artel.payments.model import PaymentRow, Truth
from artel.payments.provider import TEST, ProviderFailed
from artel.payments.tables import test_charges, test_refunds

SOON_US: Final = US  # what a payment takes that is not taken at once
TELLS_TIMES: Final = 3  # how often it tells of one that it tells of again and again
TELL_MAX: Final = 50  # charges that a pass tells of


Decides = Literal["at once", "soon", "after the hold"]


class Behaviour(Struct, frozen=True):
    """What becomes of a charge, when, and what is told of it."""

    takes: bool = True
    more_minor: int = 0  # taken beyond what was asked for
    decides: Decides = "at once"
    tells: int = 1  # how often
    tells_first: bool = False  # before anything is decided
    fails: bool = False  # an answer is lost, every other question fails
    fails_refunds: bool = False


BEHAVIOURS: Final = {
    "ok": Behaviour(),
    "late": Behaviour(decides="after the hold"),
    "double": Behaviour(decides="soon", tells=TELLS_TIMES),
    "lost": Behaviour(decides="soon", tells=0),
    "lying": Behaviour(takes=False, decides="soon", tells=TELLS_TIMES, tells_first=True),
    "wrong_amount": Behaviour(more_minor=1, decides="soon"),
    "declined": Behaviour(takes=False),
    "flaky": Behaviour(decides="soon", fails=True),
    "refund_fails_first": Behaviour(fails_refunds=True),
}


class Charge(Struct, frozen=True):
    """A charge as its books have it."""

    id: int
    reference: str
    behaviour: str
    fate: str
    amount_minor: int
    currency: str
    captures_us: int
    asked: int
    refund_calls: int


_charge = [test_charges.c[field] for field in Charge.__struct_fields__]
_of_reference = test_charges.c.reference == bindparam("of_reference")
_new = upsert(test_charges).values(
    payment_key=bindparam("payment_key"),
    reference=bindparam("reference"),
    behaviour=bindparam("behaviour"),
    fate=bindparam("fate"),
    amount_minor=bindparam("amount_minor"),
    currency=bindparam("currency"),
    captures_us=bindparam("captures_us"),
    tells_us=bindparam("tells_us"),
    tells_left=bindparam("tells_left"),
    asked=0,
    refund_calls=0,
    refunded_minor=0,
)
CHARGE = Query(
    Charge,
    _new.on_conflict_do_update(
        index_elements=["payment_key"], set_={"payment_key": _new.excluded.payment_key}
    ).returning(*_charge),
)
ASK = Query(
    Charge, update(test_charges).where(_of_reference).values(asked=test_charges.c.asked + 1).returning(*_charge)
)
REFUND_CALL = Query(
    Charge,
    update(test_charges).where(_of_reference).values(refund_calls=test_charges.c.refund_calls + 1).returning(*_charge),
)
TAKE_REFUND = Command(
    update(test_charges)
    .where(
        test_charges.c.id == bindparam("charge_id"),
        test_charges.c.fate == "captured",
        test_charges.c.captures_us <= bindparam("now_us"),
        test_charges.c.refunded_minor + bindparam("more_minor") <= test_charges.c.amount_minor,
    )
    .values(refunded_minor=test_charges.c.refunded_minor + bindparam("more_minor"))
)
REFUND = Query(
    int,
    upsert(test_refunds)
    .values(
        refund_key=bindparam("refund_key"), charge_id=bindparam("charge_id"), amount_minor=bindparam("amount_minor")
    )
    .on_conflict_do_nothing(index_elements=["refund_key"])
    .returning(test_refunds.c.id),
)
REFUND_KNOWN = Query(int, select(test_refunds.c.id).where(test_refunds.c.refund_key == bindparam("refund_key")))
TELL = Query(
    str,
    update(test_charges)
    .where(
        test_charges.c.id.in_(
            select(test_charges.c.id)
            .where(test_charges.c.tells_us > literal_column("0"), test_charges.c.tells_us <= bindparam("now_us"))
            .order_by(test_charges.c.tells_us)
            .limit(TELL_MAX)
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        tells_us=case((test_charges.c.tells_left > 1, bindparam("again_us", type_=test_charges.c.id.type)), else_=0),
        tells_left=test_charges.c.tells_left - 1,
    )
    .returning(test_charges.c.reference),
)


class Simulator:
    """The provider; `late_us` is how long it may take with a payment that shall come after its order's hold."""

    methods = tuple(BEHAVIOURS)

    def __init__(self, db: Database, late_us: int) -> None:
        self._db = db
        self._pauses_us: dict[Decides, int] = {"at once": 0, "soon": SOON_US, "after the hold": late_us}

    async def start(self, payment: PaymentRow) -> str:
        """Write the charge down. Raises ProviderFailed, though it is written, when the behaviour is flaky."""
        reference = f"test_{new_token()}"
        charge = await self._db.write(self._book, payment, reference)
        if BEHAVIOURS[charge.behaviour].fails and charge.reference == reference:
            raise ProviderFailed("the answer was lost")
        return charge.reference

    async def state(self, reference: str) -> Truth:
        """What became of the charge. Raises ProviderFailed, every other time when the behaviour is flaky."""
        charge, now_us = await self._db.write(_ask, reference)
        if BEHAVIOURS[charge.behaviour].fails and charge.asked % 2:
            raise ProviderFailed("no answer")
        if now_us < charge.captures_us:
            return Truth("pending", 0, "")
        if charge.fate == "declined":
            return Truth("declined", 0, "")
        return Truth("captured", charge.amount_minor, charge.currency)

    async def refund(self, reference: str, amount_minor: int, key: str) -> str:
        """Give back. Raises ProviderFailed; with the behaviour for that first before it is done, then after it."""
        charge = await self._db.write(_refund_call, reference)
        fails = BEHAVIOURS[charge.behaviour].fails_refunds
        if fails and charge.refund_calls == 1:
            raise ProviderFailed("no answer")
        refund_id = await self._db.write(_give_back, charge.id, amount_minor, key)
        if fails and charge.refund_calls == 2:
            raise ProviderFailed("the answer was lost")
        return f"test_refund_{refund_id}"

    async def tell_due(self, hint: Callable[[str, str], Awaitable[None]]) -> int:
        """Send the notifications that are due, true or not; answers how many."""
        told = await self._db.write(_tell)
        for reference in told:
            await hint(TEST, reference)
        return len(told)

    async def _book(self, tx: Write, payment: PaymentRow, reference: str) -> Charge:
        behaviour = BEHAVIOURS[payment.method]
        captures_us = tx.now_us + self._pauses_us[behaviour.decides]
        charge = await tx.one(
            CHARGE,
            payment_key=str(payment.id),
            reference=reference,
            behaviour=payment.method,
            fate="captured" if behaviour.takes else "declined",
            amount_minor=payment.amount_minor + behaviour.more_minor,
            currency=payment.currency,
            captures_us=captures_us,
            tells_left=behaviour.tells,
            tells_us=(tx.now_us if behaviour.tells_first else captures_us) if behaviour.tells else 0,
        )
        assert charge is not None, "an upsert answers with its row"
        return charge


async def _ask(tx: Write, reference: str) -> tuple[Charge, int]:
    charge = await tx.one(ASK, of_reference=reference)
    if charge is None:
        raise ProviderFailed(f"it knows no {reference}")
    return charge, tx.now_us


async def _refund_call(tx: Write, reference: str) -> Charge:
    charge = await tx.one(REFUND_CALL, of_reference=reference)
    if charge is None:
        raise ProviderFailed(f"it knows no {reference}")
    return charge


async def _give_back(tx: Write, charge_id: int, amount_minor: int, key: str) -> int:
    """The refund of this key, made now unless it was made before."""
    refund_id = await tx.one(REFUND, refund_key=key, charge_id=charge_id, amount_minor=amount_minor)
    if refund_id is None:
        refund_id = await tx.one(REFUND_KNOWN, refund_key=key)
        assert refund_id is not None, "the key is taken"
        return refund_id
    if not await tx.run(TAKE_REFUND, charge_id=charge_id, more_minor=amount_minor, now_us=tx.now_us):
        raise ProviderFailed("there is not so much to give back")
    return refund_id


async def _tell(tx: Write) -> list[str]:
    return await tx.all(TELL, now_us=tx.now_us, again_us=tx.now_us + SOON_US)
