"""A route is data: from this list come the handlers, OpenAPI, and the test that tries every route.

The use case says the rest by its signature. Its first parameter decides how it is run: `Read` or `Write` in one
transaction of that kind, `Database` as steps that open their own. The others are given by name or by type: a path
parameter, the `body`, the `query`, `if_match`, who asks (`Actor`), `request_key`, which is the same for ever for one
asker's request with one Idempotency-Key and '' without, and whatever the composition root provides.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from artel.edge.call import Call
from artel.edge.reply import Reply, problem
from artel.kernel.actor import PLATFORM
from artel.kernel.errors import Refusal

Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Stream = AsyncIterator[bytes]  # a parameter of this type is the body of an upload, piece by piece

ANYONE: Final = "anyone"  # no log-in
LOGGED_IN: Final = "logged in"
Access = Literal["anyone", "logged in"] | frozenset[str]  # or the roles, one of which is needed
STAFF: Final = PLATFORM
OWNER: Final = frozenset({"owner"})


class Credential(Struct, frozen=True):
    """A token as it was carried; one carried by a cookie needs protection against forged requests."""

    token: str
    by_cookie: bool = False


def bearer_or_cookie(call: Call) -> Credential | None:
    """Artel's own way: `Authorization: Bearer …`, or the `__Host-artel` cookie."""
    scheme, _, token = call.header(b"authorization").partition(" ")
    if token and scheme.lower() == "bearer":
        return Credential(token.strip())
    cookie = call.cookie(COOKIE)
    return Credential(cookie, by_cookie=True) if cookie else None


COOKIE: Final = "__Host-artel"


class Manner(Struct, frozen=True):
    """How an API speaks: where it carries the token, how it says no, and how strict it is about bodies."""

    name: str
    credential: Callable[[Call], Credential | None]
    refuse: Callable[[Refusal, str], Reply]
    json_only: bool = True  # a body that says it is something else is refused
    carries: tuple[str, str] = ("Authorization", "Bearer {token}")  # the header that `credential` reads


API: Final = Manner("api", bearer_or_cookie, problem)


class Trial(Struct, frozen=True, kw_only=True):
    """How the Postman collection calls a route, where path, signature and example do not tell (edge/itinerary.py).

    A name stands for something that an earlier answer gave, such as the id of what was made, or for a state that an
    earlier request brought about. Whoever needs a name that stands for nothing has it made anew first.
    """

    given: Mapping[
        str, Any
    ] = {}  # parameters and fields of the body, by name; "{{shop_id}}" is what the name stands for
    # A name, and where it is: in the answer ("items.0.id"), in a cookie of it ("cookie:SESSION"), in the body that was
    # sent ("sent:login"); "" for a state.
    gives: Mapping[str, str] = {}
    needs: tuple[str, ...] = ()  # names that the request does not carry, and cannot do without
    ends: tuple[str, ...] = ()  # names that stand for nothing any more
    refused: type[Refusal] | None = None  # what it is told there, when it cannot succeed
    # Who asks; "": the owner where a role is needed, a new customer where a log-in is, else nobody.
    by: Literal["", "owner", "customer"] = ""


class Route(Struct, frozen=True, kw_only=True):
    """One verb on one path."""

    verb: Verb
    path: str  # /api/v1/things/{thing_id}
    use: Callable[..., Awaitable[Any]]
    access: Access
    scope: str | None = None  # what an API token needs; None: tokens may not, only sessions
    status: int = 200
    raises: tuple[type[Refusal], ...] = ()
    prepare: Callable[..., Awaitable[Any]] | None = None  # what must happen before the transaction
    # Of the body: whether there is anything to prepare; else the use case is given None, and nobody waits for it.
    prepare_when: Callable[[Any], bool] = lambda body: True
    idempotent: bool = False  # takes an Idempotency-Key
    present: Callable[[Any], Reply] | None = None  # how the result is written; None: as JSON
    example: Any = None  # of the body
    produces: tuple[str, ...] = ("application/json",)  # media types of the answer, for the reference
    manner: Manner = API
    body_optional: bool = False  # an absent body is taken as {}
    hidden: bool = False  # not in the API reference
    headers: Mapping[str, str] = {}  # what else the use case reads of a request, and what that says; for the reference
    trial: Trial = Trial()

    @property
    def name(self) -> str:
        """`accounts.register`: the use case, for metrics and the reference."""
        parts = self.use.__module__.split(".")
        return f"{parts[-2]}.{self.use.__name__}"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression; a parameter takes one segment."""
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path)))


def _verb(verb: Verb) -> Callable[..., Route]:
    def route(path: str, use: Callable[..., Awaitable[Any]], **rest: Any) -> Route:
        return Route(verb=verb, path=path, use=use, **rest)

    return route


get, post, put, patch, delete = _verb("GET"), _verb("POST"), _verb("PUT"), _verb("PATCH"), _verb("DELETE")
