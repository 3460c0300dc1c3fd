"""A Kafka for tests: one given, one of our own from jars, or librdkafka's imitation of one.

`broker` is shared by all tests of a run, also by several processes of pytest; each test works on
topics of its own (`topics`, `make_topics`). A test that has to stop a broker starts an `OwnBroker`.
`python -m tests.broker` fetches the jars, so that the tests need not.
"""

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from pipeline.errors import PipelineError
from pipeline.kafka.connection import Connection
from pipeline.kafka.setup import setup
from pipeline.kafka.topics import Topics, wanted
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.kafka import KafkaSection, Mechanism, Protocol

VERSION = "4.1.1"
GIVEN = "CRISIS_MONITOR_TEST_KAFKA"
_TRIES = 4
_START = 90.0
"""Seconds in which a broker has to be up; it takes about four."""
_PORTS = (20_000, 32_000)
"""Below those the system gives to clients, so that no other takes the port of a stopped broker."""
_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>broker</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
<version>{version}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
<version>1.7.36</version></dependency></dependencies></project>
"""
_JAVA = (
    "-Xmx384m",
    "-Xms128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
_WATCHED = """\
"$@" &
java=$!
echo $java > "$PID"
(
  while kill -0 "$OWNER" && kill -0 $java; do sleep 1; done 2>/dev/null
  kill -KILL $java 2>/dev/null
) &
wait $java
"""
"""A broker that outlives nobody: it goes when the process that runs the tests is gone."""

_RUNNING: list["OwnBroker"] = []
"""The broker that this process started for all; it goes at the end of the run."""


class NoBrokerError(Exception):
    """No real broker can be had here; its text says what is missing."""


def jars() -> Path:
    """The folder of Kafka's jars, fetched by Maven when they are not there yet."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "crisis-monitor" / f"kafka-{VERSION}"
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        raise NoBrokerError("Maven is not installed (Debian: apt-get install maven)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f"{folder.name}.lock")):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                _fetch(Path(scratch))
                (Path(scratch) / "lib").rename(folder)
    return folder


def _fetch(scratch: Path) -> None:
    (scratch / "pom.xml").write_text(_POM.format(version=VERSION), encoding="utf-8")
    said = ""
    for pause in range(_TRIES):
        time.sleep(3 * pause)
        maven = subprocess.run(
            (
                *("mvn", "-q", "-B", "dependency:copy-dependencies"),
                *("-DincludeScope=runtime", "-DoutputDirectory=lib"),
            ),
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
        )
        if not maven.returncode:
            return
        said = (maven.stdout + maven.stderr)[-600:]
    raise NoBrokerError(f"Maven does not bring Kafka's jars: {said}")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on, outside those that clients are given."""
    found: list[int] = []
    chance = random.SystemRandom()
    while len(found) < count:
        port = chance.randrange(*_PORTS)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


class OwnBroker:
    """A one-node Kafka of one's own, on ports that stay, with data that stays.

    `with OwnBroker(folder) as broker` starts it; within, `stop()` (SIGTERM), `kill()` (-9),
    `freeze()` and `thaw()` (SIGSTOP, SIGCONT) and `start()` again, as often as wanted. With
    `users` (name: password) clients have to log in, by PLAIN or SCRAM-SHA-512.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        owner: int | None = None,
    ) -> None:
        self.folder = folder
        self.users = dict(users or {})
        self.settings = dict(settings or {})
        self.owner = os.getpid() if owner is None else owner
        self.port, self._inner, self._controller = free_ports(3)
        self._watch: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of Java itself."""
        return int((self.folder / "pid").read_text())

    def connection(self, user: str = "", password: str = "") -> Connection:
        """How to reach it, logged in by PLAIN where a user is named."""
        if not user:
            return Connection((self.bootstrap,))
        return Connection(
            (self.bootstrap,),
            Protocol.SASL_PLAINTEXT,
            Mechanism.PLAIN,
            user,
            Secret(password),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until it answers; what it held before is there again."""
        lib = jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        if not properties.is_file():
            properties.write_text(self._properties(), encoding="utf-8")
            self._format(lib, properties)
        pid = self.folder / "pid"
        pid.unlink(missing_ok=True)
        with (self.folder / "broker.log").open("ab") as said:
            self._watch = subprocess.Popen(
                (
                    *("sh", "-c", _WATCHED, "broker", "java", *_JAVA, "-cp", f"{lib}/*"),
                    *("kafka.Kafka", str(properties)),
                ),
                cwd=self.folder,
                env={**os.environ, "OWNER": str(self.owner), "PID": str(pid)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        """End it as an operator does (SIGTERM) and wait until it is gone."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL) and wait until it is gone."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._watch is None:
            return
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(self.pid, how)
            os.kill(self.pid, signal.SIGCONT)
        self._watch.wait(30)
        self._watch = None

    def _wait(self) -> None:
        assert self._watch is not None
        address = f"127.0.0.1:{self._inner if self.users else self.port}"
        until = time.monotonic() + _START
        while time.monotonic() < until:
            if self._watch.poll() is not None:
                break
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                with suppress(PipelineError), Connection((address,), patience=2000).admin() as it:
                    if it.describe_cluster()["brokers"]:
                        return
            time.sleep(0.05)
        said = (self.folder / "broker.log").read_text(errors="replace")[-2000:]
        self.kill()
        raise NoBrokerError(f"Kafka does not start: {said}")

    def _properties(self) -> str:
        client = "SASL_PLAINTEXT" if self.users else "PLAINTEXT"
        listeners = {"CLIENT": self.port, "INNER": self._inner}
        told = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"{told},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": told,
            "inter.broker.listener.name": "INNER",
            "listener.security.protocol.map": f"CLIENT:{client},INNER:PLAINTEXT,"
            "CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.backoff.ms": "1000",
            "log.cleaner.dedupe.buffer.size": "8388608",
            "controlled.shutdown.max.retries": "1",
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "num.network.threads": "2",
            "num.io.threads": "4",
        }
        if self.users:
            plain = " ".join(f'user_{name}="{word}"' for name, word in self.users.items())
            login = "listener.name.client"
            settings |= {
                f"{login}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
                f"{login}.plain.sasl.jaas.config": (
                    f"org.apache.kafka.common.security.plain.PlainLoginModule required {plain};"
                ),
                f"{login}.scram-sha-512.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                ),
            }
        return "".join(f"{key}={value}\n" for key, value in {**settings, **self.settings}.items())

    def _format(self, lib: Path, properties: Path) -> None:
        words = [
            each
            for name, word in self.users.items()
            for each in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={word}]")
        ]
        formatted = subprocess.run(
            (
                *("java", *_JAVA, "-cp", f"{lib}/*", "kafka.tools.StorageTool", "format"),
                *("-t", "dGVzdHMtY3Jpc2lzLW1vbg", "-c", str(properties), *words),
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        if formatted.returncode:
            properties.unlink()
            raise NoBrokerError(f"Kafka's folder cannot be made: {formatted.stderr[-600:]}")


@dataclass(frozen=True, slots=True)
class Broker:
    """A Kafka to test with; `real` is false for librdkafka's imitation."""

    bootstrap: str
    real: bool = True

    def clients(self) -> dict[str, Any]:
        """What a client of kafka-python is made with here."""
        given = Connection((self.bootstrap,)).clients()
        return given if self.real else {**given, "api_version": (2, 3)}


@dataclass(frozen=True, slots=True)
class SetUp:
    """Topics of one test's own, made and empty."""

    section: KafkaSection

    @property
    def connection(self) -> Connection:
        return Connection.of(self.section)

    @property
    def topics(self) -> Topics:
        return Topics(self.section.prefix)

    @property
    def toml(self) -> str:
        """The section as a configuration file has it."""
        return (
            f"[kafka]\nbootstrap = {json.dumps(list(self.section.bootstrap))}\n"
            f'prefix = "{self.section.prefix}"\npartitions = {self.section.partitions}\n'
            f'time = "{self.section.time}"\n'
        )


@pytest.fixture(scope="session")
def any_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka, be it imitated: enough to write and read records."""
    given = os.environ.get(GIVEN)
    if given:
        yield Broker(given)
        return
    try:
        bootstrap = _shared(tmp_path_factory)
    except NoBrokerError as reason:
        if os.environ.get("CI"):
            pytest.fail(
                f"no real Kafka here: {reason}; CI needs one (Java and Maven, or {GIVEN}=host:port)"
            )
        with _imitation(reason) as imitated:
            yield imitated
        return
    yield Broker(bootstrap)


@pytest.fixture(scope="session")
def broker(any_broker: Broker) -> Broker:
    """A real Kafka, shared: for topics of one's own, never to be stopped."""
    if not any_broker.real:
        pytest.skip(
            "librdkafka's imitation makes no topics, changes no settings and lists no groups: "
            f"install Java and Maven, or set {GIVEN}=host:port"
        )
    return any_broker


@pytest.fixture
def make_topics(broker: Broker) -> Iterator[Callable[..., SetUp]]:
    """Make topics under a fresh prefix: `make_topics(partitions=8, time="event")`."""
    made: list[SetUp] = []

    def make(partitions: int = 4, **settings: Any) -> SetUp:  # noqa: ANN401  # whatever the section has
        section = KafkaSection(
            bootstrap=(broker.bootstrap,),
            prefix=f"t-{uuid.uuid4().hex[:10]}",
            partitions=partitions,
            **settings,
        )
        those = SetUp(section)
        setup(those.connection, wanted(section), create=True)
        made.append(those)
        return those

    yield make
    for those in made:
        with suppress(PipelineError), those.connection.admin() as client:
            mine = [name for name in client.list_topics() if name.startswith(those.section.prefix)]
            client.delete_topics(mine, raise_errors=False)


@pytest.fixture
def topics(make_topics: Callable[..., SetUp]) -> SetUp:
    """Topics of this test's own, four partitions each, time by the clock."""
    return make_topics()


@pytest.fixture(scope="session")
def needs_jars() -> None:
    """For tests that start an `OwnBroker`: skipped where that cannot be, an error in CI."""
    try:
        _needs_java()
        jars()
    except NoBrokerError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"no Kafka can be started here: {reason}")
        pytest.skip(f"no Kafka can be started here: {reason}")


def _needs_java() -> None:
    if shutil.which("java") is None:
        raise NoBrokerError("Java is not installed (Debian: apt-get install default-jre-headless)")


def _place(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run know."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _shared(factory: pytest.TempPathFactory) -> str:
    """The address of this run's broker; the first who asks starts it."""
    _needs_java()
    place = _place(factory)
    state = place / "broker.json"
    with _alone(place / "broker.lock"):
        if state.is_file():
            return str(json.loads(state.read_text())["bootstrap"])
        owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
        own = OwnBroker(place / "broker", owner=owner)
        own.start()
        _RUNNING.append(own)
        state.write_text(json.dumps({"bootstrap": own.bootstrap, "pid": own.pid}))
    return own.bootstrap


def stop_shared(config: pytest.Config) -> None:
    """End this run's broker, if there was one; called once, when all tests are over."""
    factory: pytest.TempPathFactory | None = getattr(config, "_tmp_path_factory", None)
    if factory is None or factory._basetemp is None:
        return
    state = factory._basetemp / "broker.json"
    if state.is_file():
        with suppress(ProcessLookupError):
            os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
        for own in _RUNNING:
            own.kill()
        shutil.rmtree(state.with_name("broker"), ignore_errors=True)


@contextmanager
def _imitation(reason: NoBrokerError) -> Iterator[Broker]:
    """librdkafka's mock cluster, where confluent-kafka happens to be installed."""
    try:
        from confluent_kafka import Producer  # noqa: PLC0415  # only where it is installed
    except ImportError:
        pytest.skip(f"no Kafka here: {reason}; or set {GIVEN}=host:port")
    holder = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "127.0.0.1"})
    known = holder.list_topics(timeout=10).brokers
    first = next(iter(known.values()))
    yield Broker(f"{first.host}:{first.port}", real=False)
    del holder


if __name__ == "__main__":
    try:
        _needs_java()
        sys.stdout.write(f"{jars()}\n")
    except NoBrokerError as problem:
        sys.exit(f"no Kafka can be started here: {problem}")
