"""A PostgreSQL for tests: one given, or one of our own from Debian's binaries.

`postgres` is shared by all tests of a run, also by several processes of pytest; `database` gives
each test an empty database of its own. A test that has to stop a server starts an `OwnPostgres`.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from pipeline.settings.secrets import Secret
from pipeline.stores.place import Place
from tests.kafka_server import alone
from tests.ports import free_ports

if TYPE_CHECKING:
    import psycopg

GIVEN = "CRISIS_MONITOR_TEST_POSTGRES"
"""Environment: the address of a server whose user may make databases."""
BINARIES = Path("/usr/lib/postgresql")
NOBODY = "nobody"
"""Who runs the server where the tests run as root: PostgreSQL refuses to be root's."""
USER, PASSWORD = "tester", "pass:w/rd"
_START = 60.0
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "unix_socket_directories": "''",
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
}
_WATCHED = """\
"$@" &
server=$!
while kill -0 "$OWNER" 2>/dev/null && kill -0 $server 2>/dev/null; do sleep 1; done
kill -QUIT $server 2>/dev/null
wait $server
"""
"""A server that outlives nobody: it goes when the process that runs the tests is gone."""


_ours: list["OwnPostgres"] = []
"""The server this process started for all: not collected before the process ends."""


class NoPostgresError(Exception):
    """No PostgreSQL can be had here; its text says what is missing."""


def binaries() -> Path:
    """The folder of the newest server installed."""
    if find_spec("psycopg") is None:
        raise NoPostgresError("its driver is not installed: pip install 'crisis-monitor[postgres]'")
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    if initdb is None:
        raise NoPostgresError(
            f"it is not installed (Debian: apt-get install postgresql), and {GIVEN} is not set"
        )
    return Path(initdb).resolve().parent


class OwnPostgres:
    """A server of one's own, on a port that stays, with data that stays; clients log in.

    `with OwnPostgres(folder) as server` starts it; within, `stop()` (SIGINT: clients are cut),
    `kill()` (-9), `freeze()`, `thaw()` and `start()` again, as often as wanted.
    """

    def __init__(self, folder: Path, *, owner: int | None = None) -> None:
        self.folder = folder
        self.owner = os.getpid() if owner is None else owner
        (self.port,) = free_ports(1)
        self._bin = binaries()
        self._watch: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The address of its first database, with the password."""
        return f"postgresql://{USER}:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        """The process of the server itself."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers; what it held before is there again."""
        data = self.folder / "data"
        if not data.is_dir():
            self._make(data)
        settings = {**_SETTINGS, "port": str(self.port)}
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        words = [word.replace("=''", "=") for word in words]
        with (self.folder / "server.log").open("ab") as said:
            self._watch = subprocess.Popen(
                (
                    *("sh", "-c", _WATCHED, "postgres"),
                    *_as_nobody((str(self._bin / "postgres"), "-D", str(data), *words)),
                ),
                cwd=self.folder,
                env={**os.environ, "OWNER": str(self.owner)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        until = time.monotonic() + _START
        while time.monotonic() < until and self._watch.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                if self._answers():
                    return
            time.sleep(0.05)
        said_last = (self.folder / "server.log").read_text(errors="replace")[-2000:]
        raise NoPostgresError(f"PostgreSQL does not start: {said_last}")

    def _answers(self) -> bool:
        asked = subprocess.run(
            (str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)),
            check=False,
        )
        return not asked.returncode

    def stop(self) -> None:
        """End it as an operator in a hurry does: clients are cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """Let it hang: nobody new is let in."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._watch is None:
            return
        with suppress(ProcessLookupError, FileNotFoundError):
            pid = self.pid
            os.kill(pid, how)
            os.kill(pid, signal.SIGCONT)
        self._watch.wait(30)
        self._watch = None

    def _make(self, data: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam(NOBODY)
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        word = self.folder / "password"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        made = subprocess.run(
            _as_nobody(
                (
                    *(str(self._bin / "initdb"), "-D", str(data), "-U", USER, "-N"),
                    *("-A", "scram-sha-256", "--pwfile", str(word), "-E", "UTF8"),
                    *("--locale=C", "--no-instructions"),
                )
            ),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            shutil.rmtree(data, ignore_errors=True)
            raise NoPostgresError(f"PostgreSQL's folder cannot be made: {made.stderr[-600:]}")


def _as_nobody(words: tuple[str, ...]) -> tuple[str, ...]:
    if os.geteuid() != 0:
        return words
    runuser = shutil.which("runuser") or "/usr/sbin/runuser"
    return (runuser, "-u", NOBODY, "--", *words)


def _shared(config: pytest.Config, factory: pytest.TempPathFactory) -> str:
    """The address of this run's server; the first who asks starts it."""
    if given := os.environ.get(GIVEN):
        return given
    base = factory.getbasetemp()
    place = base.parent if hasattr(config, "workerinput") else base
    state = place / "postgres.json"
    with alone(place / "postgres.lock"):
        if state.is_file():
            return str(json.loads(state.read_text())["address"])
        owner = os.getppid() if hasattr(config, "workerinput") else os.getpid()
        # Not below pytest's own folder, which is root's alone where root runs the tests.
        own = OwnPostgres(Path(tempfile.mkdtemp(prefix="crisis-monitor-pg-")), owner=owner)
        own.folder.chmod(0o755)
        own.start()
        _ours.append(own)
        state.write_text(
            json.dumps({"address": own.address, "pid": own.pid, "folder": str(own.folder)})
        )
    return own.address


def stop_shared_postgres(config: pytest.Config) -> None:
    """End this run's server, if there was one; called once, when all tests are over."""
    factory: pytest.TempPathFactory | None = getattr(config, "_tmp_path_factory", None)
    if factory is None or factory._basetemp is None:
        return
    state = factory._basetemp / "postgres.json"
    if not state.is_file():
        return
    found = json.loads(state.read_text())
    with suppress(ProcessLookupError):
        os.kill(found["pid"], signal.SIGQUIT)
    for own in _ours:
        own.kill()
    shutil.rmtree(found["folder"], ignore_errors=True)


def connected(address: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Reach a server directly; every statement is its own."""
    import psycopg  # noqa: PLC0415  # an extra: whoever has not installed it runs the other tests

    return psycopg.connect(address, autocommit=True)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a server where databases may be made; skipped without, an error in CI."""
    try:
        return _shared(pytestconfig, tmp_path_factory)
    except NoPostgresError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"no PostgreSQL here: {reason}")
        pytest.skip(f"no PostgreSQL here: {reason}")


@pytest.fixture
def database(postgres: str) -> Iterator[str]:
    """The address of an empty database of this test's own, with its password."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with connected(postgres) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    head, question, options = postgres.partition("?")
    yield head.rpartition("/")[0] + f"/{name}" + question + options
    with connected(postgres) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def database_place(database: str, tmp_path: Path) -> Place:
    """A place whose stores are in a database of this test's own."""
    return Place(tmp_path, Secret(database))


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")]),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for the stores: a folder, then a database."""
    if request.param == "sqlite":
        return Place(tmp_path)
    found: Place = request.getfixturevalue("database_place")
    return found
