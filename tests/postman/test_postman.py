"""Proof: newman runs the Postman collection on a server with the demo data, every call of every API in it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artel import __version__, demo
from artel.app import ROUTES
from artel.edge.postman import Visitor, collection
from artel.edge.reply import STATUS
from artel.edge.route import Route
from artel.settings import Settings
from tests.servers import ARTEL, Server, serving

NEWMAN = ARTEL.parents[1] / "newman" / "node_modules" / ".bin" / "newman"
pytestmark = pytest.mark.skipif(
    not NEWMAN.exists(),
    reason="newman is not installed: install Node 16 or newer with npm (Debian: apt install npm), then `make test`",
)
VISITOR = Visitor("http://127.0.0.1:8000", "owner", demo.PASSWORD)
SHOWN = [route for route in ROUTES if not route.hidden]


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    """A server with the demo data."""
    where = ["--database", settings.database] if settings.database else []
    subprocess.run([ARTEL, "demo", "--data", settings.data, *where], check=True, capture_output=True)
    with serving(settings.data, **({"database": settings.database} if settings.database else {})) as server:
        yield server


def newman(wanted: dict[str, Any], server: Server, folder: Path) -> tuple[list[str], int]:
    """What failed, and how many tests there were."""
    (folder / "collection.json").write_text(json.dumps(wanted), "utf-8")
    words = ["run", folder / "collection.json", "--env-var", f"base_url={server.url}", "--timeout-request", "60000"]
    reports = ["--reporters", "json", "--reporter-json-export", folder / "report.json"]
    done = subprocess.run([NEWMAN, *words, *reports], capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    run = json.loads((folder / "report.json").read_text("utf-8"))["run"]
    failed = [
        f"{each.get('source', {}).get('name')}: {each['error'].get('test')}: {each['error']['message']}"
        for each in run["failures"]
    ]
    assert bool(failed) == bool(done.returncode), done.stderr
    return failed, run["stats"]["assertions"]["total"]


def called(log: str) -> set[tuple[str, str]]:
    """The routes that the server has answered well, or refused as their trial says, by its own log."""
    plainest_first = sorted(SHOWN, key=lambda route: route.path.count("{"))
    found = set()
    for line in log.splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        if said.get("event") == "request":
            routes = (each for each in plainest_first if each.verb == said["method"])
            route = next((each for each in routes if each.pattern.fullmatch(said["path"])), None)
            refused = route.trial.refused if route else None
            if said["status"] < 300 or (refused and said["status"] == STATUS[refused.kind]):
                found.add((route.verb, route.path) if route else (said["method"], said["path"]))
    return found


def uncalled(server: Server, routes: list[Route]) -> set[tuple[str, str]]:
    """The routes that nobody called."""
    server.stop()
    return {(route.verb, route.path) for route in routes} - called(server.log.read_text())


def items(node: dict[str, Any]) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Every request of a collection, with the list that holds it."""
    for item in node["item"]:
        if "item" in item:
            yield from items(item)
        else:
            yield node["item"], item


def test_every_call_is_made_and_answered_as_its_test_says(server: Server, tmp_path: Path) -> None:
    failed, tests = newman(collection(ROUTES, __version__, VISITOR), server, tmp_path)
    assert not failed, "\n".join(failed)
    assert tests >= 2 * len(SHOWN)
    assert not uncalled(server, SHOWN)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_collection_can_be_run_again_on_what_it_left_behind(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        assert newman(collection(ROUTES, __version__, VISITOR), server, tmp_path)[0] == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_wrong_status_a_missing_field_and_a_call_left_out_are_seen(server: Server, tmp_path: Path) -> None:
    text = json.dumps(collection(ROUTES, __version__, VISITOR, "loganalysis"))
    planted = json.loads(text.replace("oneOf([200])", "oneOf([202])", 1).replace('"update_at', '"updated_at'))
    (left_out,) = [each for each in items(planted) if each[1]["name"] == "GET /report/{number}"]
    left_out[0].remove(left_out[1])
    failed, _ = newman(planted, server, tmp_path)
    assert any("answers 200" in each and "to be one of [ 202 ]" in each for each in failed), failed
    assert any("has its fields" in each and "updated_at" in each for each in failed), failed
    routes = [route for route in SHOWN if route.manner.name == "loganalysis"]
    assert uncalled(server, routes) == {("GET", "/report/{number}")}
