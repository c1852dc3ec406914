"""What the tests of products share."""

import pytest

from tests.conftest import Client
from tests.people import People
from tests.shop.products.editor import Editor


@pytest.fixture
def owner(client: Client, people: People) -> Editor:
    return Editor(client, people.person("owner"))
