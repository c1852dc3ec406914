"""Leaves tests/traffic/clickhouse to `make test-clickhouse`: ClickHouse in a wheel is large, and has its own lock file.

The folder is not collected unless it is named, so that nothing is skipped and nothing seems to have passed.
"""

from pathlib import Path

import pytest

CLICKHOUSE = Path(__file__).parent / "clickhouse"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the folder out unless somebody asks for it by name."""
    if not collection_path.is_relative_to(CLICKHOUSE):
        return None
    named = (Path(argument.split("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(CLICKHOUSE) for path in named) else True
