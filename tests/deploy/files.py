"""What the files of deploy/ say, read as far as the tests need it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")


class VariableMissing(Exception):
    """What Compose says when a `${NAME:?…}` is empty: it starts nothing."""


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables, by Compose's rules: `:-` gives a default, `:?` refuses what is not set or empty."""

    def value(found: re.Match[str]) -> str:
        given = values.get(found["name"], "")
        if not given and found["how"] == "?":
            raise VariableMissing(f"{found['name']}: {found['rest']}")
        return given or (found["rest"] if found["how"] == "-" else "")

    return VARIABLE.sub(value, text)


def compose(values: Mapping[str, str]) -> dict[str, Any]:
    """deploy/compose.yaml with these variables."""
    found: dict[str, Any] = yaml.safe_load(interpolated((DEPLOY / "compose.yaml").read_text("utf-8"), values))
    return found


def example() -> dict[str, str]:
    """The variables of deploy/.env.example."""
    lines = (DEPLOY / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def dockerfile() -> list[list[tuple[str, str]]]:
    """deploy/Dockerfile: the steps of each stage, as instruction and text."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    steps = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for word, rest in steps:
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest.strip()))
    return stages


def words(steps: list[tuple[str, str]], instruction: str) -> list[str]:
    """What the steps of one kind say."""
    return [text for word, text in steps if word == instruction]


def image_variables() -> dict[str, str]:
    """The variables that the image sets."""
    return dict(each.split("=", 1) for text in words(dockerfile()[-1], "ENV") for each in text.split())


def entrypoint() -> list[str]:
    """What a container of the image runs before its command."""
    (text,) = words(dockerfile()[-1], "ENTRYPOINT")
    return list(json.loads(text))


def health_command() -> list[str]:
    """What looks whether a container of the image is well."""
    (text,) = words(dockerfile()[-1], "HEALTHCHECK")
    return list(json.loads(text[text.index("[") :]))
