"""Proof: what docs/events.md says of limits is so, and its example verifies what is sent."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artel.db import Database
from artel.events import post, rules, streams
from tests.conftest import Client, Run
from tests.events.happening import Happened, Receiver, make_hook, tell, until
from tests.people import People

DOCUMENT = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")
SAID = " ".join(DOCUMENT.split())


def test_the_example_verifies_a_message_and_refuses_a_changed_one(
    near: Client, people: People, run: Run, db: Database, receiver: Receiver
) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/events.md", "exec"), names)
    verify: Callable[[str, dict[str, str], bytes], bool] = names["verify"]
    owner = people.person("owner").session
    hook = make_hook(near, owner, receiver.url, "test.*")
    renewed = near.post(f"{hook.path}/secret", token=owner).json()["secret"]
    tell(run, db, Happened(1))
    (message,) = run(until(lambda: receiver.messages))
    for secret in (hook.secret, renewed):
        assert verify(secret, message.headers, message.body)
        assert not verify(secret, message.headers, message.body + b" ")
        assert not verify(secret, message.headers | {"webhook-timestamp": "1"}, message.body)
    assert not verify("whsec_" + "A" * 44, message.headers, message.body)


@pytest.mark.parametrize(
    "sentence",
    [
        f"Answer 2xx within {post.TIMEOUT_S:.0f} seconds",
        f"fails for {rules.DISABLE_AFTER_DAYS} days",
        f"signs too for {rules.OLD_SECRET_US // 3_600_000_000} hours",
        f"at most {streams.PER_ACCOUNT} streams at each server process, all together {streams.IN_ALL}",
        "after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h",
    ],
)
def test_a_limit_in_the_document_is_the_one_in_the_code(sentence: str) -> None:
    assert sentence in SAID
