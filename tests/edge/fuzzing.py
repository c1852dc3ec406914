"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): each case is sent by an owner, a new one when the last is logged out."""

import asyncio
import itertools
import os
import re
import urllib.error
import urllib.request
from pathlib import Path

import schemathesis
from schemathesis import AuthContext, Case, CheckContext, GenerationMode, Response

from artel.db.opening import open_database
from tests.people import enter

GIVEN_OUT = {"after", "If-Match"}  # a schema cannot tell which texts a list or an answer gave out
UNSAID = re.compile(
    r"expected [\w |]*\bint\b[\w |]*, got float"  # JSON Schema calls 3.0 an integer, we do not
    r"|holds a NUL character, which no text here may"  # PostgreSQL's text; the reference says so in words
)
URL = os.environ["FUZZ_URL"]
_numbers = itertools.count(1)


async def _new_owner() -> str:
    db = await open_database(os.environ["FUZZ_DATABASE"], Path(os.environ["FUZZ_DATA"]))
    try:
        roles = frozenset({"owner", "staff", "customer"})
        return (await db.write(enter, f"fuzz{os.getpid()}.{next(_numbers)}", roles, {})).session
    finally:
        await db.close()


def _opens(token: str) -> bool:
    request = urllib.request.Request(f"{URL}/api/v1/accounts", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=60):
            return True
    except urllib.error.HTTPError:
        return False


@schemathesis.auth(refresh_interval=None)
class Owner:
    """An owner's session, which a case may end by logging out or closing the account."""

    token = ""

    def get(self, case: Case, context: AuthContext) -> str:
        if not (Owner.token and _opens(Owner.token)):
            Owner.token = asyncio.run(_new_owner())
        return Owner.token

    def set(self, case: Case, data: str, context: AuthContext) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.check
def well_formed_is_not_malformed(context: CheckContext, response: Response, case: Case) -> None:
    """What the reference allows may be refused for its meaning, and never for its form."""
    right = case.meta and case.meta.generation.mode == GenerationMode.POSITIVE
    if not right or response.status_code != 400 or "problem" not in response.headers.get("content-type", [""])[0]:
        return
    problem = response.json()
    facts = problem["facts"]
    unsaid = UNSAID.fullmatch(str(facts.get("problem"))) or facts.get("field") in GIVEN_OUT
    malformed = problem["code"] == "request.malformed" and not unsaid
    assert not malformed, f"well formed, and called malformed: {problem['detail']}"
