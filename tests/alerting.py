"""Alerters beside a real broker: what workers would have said, and the stores it ends in."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from kafka import KafkaProducer

from alerts.store import open_store
from detectors.observation import BucketState, Observation
from detectors.signal import Signal
from pipeline.clock import SystemClock
from pipeline.judging.scorer import Judgement, Label
from pipeline.log.kind import LogKind
from pipeline.mention import Mention
from pipeline.placing import partition_of
from pipeline.services.alerter import AlerterOptions, AlerterService
from pipeline.settings.load import load
from pipeline.stores.place import Place
from pipeline.wire import (
    VERSION,
    BucketRecord,
    JudgedEntry,
    JudgedEnvelope,
    SignalRecord,
    SignalsEnvelope,
    SignalsRecord,
    Tick,
    TimeRecord,
    encode,
)
from tests.broker import SetUp

LONG = 60.0


def eventually(true: Callable[[], Any], what: str, within: float = LONG) -> Any:  # noqa: ANN401  # whatever was found
    """What is found once it is true; AssertionError, which says what was waited for."""
    until = time.monotonic() + within
    while not (found := true()):
        assert time.monotonic() < until, f"not within {within:g} s: {what}"
        time.sleep(0.05)
    return found


class Pen:
    """Writes what workers say into the topics."""

    def __init__(self, those: SetUp) -> None:
        self.those = those
        self.partitions = those.section.partitions
        self._producer = KafkaProducer(**those.connection.clients("pen"), acks="all")
        self._origin = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.close()

    def put(self, topic: str, partition: int, value: bytes | None) -> int:
        """Write a record; its offset."""
        sent = self._producer.send(topic, value=value, partition=partition)
        return int(sent.get(20).offset)

    def say(self, partition: int, records: Iterable[SignalsRecord]) -> int:
        self._origin += 1
        envelope = SignalsEnvelope(VERSION, list(records), self._origin)
        return self.put(self.those.topics.signals, partition, encode(envelope))

    def signal(self, *signals: Signal) -> None:
        """Each into its brand's partition."""
        for each in signals:
            self.say(self.place(each.brand), [SignalRecord(VERSION, each)])

    def tick(self, at: int, *, event_time: bool = False) -> None:
        """As a writer would, into the first partition of mentions."""
        tick = Tick(VERSION, "pen", at, event_time=event_time)
        self.put(self.those.topics.mentions, 0, encode(tick))

    def time(self, at: int) -> None:
        """Time passes everywhere."""
        for partition in range(self.partitions):
            self.say(partition, [TimeRecord(VERSION, at)])

    def bucket(self, brand: str, start: int) -> None:
        record = BucketRecord(
            VERSION, brand, start, 60_000, 1, BucketState.KNOWN, Observation(mentions=3), []
        )
        self.say(self.place(brand), [record])

    def judged(self, brand: str, *texts: str, at: int, origin: int) -> None:
        entries = [
            JudgedEntry(
                brand,
                Mention(f"{origin}-{number}", "door", at, at, text),
                Judgement(Label.NEGATIVE, 0.9, 0.1, 0.0, -0.8, "en", "vader"),
                number,
                at - at % 60_000,
                voice=True,
            )
            for number, text in enumerate(texts)
        ]
        body = encode(JudgedEnvelope(VERSION, entries, origin))
        self.put(self.those.topics.judged, self.place(brand), body)

    def place(self, brand: str) -> int:
        return partition_of(brand, self.partitions)


def write_config(
    path: Path, those: SetUp, hooks: Iterable[str] = (), database: str = "", **policy: str
) -> Path:
    """A configuration with one webhook a receiver, all of them paged at once."""
    names = [f"hook{number}" for number, _ in enumerate(hooks)]
    receivers = "".join(
        f'\n[[receivers]]\nname = "{name}"\nkind = "webhook"\nurl = "{url}"\ntimeout = "2s"\n'
        for name, url in zip(names, hooks, strict=True)
    )
    said = "".join(f"{key} = {json.dumps(value)}\n" for key, value in policy.items())
    steps = f"\n[policy]\n{said}" if said else ""
    steps += f"\n[[policy.steps]]\nreceivers = {json.dumps(names)}\n" if names else ""
    storage = f'directory = "{path.parent / "data"}"\n'
    if database:
        storage += f'database = "{database}"\n'
    path.write_text(f"{those.toml}\n[storage]\n{storage}{steps}{receivers}", encoding="utf-8")
    path.chmod(0o600)
    return path


def service_of(
    config: Path, *, kind: LogKind = LogKind.CLOCK, deliver: bool = True
) -> AlerterService:
    settings = load(config)
    return AlerterService(
        settings, Place.of(settings), SystemClock(), AlerterOptions(kind, deliver)
    )


def notified(place: Place) -> list[tuple[str, str]]:
    """Key and outcome of everything that was intended, in order."""
    with open_store(place.incidents_url) as store, store.read() as view:
        rows = view.notifications(limit=10_000)[::-1]
        return [(row.notification.key, str(row.outcome)) for row in rows]
