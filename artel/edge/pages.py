"""Pages: one frame around all of them, the files that they load, and the start page.

All of it comes out of the package, so that it works without any outside address. A static file's path holds the hash
of all of them, so that a browser may keep it for ever and still sees a new version at once.
"""

import hashlib
import html
import string
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from artel import __version__
from artel.db import Database
from artel.edge.decode import NotFound
from artel.edge.reply import Header, Reply
from artel.edge.route import ANYONE, Route, get

FOLDER: Final = Path(__file__).parent
ASSETS: Final = {
    "artel.css": b"text/css; charset=utf-8",
    "reference.js": b"text/javascript; charset=utf-8",
    "swagger-ui/swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui/swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
}
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FOR_EVER: Final[Header] = (b"cache-control", b"public, max-age=31536000, immutable")
ASK_AGAIN: Final[Header] = (b"cache-control", b"no-cache")


class Asset(Struct, frozen=True):
    """A static file."""

    content_type: bytes
    content: bytes


async def asset(db: Database, stamp: str, name: str) -> Asset:
    """A static file of the pages. Raises NotFound."""
    found = {Path(each).name: each for each in ASSETS}.get(name)
    if found is None or stamp != _stamp():
        raise NotFound(path=f"/docs/static/{stamp}/{name}")
    return Asset(ASSETS[found], (FOLDER / "static" / found).read_bytes())


def start_page() -> Reply:
    """What a browser gets at `/`: what this is, and where to go on."""
    return page("start.html", "Artel", version=html.escape(__version__))


def page(template: str, title: str, policy: str = POLICY, **values: str) -> Reply:
    """A page out of the frame and a template; `values` are HTML already. The policy allows no script."""
    body = _template(template).substitute(values, stamp=_stamp())
    text = _template("page.html").substitute(title=html.escape(title), body=body, stamp=_stamp())
    headers = ((b"content-security-policy", policy.encode()), ASK_AGAIN)
    return Reply(200, text.encode(), b"text/html; charset=utf-8", headers)


def _as_asset(found: Asset) -> Reply:
    return Reply(200, found.content, found.content_type, (FOR_EVER,))


def _template(name: str) -> string.Template:
    return string.Template((FOLDER / "templates" / name).read_text("utf-8"))


@cache
def _stamp() -> str:
    together = hashlib.sha256()
    for name in sorted(ASSETS):
        together.update((FOLDER / "static" / name).read_bytes())
    return together.hexdigest()[:16]


ROUTES: Final[list[Route]] = [
    get("/docs/static/{stamp}/{name}", asset, access=ANYONE, present=_as_asset, hidden=True, raises=(NotFound,)),
]
