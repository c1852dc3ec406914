"""Lists without pages, as the older services give them."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from artel.kernel.page import Page

Item = TypeVar("Item")
Query = TypeVar("Query", bound=msgspec.Struct)


async def whole(read: Callable[[Query], Awaitable[Page[Item]]], query: Query) -> list[Item]:
    """Every item of a list that its own API gives out in pages; `query` is the first page's, as large as may be.

    Each page is a transaction of its own, so that a long list does not hold the database.
    """
    items: list[Item] = []
    while True:
        page = await read(query)
        items += page.items
        if page.next is None:
            return items
        query = msgspec.structs.replace(query, after=page.next)
