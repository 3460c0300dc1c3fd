"""The reader of topics over a broker that is a dictionary: what it asks for, applies, leaves."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from pipeline.clock import SystemClock
from pipeline.errors import BrokerUnavailable, LogMismatch, LogUnavailable
from pipeline.health import Health
from pipeline.kafka.committing import Elsewhere
from pipeline.kafka.connection import Connection
from pipeline.kafka.feeds import Feed
from pipeline.kafka.reader import Share, TopicReader
from pipeline.metrics.registry import Metrics
from pipeline.wire import DeadLetter, NewerVersionError, WireError

kafka = pytest.importorskip("kafka", reason="the extra [kafka] is not installed")

TOPIC = "t.judged"


class Rec(msgspec.Struct):
    offset: int
    value: bytes
    timestamp: int = 0


class Brokers:
    """One topic's partitions, and a consumer of them."""

    def __init__(self, partitions: int = 2) -> None:
        self.logs: dict[Any, list[Rec]] = {
            kafka.TopicPartition(TOPIC, number): [] for number in range(partitions)
        }
        self.mine = set(self.logs)
        self.at: dict[Any, int] = dict.fromkeys(self.logs, 0)
        self.paused: set[Any] = set()
        self.committed: dict[Any, int] = {}
        self.before_poll: Callable[[], None] = lambda: None
        self.away = False
        self.refuses = False
        self.most = 100
        self.begins: dict[Any, int] = {}
        self.joined = True
        self._coordinator = self

    def stable(self) -> bool:
        return self.joined

    def write(self, partition: int, *values: bytes, offset: int | None = None) -> None:
        log = self.logs[kafka.TopicPartition(TOPIC, partition)]
        for value in values:
            following = log[-1].offset + 1 if log else 0
            log.append(Rec(following if offset is None else offset, value))
            offset = None

    def delete_before(self, partition: int, offset: int) -> None:
        place = kafka.TopicPartition(TOPIC, partition)
        self.logs[place] = [each for each in self.logs[place] if each.offset >= offset]
        self.begins[place] = offset

    # -- as a consumer ---------------------------------------------------------------------

    def assignment(self) -> set[Any]:
        return set(self.mine)

    def seek(self, place: Any, offset: int) -> None:  # noqa: ANN401
        self.at[place] = offset

    def pause(self, *places: Any) -> None:  # noqa: ANN401
        self.paused.update(places)

    def resume(self, *places: Any) -> None:  # noqa: ANN401
        self.paused.difference_update(places)

    def poll(self, **_: Any) -> dict[Any, list[Rec]]:  # noqa: ANN401
        if self.away:
            raise kafka.errors.KafkaConnectionError("gone")
        self.before_poll()
        found = {}
        for place in self.mine - self.paused:
            came = [each for each in self.logs[place] if each.offset >= self.at[place]]
            if came := came[: self.most]:
                found[place] = came
                self.at[place] = came[-1].offset + 1
        return found

    def end_offsets(self, places: Sequence[Any], **_: Any) -> dict[Any, int]:  # noqa: ANN401
        return {
            place: self.logs[place][-1].offset + 1 if self.logs[place] else 0 for place in places
        }

    def beginning_offsets(self, places: Sequence[Any], **_: Any) -> dict[Any, int]:  # noqa: ANN401
        return {place: self.begins.get(place, 0) for place in places}

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {place.partition for place in self.logs if place.topic == topic}

    def commit(self, offsets: dict[Any, Any], **_: Any) -> None:  # noqa: ANN401
        self.committed |= {place: each.offset for place, each in offsets.items()}

    def close(self, **_: Any) -> None:  # noqa: ANN401
        return


class Kept:
    """A sink that is a list; `fails` is asked before anything is kept."""

    def __init__(self) -> None:
        self.read: dict[int, int] = {}
        self.taken: list[tuple[int, int, str]] = []
        self.fails: Callable[[str], Exception | None] = lambda _: None

    def behind(self, partition: int) -> int:
        return self.read.get(partition, -1)

    def take(self, partition: int, records: Sequence[tuple[int, str]], read_to: int) -> None:
        for _, record in records:
            if (error := self.fails(record)) is not None:
                raise error
        self.taken += [(partition, offset, record) for offset, record in records]
        self.read[partition] = read_to

    @property
    def said(self) -> list[str]:
        return [record for _, _, record in self.taken]


def decoded(raw: bytes) -> str:
    if raw.startswith(b"newer"):
        raise NewerVersionError("record of version 2; this program knows 1: upgrade it")
    if raw.startswith(b"bad"):
        raise WireError("not a record")
    return raw.decode()


class Stage:
    def __init__(self, *sinks: Kept, leads: Callable[[], bool] | None = None) -> None:
        self.brokers = Brokers()
        self.sinks = sinks or (Kept(),)
        self.letters: dict[tuple[int, int], DeadLetter] = {}
        self.health = Health()
        self.metrics = Metrics(SystemClock())
        self.reader = TopicReader(
            Feed("judged", TOPIC, decoded, *self.sinks),
            Share("t.alerter", leads),
            Connection(("nowhere:9",)),
            2,
            bury=self.bury,
            elsewhere=Elsewhere(),
            clock=SystemClock(),
            metrics=self.metrics,
            health=self.health,
        )
        self.reader._consumer = self.brokers

    def bury(self, letter: DeadLetter) -> int:
        known = (letter.partition, letter.offset) in self.letters
        self.letters[letter.partition, letter.offset] = letter
        return 0 if known else 1

    def steps(self, number: int = 4) -> None:
        for _ in range(number):
            self.reader.step()

    def shown(self, text: str) -> bool:
        return text in self.metrics.exposition()[0].decode()


def test_from_where_the_stores_are_not_from_where_kafka_thinks() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a", b"b", b"c")
    stage.brokers.write(1, b"x", b"y")
    stage.sinks[0].read = {0: 0, 1: 1}
    stage.brokers.at = dict.fromkeys(stage.brokers.at, 9)
    stage.steps()
    assert stage.sinks[0].said == ["b", "c"]
    stage.reader.let_go()
    assert {place.partition: at for place, at in stage.brokers.committed.items()} == {0: 3, 1: 2}


def test_each_sink_passes_over_what_it_has() -> None:
    ahead, behind = Kept(), Kept()
    ahead.read = {0: 1}
    stage = Stage(ahead, behind)
    stage.brokers.write(0, b"a", b"b", b"c")
    stage.steps()
    assert ahead.said == ["c"]
    assert behind.said == ["a", "b", "c"]


def test_what_came_while_partitions_moved_is_not_taken() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a", b"b", b"c")
    stage.steps()
    stage.brokers.write(0, b"d")
    place = kafka.TopicPartition(TOPIC, 0)

    def moved() -> None:
        stage.brokers.before_poll = lambda: None
        stage.sinks[0].read[0] = 3  # another process applied d meanwhile
        stage.brokers.at[place] = 1
        stage.reader._moved.on_partitions_revoked([place])
        stage.reader._moved.on_partitions_assigned([place])

    stage.brokers.before_poll = moved
    stage.brokers.write(0, b"e")
    stage.steps()
    assert stage.sinks[0].said == ["a", "b", "c", "e"]
    assert stage.shown("rebalances_total 1.0")


def test_trouble_of_a_store_loses_nothing() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a", b"b")
    stage.brokers.write(1, b"x")
    stage.sinks[0].fails = lambda _: LogUnavailable("the database is away")
    for _ in range(3):
        with pytest.raises(LogUnavailable):
            stage.reader.step()
    stage.sinks[0].fails = lambda _: None
    stage.steps()
    assert sorted(stage.sinks[0].said) == ["a", "b", "x"]
    assert stage.letters == {}


def test_trouble_of_a_database_is_no_fault_of_the_record() -> None:
    import sqlite3  # noqa: PLC0415  # only here

    stage = Stage()
    stage.brokers.write(0, b"a")
    stage.sinks[0].fails = lambda _: sqlite3.OperationalError("disk I/O error")
    with pytest.raises(sqlite3.OperationalError):
        stage.reader.step()
    assert stage.letters == {}


def test_a_record_that_fails_twice_becomes_a_dead_letter() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a", b"poison", b"b")
    stage.sinks[0].fails = lambda record: ValueError("odd") if record == "poison" else None
    stage.steps()
    assert stage.sinks[0].said == ["a", "b"]
    (letter,) = stage.letters.values()
    assert (letter.topic, letter.partition, letter.offset) == (TOPIC, 0, 1)
    assert letter.rejected.raw == b"poison"
    assert "odd" not in letter.rejected.detail
    assert stage.shown('dead_letters_total{reason="unfoldable"} 1.0')


def test_undecodable_counts_once_however_often_it_is_met() -> None:
    stage = Stage()
    stage.brokers.write(0, b"bad", b"a")
    stage.sinks[0].fails = lambda _: LogUnavailable("away")
    for _ in range(3):
        with pytest.raises(LogUnavailable):
            stage.reader.step()
    stage.sinks[0].fails = lambda _: None
    stage.steps()
    assert stage.sinks[0].said == ["a"]
    assert list(stage.letters) == [(0, 0)]
    assert stage.shown('dead_letters_total{reason="undecodable"} 1.0')


def test_a_newer_version_waits_and_nothing_behind_it_is_lost() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a", b"newer", b"b")
    stage.brokers.write(1, b"x")
    stage.steps()
    stage.brokers.write(1, b"y")
    stage.brokers.write(0, b"c")
    stage.steps()
    assert sorted(stage.sinks[0].said) == ["a", "x", "y"]
    assert stage.sinks[0].behind(0) == 0
    (reason,) = stage.health.reasons()
    assert "partition 0" in reason.detail
    assert "upgrade" in reason.detail
    stage.reader.let_go()
    assert stage.health.reasons() == ()


def test_what_retention_took_is_told_and_gone_on_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage = Stage()
    stage.brokers.write(0, b"a")
    stage.steps()
    stage.brokers.write(0, b"b", b"c", b"d")
    stage.brokers.delete_before(0, 3)
    stage.steps()
    assert stage.sinks[0].said == ["a", "d"]
    assert stage.shown("offset_gaps_total 1.0")
    assert "records_lost" in capsys.readouterr().out


def test_a_client_that_jumps_is_sent_back() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a")
    stage.steps()
    stage.brokers.write(0, b"b", b"c", b"d")
    stage.brokers.at[kafka.TopicPartition(TOPIC, 0)] = 3
    stage.steps()
    assert stage.sinks[0].said == ["a", "b", "c", "d"]
    assert not stage.shown("offset_gaps_total")


def test_offsets_that_never_were_records_are_no_loss() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a")
    stage.brokers.write(0, b"b", offset=7)
    stage.steps()
    assert stage.sinks[0].said == ["a", "b"]
    assert not stage.shown("offset_gaps_total")


def test_a_store_that_went_back_is_filled_again() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a", b"b", b"c")
    stage.steps()
    stage.sinks[0].read[0] = 0
    stage.sinks[0].taken = stage.sinks[0].taken[:1]
    stage.brokers.write(0, b"d")
    stage.steps()
    assert stage.sinks[0].said == ["a", "b", "c", "d"]


def test_a_store_of_another_topic_is_not_filled() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a")
    stage.sinks[0].read[0] = 8
    with pytest.raises(LogMismatch, match=r"partition 0 of t\.judged up to 8, but it ends at 1"):
        stage.reader.step()


def test_brokers_away_are_said_and_outlived() -> None:
    stage = Stage()
    stage.brokers.write(0, b"a")
    stage.brokers.away = True
    with pytest.raises(BrokerUnavailable):
        stage.reader.step()
    assert stage.reader.is_cut_off
    stage.brokers.away = False
    stage.steps()
    assert stage.sinks[0].said == ["a"]
    assert not stage.reader.is_cut_off


def test_who_does_not_lead_reads_nothing() -> None:
    leads = [True]
    stage = Stage(leads=lambda: leads[0])
    stage.brokers.write(0, b"a")
    stage.steps()
    leads[0] = False
    stage.brokers.write(0, b"b")
    assert stage.reader.step() == 0
    assert not stage.reader.reads
    assert stage.sinks[0].said == ["a"]


def test_one_partition_at_a_time_in_bounded_batches() -> None:
    stage = Stage()
    stage.brokers.most = 3
    stage.brokers.write(0, *(str(number).encode() for number in range(10)))
    stage.steps(5)
    assert stage.sinks[0].said == [str(number) for number in range(10)]


def watched(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    watch = [100.0]
    monkeypatch.setattr("pipeline.kafka.reader.stopwatch", lambda: watch[0])
    return watch


def gives_up(stage: Stage, watch: list[float], within: float) -> bool:
    """Whether the client is given up within so many seconds, a step every five."""
    until = watch[0] + within
    while watch[0] < until:
        watch[0] += 5
        stage.reader.step()
        if not stage.reader.reads:
            return True
    return False


def test_a_client_that_does_not_join_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch)
    stage = Stage()
    stage.brokers.joined = False
    stage.brokers.mine = set()
    assert not gives_up(stage, watch, 15)
    assert gives_up(stage, watch, 15)


def test_a_client_that_gets_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch)
    stage = Stage()
    stage.brokers.write(0, b"a")
    assert not gives_up(stage, watch, 60)
    assert stage.sinks[0].said == ["a"]
    stage.brokers.write(0, b"b")
    stage.brokers.most = 0
    assert gives_up(stage, watch, 40)
    stage.brokers.most = 100
    stage.reader._consumer = stage.brokers
    stage.reader.step()
    stage.reader.step()
    assert stage.sinks[0].said == ["a", "b"]


def test_a_member_without_a_share_asks_more_and_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = watched(monkeypatch)
    stage = Stage()
    stage.brokers.mine = set()
    waits = []
    for _ in range(3):
        began = watch[0]
        assert gives_up(stage, watch, 400)
        waits.append(watch[0] - began)
        stage.reader._consumer = stage.brokers
        stage.reader._got_at = watch[0]
    assert waits == sorted(waits)
    assert waits[2] > 2 * waits[0]


def test_who_has_read_everything_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch)
    stage = Stage(leads=lambda: True)
    stage.brokers.joined = False
    stage.brokers.write(1, b"a")
    assert not gives_up(stage, watch, 120)
    assert stage.sinks[0].said == ["a"]
