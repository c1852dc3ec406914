"""Finds what the features define, so that what is new is tested without being named."""

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

import artel
from artel.db import Command


def modules() -> list[ModuleType]:
    """Every module of the product, imported."""
    names = [found.name for found in pkgutil.walk_packages(artel.__path__, "artel.")]
    return [importlib.import_module(name) for name in names]


def statements(of: Iterable[ModuleType]) -> dict[str, Command]:
    """Every named statement: `artel.accounts.queries.BY_ID` and what it is."""
    return {
        f"{module.__name__}.{name}": found
        for module in of
        for name, found in vars(module).items()
        if isinstance(found, Command)
    }
