"""Who is asking, and whether the route lets them in."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from artel.db import Read
from artel.edge.call import Call
from artel.edge.route import ANYONE, LOGGED_IN, Credential, Route
from artel.kernel.actor import Actor
from artel.kernel.errors import Refusal

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Authenticate = Callable[[Read, str], Awaitable[Actor | None]]


class NotLoggedIn(Refusal):
    """Nobody is logged in: send `Authorization: Bearer <token>`; a token comes from POST /api/v1/sessions."""

    code, kind = "auth.required", "unauthenticated"


class NotAllowed(Refusal):
    """This needs {needs}."""

    code, kind = "auth.forbidden", "forbidden"


class CrossSite(Refusal):
    """A page of another site sent this with your cookie; it was not carried out."""

    code, kind = "auth.cross_site", "forbidden"


class Copies(Protocol):
    """Short-lived copies of answers to "whose token is this?"."""

    async def get(self, token: str) -> Actor | None:
        """The copy, or None when there is none or the store does not answer."""

    async def put(self, token: str, who: Actor) -> None:
        """Keep a copy for less than a second."""

    async def drop(self, token: str) -> None:
        """Forget the copy at once."""

    async def close(self) -> None:
        """Disconnect."""


def admit(route: Route, who: Actor | None) -> None:
    """Deny by default: what the route does not grant is refused. Raises NotLoggedIn, NotAllowed."""
    if route.access == ANYONE:
        return
    if who is None:
        raise NotLoggedIn
    if who.scopes is not None and route.scope not in who.scopes:
        needs = f"a token with the scope {route.scope}" if route.scope else "a log-in: API tokens may not do it"
        raise NotAllowed(needs=needs)
    if isinstance(route.access, frozenset) and not who.is_any(route.access):
        raise NotAllowed(needs="one of the roles " + ", ".join(sorted(route.access)))
    assert route.access == LOGGED_IN or isinstance(route.access, frozenset), "a route grants access in one way"


def refuse_cross_site(call: Call, credential: Credential | None) -> None:
    """A cookie alone does not carry an unsafe request that a browser sends for another site. Raises CrossSite.

    Fetch metadata where the browser sends it, the Origin where it does not: https://web.dev/articles/fetch-metadata
    """
    if call.method in SAFE or credential is None or not credential.by_cookie:
        return
    site = call.header(b"sec-fetch-site")
    if site:
        if site not in ("same-origin", "none"):
            raise CrossSite
        return
    origin = call.header(b"origin")
    if origin and origin.partition("://")[2] != call.header(b"host"):
        raise CrossSite
