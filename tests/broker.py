"""A Kafka for tests: one given, one of our own from jars, or librdkafka's imitation of one.

`broker` is shared by all tests of a run, also by several processes of pytest; each test works on
topics of its own (`topics`, `make_topics`). A test that has to stop a broker starts an `OwnBroker`.
`python -m tests.broker` fetches the jars, so that the tests need not.
"""

import json
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import PipelineError
from pipeline.kafka.connection import Connection
from pipeline.kafka.setup import setup
from pipeline.kafka.topics import Topics, wanted
from pipeline.settings.sections.kafka import KafkaSection
from tests.kafka_server import (
    NoBrokerError,
    OwnBroker,
    alone,
    certificate,
    jars,
    need_java,
)

__all__ = ["NoBrokerError", "OwnBroker", "certificate"]

GIVEN = "CRISIS_MONITOR_TEST_KAFKA"
_RUNNING: list[OwnBroker] = []
"""The broker that this process started for all; it goes at the end of the run."""


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
        need_java()
        jars()
    except NoBrokerError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"no Kafka can be started here: {reason}")
        pytest.skip(f"no Kafka can be started here: {reason}")


def _place(factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run know."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _shared(factory: pytest.TempPathFactory) -> str:
    """The address of this run's broker; the first who asks starts it."""
    need_java()
    place = _place(factory)
    state = place / "broker.json"
    with alone(place / "broker.lock"):
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
        need_java()
        sys.stdout.write(f"{jars()}\n")
    except NoBrokerError as problem:
        sys.exit(f"no Kafka can be started here: {problem}")
