"""Transcripts: what a client of an older service sends, and what it must see, byte for byte where that matters.

    ### a title that is a sentence
    POST /user
    Authorization: {token}
    {"login": "anna"}
    -> 201
    {"id": "<int:anna>", "created_at": "<time>"}

`{name}` in a request is replaced by what an earlier answer captured. In an answer, "<int>", "<text>", "<time>" and
"<local>" (a time without zone) stand for any such value, and "<int:name>" captures it. A header of an answer is a
regular expression, whose named groups are captured. Keys, their order and everything else must be equal. An answer of
plain text is compared as it is.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import Client

MATCHER = re.compile(r"<(int|text|time|local)(?::(\w+))?>")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
VERBS = ("GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ")


@dataclass
class Exchange:
    """One request and the answer that it must get."""

    title: str
    line_no: int
    verb: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: str = ""


def read(path: Path) -> list[Exchange]:
    """The exchanges of a transcript, in order."""
    exchanges: list[Exchange] = []
    title, answering = "", False
    for line_no, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith("### "):
            title = line.removeprefix("### ")
        elif line.startswith(VERBS):
            verb, path_text = line.split(" ", 1)
            exchanges.append(Exchange(title, line_no, verb, path_text))
            answering = False
        elif line.startswith("-> "):
            exchanges[-1].status = int(line.removeprefix("-> "))
            answering = True
        elif re.fullmatch(r"[A-Za-z-]+: .*", line):
            name, value = line.split(": ", 1)
            (exchanges[-1].answer_headers if answering else exchanges[-1].headers)[name] = value
        elif line and not line.startswith("#"):
            if answering:
                exchanges[-1].answer += line
            else:
                exchanges[-1].body += line
    assert all(each.status for each in exchanges), f"{path}: an exchange without an answer"
    return exchanges


def replay(path: Path, client: Client) -> None:
    """Send every request of the transcript and compare every answer."""
    known: dict[str, str] = {}
    for each in read(path):
        client.http.cookies.clear()  # a request carries the cookie that its lines name, and no other
        answer = client.request(
            each.verb,
            _fill(each.path, known),
            headers={name: _fill(value, known) for name, value in each.headers.items()},
            content=_fill(each.body, known).encode(),
        )
        where = f"{path.name}:{each.line_no} {each.title}: {each.verb} {each.path}"
        assert answer.status_code == each.status, f"{where}: {answer.status_code} {answer.text}"
        for name, value in each.answer_headers.items():
            found = re.fullmatch(value, answer.headers.get(name, ""))
            assert found, f"{where}: {name}: {answer.headers.get(name)}"
            known |= found.groupdict()
        if each.answer and answer.headers["content-type"].startswith("text/plain"):
            assert answer.text == each.answer, f"{where}: {answer.text}"
        elif each.answer:
            _match(json.loads(each.answer), answer.json(), where, known)
        else:
            assert answer.text == "", f"{where}: {answer.text}"


def _fill(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], text)


def _match(wanted: Any, got: Any, where: str, known: dict[str, str]) -> None:
    matcher = MATCHER.fullmatch(wanted) if isinstance(wanted, str) else None
    if matcher:
        kind, name = matcher.groups()
        fits = {
            "int": lambda: type(got) is int,
            "text": lambda: isinstance(got, str) and got,
            "time": lambda: isinstance(got, str) and TIME.fullmatch(got),
            "local": lambda: isinstance(got, str) and LOCAL.fullmatch(got),
        }[kind]()
        assert fits, f"{where}: {got!r} is not {kind}"
        if name:
            known[name] = str(got)
    elif isinstance(wanted, dict):
        assert isinstance(got, dict) and list(wanted) == list(got), f"{where}: {got!r} has not the keys {list(wanted)}"
        for key, value in wanted.items():
            _match(value, got[key], f"{where} .{key}", known)
    elif isinstance(wanted, list):
        assert isinstance(got, list) and len(wanted) == len(got), f"{where}: {got!r} is not {wanted!r}"
        for number, value in enumerate(wanted):
            _match(value, got[number], f"{where}[{number}]", known)
    else:
        assert (type(wanted), wanted) == (type(got), got), f"{where}: {got!r} is not {wanted!r}"
