"""What an answer looks like, read from its type; what an older API writes, from what it makes of a sample."""

from typing import Any

import pytest
from msgspec import Struct

from artel.db import Read
from artel.edge.openapi import Operation
from artel.edge.outlines import Expected, expected, schemas_of
from artel.edge.reply import Reply, encode, problem
from artel.edge.route import ANYONE, Manner, bearer_or_cookie, get
from artel.edge.signature import read_signature
from artel.kernel.page import Page

OLD = Manner("old", bearer_or_cookie, problem)


class Branch(Struct, frozen=True):
    """A branch of a tree."""

    id: int
    note: str | None
    below: list["Branch"]


async def page(tx: Read) -> Page[Branch]: ...
async def many(tx: Read) -> list[Branch]: ...
async def perhaps(tx: Read) -> Branch | None: ...
async def nothing(tx: Read) -> None: ...
async def written(tx: Read) -> Reply: ...
async def word(tx: Read) -> str: ...


def expectation(use: Any, **rest: Any) -> Expected:
    route = get("/x", use, access=ANYONE, **rest)
    operation = Operation(route, read_signature(route, None))
    return expected(operation, schemas_of([operation]))


def said(value: str | None) -> Reply:
    return Reply(202 if value else 200, encode({"said": value}))


@pytest.mark.parametrize(
    ("use", "fields"),
    [(page, "items.0.id"), (many, "0.id"), (perhaps, "id"), (nothing, None), (written, None)],
)
def test_where_the_fields_of_an_answer_are(use: Any, fields: str | None) -> None:
    assert expectation(use).fields.get("id") == fields


def test_a_tree_ends_somewhere_and_a_field_that_may_be_null_may_be() -> None:
    outline = expectation(perhaps).outline
    assert outline and outline["required"] == ["id", "note", "below"]
    assert outline["properties"]["id"] == {"type": "integer"}
    assert outline["properties"]["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert str(outline).count("'below': {") < 10


def test_an_answer_may_be_empty_always_sometimes_or_never() -> None:
    assert expectation(nothing, status=204) == Expected((204,), None, None)
    assert expectation(perhaps).statuses == (200, 204)
    assert expectation(page).statuses == (200,)


def test_what_is_not_json_has_a_media_type_and_no_fields() -> None:
    assert expectation(word, produces=("text/csv",)) == Expected((200,), "text/csv", None)


def test_what_an_older_api_writes_is_what_it_makes_of_a_sample() -> None:
    found = expectation(word, manner=OLD, present=said)
    assert found.statuses == (202,) and found.fields == {"said": "said"}
    assert expectation(nothing, manner=OLD, present=said).statuses == (200,)


def test_of_an_answer_that_the_use_case_writes_itself_only_the_form_is_known() -> None:
    assert expectation(written, manner=OLD, present=lambda reply: reply) == Expected((200,), "application/json", None)
