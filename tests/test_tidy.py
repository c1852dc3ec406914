"""Proof: the tree keeps its shape: who imports whom, sizes, names. Each message names the way out."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

HOME: Final = Path(__file__).parents[1]
FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60
BROAD_EXCEPTS_MAX: Final = 5
SAYS_NOTHING: Final = {"util", "utils", "helper", "helpers", "common", "base", "manager", "managers", "misc", "tools"}

FEATURES: Final = {  # which other features' model and service each may use
    "artel.accounts": set[str](),
    "artel.traffic.imports": {"artel.accounts"},
    "artel.traffic.reports": {"artel.accounts", "artel.traffic.imports"},
    "artel.shop.shops": {"artel.accounts"},
    "artel.shop.categories": {"artel.accounts"},
    "artel.shop.search": set[str](),
    "artel.shop.products": {"artel.accounts", "artel.shop.shops", "artel.shop.categories", "artel.shop.search"},
    "artel.shop.offers": {
        "artel.accounts",
        "artel.shop.shops",
        "artel.shop.categories",
        "artel.shop.search",
        "artel.shop.products",
    },
    "artel.shop.sheets": {
        "artel.accounts",
        "artel.shop.shops",
        "artel.shop.categories",
        "artel.shop.products",
        "artel.shop.offers",
    },
    "artel.events": {"artel.accounts", "artel.shop.shops"},
    "artel.orders.carts": {"artel.accounts", "artel.shop.offers", "artel.orders.vouchers"},
    "artel.orders.delivery": {"artel.accounts", "artel.shop.shops"},
    "artel.orders.vouchers": {"artel.accounts", "artel.shop.shops"},
    "artel.payments": {"artel.accounts", "artel.ledger.book"},
    "artel.ledger.book": {"artel.accounts"},
    "artel.ledger.journal": {"artel.ledger.book"},
    "artel.ledger.wallets": {"artel.accounts", "artel.ledger.book", "artel.payments"},
    "artel.jobs": {"artel.accounts", "artel.ledger.book"},
    "artel.orders.payouts": {"artel.accounts", "artel.shop.shops", "artel.ledger.book"},
    "artel.orders.orders": {
        "artel.accounts",
        "artel.shop.shops",
        "artel.shop.offers",
        "artel.orders.carts",
        "artel.orders.delivery",
        "artel.orders.vouchers",
        "artel.payments",
        "artel.ledger.book",
        "artel.ledger.wallets",
    },
}
RANKS: Final = {"model": 0, "rules": 1, "tables": 1, "queries": 2, "service": 3, "routes": 4, "pages": 4, "commands": 4}
LAST: Final = 4  # the only rank that imports the edge
OPEN: Final = {"model", "service"}  # what a feature shows to others
MANIFEST: Final = {  # open like a service
    "artel.traffic.imports.manifest",  # what the store holds, a transaction each
    "artel.ledger.book.ties",  # what others compare their rows with
    "artel.ledger.book.room",  # what an account may still hold
}
HANDED_OUT: Final = {  # what the composition root makes of a feature and hands to use cases, dialects' too
    "artel.accounts.hashing",
    "artel.traffic.imports.weave",
}
ROOT: Final = {"artel.app", "artel.cli", "artel.doctor", "artel.demo"}  # they put everything together
PROOF: Final = re.compile(r"^(Proof\b|[RS]\d+\b)")  # what a proof's docstring begins with: a row of RELIABILITY.md

Sources = Mapping[str, str]  # a file's path from the project's folder, and its text


def sources(*folders: str) -> Sources:
    found = (path for folder in folders for path in sorted((HOME / folder).rglob("*.py")))
    return {path.relative_to(HOME).as_posix(): path.read_text("utf-8") for path in found}


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(path: str, text: str, known: set[str]) -> set[str]:
    """The modules of ours that a file imports; `from package import name` is the module when there is one."""
    found = set()
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import: write the whole name"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else str(node.module))
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name == "artel" or name.startswith("artel.")}


def feature_of(module: str) -> str | None:
    return next((name for name in FEATURES if module == name or module.startswith(f"{name}.")), None)


def layer_of(module: str) -> str:
    """kernel, db, edge, feature, dialects, migrations, root or bottom."""
    if module in ROOT or module.startswith("artel.demo."):
        return "root"
    if feature_of(module):
        return "feature"
    part = (module.split(".") + [""])[1]
    return part if part in ("kernel", "db", "edge", "dialects", "migrations") else "bottom"


MAY: Final = {  # the layers that each layer imports, besides itself and the bottom: artel, settings, shared schemas
    "bottom": {"kernel"},
    "kernel": set[str](),
    "db": {"kernel"},
    "edge": {"kernel", "db"},
    "feature": {"kernel", "db"},
    "dialects": {"kernel", "db", "edge", "feature"},
    "migrations": {"db"},
    "root": {"kernel", "db", "edge", "feature", "dialects", "migrations"},
}


def wrong_imports(tree: Sources) -> Iterator[str]:
    known = {module_of(path) for path in tree}
    for path, text in tree.items():
        module = module_of(path)
        for other in sorted(imported(path, text, known) - {module}):
            why = _forbidden(module, other)
            if why:
                yield f"{path} imports {other}: {why}"


def _forbidden(module: str, other: str) -> str | None:
    here, there = layer_of(module), layer_of(other)
    if here == "root":
        return None
    if there == "root":
        return "only the composition root knows everything: take what you need as an argument"
    if here == "kernel" and there == "bottom":
        return "kernel imports nothing of ours"
    if here == "feature" and there == "edge":
        last = RANKS.get(module.rpartition(".")[2]) == LAST
        return None if last else "only routes, pages and commands speak HTTP: return a struct or raise a refusal"
    if there not in MAY[here] | {here, "bottom"}:
        return f"{here} stands below {there}: move what you need down to kernel, or pass it as an argument"
    if there == "feature":
        return _between_features(module, other) if here == "feature" else _from_dialect(other)
    if module.endswith(".rules") and here == "feature" and there == "db":
        return "rules are pure: give them values, read the database in the service"
    return None


def _between_features(module: str, other: str) -> str | None:
    ours, theirs = feature_of(module), feature_of(other)
    assert ours and theirs
    rank, part = RANKS.get(module.rpartition(".")[2]), other.rpartition(".")[2]
    if ours == theirs:
        their_rank = RANKS.get(part, 0)
        if their_rank == LAST and rank != LAST:
            return "routes, pages and commands are the last rank: nobody below imports them"
        if rank is not None and rank < their_rank:
            return "inside a feature: model <- rules, tables <- queries <- service <- routes, pages, commands"
        return None
    if theirs not in FEATURES[ours]:
        return f"{ours} does not stand above {theirs}: let the outbox carry an event instead"
    near = ours.rpartition(".")[0] == theirs.rpartition(".")[0] != "artel"
    if part in OPEN or other in MANIFEST or other == theirs or (near and RANKS.get(part) is None and rank == LAST):
        return None
    if part == "tables" and near and rank == RANKS["queries"]:
        return None  # one statement may join the nouns of a family
    return "between features only model and service are open: let the service offer it"


def _from_dialect(other: str) -> str | None:
    if other.rpartition(".")[2] in OPEN or other in FEATURES or other in HANDED_OUT:
        return None
    return "a dialect only translates: it uses a feature's model and service"


def cycles(tree: Sources) -> Iterator[str]:
    known = {module_of(path) for path in tree}
    graph = {module_of(path): imported(path, text, known) - {module_of(path)} for path, text in tree.items()}
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> Iterator[str]:
        if module in trail:
            yield " -> ".join([*trail[trail.index(module) :], module]) + ": a circle: move what both need to a third"
        elif module not in done:
            for other in sorted(graph.get(module, ())):
                yield from visit(other, [*trail, module])
            done.add(module)

    for module in sorted(graph):
        yield from visit(module, [])


def too_large(tree: Sources) -> Iterator[str]:
    for path, text in tree.items():
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            yield f"{path} has {lines} lines, more than {FILE_LINES_MAX}: split it by nouns"
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > FUNCTION_LINES_MAX:
                    yield f"{path}: {node.name} has {size} lines, more than {FUNCTION_LINES_MAX}: let leaves compute"


def broad_excepts(tree: Sources) -> Iterator[str]:
    found = [
        f"{path}:{node.lineno}"
        for path, text in tree.items()
        for node in ast.walk(parsed(text))
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type)
    ]
    if len(found) > BROAD_EXCEPTS_MAX:
        yield f"{len(found)} broad excepts, {BROAD_EXCEPTS_MAX} at most: catch what you can act on: {', '.join(found)}"


def _is_broad(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or ast.unparse(name) in ("Exception", "BaseException") for name in names)


def empty_names(tree: Sources) -> Iterator[str]:
    for path in tree:
        for part in Path(path).with_suffix("").parts:
            if part.lower() in SAYS_NOTHING:
                yield f"{path}: '{part}' says nothing: name the noun that is kept there"


def strays(tree: Sources) -> Iterator[str]:
    """Test files that neither mirror a module nor say what they prove."""
    for path, text in tree.items():
        folder, _, name = path.removeprefix("tests/").rpartition("/")
        if not name.startswith("test_"):
            continue
        mirrored = HOME / "artel" / folder / name.removeprefix("test_")
        if not mirrored.exists() and not mirrored.with_suffix("").is_dir() and not PROOF.match(_docstring(text)):
            yield (
                f"{path} mirrors no module: call it after one, or begin its docstring with what it proves: "
                "'S3: …', 'R1: …' (RELIABILITY.md) or 'Proof: …'"
            )


def _docstring(text: str) -> str:
    return ast.get_docstring(parsed(text)) or ""


Check = Callable[[Sources], Iterator[str]]
OURS: Final = ("artel",)
EVERYWHERE: Final = ("artel", "tests", "bench", "scripts")


@pytest.mark.parametrize(
    ("check", "folders"),
    [
        (wrong_imports, OURS),
        (cycles, OURS),
        (broad_excepts, OURS),
        (too_large, EVERYWHERE),
        (empty_names, EVERYWHERE),
        (strays, ("tests",)),
    ],
)
def test_the_tree_keeps_its_shape(check: Check, folders: tuple[str, ...]) -> None:
    found = list(check(sources(*folders)))
    assert not found, "\n" + "\n".join(found)


LONG: Final = "def long():\n" + "    x = 1\n" * FUNCTION_LINES_MAX
BROAD: Final = "try:\n    x = 1\nexcept Exception:\n    pass\n"


@pytest.mark.parametrize(
    ("check", "path", "text", "said"),
    [
        (wrong_imports, "artel/kernel/x.py", "from artel.db import Read", "below db"),
        (wrong_imports, "artel/kernel/x.py", "import artel.settings", "nothing of ours"),
        (wrong_imports, "artel/db/x.py", "from artel.edge.route import get", "below edge"),
        (wrong_imports, "artel/edge/x.py", "from artel.accounts import service", "below feature"),
        (wrong_imports, "artel/edge/x.py", "from artel.app import make", "composition root"),
        (wrong_imports, "artel/accounts/rules.py", "from artel.db import Read", "rules are pure"),
        (wrong_imports, "artel/accounts/service.py", "from artel.edge.route import Route", "speak HTTP"),
        (wrong_imports, "artel/accounts/hashing.py", "import artel.edge.route", "speak HTTP"),
        (wrong_imports, "artel/accounts/model.py", "from artel.accounts import rules", "inside a feature"),
        (wrong_imports, "artel/accounts/queries.py", "from artel.accounts.service import get", "inside a feature"),
        (wrong_imports, "artel/accounts/hashing.py", "from artel.accounts.routes import ROUTES", "last rank"),
        (wrong_imports, "artel/accounts/service.py", "from artel.traffic.imports import service", "outbox"),
        (wrong_imports, "artel/traffic/imports/service.py", "from artel.accounts import queries", "only model and"),
        (wrong_imports, "artel/traffic/reports/service.py", "from artel.traffic.imports import queries", "only model"),
        (wrong_imports, "artel/dialects/old/routes.py", "from artel.accounts.tables import accounts", "translates"),
        (wrong_imports, "artel/migrations/x.py", "from artel.accounts import tables", "below feature"),
        (cycles, "artel/kernel/errors.py", "from artel.kernel.page import Page", "circle"),
        (too_large, "artel/x.py", "x = 1\n" * (FILE_LINES_MAX + 1), "split it"),
        (too_large, "artel/x.py", LONG, "leaves compute"),
        (broad_excepts, "artel/x.py", BROAD * (BROAD_EXCEPTS_MAX + 1), "catch what you can"),
        (empty_names, "artel/shop/utils.py", "", "names"),
        (empty_names, "artel/common/x.py", "", "names"),
        (strays, "tests/edge/test_nothing_there.py", '"""Things."""', "mirrors no module"),
    ],
)
def test_a_planted_fault_is_found_and_nothing_else(check: Check, path: str, text: str, said: str) -> None:
    tree = dict(sources("artel", "tests"))
    before = set(check(tree))
    planted = set(check(tree | {path: text})) - before
    said = "says nothing" if said == "names" else said
    assert planted, f"{check.__name__} did not see it"
    assert any(path.removesuffix(".py").replace("/", ".") in each or path in each for each in planted), planted
    assert all(said in each for each in planted), planted


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("artel/accounts/routes.py", "from artel.edge.route import Route\nfrom artel.accounts import service"),
        ("artel/accounts/service.py", "from artel.db import Write\nfrom artel.accounts import rules, queries"),
        ("artel/traffic/imports/service.py", "from artel.accounts.model import Account"),
        ("artel/dialects/old/routes.py", "from artel.accounts import service\nfrom artel.edge.route import get"),
        ("artel/cli.py", "from artel.accounts import commands\nfrom artel.edge.terminal import out"),
        ("tests/edge/test_route.py", '"""Things."""'),
        ("tests/proofs/test_power.py", '"""R2: a power cut."""'),
    ],
)
def test_the_neighbour_that_keeps_the_shape_is_left_alone(path: str, text: str) -> None:
    assert not list(wrong_imports({path: text} | {"artel/accounts/service.py": ""} | {path: text}))
    assert not list(strays({path: text}))
