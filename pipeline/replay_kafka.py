"""History into the topics of a Kafka, as an event log; one that was cut short is gone on with.

The records of a replay follow from its files and the configuration alone, so that what stands in
the topics already is recognised by making it again: each partition holds the first so many.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from pipeline.brands import BrandMatcher
from pipeline.clock import Clock, stopwatch
from pipeline.errors import BrokerUnavailable, LogMismatch, SettingsError
from pipeline.intake import Disposition
from pipeline.kafka.connection import Connection
from pipeline.kafka.letters import dead_letter
from pipeline.kafka.looking import Bounds, Looker
from pipeline.kafka.producer import Producer, Record, Shipment
from pipeline.kafka.setup import check_ready
from pipeline.kafka.sole_writer import SoleWriter
from pipeline.kafka.tail import check_kind
from pipeline.kafka.topics import Topics, wanted
from pipeline.log.kind import LogKind
from pipeline.mention import Mention, Rejected
from pipeline.pacing import paced
from pipeline.settings import Settings
from pipeline.wire import NotingEnvelope, Tick, WireError, decode_with_notes
from pipeline.writing import Appended, Writer

SOLE_WRITER: Final = "event"
AT_ONCE: Final = 2_000
"""Mentions whose records are made in one go: part of what makes records the same again."""
UNDER_WAY: Final = 50_000
"""Mentions that are not confirmed at most."""
PATIENCE: Final = 300.0
"""Seconds without a confirmation after which it gives up."""
_TOLD_AFTER: Final = 10.0
_LAST: Final = 64
"""Records at the end of each partition that are held against what the replay makes."""

Chunks = Iterator[list[Mention | Rejected]]


class Replayed(msgspec.Struct):
    """What became of a history; `known` are the mentions that stood in the topics already."""

    mentions: int = 0
    late: int = 0
    ignored: int = 0
    rejected: int = 0
    records: int = 0
    known: int = 0
    seconds: float = 0.0

    def summary(self, topic: str) -> str:
        """Say it in two lines at most.

        >>> print(Replayed(900, 3, 0, 1, 40, 0, 3.0).summary("p.mentions"))
        900 mentions in p.mentions (3 late, 0 concern no configured brand, 1 rejected), 300/s
        """
        text = (
            f"{self.mentions:,} mentions in {topic} ({self.late:,} late, {self.ignored:,} concern "
            f"no configured brand, {self.rejected:,} rejected)"
        )
        if self.seconds > 0:
            text += f", {self.mentions / self.seconds:,.0f}/s"
        if self.known:
            text += f"\n{self.known:,} of its records stood there already, of a replay cut short"
        return text


class KafkaReplay:
    """Replays a history into the topics of a configuration.

    Guarantees: `travel` returns once the brokers have confirmed everything; nothing is written
    where the topics hold anything but the beginning of this very replay; one that was killed and
    is started again adds what is missing, so that the topics hold every record once.
    """

    def __init__(self, settings: Settings, clock: Clock, *, tell: Callable[[str], None]) -> None:
        kafka = settings.kafka
        if kafka.time is not LogKind.EVENT:
            raise SettingsError(
                'a replay makes an event log: set kafka.time = "event" (and a kafka.prefix of its '
                "own, so that live topics stay what they are)"
            )
        self._settings = settings
        self._clock = clock
        self._tell = tell
        self._connection = Connection.of(kafka)
        self.topics = Topics(kafka.prefix)
        detection = settings.detection()
        self._writer = Writer(
            kafka.writer or SOLE_WRITER,
            BrandMatcher(settings.brands(), accept_unknown=True),
            bucket=detection.bucket,
            event_mode=True,
            settings=settings.version,
            partitions=kafka.partitions,
        )
        self._change = threading.Condition()
        self._under_way = 0
        self._heard = stopwatch()
        self._shift = 0.0

    def travel(
        self,
        chunks: Chunks,
        *,
        speed: float = 0,
        end: bool = True,
        moved: Callable[[int], None] = lambda _: None,
    ) -> Replayed:
        """Take everything there is into the topics.

        Raises LogMismatch where they hold something else, LogInUse where another process writes
        them, BrokerUnavailable when nothing was confirmed for five minutes.
        """
        check_ready(self._connection, wanted(self._settings.kafka))
        place = SoleWriter(self._connection, self.topics)
        place.take()
        try:
            standing = _Standing(
                self._connection, self.topics.mentions, self._settings.kafka.writer or SOLE_WRITER
            )
            producer = Producer(
                self._connection,
                client_id="crisis-monitor-replay",
                compression=self._settings.kafka.compression,
                failed=lambda _: self._wake(),
            )
            try:
                for topic in (self.topics.mentions, self.topics.rejected):
                    producer.partitions(topic)
                return self._travel(chunks, producer, standing, speed, moved, end=end)
            finally:
                producer.close(1.0)
        finally:
            place.close()

    def _travel(  # noqa: PLR0913  # as above
        self,
        chunks: Chunks,
        producer: Producer,
        standing: "_Standing",
        speed: float,
        moved: Callable[[int], None],
        *,
        end: bool,
    ) -> Replayed:
        began = stopwatch()
        done = Replayed()
        pending = 0
        letters: list[Record] = []
        for chunk in paced(chunks, speed, read=self._read, wait=self._waiter(standing)):
            for item in chunk:
                if isinstance(item, Mention):
                    self._note(done, self._writer.add(item))
                    pending += 1
                else:
                    done.rejected += 1
                    letters.append(self._letter(item))
                if pending >= AT_ONCE:
                    self._ship(producer, standing, letters, pending, moved)
                    pending, letters = 0, []
            if speed > 0 and (pending or letters):
                self._ship(producer, standing, letters, pending, moved)
                pending, letters = 0, []
        if end:
            self._writer.end_of_input()
        self._ship(producer, standing, letters, pending, moved)
        standing.check_ended()
        self._wait(producer, 0)
        done.known = standing.known
        done.records = standing.made
        done.seconds = stopwatch() - began
        return done

    @staticmethod
    def _note(done: Replayed, disposition: Disposition) -> None:
        done.mentions += 1
        done.late += disposition is Disposition.LATE
        done.ignored += disposition is Disposition.NO_BRAND

    def _letter(self, rejected: Rejected) -> Record:
        return dead_letter(
            rejected, self._clock.now(), self.topics, self._settings.kafka.partitions
        )

    def _ship(
        self,
        producer: Producer,
        standing: "_Standing",
        letters: list[Record],
        mentions: int,
        moved: Callable[[int], None],
    ) -> None:
        topic = self.topics.mentions
        records = [
            *letters,
            *(
                Record(topic, each.partition, each.body)
                for each in standing.missing(self._writer.take())
            ),
        ]
        if records:
            self._wait(producer, UNDER_WAY)
            with self._change:
                self._under_way += mentions or 1

            def confirmed() -> None:
                with self._change:
                    self._under_way -= mentions or 1
                    self._heard = stopwatch()
                    self._change.notify_all()

            producer.send(records, Shipment(confirmed))
        moved(mentions)

    def _wait(self, producer: Producer, most: int) -> None:
        """Wait until at most so many mentions are not confirmed."""
        with self._change:
            began = stopwatch()
            told = False
            while self._under_way > most:
                if producer.failure is not None:
                    raise producer.failure
                silent = stopwatch() - max(began, self._heard)
                if silent > PATIENCE:
                    raise BrokerUnavailable(
                        f"{self._connection.where} confirmed nothing for {PATIENCE:g} s; what it "
                        "confirmed it keeps: start the same command again to go on"
                    )
                if silent > _TOLD_AFTER and not told:
                    told = True
                    self._tell(f"no broker at {self._connection.where} answers; waiting for one")
                self._change.wait(0.5)

    def _wake(self) -> None:
        with self._change:
            self._change.notify_all()

    def _read(self) -> float:
        return stopwatch() + self._shift

    def _waiter(self, standing: "_Standing") -> Callable[[float], None]:
        """Wait at the speed of history, but not for what stands in the topics already."""

        def wait(seconds: float) -> None:
            if standing.verified:
                time.sleep(seconds)
            else:
                self._shift += seconds

        return wait


class _Standing:
    """What the mentions topic holds of this replay, found by making it again."""

    def __init__(self, connection: Connection, topic: str, writer: str) -> None:
        self._topic = topic
        with Looker(connection) as looker:
            bounds = looker.bounds(topic)
            spans = {
                partition: Bounds(max(each.begin, each.end - _LAST), each.end)
                for partition, each in bounds.items()
            }
            found = list(looker.records(topic, spans))
        self._ends = {partition: each.end for partition, each in bounds.items()}
        self._last = {(each.partition, each.offset): each.value for each in found}
        check_kind(topic, [_ticks([each.value for each in found])], writer, LogKind.EVENT)
        self._at = dict.fromkeys(self._ends, 0)
        self._open = {partition for partition, end in self._ends.items() if end}
        self._held: list[Appended] = []
        self.known = sum(self._ends.values())
        self.made = 0

    @property
    def verified(self) -> bool:
        """Whether everything that stands there was recognised."""
        return not self._open

    def missing(self, records: list[Appended]) -> list[Appended]:
        """Of records in their order, those that are to be written now."""
        out: list[Appended] = []
        for record in records:
            self.made += 1
            partition = record.partition
            at = self._at[partition]
            self._at[partition] = at + 1
            end = self._ends[partition]
            if at >= end:
                out.append(record)
                continue
            if self._last.get((partition, at), record.body) != record.body:
                self._refuse()
            if at == end - 1:
                self._open.discard(partition)
        if not self._open:
            held, self._held = self._held, []
            return held + out
        self._held += out
        return []

    def check_ended(self) -> None:
        """Raise LogMismatch where the topic holds more than this replay."""
        if self._open:
            self._refuse()

    def _refuse(self) -> None:
        raise LogMismatch(
            f"the topic {self._topic} holds something else than the beginning of this replay "
            "(other files, options or settings, or mentions that came through a door): begin anew "
            "with another kafka.prefix and fresh stores, or add to it with `ingest` and "
            "`replay --to URL`"
        )


def _ticks(values: list[bytes | None]) -> list[Tick]:
    found: list[NotingEnvelope | Tick] = []
    for value in values:
        try:
            found.append(decode_with_notes(value or b""))
        except WireError:
            continue
    return [each for each in found if isinstance(each, Tick)]
