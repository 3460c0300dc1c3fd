"""`state rebuild` on a real broker: equal where nothing is wrong, mended where something is."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.brand_standing import LOOKING
from pipeline.clock import SystemClock
from pipeline.folding.checkpoint import recover
from pipeline.kafka.changelog import read_changelog
from pipeline.kafka.looking import Looker
from pipeline.kafka.snapshot_keeping import SnapshotKeeper
from pipeline.kafka.snapshots import snapshots_topic
from pipeline.placing import partition_of
from pipeline.wire import SignalRecord, decode_signals_envelope
from tests.broker import SetUp
from tests.by_hand import MINUTE, ByHand

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

START = 1_700_000_040_000 // MINUTE * MINUTE
LATER = "2023-11-20T00:00:00Z"
BEFORE = "2023-11-14T00:00:00Z"
MINE = partition_of("Acme", 4)
OTHER = next(f"B{n}" for n in range(99) if partition_of(f"B{n}", 4) == MINE)


@pytest.fixture
def hand(topics: SetUp) -> Iterator[ByHand]:
    with ByHand(topics) as hand:
        yield hand


@pytest.fixture
def file(topics: SetUp, tmp_path: Path) -> Path:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text('[[brands]]\nname = "Acme"\n\n' + topics.toml.replace('"clock"', '"event"'))
    return file


def run(file: Path, *arguments: object) -> Result:
    words = [str(each) for each in arguments]
    return CliRunner().invoke(app, ["state", words[0], "--config", str(file), *words[1:]])


def told(file: Path, *arguments: object, code: int = 0):  # type: ignore[no-untyped-def]  # noqa: ANN201  # JSON
    result = run(file, *arguments, "--format", "json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def minutes(hand: ByHand, first: int, last: int, each: int = 2) -> None:
    for minute in range(first, last):
        at = START + minute * MINUTE
        hand.tick(at)
        hand.say("Acme", [f"awful {minute} {n}" for n in range(each)], at + 1, wait=False)
        hand.say("Bold", [f"nice {minute}"], at + 2, wait=False)
    hand.tick(START + last * MINUTE)


def spoil(hand: ByHand, **totals: int) -> None:
    """Write a checkpoint of which the brand's sums are wrong."""

    def wrong(row):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return msgspec.structs.replace(row, totals=msgspec.structs.replace(row.totals, **totals))

    hand.fold(MINE, change=lambda row: wrong(row) if row.brand == "Acme" else row)


def state(hand: ByHand):  # type: ignore[no-untyped-def]  # noqa: ANN201
    with Looker(hand.those.connection) as looker:
        found = read_changelog(looker, hand.those.topics.changelog, MINE).found
    standing = recover(found, 10**6, LOOKING)
    return standing.folded, standing.partition, {row.brand: (row, c) for row, c in standing.rows()}


def signals(hand: ByHand) -> list[str]:
    with Looker(hand.those.connection) as looker:
        topic = hand.those.topics.signals
        return [
            record.signal.kind
            for kept in looker.records(topic, looker.bounds(topic))
            for record in decode_signals_envelope(kept.value or b"").records
            if isinstance(record, SignalRecord)
        ]


def test_what_is_right_is_found_equal(hand: ByHand, file: Path) -> None:
    hand.say(OTHER, ["early"], START - 7 * MINUTE)
    minutes(hand, 0, 12)
    hand.fold(MINE)
    minutes(hand, 12, 20)
    hand.fold(MINE)
    found = told(file, "rebuild", "Acme", "--from", LATER)
    assert found["differences"] == []
    assert found["whole"]
    assert found["snapshot"] is None
    assert found["mentions"] == 40
    assert not found["swapped"]
    before = state(hand)
    again = told(file, "rebuild", "Acme", "--from", LATER, "--yes")
    assert again["swapped"]
    after = state(hand)
    assert after[:2] == before[:2]
    assert after[2][OTHER] == before[2][OTHER]
    assert after[2]["Acme"][0] == before[2]["Acme"][0]
    digests = [b"".join(c.digests for c in each[2]["Acme"][1]) for each in (before, after)]
    assert sorted(digests[0][n : n + 8] for n in range(0, len(digests[0]), 8)) == sorted(
        digests[1][n : n + 8] for n in range(0, len(digests[1]), 8)
    )


@pytest.mark.parametrize("snapshot", [False, True])
def test_what_is_wrong_is_named_and_mended(hand: ByHand, file: Path, *, snapshot: bool) -> None:
    minutes(hand, 0, 10)
    hand.fold(MINE)
    if snapshot:
        taken = told(file, "snapshot")
        assert [each["partition"] for each in taken] == [MINE]
    minutes(hand, 10, 14)
    hand.say("Acme", ["still open"], START + 14 * MINUTE + 1)
    spoil(hand, mentions=99)
    found = told(file, "rebuild", "Acme", "--from", LATER, code=1)
    assert {"what": "mentions", "present": "99", "rebuilt": "29"} in found["differences"]
    assert (found["snapshot"] is not None) == snapshot
    assert (found["mentions"] < 15) == snapshot
    assert told(file, "show", "Acme")["row"]["totals"]["mentions"] == 99
    text = run(file, "rebuild", "Acme", "--from", LATER, "--yes")
    assert text.exit_code == 0, text.output
    assert "swapped: the workers can be started" in text.stdout
    shown = told(file, "show", "Acme")
    assert shown["row"]["totals"]["mentions"] == 29
    assert shown["owner"] == "state rebuild"
    assert signals(hand) == []
    minutes(hand, 15, 17)
    hand.generation = 50
    hand.fold(MINE)
    assert told(file, "show", "Acme")["row"]["totals"]["mentions"] == 33
    assert told(file, "rebuild", "Acme", "--from", LATER)["differences"] == []


def test_a_surge_that_never_was_is_ended_with_one_signal(hand: ByHand, file: Path) -> None:
    minutes(hand, 0, 10)

    def surging(row):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if row.brand != "Acme":
            return row
        story = msgspec.structs.replace(
            row.detectors.crisis.story, number=3, seq=7, open=True, opened_at=START
        )
        crisis = msgspec.structs.replace(row.detectors.crisis, story=story)
        detectors = msgspec.structs.replace(row.detectors, crisis=crisis)
        return msgspec.structs.replace(row, detectors=detectors)

    hand.fold(MINE, change=surging)
    found = told(file, "rebuild", "Acme", "--from", LATER, "--yes")
    assert [(each["kind"], each["id"]) for each in found["signals"]] == [
        ("ended", "Acme:negative_surge:3:8")
    ]
    assert signals(hand) == ["ended"]
    shown = told(file, "show", "Acme")["row"]
    assert (shown["surge"], shown["surge_open"]) == (3, False)


def test_workers_must_be_stopped(hand: ByHand, file: Path) -> None:
    minutes(hand, 0, 2)
    hand.fold(MINE)
    topics = hand.those.topics
    worker = KafkaConsumer(
        topics.mentions, **hand.those.connection.clients("w"), group_id=topics.worker_group
    )
    try:
        while not worker.assignment():
            worker.poll(timeout_ms=100)
        result = run(file, "rebuild", "Acme", "--from", LATER, "--yes")
    finally:
        worker.close()
    assert result.exit_code == 3
    assert "stop all of them first" in " ".join(result.output.split())


def test_a_snapshot_after_the_time_asked_for_is_not_taken(hand: ByHand, file: Path) -> None:
    minutes(hand, 0, 5)
    hand.fold(MINE)
    assert run(file, "snapshot").exit_code == 0
    assert told(file, "rebuild", "Acme", "--from", BEFORE)["snapshot"] is None
    assert told(file, "rebuild", "Acme", "--from", LATER)["snapshot"] is not None


def test_a_brand_never_met_has_nothing_to_rebuild(hand: ByHand, file: Path) -> None:
    hand.tick(START)
    hand.fold(MINE)
    result = run(file, "rebuild", OTHER, "--from", LATER)
    assert result.exit_code == 2
    assert "no state to rebuild" in " ".join(result.output.split())


def test_a_snapshot_is_taken_once_a_day_by_whoever_is_to(hand: ByHand) -> None:
    class SetClock:
        instant = SystemClock().now()

        def now(self) -> int:
            return self.instant

    minutes(hand, 0, 3)
    hand.fold(MINE)
    clock, mine = SetClock(), [False]
    keeper = SnapshotKeeper(
        hand.those.connection, hand.those.section, clock, lambda: mine[0], first=0, every=0
    )

    def kept() -> int:
        with Looker(hand.those.connection) as looker:
            topic = snapshots_topic(hand.those.section)
            return looker.bounds(topic)[MINE].end if looker.has(topic) else 0

    keeper.step()
    assert kept() == 0
    mine[0] = True
    keeper.step()
    first = kept()
    assert first > 0
    keeper.step()
    assert kept() == first
    clock.instant += 25 * 60 * MINUTE
    keeper.step()
    assert kept() == 2 * first


def test_what_kafka_no_longer_keeps_is_said_to_be_missing(hand: ByHand, file: Path) -> None:
    minutes(hand, 0, 10)
    hand.fold(MINE)
    minutes(hand, 10, 20)
    hand.fold(MINE)
    topic = hand.those.topics.mentions
    with hand.those.connection.admin() as admin:
        admin.delete_records({TopicPartition(topic, MINE): 12})
    found = told(file, "rebuild", "Acme", "--from", LATER, code=1)
    assert (found["whole"], found["first_offset"]) == (False, 12)
    assert found["mentions"] < 40
    text = run(file, "rebuild", "Acme", "--from", LATER, "--yes")
    assert "is gone from the topic" in text.stdout
    assert told(file, "show", "Acme")["row"]["totals"]["mentions"] == 40
