"""A registration as the older services take it, read as the accounts' own."""

import msgspec

from artel.accounts.model import Registration
from artel.edge.decode import malformed


def registration(body: msgspec.Struct) -> Registration:
    """The same fields under the accounts' rules; a dialect's struct lacks some of them. Raises Malformed."""
    try:
        return msgspec.convert(msgspec.structs.asdict(body), Registration)
    except msgspec.ValidationError as fault:
        raise malformed(fault, "body") from None
