"""The door's other side on a real broker: what was answered for stands, in order, once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest
from kafka.admin import ConfigResource
from msgspec.structs import replace

from pipeline.brands import Brand, BrandMatcher
from pipeline.clock import SystemClock, stopwatch
from pipeline.errors import LogInUse, LogMismatch, LogUnavailable, TopicProblem
from pipeline.health import Health
from pipeline.intake import Batch, Receipt
from pipeline.kafka import sole_writer, watch
from pipeline.kafka.connection import Connection
from pipeline.kafka.intake import KafkaIntake
from pipeline.kafka.looking import Looker
from pipeline.kafka.producer import Producer, Record, Shipment
from pipeline.kafka.setup import setup
from pipeline.kafka.sole_writer import SoleWriter
from pipeline.kafka.tail import read_standing
from pipeline.kafka.topics import Topics, wanted
from pipeline.log.kind import LogKind
from pipeline.mention import Mention, Rejected, RejectedReason
from pipeline.resuming import OwnRecord
from pipeline.settings.sections.kafka import KafkaSection
from pipeline.wire import Tick, decode_dead_letter, decode_with_notes
from pipeline.writing import MAX_BYTES, Writer
from tests.broker import OwnBroker, SetUp
from tests.partitions import flat, ids, read_partitions
from tests.unit.pipeline.makers import MINUTE, T0, mention

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

NAMES = ("Acme", "Brill", "Corvo", "Delft", "Eider")
MATCHER = BrandMatcher([Brand(name) for name in NAMES], accept_unknown=False)
SOON = 20.0


def a_writer(connection: Connection, section: KafkaSection, name: str = "w") -> Writer:
    writer = Writer(
        name,
        MATCHER,
        bucket=MINUTE,
        event_mode=section.time is LogKind.EVENT,
        partitions=section.partitions,
        noting=True,
    )
    with Looker(connection) as looker:
        topic = Topics(section.prefix).mentions
        writer.take_up(
            read_standing(looker, topic, name, section.time, bucket=MINUTE, mentions=1_000)
        )
    return writer


@contextmanager
def running(
    connection: Connection, section: KafkaSection, name: str = "w", **told: object
) -> Iterator[KafkaIntake]:
    intake = KafkaIntake(
        a_writer(connection, section, name),
        Topics(section.prefix),
        SystemClock(),
        lambda failed: Producer(connection, failed=failed),
        partitions=section.partitions,
        event_mode=section.time is LogKind.EVENT,
        **told,  # type: ignore[arg-type]  # as the test says
    )
    intake.start()
    try:
        yield intake
    finally:
        intake.stop()


def answer(receipt: Receipt) -> bytes:
    return ",".join(each.name for each in receipt.dispositions).encode()


def standing(those: SetUp) -> list[list[OwnRecord]]:
    return read_partitions(those.connection, those.topics.mentions)


def now(key: object, text: str) -> Mention:
    return mention(key, SystemClock().now(), text)


def test_what_is_answered_for_stands_with_its_ticks_and_dead_letters(topics: SetUp) -> None:
    bad = Rejected(RejectedReason.UNDECODABLE, "http:1:2", "broken", b"{", "http")
    huge = replace(bad, origin="http:1:3", raw=b"x" * 3_000_000)
    old = replace(now(3, "Acme long ago"), event_time=T0)
    batch = Batch("http", [now(1, "Acme and Brill"), now(2, "nobody"), old], [bad, huge], "r1")
    with running(topics.connection, topics.section) as intake:
        said = intake.submit(batch, answer).result(SOON)
        assert said == b"ACCEPTED,NO_BRAND,LATE"
        repeat = intake.submit(replace(batch, mentions=[now(9, "Acme")]), answer).result(SOON)
        assert repeat == said
        partitions = standing(topics)
        assert sorted(chain.from_iterable(map(ids, partitions))) == ["1", "1", "3"]
        assert intake.unconfirmed == 0
    assert intake.failure is None
    for partition in standing(topics):
        last = partition[-1]
        assert isinstance(last, Tick)
        assert last.retired
        assert not last.event_time
        told = [each for each in partition if isinstance(each, Tick)]
        assert sum(tick.sources["s"].accepted for tick in told if "s" in tick.sources) == 3
    with Looker(topics.connection) as looker:
        letters = looker.records(topics.topics.rejected, looker.bounds(topics.topics.rejected))
        kept = {
            letter.rejected.origin: letter.rejected
            for letter in (decode_dead_letter(each.value or b"") for each in letters)
        }
    assert kept["http:1:2"] == bad
    assert len(kept["http:1:3"].raw) == 1024 * 1024
    assert "of 3000000 bytes" in kept["http:1:3"].detail


def test_an_event_log_taken_up_after_a_kill_is_as_if_nothing_had_been(
    make_topics: Callable[..., SetUp],
) -> None:
    those = make_topics(partitions=3, time="event")
    connection, section = those.connection, those.section
    batches = [
        Batch(
            "s",
            [
                mention(f"{minute}-{number}", T0 + minute * MINUTE, f"{name} {number}")
                for number, name in enumerate((*NAMES, "nobody"))
            ],
            request_id=f"r{minute}",
        )
        for minute in range(0, 8, 2)
    ]
    whole = Writer("w", MATCHER, bucket=MINUTE, event_mode=True, partitions=3)
    for batch in batches:
        for each in batch.mentions:
            whole.add(each)
    whole.end_of_input()
    expected: list[list[OwnRecord]] = [[], [], []]
    for record in whole.take():
        expected[record.partition].append(decode_with_notes(record.body))

    for number, batch in enumerate(batches):
        tear(those, batch, number)
        with running(connection, section) as intake:
            intake.submit(batch, answer).result(SOON)
    tear(those, None, 1)
    with running(connection, section) as intake:
        intake.end_of_input("s").result(SOON)
    assert [flat(each) for each in standing(those)] == [flat(each) for each in expected]


def tear(those: SetUp, batch: Batch | None, number: int) -> None:
    """Write a batch as one does that is killed meanwhile: of each partition another part."""
    writer = a_writer(those.connection, those.section)
    for each in batch.mentions if batch else ():
        writer.add(each)
    if batch is None:
        writer.end_of_input()
    found = writer.take()
    producer = Producer(those.connection)
    shipment = Shipment(lambda: None)
    for partition in range(3):
        mine = [each.body for each in found if each.partition == partition]
        part = (len(mine), 1, 0)[(partition + number) % 3]
        records = [Record(those.topics.mentions, partition, body) for body in mine[:part]]
        shipment.expect(1)
        producer.send(records, shipment)
    assert producer.close(SOON)


def test_the_other_kind_of_time_and_a_second_writer_of_events_are_refused(
    make_topics: Callable[..., SetUp], monkeypatch: pytest.MonkeyPatch
) -> None:
    those = make_topics(partitions=2, time="event")
    with running(those.connection, those.section) as intake:
        intake.submit(Batch("s", [mention(1, T0, "Acme")]), answer).result(SOON)
    clock = those.section.model_copy(update={"time": LogKind.CLOCK})
    with pytest.raises(LogMismatch, match=r"kafka\.time"):
        a_writer(those.connection, clock)
    with pytest.raises(LogMismatch, match=r"kafka\.writer"):
        a_writer(those.connection, those.section, "another")
    first, second = (SoleWriter(those.connection, those.topics) for _ in range(2))
    first.take()
    try:
        monkeypatch.setattr(sole_writer, "SESSION", -5.0)
        with pytest.raises(LogInUse, match="one writer"):
            second.take()
        first.check({})
    finally:
        first.close()
    monkeypatch.undo()
    second.take()
    second.close()


def test_no_record_is_larger_than_a_broker_takes(make_topics: Callable[..., SetUp]) -> None:
    those = make_topics(partitions=1)
    everybody = " ".join(NAMES)
    long = [
        replace(now(key, f"{everybody} {'é' * 32_000}"), url="https://x.example/" + "u" * 8_000)
        for key in range(12)
    ]
    many = [
        replace(now(f"m{key}", "Acme"), url="https://x.example/" + "ü" * 8_000)
        for key in range(400)
    ]
    with running(those.connection, those.section) as intake:
        intake.submit(Batch("s", [*long, *many]), answer).result(SOON)
    (partition,) = standing(those)
    assert len(ids(partition)) == 5 * len(long) + len(many)
    assert list(dict.fromkeys(ids(partition))) == [each.id for each in (*long, *many)]
    with Looker(those.connection) as looker:
        found = looker.records(those.topics.mentions, looker.bounds(those.topics.mentions))
        assert max(len(each.value or b"") for each in found) <= MAX_BYTES


def test_where_a_broker_refuses_a_record_nothing_follows_it(topics: SetUp) -> None:
    with topics.connection.admin() as client:
        small = {"max.message.bytes": "600"}
        client.alter_configs([ConfigResource("topic", topics.topics.mentions, small)])
    texts = ["Acme " + "".join(map(chr, range(200, 1_200))), *["Acme"] * 20]
    with running(topics.connection, topics.section) as intake:
        outcomes = [
            intake.submit(Batch("s", [now(key, text)], request_id=f"r{key}"), answer)
            for key, text in enumerate(texts)
        ]
        for outcome in outcomes:
            with pytest.raises(TopicProblem, match="kafka setup"):
                outcome.result(SOON)
        with pytest.raises(TopicProblem):
            intake.submit(Batch("s", [now(99, "Brill")]), answer).result(SOON)
    assert intake.failure is not None
    assert not list(chain.from_iterable(map(ids, standing(topics))))


def test_two_write_side_by_side_by_the_clock(topics: SetUp) -> None:
    with (
        running(topics.connection, topics.section, "one") as one,
        running(topics.connection, topics.section, "two") as two,
    ):
        for key in range(20):
            for intake in (one, two):
                intake.submit(Batch("s", [now(key, "Acme and Delft")]), answer)
    for partition in standing(topics):
        ticks = [each for each in partition if isinstance(each, Tick)]
        assert {tick.writer for tick in ticks if tick.retired} == {"one", "two"}
        for name in ("one", "two"):
            mine = [tick.time for tick in ticks if tick.writer == name]
            assert mine == sorted(mine)
    assert len(list(chain.from_iterable(map(ids, standing(topics))))) == 80


@pytest.mark.usefixtures("needs_jars")
def test_a_broker_that_is_away_loses_nothing_and_reorders_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "AWAY", 1.0)
    health = Health()
    with OwnBroker(tmp_path / "kafka") as broker:
        section = KafkaSection(bootstrap=(broker.bootstrap,), prefix="away", partitions=2)
        connection = broker.connection()
        setup(connection, wanted(section), create=True)
        with running(connection, section, buffer=300, health=health) as intake:
            outcomes = []

            def submit(key: int) -> bool:
                outcome = intake.submit(
                    Batch("s", [now(key, "Acme and Corvo")], request_id=f"r{key}"), answer
                )
                if outcome.done() and isinstance(outcome.exception(), LogUnavailable):
                    return False
                outcomes.append(outcome)
                return True

            for key in range(50):
                assert submit(key)
            broker.kill()
            taken = 50
            while submit(taken):
                taken += 1
            assert taken >= 300
            assert taken <= 350
            until(lambda: "broker" in [each.component for each in health.reasons()])
            assert intake.retry_after() is None  # 503 with a reason, not 429
            assert not outcomes[-1].done()
            again = intake.submit(Batch("s", [], request_id=f"r{taken - 1}"), answer)
            assert again is outcomes[-1]
            broker.start()
            assert [each.result(60) for each in outcomes] == [b"ACCEPTED"] * taken
            until(lambda: not health.reasons())
            broker.freeze()
            assert submit(taken)
            until(lambda: "broker" in [each.component for each in health.reasons()])
            broker.thaw()
            assert outcomes[-1].result(60) == b"ACCEPTED"
        assert intake.failure is None
        partitions = read_partitions(connection, "away.mentions")
    expected = [str(key) for key in range(taken + 1)]
    found = [ids(each) for each in partitions if ids(each)]
    assert sorted(chain.from_iterable(found)) == sorted(expected * 2)
    for each in found:
        assert list(dict.fromkeys(each)) == expected


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = stopwatch() + seconds
    while not true():
        assert stopwatch() < end
        time.sleep(0.02)
