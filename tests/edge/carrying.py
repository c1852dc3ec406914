"""How a log-in travels: each API looks for its token in a place of its own."""

from artel.app import ROUTES
from artel.edge.route import Route


def carried(route: Route, token: str) -> dict[str, str]:
    """The header that carries a token on this route."""
    name, pattern = route.manner.carries
    return {name: pattern.format(token=token)}


def carried_everywhere(token: str) -> dict[str, str]:
    """The headers that carry it everywhere, Artel's own way where two APIs use one header. Cookies stand together."""
    ours_last = sorted(ROUTES, key=lambda route: route.manner.name == "api")
    ways = list(dict.fromkeys(way for route in ours_last for way in carried(route, token).items()))
    cookies = "; ".join(value for name, value in ways if name == "Cookie")
    return dict(ways) | {"Cookie": cookies}
