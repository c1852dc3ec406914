"""A receiver of webhooks, and the application that may send to loopback."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Client
from tests.events.happening import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes webhooks."""
    with receiving() as found:
        yield found


@pytest.fixture
def near(start: Callable[..., Client]) -> Client:
    """A client of the application, which may send to addresses of this machine."""
    return start(webhooks_private=True)
