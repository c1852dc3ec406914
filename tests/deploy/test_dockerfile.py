"""Proof: the image's recipe installs what is locked, copies what is there, and runs as nobody in particular."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.deploy.files import ROOT, dockerfile, health_command, words

BUILD, FINAL = dockerfile()


def test_packages_come_from_the_lock_file_by_their_hashes_and_as_wheels() -> None:
    (locked,) = [step for step in words(BUILD, "RUN") if " -r " in step]
    assert "--require-hashes" in locked and "--only-binary :all:" in locked
    lock = ROOT / locked.split(" -r ")[1].split()[0]
    assert lock.name == "run.txt" and "--hash=sha256:" in lock.read_text()
    others = [step for step in words(BUILD, "RUN") if "pip install" in step and step != locked]
    assert all("--no-index" in step and "--no-deps" in step for step in others), "nothing else is fetched"


def test_the_last_stage_installs_nothing_and_is_not_root() -> None:
    assert not any("pip" in step or "apt" in step for step in words(FINAL, "RUN"))
    assert "uninstall --yes setuptools pip" in words(BUILD, "RUN")[-1]
    (user,) = words(FINAL, "USER")
    assert user == "artel"
    instructions = [word for word, _ in FINAL]
    assert instructions.index("USER") < instructions.index("ENTRYPOINT")
    assert any("useradd --system" in step and step.endswith(f" {user}") for step in words(FINAL, "RUN"))


def test_the_data_is_a_volume_that_its_user_owns() -> None:
    (volume,), (folder,) = words(FINAL, "VOLUME"), words(FINAL, "WORKDIR")
    assert volume == folder == "/var/lib/artel"
    assert f"ARTEL_DATA={volume}" in words(FINAL, "ENV")[0].split()
    assert any(f"--home-dir {volume} --create-home" in step for step in words(FINAL, "RUN"))


def test_it_is_asked_at_the_port_that_it_listens_on() -> None:
    (port,) = words(FINAL, "EXPOSE")
    assert f"ARTEL_PORT={port}" in words(FINAL, "ENV")[0].split()
    assert "/readyz" in health_command()[-1]
    assert json.loads(words(FINAL, "CMD")[0]) == ["serve"]


def copied() -> list[str]:
    """What the build copies out of the project."""
    return [source for step in words(BUILD, "COPY") for source in step.split()[:-1]]


def test_what_is_copied_is_there_and_nothing_else_is_sent_to_the_build() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert set(copied()) == allowed
    assert all((ROOT / source).exists() for source in allowed)
    assert "**/__pycache__" in lines


def test_what_is_copied_is_enough_to_build_a_package_with_all_its_files(tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    for name in copied():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", ROOT / name, source / name], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, source], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())
        errors = packed.read("artel/edge/errors.md").decode()
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "artel").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "README.md"
    }
    assert not wanted - inside, f"not in the package: {sorted(wanted - inside)}; see package-data in pyproject.toml"
    assert errors == (ROOT / "docs" / "errors.md").read_text("utf-8")


def test_python_is_new_enough() -> None:
    for stage in (BUILD, FINAL):
        version = re.match(r"python:3\.(\d+)-slim( |$)", stage[0][1])
        assert version and int(version[1]) >= 11
    assert words(BUILD, "FROM")[0].split()[0] == words(FINAL, "FROM")[0].split()[0]
