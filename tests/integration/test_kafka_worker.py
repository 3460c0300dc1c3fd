"""Real workers on a real broker: the same result as the embedded engine, whatever befalls them."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from pipeline.brands import BrandMatcher
from pipeline.composition import EngineOptions, make_engine
from pipeline.folding.changelog import (
    CHANGELOG_VERSION,
    Epoch,
    Lineage,
    StoredPartition,
    decode_partition,
)
from pipeline.folding.listening import ListeningState
from pipeline.folding.records import PARTITION_ROW_VERSION, PartitionRow
from pipeline.intake import Batch
from pipeline.log import LogKind
from pipeline.mention import Author, Kind, Mention
from pipeline.scorers import ScorerName
from pipeline.settings import Settings
from pipeline.settings.draft import draft
from pipeline.settings.load import settings_of
from pipeline.wire import (
    VERSION,
    BucketRecord,
    JudgedEntry,
    SignalRecord,
    SignalsRecord,
    Tick,
    decode_dead_letter,
    decode_judged,
    decode_signals,
    decode_signals_envelope,
    encode,
)
from pipeline.writing import Appended, Writer
from tests.broker import Broker, SetUp
from tests.stack import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

START = 1_790_000_040_000
MINUTE = 60_000
BRANDS = ("Acme", "Brill", "Corvo", "Delta Air", "Emil")
SAID = ("is awful", "is great", "again late, terrible", "opens a shop", "lost my bag, I hate it")
WITHIN = 120.0
FOLDED_FURTHER = encode(
    StoredPartition(
        CHANGELOG_VERSION,
        1,
        5,
        "m",
        PartitionRow(PARTITION_ROW_VERSION, START, START, None, {}, [], ListeningState()),
        [Lineage(Epoch(0, 1, 0), 1)],
    )
)
"""The row of a partition of which six records were folded."""


def mentions(minutes: int = 50, seed: int = 5) -> list[Mention]:
    """A calm hour with a storm about one brand; late, repeated, own and multi-brand mentions."""
    chance = random.Random(seed)
    made: list[Mention] = []
    for minute in range(minutes):
        for number in range(60 if minute > 35 else 12):
            at = START + minute * MINUTE + number * 900
            brand = "Acme" if minute > 35 and number % 5 else chance.choice(BRANDS)
            other = f" unlike {chance.choice(BRANDS)}" if number % 7 == 0 else ""
            said = "is awful, I hate it" if minute > 35 else chance.choice(SAID)
            made.append(
                Mention(
                    f"m{minute}-{number if number % 11 else 0}",
                    "press" if number % 4 else "forum",
                    at - (20 * MINUTE if number == 9 else 0),
                    at,
                    f"{brand} {said}{other} {minute} {number}",
                    channel="x",
                    kind=Kind.REPOST if number % 13 == 5 else Kind.POST,
                    author=Author(id=f"a{chance.randrange(400)}"),
                )
            )
    return made


def configuration(made: SetUp) -> str:
    tables = "".join(f'[[brands]]\nname = "{name}"\naliases = ["{name}"]\n' for name in BRANDS)
    return f"{made.toml}\n{tables}"


def written(settings: Settings, partitions: int) -> list[Appended]:
    writer = Writer(
        "ingest",
        BrandMatcher(settings.brands()),
        bucket=settings.detection().bucket,
        event_mode=True,
        partitions=partitions,
    )
    for mention in mentions():
        writer.add(mention)
    writer.end_of_input()
    return writer.take()


class Topics:
    """What stands in the topics, as a reader applies it: each thing once."""

    def __init__(self, made: SetUp, broker: Broker) -> None:
        self.made = made
        self.broker = broker

    def records(self, topic: str) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
        places = [TopicPartition(topic, each) for each in range(self.made.section.partitions)]
        found: dict[int, list[tuple[bytes | None, bytes | None]]] = {
            place.partition: [] for place in places
        }
        consumer = KafkaConsumer(**self.broker.clients(), group_id=None)
        try:
            consumer.assign(places)
            ends = consumer.end_offsets(places)
            consumer.seek_to_beginning(*places)
            while any(consumer.position(place) < ends[place] for place in places):
                for place, records in consumer.poll(timeout_ms=200).items():
                    found[place.partition] += [(each.key, each.value) for each in records]
        finally:
            consumer.close()
        return found

    def judged(self) -> list[bytes]:
        entries: list[JudgedEntry] = []
        for records in self.records(self.made.topics.judged).values():
            last = -1
            for _, body in records:
                envelope = decode_judged(body or b"")
                if envelope.origin > last:
                    last = envelope.origin
                    entries += envelope.entries
        return sorted(encode(entry) for entry in entries)

    def said(self) -> tuple[dict[str, bytes], dict[tuple[str, int], bytes]]:
        found: list[SignalsRecord] = []
        for records in self.records(self.made.topics.signals).values():
            for _, body in records:
                found += decode_signals_envelope(body or b"").records
        return sorted_out(found)

    def folded(self) -> dict[int, int]:
        found = {}
        for partition, records in self.records(self.made.topics.changelog).items():
            rows = [value for key, value in records if key and key[:1] == b"p" and value]
            found[partition] = max((decode_partition(row).folded for row in rows), default=-1)
        return found


def sorted_out(
    records: list[SignalsRecord],
) -> tuple[dict[str, bytes], dict[tuple[str, int], bytes]]:
    """Signals by id and buckets by brand and start; what is said again must say the same."""
    signals: dict[str, bytes] = {}
    buckets: dict[tuple[str, int], bytes] = {}
    for record in records:
        body = encode(decode_signals(encode(record)))
        if isinstance(record, SignalRecord):
            assert signals.setdefault(record.signal.id, body) == body
        elif isinstance(record, BucketRecord):
            assert buckets.setdefault((record.brand, record.start), body) == body
    return signals, buckets


def embedded(
    directory: Path, settings: Settings
) -> tuple[list[bytes], dict[str, bytes], dict[tuple[str, int], bytes]]:
    """What the embedded engine makes of the same mentions."""
    engine = make_engine(directory, settings, EngineOptions(LogKind.EVENT, durable=False))
    everything = mentions()
    for start in range(0, len(everything), 100):
        batch = Batch("press", tuple(everything[start : start + 100]))
        engine.submit(batch, lambda _: b"", START)
    engine.end_of_input(START)
    engine.fold_all()
    judged = [
        encode(entry)
        for _, body in engine.log.judged(0, 1 << 30)
        for entry in decode_judged(body).entries
    ]
    signals, buckets = sorted_out(
        [decode_signals(body) for _, body in engine.log.signals(0, 1 << 30)]
    )
    engine.log.close()
    return sorted(judged), signals, buckets


@contextmanager
def workers(config: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start workers; those that are left are killed at the end."""
    running: list[subprocess.Popen[str]] = []
    quiet = ("--status-port", "0")

    def start(*more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "worker", "--config", config, *quiet, *more],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        running.append(process)
        return process

    try:
        yield start
    finally:
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()


def send(broker: Broker, topic: str, records: list[Appended]) -> None:
    producer = KafkaProducer(**broker.clients(), acks="all")
    for record in records:
        producer.send(topic, value=record.body, partition=record.partition)
    producer.flush()
    producer.close()


def test_workers_that_are_killed_and_stopped_come_to_what_the_embedded_engine_does(
    tmp_path: Path, broker: Broker, make_topics: Callable[..., SetUp]
) -> None:
    made = make_topics(partitions=4, time="event")
    config = tmp_path / "worker.toml"
    config.write_text(configuration(made))
    settings = settings_of(draft(config))
    records = written(settings, 4)
    topics = Topics(made, broker)
    half = len(records) // 2
    last = {each: sum(record.partition == each for record in records) - 1 for each in range(4)}
    with workers(config) as start:
        first, second = start(), start()
        send(broker, made.topics.mentions, records[:half])
        eventually(
            lambda: max(topics.folded().values()) > 0, within=WITHIN, what="something folded"
        )
        first.kill()
        start()
        send(broker, made.topics.mentions, records[half:])
        second.send_signal(signal.SIGSTOP)
        eventually(lambda: topics.folded() == last, within=WITHIN, what="everything folded")
        second.send_signal(signal.SIGCONT)
        second.terminate()
        assert second.wait(30) == 0
    judged, signals, buckets = embedded(tmp_path / "embedded", settings)
    assert len(judged) > 1_000
    assert signals
    assert topics.judged() == judged
    assert topics.said() == (signals, buckets)


@pytest.mark.parametrize(
    ("topic", "key", "value", "said"),
    [
        ("changelog", b"p|0.1.0|0", encode([CHANGELOG_VERSION + 1, "?"]), "upgrade this worker"),
        ("changelog", b"p|0.1.0|0", FOLDED_FURTHER, "the topic was deleted and made anew"),
        ("mentions", None, encode(Tick(VERSION, "w", START)), "--time clock"),
    ],
)
def test_what_must_not_be_mixed_is_refused_with_what_to_do(  # noqa: PLR0917  # fixtures and cases
    tmp_path: Path,
    broker: Broker,
    make_topics: Callable[..., SetUp],
    topic: str,
    key: bytes | None,
    value: bytes,
    said: str,
) -> None:
    made = make_topics(partitions=1, time="event")
    config = tmp_path / "worker.toml"
    config.write_text(configuration(made))
    producer = KafkaProducer(**broker.clients(), acks="all")
    producer.send(getattr(made.topics, topic), key=key, value=value, partition=0)
    producer.flush()
    producer.close()
    with workers(config) as start:
        process = start("--scorer", ScorerName.NONE)
        _, told = process.communicate(timeout=WITHIN)
        assert process.returncode == 3
        assert said in " ".join(told.split())


def test_what_cannot_be_read_becomes_a_dead_letter(
    tmp_path: Path, broker: Broker, make_topics: Callable[..., SetUp]
) -> None:
    made = make_topics(partitions=1, time="event")
    config = tmp_path / "worker.toml"
    config.write_text(configuration(made))
    topics = Topics(made, broker)
    bodies = [
        b"nonsense",
        encode(["envelope", VERSION + 1, "?"]),
        encode(Tick(VERSION, "w", START, event_time=True)),
    ]
    send(broker, made.topics.mentions, [Appended(body, 0, 0) for body in bodies])
    with workers(config) as start:
        start("--scorer", ScorerName.NONE)
        eventually(lambda: topics.folded() == {0: 2}, within=WITHIN, what="everything folded")
    letters = [
        decode_dead_letter(body or b"") for _, body in topics.records(made.topics.rejected)[0]
    ]
    assert [(each.rejected.reason, each.offset) for each in letters] == [
        ("undecodable", 0),
        ("newer_version", 1),
    ]


def test_without_its_topics_a_worker_says_what_to_do(tmp_path: Path, broker: Broker) -> None:
    config = tmp_path / "worker.toml"
    config.write_text(
        f"[kafka]\nbootstrap = {json.dumps([broker.bootstrap])}\nprefix = 'nobody-made-these'\n"
    )
    with workers(config) as start:
        process = start()
        _, told = process.communicate(timeout=WITHIN)
        assert process.returncode == 3
        assert "crisis-monitor kafka setup" in told
