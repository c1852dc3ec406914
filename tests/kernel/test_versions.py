"""Versions: which fields an edit changes, and when it comes too late."""

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType

from artel.kernel.errors import Refusal
from artel.kernel.versions import changed, refuse_stale


class Thing(Struct, frozen=True):
    name: str
    note: str | None
    version: int


class Edit(Struct, frozen=True, omit_defaults=True):
    name: str | UnsetType = UNSET
    note: str | None | UnsetType = UNSET


class Stale(Refusal):
    """It is at {version}, not {base}."""

    code, kind = "things.stale", "stale"


THING = Thing("a", "b", 3)


@pytest.mark.parametrize("if_match", [None, 3])
def test_an_edit_for_this_version_or_any_passes(if_match: int | None) -> None:
    refuse_stale(Stale, if_match, THING, Edit(name="c"))


@pytest.mark.parametrize("if_match", [0, 2, 4])
def test_an_edit_for_another_version_is_refused_with_all_three(if_match: int) -> None:
    with pytest.raises(Stale) as refused:
        refuse_stale(Stale, if_match, THING, Edit(name="c"))
    assert refused.value.facts == {
        "version": 3,
        "base": if_match,
        "theirs": {"name": "a", "note": "b", "version": 3},
        "yours": {"name": "c"},
    }
    assert msgspec.json.encode(refused.value.facts)


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (Edit(), {}),
        (Edit(name="a", note="b"), {}),
        (Edit(name="c", note="b"), {"name": "c"}),
        (Edit(note=None), {"note": None}),
    ],
)
def test_only_what_is_given_and_new_is_a_change(edit: Edit, changes: dict[str, str | None]) -> None:
    assert changed(THING, edit) == changes
