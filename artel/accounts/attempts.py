"""Attempts to log in and registrations: counted in SQL, so that all processes and all APIs count together.

An attempt to log in is counted before its hash is computed.
"""

from artel.accounts import queries, rules
from artel.accounts.model import Known, TooManyAttempts, TooManyRegistrations
from artel.db import Read, Write, tally
from artel.db.tally import Counted
from artel.kernel.actor import origin
from artel.kernel.clock import whole_s


async def count(tx: Write, key: str, address: str, failures_per_address: int) -> tuple[Known | None, list[Counted]]:
    """Count one attempt; the account, if there is one, and what was counted.

    Raises TooManyAttempts, and then counts nothing.
    """
    known = await tx.one(queries.KNOWN, login_key=key)
    seen = await tx.all(queries.ADDRESS_KNOWN, account_id=known.id, address=address) if known else []
    place = origin(address)
    limits = {
        f"login:{key}": rules.ATTEMPTS_PER_LOGIN,
        f"login:{key} from {place}": rules.ATTEMPTS_PER_ADDRESS,
        f"login from {place}": failures_per_address,
    }
    if not seen:
        limits[f"login:{key} from strangers"] = rules.ATTEMPTS_FROM_UNKNOWN
    counted = [await tally.count(tx, bucket, limits[bucket], rules.ATTEMPTS_WINDOW_US) for bucket in sorted(limits)]
    wait_us = max(each.wait_us for each in counted)
    if wait_us:
        raise TooManyAttempts(retry_s=whole_s(wait_us))
    return known, counted


async def take_back(tx: Write, counted: list[Counted]) -> None:
    """Uncount an attempt whose password was right."""
    for each in counted:
        await tally.take_back(tx, each)


async def count_registration(tx: Write, address: str, limit: int) -> None:
    """Count one registration from the address. Raises TooManyRegistrations, and then counts nothing."""
    counted = await tally.count(tx, _registrations(address), limit, rules.REGISTRATIONS_WINDOW_US)
    if counted.wait_us:
        raise TooManyRegistrations(retry_s=whole_s(counted.wait_us))


async def refuse_many_registrations(tx: Read, address: str, limit: int) -> None:
    """Look before the password is hashed whether one more would be too many. Raises TooManyRegistrations."""
    wait_us = await tally.look(tx, _registrations(address), limit, rules.REGISTRATIONS_WINDOW_US)
    if wait_us:
        raise TooManyRegistrations(retry_s=whole_s(wait_us))


def _registrations(address: str) -> str:
    return f"register:{origin(address)}"
