"""Proof: what the containers of deploy/compose.yaml run works, in their order, with their variables."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from artel.cli import STOP_TIMEOUT_S
from artel.settings import PREFIX, Settings
from tests.deploy.files import DEPLOY, VariableMissing, compose, entrypoint, example, health_command, image_variables
from tests.servers import ARTEL, START_S, Postgres, Redis, free_port

SECRET = "f00dfeed"
ENVIRONMENT = example() | {"POSTGRES_PASSWORD": SECRET}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services, with the example's variables and a password."""
    return compose(ENVIRONMENT)["services"]


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """A new database with nothing in it."""

    async def execute(sql: str) -> None:
        connection = await asyncpg.connect(postgres.url("postgres"))
        await connection.execute(sql)
        await connection.close()

    asyncio.run(execute("create database deployed"))
    yield postgres.url("deployed")
    asyncio.run(execute("drop database deployed with (force)"))


def in_order(services: dict[str, Any]) -> list[str]:
    """Ours, each after those that it depends on."""
    ours = {name: each for name, each in services.items() if each["image"] == "artel"}
    order: list[str] = []
    while len(order) < len(ours):
        ready = [name for name, each in ours.items() if set(each["depends_on"]) & set(ours) <= set(order)]
        order += [name for name in ready if name not in order]
    return order


def environment(service: dict[str, Any], data: Path, database: str, redis: str, port: int) -> dict[str, str]:
    """A container's variables; only addresses and the folder are those of the test."""
    inside = image_variables() | {name: str(value) for name, value in service["environment"].items()}
    assert re.fullmatch(rf"postgresql://artel:{SECRET}@postgres:5432/artel", inside["ARTEL_DATABASE"])
    assert inside["ARTEL_REDIS"] == "redis://redis:6379/0"
    here = {"ARTEL_DATABASE": database, "ARTEL_REDIS": redis, "ARTEL_DATA": str(data), "ARTEL_PORT": str(port)}
    return inside | here | {"ARTEL_HOST": "127.0.0.1", "PATH": f"{ARTEL.parent}:{os.environ['PATH']}"}


def test_migrate_and_demo_end_well_and_the_application_becomes_healthy(
    services: dict[str, Any], empty_database: str, tmp_path: Path
) -> None:
    order = in_order(services)
    assert order == ["migrate", "demo", "app"]
    redis, port = Redis(), free_port()
    try:
        for name in order[:-1]:
            variables = environment(services[name], tmp_path, empty_database, redis.url, port)
            command = [*entrypoint(), *services[name]["command"]]
            done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{name}: {done.stderr}"
        variables = environment(services["app"], tmp_path, empty_database, redis.url, port)
        with (tmp_path / "log").open("wb") as log:
            app = subprocess.Popen([*entrypoint(), *services["app"]["command"]], env=variables, stdout=log, stderr=log)
        try:
            assert wait_until_healthy(variables), (tmp_path / "log").read_text()
            app.terminate()
            assert app.wait(START_S) == 0
            assert not is_healthy(variables), "a server that is gone is not well"
        finally:
            app.kill()
            app.wait()
    finally:
        redis.stop()


def wait_until_healthy(variables: dict[str, str]) -> bool:
    return any(is_healthy(variables) for _ in range(100))


def is_healthy(variables: dict[str, str]) -> bool:
    return subprocess.run(health_command(), env=variables, capture_output=True, timeout=30).returncode == 0


def test_without_a_password_nothing_starts() -> None:
    with pytest.raises(VariableMissing, match="POSTGRES_PASSWORD: set it in deploy/.env"):
        compose(example())
    with pytest.raises(VariableMissing):
        compose({})


def test_no_file_holds_a_secret_and_the_one_with_secrets_is_ignored() -> None:
    assert example()["POSTGRES_PASSWORD"] == ""
    ignored = subprocess.run(["git", "check-ignore", "-q", "deploy/.env"], cwd=DEPLOY.parent)
    assert ignored.returncode in (0, 128), "128: not a clone"


def test_every_variable_is_a_setting(services: dict[str, Any]) -> None:
    known = {PREFIX + field.upper() for field in Settings.__struct_fields__}
    for name in in_order(services):
        assert services[name]["environment"].keys() <= known


def test_each_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    def waits(name: str) -> dict[str, str]:
        return {other: how["condition"] for other, how in services[name]["depends_on"].items()}

    done, healthy = "service_completed_successfully", "service_healthy"
    assert waits("migrate") == {"postgres": healthy}
    assert waits("demo") == {"migrate": done}
    assert waits("app") == {"migrate": done, "demo": done, "redis": healthy}
    assert services["app"]["depends_on"]["demo"]["required"] is False
    assert all(services[name]["healthcheck"]["test"][0] == "CMD" for name in ("postgres", "redis"))


def test_the_demo_and_its_known_passwords_are_left_out_without_its_profile(services: dict[str, Any]) -> None:
    assert services["demo"]["profiles"] == ["demo"]
    assert [name for name, each in services.items() if "profiles" in each] == ["demo"]


def test_ours_may_do_nothing_that_they_need_not(services: dict[str, Any]) -> None:
    for name in in_order(services):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    published = [port for each in services.values() for port in each.get("ports", [])]
    assert published == ["127.0.0.1:8000:8000"], "only the application, and only on this machine"


def test_a_stop_leaves_time_for_the_requests_that_run(services: dict[str, Any]) -> None:
    assert int(services["app"]["stop_grace_period"].removesuffix("s")) > STOP_TIMEOUT_S


def test_every_volume_that_is_used_is_declared_and_holds_what_must_be_kept(services: dict[str, Any]) -> None:
    declared = set(compose(ENVIRONMENT)["volumes"])
    used = {volume.partition(":")[0] for each in services.values() for volume in each.get("volumes", [])}
    assert used == declared == {"artel", "postgres"}


def docker_compose() -> bool:
    try:
        return subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not docker_compose(), reason="Docker's Compose plugin is not installed")
def test_compose_itself_reads_the_file() -> None:
    command = [
        "docker",
        "compose",
        "--file",
        DEPLOY / "compose.yaml",
        "--profile",
        "demo",
        "config",
        "--format",
        "json",
    ]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["services"].keys() == compose(ENVIRONMENT)["services"].keys()
