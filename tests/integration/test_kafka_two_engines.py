"""One history, two engines, equal accounts: embedded, and Kafka with three workers.

CRISIS_MONITOR_HISTORY sets how many mentions the seeded history has (40,000; the figures in
docs/benchmarks.md are of 500,000).
"""

import os
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.account import Account, account_of, compare
from tests.broker import Broker
from tests.histories import History
from tests.reference import embedded
from tests.stack import COMMAND, Stack, deliver

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

MENTIONS = int(os.environ.get("CRISIS_MONITOR_HISTORY", "40000"))
DATA = Path(os.environ.get("CRISIS_MONITOR_DATA", "../shared/data"))
AIRLINE = DATA / "airline" / "mentions.csv"
ZONE = "America/New_York"
WORKERS, PARTITIONS = 3, 8
SETTLES_WITHIN = 300.0


def stack_of(folder: Path, broker: Broker, brands: str, *options: str) -> Stack:
    """A road of the test's own."""
    return Stack(
        folder,
        broker.bootstrap,
        f"two-{uuid.uuid4().hex[:8]}",
        brands,
        partitions=PARTITIONS,
        worker_options=options,
    )


def check_equal(expected: Account, found: Account) -> None:
    """Everything that must be equal is, and there is enough of it to tell."""
    assert len(expected.incidents) > 0
    assert len(expected.signals) > 0
    result = compare(expected, found)
    assert result.others == []
    assert result.last_line() == "lost=0 doubled=0 incidents_equal=true"


def test_the_same_history_comes_to_the_same(tmp_path: Path, broker: Broker) -> None:
    history = History(11, mentions=MENTIONS, days=2)
    stack = stack_of(tmp_path / "stack", broker, history.configuration())
    try:
        stack.set_up()
        stack.start(WORKERS)
        deliver(stack.url, history.bodies())
        stack.settle(SETTLES_WITHIN)
        codes = stack.stop()
    finally:
        stack.kill_all()
    assert set(codes.values()) == {0}
    expected = account_of(embedded(tmp_path / "embedded", history, history.bodies()))
    assert len(expected.judged) > MENTIONS // 2
    assert len(expected.late) > 0
    check_equal(expected, account_of(stack.directory, stack.signals()))


def test_the_airline_week_comes_to_the_same(tmp_path: Path, broker: Broker) -> None:
    if not AIRLINE.is_file():
        if os.environ.get("CI"):
            pytest.fail(f"{AIRLINE} is missing: CI needs the data (CRISIS_MONITOR_DATA)")
        pytest.skip(f"{AIRLINE} is not here: set CRISIS_MONITOR_DATA to have it read")
    options = ["--map", "event_time=created_at", "--zone", ZONE]
    stack = stack_of(tmp_path / "stack", broker, "", "--zone", ZONE)
    try:
        stack.set_up()
        stack.start(WORKERS, door=False)
        stack.run("replay", str(AIRLINE), *options)
        stack.settle(SETTLES_WITHIN)
        stack.stop()
    finally:
        stack.kill_all()
    alone = tmp_path / "alone"
    alone.mkdir()
    command = [*COMMAND, "replay", str(AIRLINE.resolve()), *options, "--data", str(alone / "data")]
    subprocess.run(command, check=True, capture_output=True, cwd=alone)
    expected = account_of(alone / "data")
    assert sum(len(entries) for entries in expected.judged.values()) > 14_000
    check_equal(expected, account_of(stack.directory, stack.signals()))
