"""Attempts to log in: counted before a hash is computed, in SQL, so that all processes and all APIs count together."""

from artel.accounts import queries, rules
from artel.accounts.model import Known, TooManyAttempts
from artel.db import Write, tally


async def count(tx: Write, key: str, address: str, failures_per_address: int) -> tuple[Known | None, list[str]]:
    """Count one attempt; the account, if there is one, and the buckets that it was counted in.

    Raises TooManyAttempts, and then counts nothing.
    """
    known = await tx.one(queries.KNOWN, login_key=key)
    seen = await tx.all(queries.ADDRESS_KNOWN, account_id=known.id, address=address) if known else []
    origin = rules.origin(address)
    limits = {
        f"login:{key}": rules.ATTEMPTS_PER_LOGIN,
        f"login:{key} from {origin}": rules.ATTEMPTS_PER_ADDRESS,
        f"login from {origin}": failures_per_address,
    }
    if not seen:
        limits[f"login:{key} from strangers"] = rules.ATTEMPTS_FROM_UNKNOWN
    for bucket, limit in sorted(limits.items()):
        window = await tally.count(tx, bucket, rules.ATTEMPTS_WINDOW_US)
        if window.used > limit:
            raise TooManyAttempts(retry_s=rules.wait_s(window.window_start_us, rules.ATTEMPTS_WINDOW_US, tx.now_us))
    return known, sorted(limits)


async def take_back(tx: Write, buckets: list[str]) -> None:
    """Uncount an attempt whose password was right."""
    for bucket in buckets:
        await tally.take_back(tx, bucket)
