"""Who writes a word that a field does not take is told which ones it takes."""

from typing import Literal

import msgspec
import pytest

from artel.edge.choices import choices
from artel.edge.decode import checked
from artel.kernel.errors import Malformed
from tests.conftest import Client
from tests.people import People


class Line(msgspec.Struct, rename="camel"):
    some_kind: Literal["book", "other"] | None = None


class Body(msgspec.Struct):
    lines: list[Line] | msgspec.UnsetType = msgspec.UNSET
    by_name: dict[str, Literal["on", "off"]] = {}
    size: Literal[2, 1] = 1
    title: str = ""


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"lines": [{}, {"someKind": "boot"}]}, "lines[1].someKind: 'boot' is none of: book, other."),
        ({"by_name": {"x": "maybe"}}, "by_name[...]: 'maybe' is none of: off, on."),
        ({"size": 3}, "size: 3 is none of: 1, 2."),
        ({"title": 3}, "title: expected str, got int."),
    ],
)
def test_the_words_of_any_place_are_named(given: dict[str, object], says: str) -> None:
    with pytest.raises(Malformed) as refused:
        checked(Body, given)
    assert str(refused.value) == says


def test_a_place_that_takes_any_text_has_no_words() -> None:
    assert choices(Body, "title") == choices(Body, "nowhere.at[0].all") == []


def test_a_query_tells_them(client: Client, people: People) -> None:
    asked = client.get(
        "/api/v1/orders?status=lost", headers={"Authorization": f"Bearer {people.person('owner').session}"}
    )
    assert asked.status_code == 400, asked.text
    assert "status: 'lost' is none of: awaiting_payment, cancelled, " in asked.json()["detail"]
