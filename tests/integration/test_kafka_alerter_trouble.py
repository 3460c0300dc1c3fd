"""Alerters when something dies: the leader, the brokers, the database. Nothing is lost."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.kafka.setup import setup
from pipeline.kafka.topics import wanted
from pipeline.settings.secrets import Secret
from pipeline.settings.sections.kafka import KafkaSection
from pipeline.stores.mentions import MentionFilter, MentionStore
from pipeline.stores.place import Place
from tests.alerting import Pen, eventually, notified, service_of, write_config
from tests.broker import OwnBroker, SetUp
from tests.peer import Peer, a_peer
from tests.ports import free_port
from tests.postgres import OwnPostgres
from tests.scene import signal
from tests.stack import Member

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.xdist_group("kafka")]


@pytest.fixture
def hook() -> Iterator[Peer]:
    with a_peer() as peer:
        yield peer


def now() -> int:
    return time.time_ns() // 1_000_000


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def leads(url: str) -> bool:
    try:
        return "crisis_monitor_leader 1.0" in httpx.get(f"{url}/metrics").text
    except httpx.TransportError:
        return False


class Two:
    """Two alerters as processes of their own."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.urls: dict[str, str] = {}
        self.members: dict[str, Member] = {}
        for name in ("one", "other"):
            port = free_port()
            self.urls[name] = f"http://127.0.0.1:{port}"
            arguments = ["alerter", "--config", str(config), "--status-port", str(port)]
            member = Member(name, arguments, folder / f"{name}.log", {"NO_COLOR": "1"})
            self.members[name] = member
            member.start()

    def leader(self) -> str:
        found = [name for name, url in self.urls.items() if leads(url)]
        assert len(found) <= 1
        return found[0] if found else ""

    def end(self) -> None:
        for member in self.members.values():
            member.kill()


def test_two_alerters_and_the_leader_is_killed(
    topics: SetUp, database: str, hook: Peer, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.toml", topics, [hook.url], database)
    place = Place(tmp_path, Secret(database))
    two = Two(tmp_path, config)
    try:
        eventually(lambda: all(map(is_ready, two.urls.values())), "both are ready", 90)
        with Pen(topics) as pen:
            calm = [f"calm{number}" for number in range(8)]
            pen.signal(*(signal(now(), brand=brand) for brand in calm))
            hook.wait_for(8, 60)
            eventually(
                lambda: [outcome for _, outcome in notified(place)] == ["delivered"] * 8,
                "all is delivered",
                60,
            )
            assert Counter(each.key for each in hook.heard) == Counter(
                key for key, _ in notified(place)
            )
            leader = eventually(two.leader, "one leads", 60)
            hook.ways.extend(["hang", "204"])
            upset = [f"upset{number}" for number in range(8)]
            pen.signal(*(signal(now(), brand=brand) for brand in upset))
            hook.wait_for(9, 60)
            two.members[leader].kill()
            died = time.monotonic()
            (other,) = set(two.urls) - {leader}
            eventually(lambda: leads(two.urls[other]), "the other one leads", 60)
            took = time.monotonic() - died
            eventually(
                lambda: [outcome for _, outcome in notified(place)] == ["delivered"] * 16,
                "all is delivered in the end",
                60,
            )
        assert took < 15
        planned = {key for key, _ in notified(place)}
        assert len(planned) == 16
        assert {each.key for each in hook.accepted()} == planned
        assert {each.key for each in hook.heard} == planned
        assert two.members[other].stop() == 0
    finally:
        two.end()


def texts(place: Place) -> set[str]:
    store = MentionStore(place)
    try:
        found = store.find(MentionFilter(), limit=10_000)
    finally:
        store.close()
    assert len(found) == len({entry.mention.text for entry in found})
    return {entry.mention.text for entry in found}


def red(url: str, what: str) -> Callable[[], bool]:
    def look() -> bool:
        answer = httpx.get(f"{url}/readyz")
        return answer.status_code == 503 and what in answer.text

    return look


@pytest.mark.usefixtures("needs_jars")
def test_brokers_that_go_and_come(hook: Peer, tmp_path: Path) -> None:
    with OwnBroker(tmp_path / "broker") as broker:
        section = KafkaSection(bootstrap=(broker.bootstrap,), prefix="t", partitions=2)
        topics = SetUp(section)
        setup(topics.connection, wanted(section), create=True)
        config = write_config(tmp_path / "c.toml", topics, [hook.url])
        place = Place(tmp_path / "data")
        with Pen(topics) as pen, service_of(config) as service:
            url = service.door.url
            pen.judged("Acme", "first", at=now(), origin=1)
            pen.signal(signal(now()))
            eventually(lambda: texts(place) == {"first"}, "the first is read", 90)
            hook.wait_for(1, 60)
            pen.judged("Bolt", "second", at=now(), origin=1)
            broker.kill()
            eventually(red(url, "no broker"), "it is said", 90)
            assert httpx.get(f"{url}/healthz").status_code == 200
            broker.start()
            pen.judged("Acme", "third", at=now(), origin=2)
            pen.signal(signal(now(), brand="Bolt"))
            eventually(lambda: texts(place) == {"first", "second", "third"}, "it goes on", 90)
            hook.wait_for(2, 60)
            eventually(lambda: is_ready(url), "it is ready again", 90)
        assert len(hook.heard) == 2


@pytest.fixture
def folder_for_others() -> Iterator[Path]:
    """Not below pytest's own folder, which is root's alone where root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-pg-") as name:
        Path(name).chmod(0o755)  # the server runs as somebody else
        yield Path(name)


@pytest.mark.usefixtures("postgres")
def test_a_database_that_goes_and_comes(
    topics: SetUp, hook: Peer, tmp_path: Path, folder_for_others: Path
) -> None:
    with OwnPostgres(folder_for_others / "own") as server:
        config = write_config(tmp_path / "c.toml", topics, [hook.url], server.address)
        place = Place(tmp_path, Secret(server.address))
        with Pen(topics) as pen, service_of(config) as service:
            url = service.door.url
            pen.judged("Acme", "first", at=now(), origin=1)
            pen.signal(signal(now()))
            eventually(lambda: texts(place) == {"first"}, "the first is read", 90)
            eventually(lambda: [each[1] for each in notified(place)] == ["delivered"], "and told")
            server.stop()
            pen.judged("Acme", "second", at=now(), origin=2)
            pen.judged("Bolt", "third", at=now(), origin=1)
            pen.signal(signal(now(), brand="Bolt"))
            eventually(red(url, "database"), "it is said", 90)
            assert not leads(url)
            server.start()
            eventually(lambda: texts(place) == {"first", "second", "third"}, "it goes on", 90)
            hook.wait_for(2, 60)
            eventually(lambda: is_ready(url), "it is ready again", 90)
        assert len(hook.heard) == 2
