"""The road on Kafka, walked by hand: what an ingest process and a worker leave in the topics."""

from collections.abc import Callable
from typing import Self

from kafka import KafkaProducer

from detectors.settings import Detection
from pipeline.folding.brand import BrandRow
from pipeline.folding.changelog import Epoch
from pipeline.folding.checkpoint import recover
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings
from pipeline.kafka.changelog import read_changelog
from pipeline.kafka.looking import Bounds, Looker
from pipeline.mention import Author, Mention
from pipeline.placing import partition_of
from pipeline.scorers import ScorerName, make_judge
from pipeline.wire import VERSION, Entry, Envelope, SourceTick, Tick, decode_mentions, encode
from tests.broker import SetUp

MINUTE = 60_000


class ByHand:
    """Writes records as they are to be, and folds them as a worker would, one checkpoint a call."""

    def __init__(
        self, those: SetUp, *, event_mode: bool = True, detection: Detection | None = None
    ) -> None:
        self.those = those
        self.event_mode = event_mode
        self.detection = detection or Detection()
        self.partitions = those.section.partitions
        self._producer = KafkaProducer(**those.connection.clients("by-hand"), acks="all")
        self.generation = 0
        self.brands = ["Acme"]
        """Those that are configured."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

    def put(
        self,
        topic: str,
        partition: int,
        value: bytes | None,
        key: bytes | None = None,
        *,
        wait: bool = True,
    ) -> None:
        self._producer.send(topic, value=value, key=key, partition=partition)
        if wait:
            self.stand()

    def stand(self) -> None:
        self._producer.flush(10)

    def say(self, brand: str, texts: list[str], at: int, *, wait: bool = True) -> None:
        """One envelope of a brand's mentions, all of one instant."""
        entries = [
            Entry(Mention(f"{at}-{n}-{brand}", "forum", at, at, text, author=_author(n)), brand)
            for n, text in enumerate(texts)
        ]
        envelope = Envelope(VERSION, "by-hand", "", entries)
        partition = partition_of(brand, self.partitions)
        self.put(self.those.topics.mentions, partition, encode(envelope), wait=wait)

    def tick(self, time: int, accepted: int = 0) -> None:
        """One tick in every partition."""
        tick = Tick(
            VERSION,
            "by-hand",
            time,
            {"forum": SourceTick(accepted, time)},
            event_time=self.event_mode,
        )
        for partition in range(self.partitions):
            self.put(self.those.topics.mentions, partition, encode(tick), wait=False)
        self.stand()

    def fold(
        self,
        partition: int,
        up_to: int | None = None,
        *,
        torn: bool = False,
        change: Callable[[BrandRow], BrandRow] = lambda row: row,
    ) -> int:
        """Fold what is unread and write one checkpoint; return the offset folded.

        `torn`: the partition's row is missing, as if the worker had been killed before it;
        `change`: what is done to each row before it is written.
        """
        self.stand()
        self.generation += 1
        topics = self.those.topics
        with Looker(self.those.connection) as looker:
            found = read_changelog(looker, topics.changelog, partition).found
            standing = recover(found, self.generation, "by-hand")
            here = {
                name: "UTC"
                for name in self.brands
                if partition_of(name, self.partitions) == partition
            }
            settings = FoldSettings(self.detection, self.event_mode, here, partition=partition)
            fold = Fold(
                settings,
                make_judge(ScorerName.VADER),
                lambda _: ("en",),
                standing.partition,
                standing.rows(),
            )
            end = looker.bounds(topics.mentions)[partition].end if up_to is None else up_to + 1
            folded = standing.folded
            for kept in looker.records(
                topics.mentions, {partition: Bounds(standing.folded + 1, end)}
            ):
                fold.apply(decode_mentions(kept.value or b""))
                folded = kept.offset
        draft = standing.ledger.begin()
        for brand in fold.changed():
            draft.row(change(brand.row()))
            for chunk in brand.seen.new_chunks():
                draft.chunk(brand.name, chunk)
        plan = draft.finish(folded, fold.row(), fold.digests_from)
        for key, value in plan.rows if torn else (*plan.rows, plan.last):
            self.put(topics.changelog, partition, value, key, wait=False)
        self.stand()
        return folded

    @property
    def epoch(self) -> Epoch:
        return Epoch(0, self.generation, 0)


def _author(number: int) -> Author:
    return Author(id=f"author-{number}")
