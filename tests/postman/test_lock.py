"""Proof: what npm installs for the tests is pinned by hash, and its lock file names no registry."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent


def test_every_package_is_pinned_by_its_hash_and_none_names_where_it_is_from() -> None:
    packages = json.loads((FOLDER / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((FOLDER / "package.json").read_text("utf-8"))
    assert packages.pop("")["dependencies"] == wanted["dependencies"]
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert not [name for name, each in packages.items() if "resolved" in each], "renew it with `make lock`"
