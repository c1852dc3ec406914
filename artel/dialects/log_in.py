"""A log-in as the older services take it: login and password, under the one throttle of all APIs."""

from typing import Annotated

from msgspec import Meta, Struct

from artel.accounts import service
from artel.accounts.hashing import Hasher
from artel.accounts.model import LOGIN_MAX, Attempt, Credentials
from artel.db import Database
from artel.kernel.actor import Actor


class LogIn(Struct, frozen=True):
    """Who wants to be logged in. What else an old client sends is not looked at."""

    login: Annotated[str, Meta(max_length=LOGIN_MAX)]
    password: Attempt

    @property
    def credentials(self) -> Credentials:
        """The same as the accounts take it."""
        return Credentials(self.login, self.password)


async def prove(db: Database, who: Actor, body: LogIn, hasher: Hasher, terms: service.Terms) -> service.Proven:
    """Check the password, under the one throttle of all APIs."""
    return await service.prove(db, who, body.credentials, hasher, terms)
