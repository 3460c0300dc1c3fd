"""One partition's life among brokers that fail, records that cannot be folded and lost groups."""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

pytest.importorskip("faust")

from aiokafka.errors import KafkaConnectionError

from detectors.settings import Detection
from pipeline.brands import Brand, BrandMatcher
from pipeline.errors import LogMismatch, PipelineError
from pipeline.folding.changelog import CHANGELOG_VERSION, decode_partition
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings, PartitionRow
from pipeline.health import Health
from pipeline.kafka.topics import Topics
from pipeline.mention import Author, Mention, RejectedReason
from pipeline.metrics.registry import Metrics
from pipeline.metrics.worker import WorkerMeter
from pipeline.scorers import ScorerName, make_judge
from pipeline.wire import (
    VERSION,
    DeadLetter,
    Envelope,
    MentionsRecord,
    decode_dead_letter,
    decode_judged,
    decode_mentions,
    encode,
)
from pipeline.worker import work as work_module
from pipeline.worker.folding import Item
from pipeline.worker.ownership import OwnershipLost
from pipeline.worker.reading import Range
from pipeline.worker.tools import Tools
from pipeline.worker.work import Kept, PartitionWork
from pipeline.writing import Writer
from tests.scene import DrivenClock

TOPICS = Topics("p")
START = 1_790_000_040_000
PARTITION = 3
POISON = "this one breaks it"
POISONED = 3
"""The offset of the second minute's envelope."""


def log_of(minutes: int = 4, each: int = 3, *, event_mode: bool = True) -> list[bytes]:
    """The records of one partition's mentions topic."""
    writer = Writer(
        "w", BrandMatcher([Brand("Acme", ("Acme",))]), bucket=60_000, event_mode=event_mode
    )
    for number in range(minutes * each):
        at = START + number * (60_000 // each)
        writer.add(
            Mention(
                f"m{number}", "s", at, at, f"Acme is bad {number}", author=Author(id=f"a{number}")
            )
        )
        if not event_mode:
            writer.tick(at)
    writer.end_of_input() if event_mode else writer.tick(START + minutes * 60_000)
    return [record.body for record in writer.take()]


class PoisonedFold(Fold):
    """Raises in the middle of a record that holds a certain text, with half of it folded."""

    times = 10**9

    def apply(self, record: MentionsRecord) -> None:
        if isinstance(record, Envelope):
            for number, entry in enumerate(record.entries):
                if POISON in entry.mention.text and PoisonedFold.times > 0:
                    PoisonedFold.times -= 1
                    super().apply(msgspec.structs.replace(record, entries=record.entries[:number]))
                    raise ValueError(entry.mention.text)
        super().apply(record)


class Stage:
    """A broker, a group and a worker's tools, in memory; `broken` says which sends fail."""

    def __init__(self, log: list[bytes], *, event_mode: bool = True) -> None:
        self.log = log
        self.sent: list[tuple[str, bytes | None, bytes | None]] = []
        self.broken: Callable[[str, int], bool] = lambda *_: False
        self.lost = False
        self.sends = itertools.count()
        self.acknowledged: list[int] = []
        self.fatal: list[PipelineError] = []
        self.health = Health()
        self.readings = 0
        self.start = 0
        self.generation, self.member = 1, "m"
        self.metrics = Metrics(DrivenClock(START))
        settings = FoldSettings(
            Detection(), event_mode, brands={"Acme": "UTC"}, partition=PARTITION
        )
        judge = make_judge(ScorerName.NONE)

        def make_fold(_: int, row: PartitionRow | None, brands: Any) -> Fold:  # noqa: ANN401  # rows, as they come
            return PoisonedFold(settings, judge, lambda _: ("en",), row, brands)

        self.tools = Tools(
            topics=TOPICS,
            event_mode=event_mode,
            clock=DrivenClock(START),
            make_fold=make_fold,
            make_sender=lambda: self,  # type: ignore[arg-type,return-value]
            read_latest=self.read_latest,
            read_range=self.read_range,
            meter=WorkerMeter(self.metrics, event_mode=event_mode),
            judging=lambda: 0.0,
            health=self.health,
            fatal=self.fatal.append,
        )

    # the sender
    async def start_sender(self) -> None: ...

    async def stop(self) -> None: ...

    async def send(
        self, topic: str, partition: int, records: Iterable[tuple[bytes | None, bytes | None]]
    ) -> None:
        assert partition == PARTITION
        for key, value in records:
            if self.broken(topic, next(self.sends)):
                raise KafkaConnectionError("no broker")
            self.sent.append((topic, key, value))
            await asyncio.sleep(0)

    # the owner
    async def prove(self) -> None:
        await asyncio.sleep(0)
        if self.lost:
            raise OwnershipLost("illegal generation")

    # the readers
    async def read_latest(self, topic: str, _: int) -> tuple[dict[bytes, bytes], int]:
        self.readings += 1
        found: dict[bytes, bytes] = {}
        for name, key, value in self.sent:
            if name == topic and key is not None:
                if value is None:
                    found.pop(key, None)
                else:
                    found[key] = value
        return found, len(found)

    async def read_range(
        self, _: str, __: int, first: int, behind: int, most: int
    ) -> tuple[Range, list[tuple[int, bytes | None]]]:
        first = max(first, self.start)
        found = list(enumerate(self.log))[first:behind][:most]
        return Range(self.start, len(self.log)), [(offset, raw) for offset, raw in found]

    # what became of it
    def letters(self) -> list[DeadLetter]:
        return [decode_dead_letter(v) for t, _, v in self.sent if t == TOPICS.rejected and v]

    def judged(self) -> list[str]:
        seen = -1
        found = []
        for topic, _, value in self.sent:
            if topic == TOPICS.judged and value:
                envelope = decode_judged(value)
                if envelope.origin > seen:
                    seen = envelope.origin
                    found += [entry.mention.id for entry in envelope.entries]
        return found

    def folded(self) -> int:
        rows = [v for t, k, v in self.sent if t == TOPICS.changelog and k and k[:1] == b"p" and v]
        return max((decode_partition(row).folded for row in rows), default=-1)

    def item(self, offset: int) -> Item:
        return Item(offset, self.log[offset], lambda: self.acknowledged.append(offset))

    async def work(
        self,
        offsets: Iterable[int] | None = None,
        until: Callable[[], bool] | None = None,
        kept: Kept | None = None,
    ) -> Kept | None:
        """Let a worker take these records (all), until all are acknowledged; then end it."""
        taken = list(range(len(self.log)) if offsets is None else offsets)
        work = PartitionWork(PARTITION, self, self.tools, kept)
        task = asyncio.create_task(work.run())
        for offset in taken:
            work.put(self.item(offset))
        done = until or (lambda: set(taken) <= set(self.acknowledged))
        for _ in range(2_000):
            if done() or task.done():
                break
            await asyncio.sleep(0.005)
        else:
            raise AssertionError(f"never done: {self.acknowledged}, {self.health.reasons()}")
        kept = await work.end(5.0)
        await asyncio.wait_for(task, 5.0)
        return kept


EXPECTED = [f"m{number}" for number in range(12)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "SOON", 0.01)
    monkeypatch.setattr(work_module, "FIRST_PAUSE", 0.01)
    PoisonedFold.times = 10**9


class _Sender:
    """What `Tools` takes for a sender: the stage's own `send`."""

    def __init__(self, stage: Stage) -> None:
        self.send = stage.send

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def stage_of(log: list[bytes], *, event_mode: bool = True) -> Stage:
    stage = Stage(log, event_mode=event_mode)
    stage.tools._make_sender = lambda: _Sender(stage)  # type: ignore[assignment,return-value]
    return stage


def test_everything_is_judged_confirmed_and_acknowledged() -> None:
    stage = stage_of(log_of())
    kept = asyncio.run(stage.work())
    assert stage.judged() == EXPECTED
    assert sorted(stage.acknowledged) == list(range(len(stage.log)))
    assert stage.folded() == len(stage.log) - 1
    assert kept is not None
    assert kept.fold.brands["Acme"].totals.mentions == 12


@pytest.mark.parametrize("broken_at", range(0, 18, 2))
def test_after_any_failed_send_all_is_folded_again_and_nothing_twice(broken_at: int) -> None:
    stage = stage_of(log_of())
    stage.broken = lambda _, number: number in {broken_at, broken_at + 1, broken_at + 5}
    kept = asyncio.run(stage.work())
    assert stage.judged() == EXPECTED
    assert kept is not None
    assert kept.fold.brands["Acme"].totals.mentions == 12
    assert kept.fold.brands["Acme"].totals.repeated == 0
    assert not stage.health.reasons()


def test_while_the_changelog_takes_nothing_nothing_is_acknowledged_and_health_is_red() -> None:
    stage = stage_of(log_of())
    stage.broken = lambda topic, _: topic == TOPICS.changelog

    async def story() -> None:
        work = PartitionWork(PARTITION, stage, stage.tools)
        task = asyncio.create_task(work.run())
        for offset in range(len(stage.log)):
            work.put(stage.item(offset))
        while stage.readings < 3:  # noqa: ASYNC110  # what happens inside
            await asyncio.sleep(0.005)
        assert not stage.acknowledged
        assert [each.component for each in stage.health.reasons()] == [f"partition {PARTITION}"]
        stage.broken = lambda *_: False
        while len(stage.acknowledged) < len(stage.log):  # noqa: ASYNC110  # what happens inside
            await asyncio.sleep(0.005)
        assert not stage.health.reasons()
        await work.end(5.0)
        await task

    asyncio.run(asyncio.wait_for(story(), 20))
    assert stage.judged() == EXPECTED


def poisoned() -> list[bytes]:
    log = log_of()
    envelope = decode_mentions(log[POISONED])
    assert isinstance(envelope, Envelope)
    first, *rest = envelope.entries
    bad = msgspec.structs.replace(
        first, mention=msgspec.structs.replace(first.mention, id="bad", text=POISON)
    )
    changed = encode(msgspec.structs.replace(envelope, entries=[*rest, bad]))
    return [*log[:POISONED], changed, *log[POISONED + 1 :]]


def test_a_record_that_breaks_the_fold_twice_becomes_a_dead_letter_and_leaves_no_half_state() -> (
    None
):
    stage = stage_of(poisoned())
    kept = asyncio.run(stage.work())
    (letter,) = stage.letters()
    assert letter.rejected.reason is RejectedReason.UNFOLDABLE
    assert (letter.topic, letter.partition, letter.offset) == (TOPICS.mentions, PARTITION, POISONED)
    assert letter.rejected.raw == stage.log[POISONED]
    assert "ValueError" in letter.rejected.detail
    assert POISON not in letter.rejected.detail
    without = stage_of(stage.log[:POISONED] + stage.log[POISONED + 1 :])
    asyncio.run(without.work())
    assert stage.judged() == without.judged()
    assert kept is not None
    assert kept.fold.brands["Acme"].totals.mentions == len(without.judged())
    assert sorted(stage.acknowledged) == list(range(len(stage.log)))


def test_a_record_that_breaks_the_fold_once_is_folded() -> None:
    PoisonedFold.times = 1
    stage = stage_of(poisoned())
    asyncio.run(stage.work())
    assert "bad" in stage.judged()
    assert not stage.letters()


def test_what_cannot_be_read_is_a_dead_letter_and_the_rest_goes_on() -> None:
    log = log_of()
    stage = stage_of([b"\x00nonsense", log[0], encode(["envelope", VERSION + 1, "?"]), *log[1:]])
    asyncio.run(stage.work())
    assert [(each.rejected.reason, each.offset) for each in stage.letters()] == [
        (RejectedReason.UNDECODABLE, 0),
        (RejectedReason.NEWER_VERSION, 2),
    ]
    assert stage.judged() == EXPECTED


def test_a_tick_of_the_other_kind_of_time_is_refused_with_what_to_do() -> None:
    stage = stage_of(log_of(event_mode=True), event_mode=False)
    asyncio.run(stage.work())
    (error,) = stage.fatal
    assert isinstance(error, LogMismatch)
    assert "--time event" in str(error)


def test_rows_of_a_newer_program_are_refused_with_what_to_do() -> None:
    stage = stage_of(log_of())
    stage.sent.append((TOPICS.changelog, b"p|0.1.0|0", encode([CHANGELOG_VERSION + 1, "?"])))
    asyncio.run(stage.work())
    (error,) = stage.fatal
    assert "upgrade this worker" in str(error)
    assert f"partition {PARTITION}" in str(error)
    assert not stage.acknowledged


def test_who_lost_the_group_acknowledges_nothing_and_gives_no_state_out() -> None:
    stage = stage_of(log_of())

    async def story() -> Kept | None:
        work = PartitionWork(PARTITION, stage, stage.tools)
        task = asyncio.create_task(work.run())
        while not stage.readings:  # noqa: ASYNC110  # what happens inside
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        stage.lost = True
        for offset in range(len(stage.log)):
            work.put(stage.item(offset))
        await asyncio.wait_for(task, 10)
        return await work.end(1.0)

    assert asyncio.run(story()) is None
    assert not stage.acknowledged


def test_records_seen_before_are_recognised_and_acknowledged() -> None:
    stage = stage_of(log_of())
    asyncio.run(stage.work(range(3)))
    stage.generation = 2
    stage.acknowledged.clear()
    asyncio.run(stage.work())
    assert stage.judged() == EXPECTED
    assert sorted(stage.acknowledged) == list(range(len(stage.log)))


def test_what_was_kept_over_a_rebalance_goes_on_without_reading() -> None:
    stage = stage_of(log_of())

    async def story() -> None:
        kept = await stage.work(range(3))
        assert kept is not None
        assert stage.readings == 1
        stage.generation = 2
        await stage.work(range(3, len(stage.log)), kept=kept)
        assert stage.readings == 1

    asyncio.run(story())
    assert stage.judged() == EXPECTED
    keys = {key for topic, key, value in stage.sent if topic == TOPICS.changelog and key and value}
    assert any(b"0.2.0" in key for key in keys)
    stage.generation = 3
    asyncio.run(stage.work([], until=lambda: stage.readings == 2 and not stage.health.reasons()))


def test_a_gap_in_what_the_stream_gives_is_read_from_the_topic() -> None:
    stage = stage_of(log_of())
    last = len(stage.log) - 1
    asyncio.run(stage.work([0, 1, last], until=lambda: last in stage.acknowledged))
    assert stage.judged() == EXPECTED


def test_mentions_that_retention_took_are_counted_and_the_rest_goes_on() -> None:
    stage = stage_of(log_of())
    last = len(stage.log) - 1
    asyncio.run(stage.work([0, 1]))
    stage.generation, stage.start = 2, 4
    asyncio.run(stage.work([last], until=lambda: last in stage.acknowledged))
    assert stage.folded() == last
    assert b"offset_gaps_total 1.0" in stage.metrics.exposition()[0]


def test_a_stream_that_has_gone_silent_is_read_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_module, "SILENT", 0.05)
    stage = stage_of(log_of())
    asyncio.run(stage.work([0, 1], until=lambda: stage.folded() == len(stage.log) - 1))
    assert stage.judged() == EXPECTED


def made_anew(stage: Stage, records: int) -> None:
    """The topic was deleted, made again, and has got so many records since."""
    stage.log = log_of()[:records]
    stage.acknowledged.clear()


@pytest.mark.parametrize("since", [0, 1, 4])
def test_rows_beside_a_topic_made_anew_are_refused_and_nothing_is_acknowledged(since: int) -> None:
    stage = stage_of(log_of())
    asyncio.run(stage.work())
    made_anew(stage, since)
    asyncio.run(stage.work(until=lambda: bool(stage.fatal)))
    (error,) = stage.fatal
    assert isinstance(error, LogMismatch)
    assert error.exit_code == 3
    assert f"partition {PARTITION} of {TOPICS.mentions} ends at {since}" in str(error)
    assert "another kafka.prefix" in str(error)
    assert "fresh stores" in str(error)
    assert not stage.acknowledged
    assert [each.component for each in stage.health.reasons()] == [f"partition {PARTITION}"]


@pytest.mark.parametrize("silent", [False, True])
def test_a_topic_made_anew_under_a_worker_is_refused(
    silent: bool,  # noqa: FBT001  # a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = stage_of(log_of())

    async def story() -> None:
        work = PartitionWork(PARTITION, stage, stage.tools)
        task = asyncio.create_task(work.run())
        for offset in range(len(stage.log)):
            work.put(stage.item(offset))
        while len(stage.acknowledged) < len(stage.log):  # noqa: ASYNC110  # what happens inside
            await asyncio.sleep(0.005)
        made_anew(stage, 2)
        if silent:
            monkeypatch.setattr(work_module, "SILENT", 0.05)
        else:
            work.put(stage.item(0))
            work.put(stage.item(1))
        await asyncio.wait_for(task, 10)

    asyncio.run(story())
    (error,) = stage.fatal
    assert isinstance(error, LogMismatch)
    assert not stage.acknowledged


def test_a_topic_of_which_retention_took_everything_is_gone_on_with() -> None:
    stage = stage_of(log_of())
    asyncio.run(stage.work())
    stage.generation, stage.start = 2, len(stage.log)
    asyncio.run(stage.work([], until=lambda: stage.readings == 2 and not stage.health.reasons()))
    assert not stage.fatal
