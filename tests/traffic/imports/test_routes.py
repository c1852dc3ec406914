"""Imports over HTTP."""

import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest

from artel.settings import Settings
from artel.traffic.imports import service
from tests.conftest import Client, Run
from tests.people import People
from tests.traffic.imports.lines import shop as line

IMPORTS = "/api/v1/traffic/imports"
TEXT = "".join(line(i) + "\n" for i in range(500)).encode()
TRUNCATED = gzip.compress(TEXT)[:-20]


@pytest.fixture
def staff(people: People) -> str:
    """The session of a member of the staff."""
    return people.person("staff").session


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    ("body", "code"), [(b"\x07junk\n", "traffic.format_unknown"), (TRUNCATED, "traffic.log_damaged")]
)
def test_what_cannot_be_read_to_its_end_is_refused_and_listed_as_failed(
    client: Client, staff: str, settings: Settings, body: bytes, code: str
) -> None:
    answer = client.post(IMPORTS, token=staff, params={"name": "old.log"}, content=body)
    assert told(answer) == (422, code)
    listed = client.get(IMPORTS, token=staff).json()["items"][0]
    assert (listed["status"], listed["problem"]) == ("failed", answer.json()["detail"])
    assert listed["parsed"] == client.get("/api/v1/traffic/stock", token=staff).json()["requests"]
    assert (listed["parsed"] > 0) == (code == "traffic.log_damaged")
    assert "old.log" in answer.json()["detail"] and str(settings.data) not in answer.text

    (settings.data / settings.traffic_log).write_bytes(body)
    configured = client.post(f"{IMPORTS}/configured", token=staff)
    assert told(configured) == (422, code)
    old = client.get("/parse", headers={"Authorization": staff})
    assert (old.status_code, old.json()["message"]) == (422, configured.json()["detail"])
    assert settings.traffic_log in old.json()["message"] and str(settings.data) not in old.text


def test_a_rejected_line_is_told_with_the_name_that_its_upload_was_given(client: Client, staff: str) -> None:
    client.post(IMPORTS, token=staff, params={"name": "today.log"}, content=line(0).encode() + b"\nrubbish\n")
    rejected = client.get("/api/v1/traffic/rejected", token=staff).json()["items"]
    assert [(each["source"], each["line_no"]) for each in rejected] == [("today.log", 2)]


def test_a_form_is_no_log_whatever_is_in_it(client: Client, staff: str) -> None:
    assert told(client.post(IMPORTS, token=staff, files={"file": TEXT})) == (415, "request.form_sent")
    assert client.get(IMPORTS, token=staff).json()["items"] == []
    for kind in (
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/octet-stream",
    ):
        answer = client.post(IMPORTS, token=staff, content=TEXT, headers={"Content-Type": kind})
        assert told(answer) == (201, "")


def test_a_stored_log_that_is_damaged_is_told_and_nothing_is_imported(
    client: Client, staff: str, settings: Settings
) -> None:
    def send(text: bytes) -> Any:
        return client.post(IMPORTS, token=staff, content=text + b"rubbish\n")

    def stock() -> Any:
        return client.get("/api/v1/traffic/stock", token=staff).json()

    assert told(send(TEXT)) == (201, "")
    before = stock()
    for segment in (settings.data / "traffic" / "segments").iterdir():
        whole = segment.read_bytes()
        for damaged in (whole[:100], None):
            segment.unlink() if damaged is None else segment.write_bytes(damaged)
            assert told(send(TEXT + line(9999).encode() + b"\n")) == (503, "traffic.segment_damaged")
            if "rejected" in segment.name:
                assert told(client.get("/api/v1/traffic/rejected", token=staff)) == (503, "traffic.segment_damaged")
            assert stock() == before
        segment.write_bytes(whole)
    assert send(TEXT + line(9999).encode() + b"\n").json()["parsed"] == 1


def test_how_far_an_upload_is_can_be_read_while_it_is_sent(
    client: Client, staff: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TELL_NS", 0)
    sent: list[dict[str, Any]] = []

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(TEXT), len(TEXT) // 3 + 1):
            yield TEXT[at : at + len(TEXT) // 3 + 1]
            sent.append((await client.send("GET", IMPORTS, token=staff)).json()["items"][0])

    async def send() -> Any:
        return await client.send("POST", IMPORTS, token=staff, content=pieces())

    done = run(send()).json()
    assert [each["status"] for each in sent] == ["running"] * 3
    third = len(TEXT) // 3 + 1
    assert [each["bytes_total"] for each in sent] == [third, 2 * third, len(TEXT)]
    assert (done["bytes_total"], done["bytes_read"], done["lines"]) == (len(TEXT), len(TEXT), 500)
