"""What is told of a text that does not match."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from artel.kernel.patterns import problem_of, told

PATTERN = told("^['\"a\\x00]$", "is made for this test")


def test_the_words_are_found_by_what_msgspec_shows() -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert("b", Annotated[str, Meta(pattern=PATTERN)])
    shown = str(refused.value).removeprefix("Expected `str` matching regex ")
    assert problem_of(shown) == "is made for this test"
    assert problem_of(repr("another")) is None
