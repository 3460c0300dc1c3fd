"""`lag` on a real broker: with nobody running, with a reader, with a broker that is away."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.clock import SystemClock
from pipeline.kafka.connection import Connection
from pipeline.kafka.lag import Gauge
from pipeline.kafka.lag_watch import EVERY, LagWatch
from pipeline.kafka.topics import Topics
from pipeline.metrics.registry import Metrics
from pipeline.placing import partition_of
from pipeline.wire import VERSION, JudgedEnvelope, encode
from tests.broker import SetUp
from tests.by_hand import MINUTE, ByHand

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

START = 1_700_000_040_000
NAMES = [f"Brand {number}" for number in range(40)]


def brand_of(partition: int, partitions: int) -> str:
    return next(name for name in NAMES if partition_of(name, partitions) == partition)


@pytest.fixture
def hand(topics: SetUp) -> Iterator[ByHand]:
    with ByHand(topics) as hand:
        yield hand


def config(those: SetUp, tmp_path: Path, more: str = "") -> Path:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text(f'[[brands]]\nname = "Acme"\n\n{those.toml}{more}')
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["lag", *[str(each) for each in arguments]])


def told(file: Path, code: int = 0, *more: object):  # type: ignore[no-untyped-def]  # noqa: ANN201  # JSON
    result = run("--config", file, "--format", "json", *more)
    assert result.exit_code == code, result.output
    found = json.loads(result.stdout)
    return found, {stage["stage"]: stage for stage in found["stages"]}


def test_what_waits_is_told_by_partition_and_brand_with_nobody_running(
    hand: ByHand, tmp_path: Path
) -> None:
    busy, quiet = brand_of(0, 4), brand_of(2, 4)
    hand.say(busy, ["one", "two", "three"], START)
    hand.say(busy, ["four"], START)
    hand.say(quiet, ["five"], START)
    hand.put(hand.those.topics.mentions, 2, b"no record of ours")
    file = config(hand.those, tmp_path)
    found, stages = told(file)
    fold = stages["fold"]
    assert fold["records"] == 4
    assert fold["mentions"] == 5
    assert not fold["estimated"]
    assert fold["members"] == 0
    assert fold["unowned"] == [0, 1, 2, 3]
    assert [each["records"] for each in fold["partitions"]] == [2, 0, 2, 0]
    assert 0 < fold["partitions"][0]["seconds"] < 60
    assert fold["partitions"][1]["seconds"] == 0
    assert [(each["brand"], each["mentions"]) for each in found["brands"]] == [
        (busy, 4),
        (quiet, 1),
    ]
    assert stages["signals"]["records"] == stages["rejected"]["records"] == 0
    text = run("--config", file)
    assert text.exit_code == 0
    assert "nobody works on partition 0, 1, 2, 3; start `crisis-monitor worker`" in text.stdout
    assert busy in text.stdout


def test_more_than_the_limit_is_a_finding(hand: ByHand, tmp_path: Path) -> None:
    hand.say("Acme", ["one", "two", "three"], START)
    assert told(config(hand.those, tmp_path), 1, "--limit", 2)[0]["above"] == ["fold"]
    assert told(config(hand.those, tmp_path), 0, "--limit", 3)[0]["above"] == []
    file = config(hand.those, tmp_path, "lag_limit = 2\n")
    assert run("--config", file).exit_code == 1
    assert "more than 2 behind: fold (3)" in run("--config", file).stdout


def test_a_checkpoint_counts_before_its_group_has_committed_anything(
    hand: ByHand, tmp_path: Path
) -> None:
    hand.say("Acme", ["one"], START)
    hand.tick(START + MINUTE, 1)
    partition = partition_of("Acme", 4)
    assert hand.fold(partition) == 1
    hand.say("Acme", ["two", "three"], START + MINUTE)
    _, stages = told(config(hand.those, tmp_path))
    mine = stages["fold"]["partitions"][partition]
    assert (mine["position"], mine["records"], mine["mentions"]) == (2, 1, 2)
    assert mine["time"] == "2023-11-14T22:15:00Z"
    others = [each for each in stages["fold"]["partitions"] if each["partition"] != partition]
    assert {each["records"] for each in others} == {1}


def test_how_far_time_is_behind_now_is_told_of_a_clock_log(
    make_topics: Callable[..., SetUp], tmp_path: Path
) -> None:
    with ByHand(make_topics(partitions=1), event_mode=False) as hand:
        hand.tick(SystemClock().now() - 3 * MINUTE)
        hand.fold(0)
        _, stages = told(config(hand.those, tmp_path))
    assert 180 <= stages["fold"]["partitions"][0]["time_behind_seconds"] < 240
    assert stages["fold"]["records"] == 0


def test_a_reader_owns_its_partitions_and_its_commits_count(hand: ByHand, tmp_path: Path) -> None:
    topics = hand.those.topics
    for _ in range(3):
        hand.put(topics.judged, 1, encode(JudgedEnvelope(VERSION, [], 0)))
    reader = KafkaConsumer(
        topics.judged,
        **hand.those.connection.clients("reader"),
        group_id=topics.alerter_group(topics.judged),
    )
    try:
        while not reader.assignment():
            reader.poll(timeout_ms=100)
        reader.commit({TopicPartition(topics.judged, 1): OffsetAndMetadata(2, "", -1)})
        _, stages = told(config(hand.those, tmp_path))
    finally:
        reader.close()
    judged = stages["judged"]
    assert judged["members"] == 1
    assert judged["records"] == 1
    assert judged["unowned"] == []
    assert judged["partitions"][0]["owner"]["host"]
    assert judged["partitions"][0]["owner"]["member"].startswith("reader")
    assert stages["fold"]["unowned"] == [0, 1, 2, 3]


def test_many_records_are_reckoned_from_some(hand: ByHand, tmp_path: Path) -> None:
    for number in range(300):
        hand.say("Acme", ["one", "two"], START + number)
    found, stages = told(config(hand.those, tmp_path))
    assert stages["fold"]["mentions"] == 600
    assert stages["fold"]["estimated"]
    assert found["brands"] == [
        {
            "brand": "Acme",
            "partition": partition_of("Acme", 4),
            "mentions": 600,
            "estimated": True,
        }
    ]


def test_a_broker_that_is_away_is_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text('[[brands]]\nname = "Acme"\n\n[kafka]\nbootstrap = ["127.0.0.1:1"]\n')
    result = subprocess.run(
        (sys.executable, "-m", "pipeline", "lag", "--config", str(file)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 3
    assert "no Kafka broker answers" in result.stderr
    assert "Traceback" not in result.stderr


def test_topics_that_are_missing_are_named(topics: SetUp, tmp_path: Path) -> None:
    file = config(topics, tmp_path)
    file.write_text(file.read_text().replace(topics.section.prefix, "nowhere"))
    result = run("--config", file)
    assert result.exit_code == 3
    assert "crisis-monitor kafka setup" in " ".join(result.output.split())


def test_without_kafka_there_is_no_lag(tmp_path: Path) -> None:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text('[[brands]]\nname = "Acme"\n')
    result = run("--config", file)
    assert result.exit_code == 2
    assert "crisis-monitor status" in result.output


def test_workers_that_are_gone_show_in_the_metrics_of_an_alerter(hand: ByHand) -> None:
    hand.say("Acme", ["one", "two"], START)
    metrics = Metrics(SystemClock())
    gauge = Gauge(hand.those.connection, hand.those.topics)
    assert LagWatch(gauge, metrics, SystemClock()).step() == EVERY
    text = metrics.exposition()[0].decode()
    assert 'crisis_monitor_partitions_unowned{consumer="fold"} 4.0' in text
    assert 'crisis_monitor_lag_records{consumer="fold"} 1.0' in text
    assert 'crisis_monitor_lag_seconds{consumer="signals"} 0.0' in text


def test_nothing_is_looked_at_while_the_process_ends() -> None:
    metrics = Metrics(SystemClock())
    away = Gauge(Connection(("127.0.0.1:1",)), Topics("nowhere"))
    assert LagWatch(away, metrics, SystemClock(), lambda: False).step() == EVERY
    assert b"partitions_unowned" not in metrics.exposition()[0]


def test_what_retention_took_unread_is_told(hand: ByHand, tmp_path: Path) -> None:
    for number in range(5):
        hand.say("Acme", ["one"], START + number)
    partition = partition_of("Acme", 4)
    hand.fold(partition, up_to=0)
    with hand.those.connection.admin() as admin:
        admin.delete_records({TopicPartition(hand.those.topics.mentions, partition): 4})
    file = config(hand.those, tmp_path)
    _, stages = told(file)
    mine = stages["fold"]["partitions"][partition]
    assert (mine["position"], mine["records"], mine["expired"]) == (4, 1, 3)
    assert "3 records were deleted by retention" in run("--config", file).stdout
