"""From the name of a constraint to a refusal: what the database refuses is told in a feature's own words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import apsw
import asyncpg
from sqlalchemy import ForeignKeyConstraint, UniqueConstraint

from artel.db.statement import metadata
from artel.kernel.errors import Refusal

UNIQUE = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)")
CHECK = re.compile(r"CHECK constraint failed: (?P<name>.+)")


@contextmanager
def violating(constraint: str, refusal: Refusal) -> Iterator[None]:
    """Raise the refusal when a statement inside violates this constraint; the transaction is over then.

    SQLite does not say which foreign key was violated: let there be only one that the statements inside can violate.
    """
    try:
        yield
    except apsw.ConstraintError as fault:
        if constraint in _names(str(fault)):
            raise refusal from None
        raise
    except asyncpg.IntegrityConstraintViolationError as fault:
        if fault.constraint_name == constraint:
            raise refusal from None
        raise


def _names(message: str) -> set[str]:
    """Our names of what SQLite may speak of: a check by its name, a key by its columns, any of the foreign keys."""
    check, unique = CHECK.search(message), UNIQUE.search(message)
    if check:
        return {check["name"]}
    kind = UniqueConstraint if unique else ForeignKeyConstraint
    columns = {tuple(each.split(".")) for each in unique["columns"].split(", ")} if unique else set()
    return {
        str(each.name)
        for table in metadata.tables.values()
        for each in table.constraints
        if isinstance(each, kind) and (not unique or {(table.name, one.name) for one in each.columns} == columns)
    }
