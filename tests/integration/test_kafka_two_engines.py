"""One history, two engines, equal accounts: embedded, and Kafka with three workers.

CRISIS_MONITOR_HISTORY sets how many mentions there are (60,000; the figures in docs/benchmarks.md
are of 500,000).
"""

import os
from pathlib import Path

import pytest

from tests.account import account_of, compare
from tests.broker import Broker
from tests.histories import History
from tests.reference import embedded
from tests.stack import Stack, deliver

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

MENTIONS = int(os.environ.get("CRISIS_MONITOR_HISTORY", "60000"))
WORKERS, PARTITIONS = 3, 8
SETTLES_WITHIN = 300.0


def test_the_same_history_comes_to_the_same(tmp_path: Path, broker: Broker) -> None:
    history = History(11, mentions=MENTIONS, days=2)
    stack = Stack(
        tmp_path / "stack",
        broker.bootstrap,
        f"two-{os.getpid()}",
        history.configuration(),
        partitions=PARTITIONS,
    )
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
    found = account_of(stack.directory, stack.signals())
    assert len(expected.judged) > MENTIONS // 2
    assert len(expected.late) > 0
    assert len(expected.incidents) > 0
    assert len(expected.signals) > 0
    result = compare(expected, found)
    assert result.others == []
    assert result.last_line() == "lost=0 doubled=0 incidents_equal=true"
