"""The API reference, for people and for programs, and the page that explains every error code."""

import html
from collections.abc import Iterable
from typing import Final

from artel.db import Database
from artel.edge.markdown import to_html
from artel.edge.openapi import document
from artel.edge.pages import ASK_AGAIN, FOLDER, page
from artel.edge.reply import Reply, encode
from artel.edge.route import ANYONE, Route, get

ERRORS: Final = FOLDER / "errors.md"  # a link to docs/errors.md
# Swagger UI sets styles on elements and asks this server for the document and for what its reader tries out.
REFERENCE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Reference:
    """The OpenAPI document of the application's routes, made when it is first asked for."""

    def __init__(self, routes: Iterable[Route], version: str) -> None:
        self._routes = routes
        self.version = version
        self._text = b""

    def text(self) -> bytes:
        """The document as JSON."""
        if not self._text:
            self._text = encode(document(self._routes, self.version))
        return self._text


async def openapi(db: Database, reference: Reference) -> bytes:
    """The API reference for programs: OpenAPI 3.1."""
    return reference.text()


async def reference_page(db: Database, reference: Reference) -> Reply:
    """The API reference for people."""
    return page("reference.html", "API reference", REFERENCE_POLICY, version=html.escape(reference.version))


async def errors_page(db: Database) -> Reply:
    """What every error code means, and what to do."""
    return page("errors.html", "Error codes", text=to_html(ERRORS.read_text("utf-8")))


def _as_it_is(reply: Reply) -> Reply:
    return reply


def _as_json(text: bytes) -> Reply:
    return Reply(200, text, headers=(ASK_AGAIN,))


ROUTES: Final[list[Route]] = [
    get("/openapi.json", openapi, access=ANYONE, present=_as_json, hidden=True),
    get("/docs", reference_page, access=ANYONE, present=_as_it_is, hidden=True),
    get("/docs/errors", errors_page, access=ANYONE, present=_as_it_is, hidden=True),
]
