"""Proof: prose about code is true: the documents' commands run, their tables, trees and links hold."""

import html
import importlib
import os
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import artel
from artel.accounts.hashing import POOL_THREADS, WAITING_MAX
from artel.accounts.rules import ATTEMPTS_FROM_UNKNOWN, ATTEMPTS_PER_ADDRESS, ATTEMPTS_PER_LOGIN
from artel.cli import HEADER_TIMEOUT_MS, STOP_TIMEOUT_S
from artel.db.postgres import LOCK_TIMEOUT_MS, POOL_READERS, POOL_WRITERS, STATEMENT_TIMEOUT_MS
from artel.db.sqlite import GROUP_MAX
from artel.edge.call import QUERY_FIELDS_MAX, UPLOAD_PAUSE_MAX_S
from artel.edge.idempotency import KEY_CHARACTERS_MAX
from artel.edge.redis_copies import COPY_TTL_MS
from artel.edge.reply import STATUS
from artel.kernel.errors import Refusal
from artel.kernel.page import PAGE_DEFAULT, PAGE_MAX
from artel.orders.carts.model import LINES_MAX, QUANTITY_MAX
from artel.orders.carts.rules import GUEST_CARTS_MAX, GUEST_TTL_US
from artel.settings import PREFIX, Settings
from artel.shop.categories.model import CATEGORIES_MAX, DEPTH_MAX
from artel.shop.products.model import ATTRIBUTES_MAX, IMAGES_MAX
from tests.servers import ARTEL, serving

ROOT = Path(__file__).parent.parent
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "artel" / "dialects").rglob("*.md")])
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^### `(?P<code>[^`]+)`\n\n\*\*(?P<status>\d+)\*\* (?P<text>.+)", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def blocks(document: str, kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return [each["text"] for each in FENCE.finditer((ROOT / document).read_text("utf-8")) if each["kind"] == kind]


def run(script: str, folder: Path, port: int) -> str:
    """Run a document's commands with a shell that stops at the first failure."""
    # Whoever reads it talks to port 8000; here it is a free one. -f: an answer that refuses is a failure.
    script = script.replace("localhost:8000", f"127.0.0.1:{port}").replace("curl -s ", "curl -sSf ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": f"{ARTEL.parent}:{os.environ['PATH']}", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# --- the commands


def test_the_commands_of_the_first_steps_and_of_the_backup_run(tmp_path: Path) -> None:
    assert blocks("docs/start.md", "sh background") == ["artel serve --data shop\n"]
    with serving(tmp_path / "shop") as server:
        said = run("\n".join(blocks("docs/start.md", "sh")), tmp_path, server.port)
        assert '"login":"anna"' in said
        assert '"first_name":"Anna","last_name":""' in said
        assert "South Korea" in said
        assert '"known":' in said, "the packed log was imported before, and is known"
        assert (tmp_path / "funnel.svg").read_text("utf-8").startswith("<svg")
        run("\n".join(blocks("docs/operate.md", "sh")), tmp_path, server.port)
        assert (tmp_path / "backup" / "artel.db").stat().st_size > 0


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    subprocess.run([ARTEL, "demo", "--data", tmp_path / "demo"], check=True, capture_output=True)
    with serving(tmp_path / "demo") as server:
        said = run("\n".join(blocks("README.md", "sh demo")), tmp_path, server.port)
    assert '"status":"paid"' in said and '"kind":"paid"' in said, "a book was bought"
    assert '"report":"unpaid-carts"' in said


def test_a_command_that_fails_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="No such option"):
        run("artel serve --nonsense", tmp_path, 1)


def test_the_readme_names_targets_that_make_has() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for document in DOCS:
        for target in re.findall(r"(?:`|^)make ([a-z-]+)", document.read_text("utf-8"), re.MULTILINE):
            assert target in targets, f"{document.name} names `make {target}`"


# --- the layout


def tree(text: str) -> Iterator[str]:
    """The paths of a tree drawn by two spaces a level."""
    above: list[str] = []
    for line in text.splitlines():
        name = line.split()[0]
        level = (len(line) - len(line.lstrip())) // 2
        above = [*above[:level], name]
        yield "".join(above)


def test_the_layout_in_the_readme_is_the_tree() -> None:
    (drawn,) = blocks("README.md", "tree")
    named = set(tree(drawn))
    for path in named:
        assert (ROOT / path).is_dir() == path.endswith("/") and (ROOT / path).exists(), f"README names {path}"
    hidden = {".git", ".ci", ".venv", "demo", "build"}
    wanted = {
        f"{path.name}/"
        for path in ROOT.iterdir()
        if path.is_dir() and path.name not in hidden and not path.name.startswith(".") and any(path.rglob("*.*"))
    }
    wanted = {name for name in wanted if not name.endswith(".egg-info/")}
    wanted |= {
        f"artel/{path.name}{'/' if path.is_dir() else ''}"
        for path in (ROOT / "artel").iterdir()
        if not path.name.startswith("__") and (path.is_dir() or path.suffix == ".py")
    }
    assert wanted <= named, f"README does not name {sorted(wanted - named)}"


def test_a_tree_is_read_by_its_indentation() -> None:
    assert list(tree("a/   x\n  b/   y\n    c.py  z\n  d.py\ne/")) == ["a/", "a/b/", "a/b/c.py", "a/d.py", "e/"]


# --- the settings


def settings_table() -> str:
    """The settings as the document shows them."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        meanings = [getattr(each, "description", None) for each in field.type.__metadata__]
        (meaning,) = filter(None, meanings)
        lines.append(f"| `{PREFIX}{field.name.upper()}` | {f'`{default}`' if default else ''} | {meaning} |")
    return "\n".join(lines)


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "operate.md").read_text("utf-8")
    shown = text.partition("<!-- settings: begin -->\n")[2].partition("\n<!-- settings: end -->")[0]
    assert shown == settings_table(), f"put this table into docs/operate.md:\n{settings_table()}"


def test_no_document_names_a_setting_that_is_none() -> None:
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__}
    for document in DOCS:
        for name in re.findall(r"ARTEL_[A-Z_]+", document.read_text("utf-8")):
            assert name in known, f"{document.name} names {name}"


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("api.md", f"at most {PAGE_MAX}. A page begins"),
        ("api.md", f"`limit` is {PAGE_DEFAULT} unless"),
        ("api.md", f"1 to {KEY_CHARACTERS_MAX} printable ASCII"),
        ("api.md", f"fields of a query string | {QUERY_FIELDS_MAX} "),
        ("api.md", f"no pause over {UPLOAD_PAUSE_MAX_S:.0f} s"),
        ("api.md", f"must arrive within {HEADER_TIMEOUT_MS // 1000} s"),
        (
            "api.md",
            f"{ATTEMPTS_PER_ADDRESS} from one address, {ATTEMPTS_FROM_UNKNOWN} from addresses that never logged in, "
            f"{ATTEMPTS_PER_LOGIN} in all",
        ),
        ("shop.md", f"at most {DEPTH_MAX} levels and {CATEGORIES_MAX:,} categories"),
        ("shop.md", f"up to {IMAGES_MAX} images"),
        ("shop.md", f"up to {ATTRIBUTES_MAX} names"),
        ("api.md", f"guests' carts of one address | {GUEST_CARTS_MAX:,} an hour"),
        ("shop.md", f"A cart holds {LINES_MAX} different offers at most, and a line {QUANTITY_MAX:,} copies"),
        ("shop.md", f"forgotten {GUEST_TTL_US // 86_400_000_000} days after its last change"),
        ("operate.md", f"{POOL_THREADS} at a time"),
        ("operate.md", f"{WAITING_MAX} may wait"),
        ("operate.md", f"{POOL_READERS} that read and cannot write, {POOL_WRITERS} that write"),
        ("operate.md", f"{STATEMENT_TIMEOUT_MS // 1000} s per statement, {LOCK_TIMEOUT_MS // 1000} s for a lock"),
        ("operate.md", f"up to {GROUP_MAX} waiting writes"),
        ("operate.md", f"for {STOP_TIMEOUT_S} seconds at most"),
        ("operate.md", f"copies for {COPY_TTL_MS / 1000} seconds"),
    ],
)
def test_a_limit_in_the_documents_is_the_one_in_the_code(document: str, sentence: str) -> None:
    text = " ".join((ROOT / "docs" / document).read_text("utf-8").split())
    assert " ".join(sentence.split()) in text


# --- the codes


def refusals() -> set[type[Refusal]]:
    """Every refusal of the product."""
    for module in pkgutil.walk_packages(artel.__path__, "artel."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    found: set[type[Refusal]] = set()
    waiting = [Refusal]
    while waiting:
        below = [each for each in waiting.pop().__subclasses__() if each.__module__.startswith("artel.")]
        found.update(below)
        waiting += below
    return {each for each in found if hasattr(each, "code")}


def codes(text: str) -> dict[str, int]:
    """Every code that has a heading, with the status below it."""
    return {each["code"]: int(each["status"]) for each in CODE.finditer(text)}


def undocumented(text: str) -> set[str]:
    """Codes that lack their heading, and headings that lack their code."""
    wanted = {(each.code, STATUS[each.kind]) for each in refusals()}
    return {f"{code} {status}" for code, status in wanted ^ set(codes(text).items())}


def test_every_code_has_a_heading_with_its_status_and_no_heading_is_left_over() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    assert not undocumented(text), "docs/errors.md and the refusals differ"
    assert text.count("\n### ") == len(codes(text)), "a heading of docs/errors.md has no status below it"


def test_a_code_without_a_heading_is_seen() -> None:
    text = (ROOT / "docs" / "errors.md").read_text("utf-8")
    assert undocumented(text.replace("### `auth.required`", "### `auth.requested`")) == {
        "auth.required 401",
        "auth.requested 401",
    }
    assert undocumented(text.replace("**412**", "**409**")), "another status is seen"


def test_the_errors_in_the_package_are_those_of_the_documents() -> None:
    assert (ROOT / "artel" / "edge" / "errors.md").resolve() == ROOT / "docs" / "errors.md"
    assert not LINK.search((ROOT / "docs" / "errors.md").read_text("utf-8")), "it is served, where links differ"


# --- the links


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made on a forge."""
    titles = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(document: Path) -> None:
    text = FENCE.sub("", document.read_text("utf-8"))
    for target in LINK.findall(text):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = html.unescape(target).partition("#")
        found = (document.parent / path) if path else document
        assert found.exists(), f"{document.name} links {target}"
        assert not anchor or anchor in anchors(found), f"{document.name} links {target}"


def test_every_decision_is_in_the_list_and_says_what_was_rejected() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text("utf-8")
    for decision in sorted(folder.glob("0*.md")):
        assert f"]({decision.name})" in listed, decision.name
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Rejected.**"):
            assert part in decision.read_text("utf-8"), f"{decision.name} lacks {part}"
