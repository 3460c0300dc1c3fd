"""However a signals log is split, repeated, read and killed: the outcome is that of the one log."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.alerter import Alerter
from alerts.feed import FeedRecord, TimePassed
from alerts.merge import Merge
from alerts.store import IncidentStore, open_store
from detectors.reading import Rule
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from tests.killing import KilledError, Killing
from tests.scene import POLICY, SECOND, START, Feed, Recorder, deliveries, signal

SOURCE = "source:door"
BRANDS = ("Acme", "Bolt", "Corax", "Dune", SOURCE)
STEP = 10 * SECOND

Envelope = tuple[int, list[FeedRecord]]


def a_surge(chance: random.Random, brand: str, surge: int, begin: int) -> Iterator[Signal]:
    kinds = [SignalKind.OPENED] + [SignalKind.LEVEL] * chance.randrange(3)
    if chance.random() < 0.7:
        kinds.append(SignalKind.CALM)
        if chance.random() < 0.4:
            kinds += [SignalKind.RETURNED, SignalKind.CALM]
        if chance.random() < 0.7:
            kinds.append(SignalKind.ENDED)
    at = begin
    for seq, kind in enumerate(kinds, start=1):
        severity = chance.choice([Severity.WARNING, Severity.CRITICAL])
        said = signal(at, seq, kind, severity, surge, brand, begin)
        yield replace(said, rule=Rule.BLINDNESS) if brand == SOURCE else said
        at += chance.randrange(0, 5) * STEP


def a_log(chance: random.Random) -> list[FeedRecord]:
    """What one fold would say: bucket by bucket, sources first, then brands by name."""
    said = []
    for brand in BRANDS:
        begin = START
        for surge in range(1, chance.randrange(1, 3)):
            begin += chance.randrange(6) * STEP
            story = list(a_surge(chance, brand, surge, begin))
            said += story
            begin = story[-1].bucket_end
    said.sort(key=lambda each: (each.bucket_end, each.brand != SOURCE, each.brand))
    end = max((each.bucket_end for each in said), default=START) + 12 * STEP
    records: list[FeedRecord] = []
    time = START - STEP
    while time < end:
        before, time = time, time + STEP * chance.choice([1, 1, 1, 4])
        records += [each for each in said if before < each.bucket_end <= time]
        records.append(TimePassed(time))
    return records


def as_said(chance: random.Random, records: list[FeedRecord]) -> list[Envelope]:
    """One partition's topic: checkpoints cut anywhere, repeated where a worker was killed."""
    envelopes: list[Envelope] = []
    offset = kept = 0
    while kept < len(records):
        end = min(len(records), kept + chance.randrange(1, 12))
        cut = chance.randrange(kept, end + 1)
        for part in (records[kept:cut], records[cut:end]):
            envelopes.append((offset, part))
            offset += 1 if chance.random() < 0.9 else 3
            if chance.random() < 0.15:
                break  # killed between two sends
        else:
            if chance.random() < 0.8:
                kept = end  # else killed before its rows were written
    return envelopes


def outcome(store: IncidentStore, *, ledger: bool) -> dict[str, Any]:
    with store.read() as view:
        rows = view.notifications(limit=100_000)[::-1]
        names = view.incident_ids()
        return {
            "incidents": [view.incident(name) for name in names],
            "events": [view.events(name) for name in names],
            "rows": [
                (row.notification, row.outcome, row.closed_at, row.detail, row.next_attempt_at)
                for row in rows
            ],
            "ledger": [view.attempts(row.id) for row in rows] if ledger else None,
            "time": view.last_time(),
        }


def alerter_of(store: IncidentStore, recorder: Recorder, partitions: int = 1) -> Alerter:
    return Alerter(store, POLICY, deliveries(store, {"oncall": recorder}), partitions=partitions)


def read_some(chance: random.Random, alerter: Alerter, topics: list[list[Envelope]]) -> bool:
    """Read a few envelopes of some partition, as a consumer would; False when all is read."""
    behind = [
        [each for each in topic if each[0] > alerter.wanted_behind(partition)]
        for partition, topic in enumerate(topics)
    ]
    left = [partition for partition, envelopes in enumerate(behind) if envelopes]
    if not left:
        return False
    partition = chance.choice(left)
    came = behind[partition][: chance.randrange(1, 6)]
    if chance.random() < 0.2:  # a fetch that reaches back
        came = topics[partition][max(0, topics[partition].index(came[0]) - 2) :][: len(came) + 2]
    records = [(offset, record) for offset, part in came for record in part]
    alerter.apply(records, 0, partition=partition, read_to=came[-1][0])
    return True


@settings(deadline=None, max_examples=14)
@given(st.integers(0, 2**32), st.integers(1, 5), st.booleans())
@example(seed=1, partitions=3, kills=True)
def test_any_split_any_order_any_kill(seed: int, partitions: int, kills: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    chance = random.Random(seed)
    log = a_log(chance)
    with open_store("sqlite://") as whole:
        told = Recorder()
        alerter_of(whole, told).catch_up(Feed(log), 0)
        expected = outcome(whole, ledger=not kills)
    place = {brand: 0 if brand == SOURCE else chance.randrange(partitions) for brand in BRANDS}
    topics = [
        as_said(
            chance,
            [each for each in log if isinstance(each, TimePassed) or place[each.brand] == number],
        )
        for number in range(partitions)
    ]
    with open_store("sqlite://") as store:
        heard = Recorder()
        for _ in range(chance.randrange(8) if kills else 0):
            killing = Killing(store, chance.randrange(1, 25), kept=chance.random() < 0.5)
            try:
                alerter = alerter_of(killing, heard, partitions)  # type: ignore[arg-type]  # a stand-in
                while read_some(chance, alerter, topics):
                    pass
            except KilledError:
                continue
        alerter = alerter_of(store, heard, partitions)
        while read_some(chance, alerter, topics):
            pass
        alerter.advance(0)
        assert outcome(store, ledger=not kills) == expected
        assert [alerter.wanted_behind(each) for each in range(partitions)] == [
            topic[-1][0] for topic in topics
        ]
    assert set(heard.told()) == set(told.told())
    assert {each.key for each in heard.said} == {each.key for each in told.said}
    if not kills:
        assert [each.key for each in heard.said] == [each.key for each in told.said]


def test_nothing_happens_before_every_partition_has_got_there() -> None:
    with open_store("sqlite://") as store:
        heard = Recorder()
        alerter = alerter_of(store, heard, 2)
        alerter.apply([(0, signal(START)), (1, TimePassed(START))], 0, partition=0)
        assert heard.said == []
        assert alerter.time is None
        alerter.apply([(0, TimePassed(START - STEP))], 0, partition=1)
        assert heard.said == []
        alerter.apply([(1, TimePassed(START))], 0, partition=1)
        assert heard.told() == [(0, "page")]
        assert alerter.time == START


def test_half_an_envelope_is_read_again() -> None:
    """Its first half was taken when the other partition had got so far; the second was not."""
    with open_store("sqlite://") as store:
        heard = Recorder()
        alerter = alerter_of(store, heard, 2)
        later = signal(START + STEP, brand="Bolt")
        both: list[tuple[int, FeedRecord]] = [
            (4, signal(START)),
            (4, TimePassed(START)),
            (4, later),
            (4, TimePassed(START + STEP)),
        ]
        alerter.apply(both, 0, partition=0)
        alerter.apply([(0, TimePassed(START))], 0, partition=1)
        assert heard.told() == [(0, "page")]
        assert alerter.kept_of(0).offset == -1
        again = alerter_of(store, heard, 2)
        assert again.wanted_behind(0) == -1
        again.apply(both, 0, partition=0)
        again.apply([(1, TimePassed(START + STEP))], 0, partition=1)
        assert (10, "page") in heard.told()
        assert again.kept_of(0).offset == 4


def test_another_one_that_went_on_is_noticed() -> None:
    with open_store("sqlite://") as store:
        heard = Recorder()
        stale, other = alerter_of(store, heard, 2), alerter_of(store, heard, 2)
        for alerter in (other, stale):
            alerter.apply([(0, signal(START)), (1, TimePassed(START))], 0, partition=0)
        other.apply([(0, TimePassed(START))], 0, partition=1)
        with pytest.raises(Exception, match="another alerter has gone on"):
            stale.apply([(0, TimePassed(START))], 0, partition=1)
        stale.apply([(1, TimePassed(START + STEP))], 0, partition=1)
        assert stale.time == START
        assert heard.told() == [(0, "page")]


def test_merged_order_is_the_fold_s() -> None:
    merge = Merge([-1, -1], None)
    blind = replace(signal(START, brand=SOURCE), rule=Rule.BLINDNESS)
    merge.read(1, [(0, signal(START, brand="Acme")), (1, TimePassed(START + STEP))])
    merge.read(
        0,
        [
            (0, blind),
            (1, signal(START - STEP, brand="Zeta")),
            (2, signal(START, brand="Bolt")),
            (3, TimePassed(START + STEP)),
        ],
    )
    step = merge.step()
    assert step is not None
    assert [each.brand for each in step.signals] == ["Zeta", SOURCE, "Acme", "Bolt"]
