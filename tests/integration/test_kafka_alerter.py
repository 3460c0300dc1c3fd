"""The alerter on a real broker: each record once into its store, whatever stands in the topics."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from alerts.store import open_store
from detectors.signal import SignalKind
from pipeline.errors import LogMismatch
from pipeline.kafka.looking import Looker
from pipeline.log.kind import LogKind
from pipeline.mention import Rejected, RejectedReason
from pipeline.stores.buckets import BucketTable
from pipeline.stores.mentions import MentionFilter, MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.wire import VERSION, DeadLetter, JudgedEnvelope, SignalRecord, TimeRecord, encode
from tests.alerting import Pen, eventually, notified, service_of, write_config
from tests.broker import SetUp
from tests.peer import Peer, a_peer
from tests.scene import signal

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]


@pytest.fixture
def pen(topics: SetUp) -> Iterator[Pen]:
    with Pen(topics) as pen:
        yield pen


@pytest.fixture
def hook() -> Iterator[Peer]:
    with a_peer() as peer:
        yield peer


def now() -> int:
    return time.time_ns() // 1_000_000


def in_stores(place: Place) -> tuple[int, int, int, int]:
    """Incidents, judged mentions, buckets, dead letters."""
    with open_store(place.incidents_url) as store, store.read() as view:
        incidents = len(view.incidents())
    mentions, buckets, rejected = MentionStore(place), BucketTable(place), RejectedStore(place)
    try:
        return (
            incidents,
            len(mentions.find(MentionFilter(), limit=10_000)),
            sum(len(buckets.between(brand, 0, 1 << 60)) for brand in buckets.brands()),
            len(rejected.find()),
        )
    finally:
        for each in (mentions, buckets, rejected):
            each.close()


def test_everything_once_also_when_it_is_said_again(
    pen: Pen, topics: SetUp, hook: Peer, tmp_path: Path
) -> None:
    at = now() // 60_000 * 60_000
    config = write_config(tmp_path / "c.toml", topics, [hook.url])
    place = Place(tmp_path / "data")
    brands = ["Acme", "Bolt", "Corax"]

    def all_of_it(letter: int) -> None:
        for number, brand in enumerate(brands):
            pen.judged(brand, "awful", "bad", at=at - 60_000, origin=number)
            pen.bucket(brand, at - 60_000)
            pen.signal(signal(at, brand=brand))
        pen.time(at)
        bad = Rejected(RejectedReason.INVALID, "http:1:1", "no id", b"{}", "door")
        pen.put(topics.topics.rejected, 1, encode(DeadLetter(VERSION, bad, at + letter)))

    all_of_it(0)
    with service_of(config) as service:
        eventually(lambda: in_stores(place) == (3, 6, 3, 1), "all of it is in the stores")
        assert {each.key for each in hook.wait_for(3)} == {key for key, _ in notified(place)}
        eventually(
            lambda: httpx.get(f"{service.door.url}/readyz").status_code == 200, "it is ready"
        )
        all_of_it(1)
        pen.judged("Acme", "worse", at=at, origin=9)
        eventually(lambda: in_stores(place) == (3, 7, 3, 1), "what is new is read")
        metrics = httpx.get(f"{service.door.url}/metrics").text
        assert "crisis_monitor_leader 1.0" in metrics
    with service_of(config):
        pen.judged("Bolt", "worse still", at=at, origin=10)
        eventually(lambda: in_stores(place) == (3, 8, 3, 1), "it is gone on with")
    assert len(hook.heard) == 3
    assert {outcome for _, outcome in notified(place)} == {"delivered"}
    with topics.connection.admin() as admin:
        told = admin.list_group_offsets(dict.fromkeys(topics.topics.alerter_groups))
    committed = {
        (each.topic, each.partition): found.offset
        for group in topics.topics.alerter_groups
        for each, found in told[group].items()
    }
    with Looker(topics.connection) as looker:
        for topic in (topics.topics.signals, topics.topics.judged, topics.topics.rejected):
            for partition, bounds in looker.bounds(topic).items():
                assert committed[topic, partition] == bounds.end


def test_what_nobody_can_read(pen: Pen, topics: SetUp, tmp_path: Path) -> None:
    at = now()
    config = write_config(tmp_path / "c.toml", topics)
    place = Place(tmp_path / "data")
    partition = pen.place("Acme")
    other = (partition + 1) % pen.partitions
    pen.put(topics.topics.signals, partition, b"\xc1 nothing")
    pen.signal(signal(at))
    pen.put(topics.topics.judged, partition, b"")
    pen.judged("Acme", "awful", at=at, origin=4)
    newer = encode(JudgedEnvelope(VERSION + 1, [], 5))
    waits = pen.put(topics.topics.judged, partition, newer)
    pen.judged("Acme", "behind it", at=at, origin=6)
    with service_of(config, deliver=False) as service:
        eventually(lambda: in_stores(place) == (1, 1, 0, 2), "the rest is read")
        answer = eventually(
            lambda: (found := httpx.get(f"{service.door.url}/readyz")).status_code == 503 and found,
            "it is said to wait",
        )
        assert any(
            f"partition {partition}" in each["detail"] and "upgrade" in each["detail"]
            for each in answer.json()["reasons"]
        )
        pen.put(topics.topics.judged, other, encode(JudgedEnvelope(VERSION, [], 1)))
        rejected = RejectedStore(place)
        letters = rejected.find()
        rejected.close()
        assert {(each.topic, each.partition, each.offset) for each in letters} == {
            (topics.topics.signals, partition, 0),
            (topics.topics.judged, partition, 0),
        }
        mentions = MentionStore(place)
        eventually(lambda: mentions.position(other).offset == 0, "other partitions go on")
        assert mentions.position(partition).offset == waits - 1
        mentions.close()
        assert 'dead_letters_total{reason="undecodable"} 2.0' in (
            httpx.get(f"{service.door.url}/metrics").text
        )


def test_what_was_deleted_before_it_was_read(
    pen: Pen, topics: SetUp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from kafka import TopicPartition  # noqa: PLC0415  # only here

    at = now()
    config = write_config(tmp_path / "c.toml", topics)
    place = Place(tmp_path / "data")
    pen.judged("Acme", "first", at=at, origin=0)
    with service_of(config, deliver=False):
        eventually(lambda: in_stores(place)[1] == 1, "the first is read")
    for origin in range(1, 4):
        pen.judged("Acme", f"number {origin}", at=at, origin=origin)
    with topics.connection.admin() as admin:
        admin.delete_records({TopicPartition(topics.topics.judged, pen.place("Acme")): 3})
    with service_of(config, deliver=False) as service:
        eventually(lambda: in_stores(place)[1] == 2, "what is left is read")
        assert "offset_gaps_total 1.0" in httpx.get(f"{service.door.url}/metrics").text
    assert "records_lost" in capsys.readouterr().out


def test_a_topic_made_anew_is_not_taken_for_the_old_one(topics: SetUp, tmp_path: Path) -> None:
    config = write_config(tmp_path / "c.toml", topics)
    store = MentionStore(Place(_made(tmp_path / "data")))
    store.take([], 5, partition=2)
    store.close()
    with service_of(config, deliver=False) as service:
        answer = eventually(
            lambda: (
                "made anew" in (found := httpx.get(f"{service.door.url}/readyz").text) and found
            ),
            "it is said",
        )
    assert "partition 2" in answer


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_event_time_sends_nothing_and_merges(
    pen: Pen, topics: SetUp, hook: Peer, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.toml", topics, [hook.url])
    place = Place(tmp_path / "data")
    start = 1_600_000_020_000
    brands = [f"brand{number}" for number in range(8)]
    with service_of(config, kind=LogKind.EVENT, deliver=False):
        for brand in brands:
            pen.signal(signal(start, brand=brand))
        for partition in range(pen.partitions):
            pen.say(partition, [TimeRecord(VERSION, start)])
        eventually(lambda: len(notified(place)) == 8, "everybody was paged, on paper")
        early, late = brands[0], brands[1]
        calm = replace(signal(start + 60_000, 2, SignalKind.CALM), opened_at=start)
        pen.say(
            pen.place(early),
            [
                SignalRecord(VERSION, replace(calm, brand=early)),
                TimeRecord(VERSION, start + 60_000),
                SignalRecord(VERSION, replace(calm, brand=late, seq=9)),
            ],
        )
    with open_store(place.incidents_url) as store, store.read() as view:
        assert view.last_time() == start
        assert len(view.incidents()) == 8
        assert {each.opened_at for each in view.incidents()} == {start}
    assert hook.heard == []
    assert len(notified(place)) == 8


def test_event_time_is_gone_on_with_by_whoever_leads_next(
    pen: Pen, topics: SetUp, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.toml", topics, ["http://127.0.0.1:9/never"])
    place = Place(tmp_path / "data")
    start = 1_600_000_020_000
    brands = [f"brand{number}" for number in range(6)]
    with service_of(config, kind=LogKind.EVENT, deliver=False) as second:
        eventually(lambda: second.leads, "the only one leads")
        with service_of(config, kind=LogKind.EVENT, deliver=False) as first:
            for brand in brands:
                pen.signal(signal(start, brand=brand))
            pen.time(start)
            eventually(lambda: len(notified(place)) == 6, "the first minute is told")
            assert not first.leads
            second.stop()
            pen.signal(signal(start + 60_000, brand="Later"))
            pen.time(start + 60_000)
            eventually(lambda: len(notified(place)) == 7, "the other one goes on")
            assert first.leads
    with open_store(place.incidents_url) as store, store.read() as view:
        assert view.last_time() == start + 60_000
        assert {each.brand: each.opened_at for each in view.incidents()} == {
            **dict.fromkeys(brands, start),
            "Later": start + 60_000,
        }


def test_a_log_of_the_other_kind_pages_nobody(
    pen: Pen, topics: SetUp, hook: Peer, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "c.toml", topics, [hook.url])
    place = Place(tmp_path / "data")
    with service_of(config) as service:
        pen.tick(1_600_000_000_000, event_time=True)
        pen.signal(signal(1_600_000_000_000))
        eventually(
            lambda: "other kind" in httpx.get(f"{service.door.url}/readyz").text, "it is said"
        )
    assert notified(place) == []
    assert hook.heard == []
    with pytest.raises(LogMismatch, match="time event"):
        service_of(config).start()


def test_a_page_waits_for_the_mentions_it_shows(
    pen: Pen, topics: SetUp, hook: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader of judged mentions comes late; the page shows them all the same."""
    config = write_config(tmp_path / "c.toml", topics, [hook.url])
    at = now() // 60_000 * 60_000
    take = MentionStore.take
    shut = threading.Event()

    def late(store: MentionStore, *given: Any, **named: Any) -> int:  # noqa: ANN401  # handed on
        shut.wait(30)
        return take(store, *given, **named)

    monkeypatch.setattr(MentionStore, "take", late)
    pen.judged("Acme", "the app is awful", at=at - 60_000, origin=3)
    with service_of(config):
        pen.signal(signal(at))
        eventually(lambda: notified(Place(tmp_path / "data")), "the page is intended")
        threading.Timer(1.0, shut.set).start()
        (heard,) = hook.wait_for(1, 60)
    assert "the app is awful" in heard.body.decode()


def test_a_folder_of_an_engine_is_left_alone(topics: SetUp, tmp_path: Path) -> None:
    config = write_config(tmp_path / "c.toml", topics)
    (_made(tmp_path / "data") / "log.db").write_bytes(b"")
    with pytest.raises(LogMismatch, match="one process"):
        service_of(config).start()
