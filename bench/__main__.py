"""`python -m bench [names] [--quick]`: measure, print one table, exit 1 when a promise is broken."""

import importlib
import pkgutil
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import bench
from bench import Outcome

out = Console(highlight=False, width=110)
err = Console(stderr=True, highlight=False)


def names() -> list[str]:
    """The files of this folder that measure something."""
    found = [module.name for module in pkgutil.iter_modules(bench.__path__) if not module.ispkg]
    return [name for name in found if hasattr(importlib.import_module(f"bench.{name}"), "measure")]


def run(
    wanted: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Which; else all of them.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A few seconds each: to try it, not to quote it.")] = False,
) -> None:
    """Measure the promises that are numbers, as ratios in one run."""
    known = names()
    unknown = set(wanted or ()) - set(known)
    if unknown:
        err.print(f"There is no bench {', '.join(sorted(unknown))}; there are: {', '.join(known)}", markup=False)
        sys.exit(2)
    outcomes: list[Outcome] = []
    for name in wanted or known:
        err.print(f"{name} …", markup=False)
        outcomes += importlib.import_module(f"bench.{name}").measure(quick)
    out.print(table(outcomes))
    sys.exit(0 if all(outcome.kept for outcome in outcomes) else 1)


def table(outcomes: list[Outcome]) -> Table:
    """One line for each promise."""
    shown = Table("promise", box=None, pad_edge=False)
    for column in ("ours", "rival", "measured", "wanted"):
        shown.add_column(column, justify="right")
    shown.add_column("")
    for each in outcomes:
        sign = "≥" if each.sense == "at least" else "≤"
        verdict = "kept" if each.kept else "BROKEN"
        shown.add_row(each.promise, each.ours, each.rival, f"{each.measured:.2f}", f"{sign} {each.wanted:g}", verdict)
    return shown


if __name__ == "__main__":
    typer.run(run)
