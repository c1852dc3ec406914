"""Refusals."""

import pytest

from artel.kernel.errors import Malformed, Refusal


class ThingTaken(Refusal):
    """{who} was faster:
    the thing {thing} is gone."""

    code, kind = "things.taken", "conflict"


def test_the_message_is_the_docstring_in_one_line_with_its_facts() -> None:
    refusal = ThingTaken(who="anna", thing=7)
    assert refusal.message == str(refusal) == "anna was faster: the thing 7 is gone."
    assert refusal.facts == {"who": "anna", "thing": 7}


@pytest.mark.parametrize("typed", ["{thing}", "{0}", "{who.__class__}", "%s", "{", "\n\0"])
def test_a_fact_is_shown_as_it_is_and_not_read_as_a_pattern(typed: str) -> None:
    assert Malformed(field="login", problem=typed).message == f"login: {typed}."


def test_a_fact_that_the_message_names_and_nobody_gave_is_a_programming_fault() -> None:
    with pytest.raises(KeyError, match="thing"):
        _ = ThingTaken(who="anna").message
