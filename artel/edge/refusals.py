"""Refusals in the API reference: one response for each status, with the codes that it may carry."""

import string
from collections.abc import Mapping
from typing import Any, Final

from artel.edge.reply import PROBLEM, STATUS
from artel.kernel.errors import Refusal

Json = dict[str, Any]

REQUEST_ID_SAMPLE: Final = "f2a9c1d0b3e4-1c"

REASONS: Final = {
    200: "Fine",
    201: "Made",
    202: "Accepted, and going on",
    204: "Done; nothing to say",
    400: "A value is malformed",
    401: "Nobody is logged in, or the log-in was wrong",
    403: "Not allowed",
    404: "There is no such thing, or none that you may know of",
    408: "The body was too slow",
    409: "The state of things forbids it",
    412: "The version that you saw is gone",
    413: "The body is too large",
    415: "The body is of a type that is not read here",
    422: "Well formed, and contradicts what came before",
    429: "Too often",
    503: "A part that is needed does not answer; nothing was stored",
}


def problem_response(status: int, refusals: Mapping[str, type[Refusal]]) -> Json:
    """The response of one status; `refusals` by code."""
    codes = list(refusals)
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"status": {"const": status}, "code": {"enum": codes}}},
        ]
    }
    examples = {code: {"value": _problem_sample(refusal)} for code, refusal in refusals.items()}
    lines = [REASONS[status] + ".", *(f"- `{code}`: {_message(refusal)}" for code, refusal in refusals.items())]
    response: Json = {
        "description": "\n".join(lines),
        "content": {PROBLEM.decode(): {"schema": schema, "examples": examples}},
    }
    if status in (429, 503):
        response["headers"] = {"Retry-After": header("Seconds to wait, where they are known.")}
    if status == 401:
        response["headers"] = {"WWW-Authenticate": header("Bearer")}
    return response


def header(description: str) -> Json:
    """A header of a response."""
    return {"description": description, "schema": {"type": "string"}}


def _message(refusal: type[Refusal]) -> str:
    return " ".join((refusal.__doc__ or refusal.code).split())


def _problem_sample(refusal: type[Refusal]) -> Json:
    return {
        "type": f"/docs/errors#{refusal.code}",
        "title": refusal.kind.replace("_", " "),
        "status": STATUS[refusal.kind],
        "detail": _message(refusal),
        "code": refusal.code,
        "request_id": REQUEST_ID_SAMPLE,
        "facts": {name: "…" for _, name, _, _ in string.Formatter().parse(_message(refusal)) if name},
    }


def problem_schema() -> Json:
    """The schema of every problem."""
    text = {"type": "string"}
    return {
        "title": "Problem",
        "description": "Why a request was refused (RFC 9457).",
        "type": "object",
        "properties": {
            "type": text | {"format": "uri-reference", "description": "Where the code is explained."},
            "title": text,
            "status": {"type": "integer"},
            "detail": text | {"description": "One sentence for people."},
            "code": text | {"description": "Permanent; for programs."},
            "request_id": text | {"description": "Find it in the server's log."},
            "facts": {"type": "object", "description": "The values that the sentence is made of, for programs."},
        },
        "required": ["type", "title", "status", "detail", "code", "request_id", "facts"],
    }
