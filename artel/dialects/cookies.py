"""A session in the cookie that an older service's clients keep."""

from collections.abc import Callable

from artel.accounts.model import Opened
from artel.edge.call import Call
from artel.edge.reply import Header
from artel.edge.route import Credential


def carried_in(name: str) -> Callable[[Call], Credential | None]:
    """What reads the session out of the cookie."""

    def credential(call: Call) -> Credential | None:
        token = call.cookie(name)
        return Credential(token, by_cookie=True) if token else None

    return credential


def given(name: str, opened: Opened) -> Header:
    """The cookie with a new session. Without Secure: the old clients speak http inside the house."""
    cookie = f"{name}={opened.token}; Path=/; Max-Age={opened.ttl_s}; HttpOnly; SameSite=Lax"
    return b"set-cookie", cookie.encode()


def taken_back(name: str) -> Header:
    """What makes a client forget the cookie."""
    return b"set-cookie", f"{name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax".encode()
