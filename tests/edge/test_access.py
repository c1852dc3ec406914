"""S1: every route x every foreign id x every credential: nobody reads or writes another account.

What each route may do is written a second time, by hand, in admission.py. A route that is missing there fails the test.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import httpx
import msgspec
import pytest
from msgspec import Struct
from sqlalchemy import bindparam, select, update

from artel import app as composition
from artel.accounts.tables import accounts, sessions
from artel.db import Command, Database, Query, Read, Write
from artel.edge.identity import NotAllowed
from artel.edge.route import ANYONE, LOGGED_IN, Route, delete, get
from tests.conftest import Client, Run
from tests.edge.admission import EXPECTED, FIELDS, MEMBER, MINE, NOBODY, OF_MINE, OWNER, STAFF, Expected
from tests.edge.carrying import carried
from tests.people import SCOPES, People, Person, Things, Token, commits, dump


class Victim(Struct, frozen=True):
    """Somebody whose every field is a mark that no one else's answer may hold."""

    person: Person
    token: Token
    marks: dict[str, str]
    things: Things


class Credential(Struct, frozen=True):
    """A way to ask: what the asker is, and what the token's scopes are (None: a session)."""

    level: int
    headers: dict[str, str]
    scopes: frozenset[str] | None = None
    in_cookie: bool = False
    roles: tuple[str, ...] = ("customer",)


def path_of(route: Route, victim: Victim, *, there: bool) -> str:
    """The route's path with the victim's ids, or with ids that nobody has."""
    ids = {
        "account_id": victim.person.account_id,
        "user_id": victim.person.account_id,
        "session_id": victim.person.session_id,
        "token_id": victim.token.token_id,
    } | msgspec.structs.asdict(victim.things)
    others = {"import_id": "1", "report": "1", "number": "1", "table": "carts", "stamp": "x", "name": "x", "slug": "x"}
    others |= {"provider": "test", "book_account_id": "1"}
    values = {name: str(number if there else 10**17 + number) for name, number in ids.items()} | others
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], route.path)


def credentials(people: People, route: Route) -> dict[str, Credential]:
    """Every kind of credential, each of an account of its own."""
    scope = route.scope or "profile:read"

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    def session(level: int, *roles: str) -> Credential:
        return Credential(level, bearer(people.person(*roles).session), roles=roles)

    def token(level: int, scopes: set[str], *roles: str) -> Credential:
        asker = people.person(*(roles or ("customer",)))
        made = people.token(asker, *sorted(scopes)).token
        return Credential(level, bearer(made), frozenset(scopes), roles=roles or ("customer",))

    over, closed, ended = people.person("owner"), people.person("owner"), people.token(people.person("owner"))
    people.expire_session(over)
    people.close(closed)
    people.expire_token(ended)
    everything = set(SCOPES)
    return {
        "none": Credential(NOBODY, {}),
        "garbage": Credential(NOBODY, bearer("as_" + "x" * 43)),
        "a session that is over": Credential(NOBODY, bearer(over.session)),
        "a closed account's session": Credential(NOBODY, bearer(closed.session)),
        "an API token that is over": Credential(NOBODY, bearer(ended.token)),
        "a customer": session(MEMBER, "customer"),
        "an executor": session(MEMBER, "executor"),
        "a customer's cookie": Credential(
            MEMBER, {"Cookie": f"__Host-artel={people.person().session}"}, in_cookie=True
        ),
        "staff": session(STAFF, "staff"),
        "an owner": session(OWNER, "owner"),
        "a customer's token with every scope": token(MEMBER, everything),
        "staff's token with every scope": token(STAFF, everything, "staff"),
        "an owner's token with the scope": token(OWNER, {scope}, "owner"),
        "an owner's token without the scope": token(OWNER, everything - {scope}, "owner"),
    }


def refused(expected: Expected, route: Route, asked: Credential) -> int | None:
    """The status of the refusal, or None when the route admits the credential."""
    nobody = asked.level == NOBODY or (asked.in_cookie and route.manner.name != "api")
    if expected.least == NOBODY:
        return None
    if nobody:
        return 401
    if asked.scopes is not None and expected.scope not in asked.scopes:
        return 403
    if expected.role and expected.role not in asked.roles:
        return 403
    return 403 if asked.level < expected.least else None


class Prover:
    """Sends the requests and looks at answers and rows."""

    def __init__(self, client: Client, people: People, run: Run, db: Database) -> None:
        self._client, self._people, self._run, self._db = client, people, run, db
        marks = {field: f"mark-{field}" for field in FIELDS} | {"email": "mark@email.example"}
        person = people.person(**marks)
        token = people.token(person)
        self.victim = Victim(person, token, marks, people.things(person))
        self.secrets = (person.session, token.token)
        self._scope: str | None = "none yet"
        self._made: dict[str, Credential] = {}
        self._known: dict[str, list[tuple[Any, ...]]] = {}  # the rows as they were last looked at
        self._commits: Any = None  # what anybody had committed by then

    def prove(self, routes: list[Route], expected: dict[str, Expected]) -> int:
        """Raises AssertionError at the first leak; answers how many requests were made."""
        made = 0
        for route in routes:
            line = expected.get(f"{route.verb} {route.path}")
            assert line, f"{route.verb} {route.path} is in no list of tests/edge/admission.py: say whom it admits"
            for name, asked in self._credentials(route).items():
                if route.verb == "DELETE":  # there has to be something to delete
                    things = self._people.things(self.victim.person)
                    self.victim = msgspec.structs.replace(self.victim, things=things)
                self._prove_one(route, line, name, asked)
                made += 1
        return made

    def _credentials(self, route: Route) -> dict[str, Credential]:
        """New ones after a route that may have ended the old ones."""
        if (route.scope, "GET") != (self._scope, route.verb):
            self._scope = route.scope if route.verb == "GET" else "used up"
            self._made = credentials(self._people, route)
        return self._made

    def _prove_one(self, route: Route, expected: Expected, name: str, asked: Credential) -> None:
        where = f"{route.verb} {route.path} by {name}"
        before = self._rows()
        answer = self._ask(route, asked, there=True)
        after = self._rows()
        assert answer.status_code < 500, f"{where}: {answer.text}"
        self._look_for_leaks(where, answer, expected)
        refusal = refused(expected, route, asked)
        if refusal is not None:
            assert answer.status_code == refusal, f"{where} was answered {answer.status_code}: {answer.text}"
            assert before == after, f"{where} was refused and changed something"
            return
        if expected.least != NOBODY and not expected.own:
            assert answer.status_code not in (401, 403), f"{where} was refused: {answer.text}"
        hidden = expected.own and asked.level < expected.sees_all
        if hidden or not expected.changes:
            assert self._of_victim(before) == self._of_victim(after), f"{where} changed another account"
        if hidden:
            assert answer.status_code in (403, 404), f"{where} found another's: {answer.text}"
            absent = self._ask(route, asked, there=False)
            assert _alike(answer) == _alike(absent), f"{where} tells a thing of another's from none"

    def _ask(self, route: Route, asked: Credential, *, there: bool) -> httpx.Response:
        path = path_of(route, self.victim, there=there)
        self._client.http.cookies.clear()  # what a log-in of a dialect set is no credential of the next asker
        return self._client.request(route.verb, path, headers=_carried(route, asked.headers), json=route.example)

    def _look_for_leaks(self, where: str, answer: httpx.Response, expected: Expected) -> None:
        shown = {field for field, mark in self.victim.marks.items() if mark in answer.text}
        assert shown <= expected.shows, f"{where} shows {sorted(shown)} of another account"
        for secret in self.secrets:
            assert secret not in answer.text + str(answer.headers), f"{where} shows another account's token"

    def _rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row; those that were read before, where nobody has committed anything since."""
        seen = self._run(self._db.read(commits))
        if seen != self._commits:
            self._known, self._commits = self._run(self._db.read(dump)), seen
        return self._known

    def _of_victim(self, rows: dict[str, list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
        """The victim's row, every row whose second column is its id, and those of its shop."""
        account_id, shop_id = self.victim.person.account_id, self.victim.things.shop_id
        mine = ("sessions", "api_tokens", "webhooks", "orders", "jobs", "withdrawals")
        owned = [row for name in mine for row in rows[name] if row[1] == account_id]
        owned += [row for row in rows["accounts"] if row[0] == account_id]
        owned += [row for name in ("shops", "shop_members") for row in rows[name] if row[0] == shop_id]
        owned += [row for row in rows["webhook_deliveries"] if row[1] == self.victim.things.webhook_id]
        owned += [row for name in ("vouchers", "delivery_methods") for row in rows[name] if row[1] == shop_id]
        return owned + [row for row in rows["products"] if row[1] == shop_id]


def _carried(route: Route, headers: dict[str, str]) -> dict[str, str]:
    """A bearer token where the route's manner looks for it; a cookie of the API stays what it is."""
    token = headers.get("Authorization", "").removeprefix("Bearer ")
    return carried(route, token) if token else headers


def _alike(answer: httpx.Response) -> tuple[int, str]:
    """An answer without what differs anyway: numbers and the request's own id."""
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, re.sub(r"\d{1,20}", "#", str(body))


@pytest.fixture
def prover(client: Client, people: People, run: Run, db: Database) -> Prover:
    return Prover(client, people, run, db)


def test_nobody_reads_or_writes_another_account(prover: Prover) -> None:
    assert prover.prove(composition.ROUTES, EXPECTED) > 500


def test_a_head_is_admitted_like_its_get(client: Client) -> None:
    for route in composition.ROUTES:
        if route.verb == "GET" and route.access != ANYONE:
            path = re.sub(r"{\w+}", "1", route.path)
            assert client.request("HEAD", path).status_code == 401, route.path


def test_who_may_not_ask_is_told_that_and_not_what_is_wrong_with_the_request(client: Client, people: People) -> None:
    gone, customer, executor = people.person(), people.person(), people.person("executor")
    people.expire_session(gone)
    for route in composition.ROUTES:
        if route.access == ANYONE:
            continue
        path = re.sub(r"{\w+}", "1", route.path) + "?twice=1&twice=1"
        refused = {gone: 401}
        if route.access != LOGGED_IN:
            refused[executor if "customer" in route.access else customer] = 403
        for person, status in refused.items():
            answer = client.request(route.verb, path, headers=carried(route, person.session), content=b"[")
            assert answer.status_code == status, f"{route.verb} {route.path}: {answer.text}"


def test_every_line_of_the_list_is_a_route() -> None:
    assert EXPECTED.keys() - {f"{route.verb} {route.path}" for route in composition.ROUTES} == set()


# --- canaries: services as somebody might write them by mistake

LOGIN_OF = Query(
    str,
    select(accounts.c.email)
    .join_from(sessions, accounts, sessions.c.account_id == accounts.c.id)
    .where(sessions.c.id == bindparam("of_id")),
)
END_ANY = Command(update(sessions).where(sessions.c.id == bindparam("of_id")).values(expires_us=1))


async def reads_another(tx: Read, session_id: int) -> list[str]:
    return await tx.all(LOGIN_OF, of_id=session_id)


async def writes_another(tx: Write, session_id: int) -> None:
    await tx.run(END_ANY, of_id=session_id)


async def writes_and_refuses(db: Database, session_id: int) -> None:
    await db.write(writes_another, session_id)
    raise NotAllowed(needs="somebody else")


async def does_nothing(tx: Read) -> None:
    return None


PLANTED: Final[dict[str, tuple[Route, Expected, str]]] = {
    "a read": (get("/leak/{session_id}", reads_another, access=LOGGED_IN), OF_MINE, "shows"),
    "a write": (delete("/leak/{session_id}", writes_another, access=LOGGED_IN, status=204), OF_MINE, "changed another"),
    "a refusal that writes": (
        get("/leak/{session_id}", writes_and_refuses, access=LOGGED_IN),
        Expected(STAFF),
        "refused and changed",
    ),
    "an open door": (get("/leak", does_nothing, access=ANYONE), MINE, "answered"),
    "an open scope": (get("/leak", does_nothing, access=LOGGED_IN, scope="profile:read"), MINE, "answered"),
    "a missing role": (get("/leak", does_nothing, access=LOGGED_IN), Expected(STAFF), "answered"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_proof_catches_a_planted_route(
    fault: str, monkeypatch: pytest.MonkeyPatch, start: Callable[..., Client], people: People, run: Run, db: Database
) -> None:
    route, expected, said = PLANTED[fault]
    monkeypatch.setattr(composition, "ROUTES", [*composition.ROUTES, route])
    prover = Prover(start(), people, run, db)
    with pytest.raises(AssertionError, match=said):
        prover.prove([route], {f"{route.verb} {route.path}": expected})


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_route_in_no_list_fails_the_proof(prover: Prover) -> None:
    with pytest.raises(AssertionError, match="in no list"):
        prover.prove([get("/new", does_nothing, access=ANYONE)], EXPECTED)
