"""Who is asking."""

from ipaddress import ip_address, ip_network
from typing import Final

from msgspec import Struct

ROLES: Final = ("customer", "executor", "staff", "owner")
PLATFORM: Final = frozenset({"staff", "owner"})  # who runs the installation


class Actor(Struct, frozen=True):
    """An account as far as one request is concerned.

    `scopes` is None for a session, which may do all that its roles may, and a set for an API token, which may do no
    more than that. `address` is where the request came from.
    """

    account_id: int
    login: str
    roles: frozenset[str]
    scopes: frozenset[str] | None = None
    session_id: int | None = None
    token_id: int | None = None
    address: str = ""

    def is_any(self, roles: frozenset[str]) -> bool:
        """Whether the actor holds one of the roles."""
        return not self.roles.isdisjoint(roles)


SYSTEM: Final = Actor(0, "system", frozenset(ROLES))  # the operator at the command line, and the demo


def origin(address: str) -> str:
    """What is counted as one address: an IPv4 address, or the /64 of which an IPv6 client may use every one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
