"""Refusals: the answers of a use case that says no. They are part of a feature's vocabulary (`model.py`)."""

from typing import Any, ClassVar, Literal

Kind = Literal[
    "invalid",  # a value of the request is malformed
    "unauthenticated",  # nobody is logged in
    "forbidden",  # somebody is, and may not
    "missing",  # no such thing, or none that the asker may know of
    "method",  # the thing is there, and cannot do this
    "slow",  # the request did not arrive in time
    "conflict",  # the state of things forbids it
    "stale",  # the version that the asker saw is gone
    "too_large",  # over a limit that has a name
    "unsupported",  # a format that is not read here
    "unprocessable",  # well formed, and contradicts what came before
    "throttled",  # too often; `retry_s` says when again
    "unavailable",  # a part that is needed does not answer
    "fault",  # our own mistake
]


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Why a use case said no: a permanent code, a kind, and the facts.

    The docstring of a refusal is its message for people; `{fact}` in it is replaced by the fact. Facts are plain
    values, shown to the asker: never a secret, never another account's data.
    """

    code: ClassVar[str]
    kind: ClassVar[Kind]

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(facts)

    @property
    def message(self) -> str:
        """One sentence for people, with the facts in it."""
        text = " ".join((type(self).__doc__ or self.code).split())
        return text.format_map(self.facts)

    def __str__(self) -> str:
        return self.message


class Malformed(Refusal):
    """{field}: {problem}."""

    code, kind = "request.malformed", "invalid"
