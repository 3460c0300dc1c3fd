"""The plain job in bytewax: decode, VADER, counts by brand and minute. A program of its own.

python in_bytewax.py BOOTSTRAP TOPIC RECORDS
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import bytewax.operators as op
import bytewax.operators.windowing as win
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, cluster_main
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


def main() -> None:
    """Count until all have come."""
    bootstrap, topic, records = sys.argv[1:]
    polarity = SentimentIntensityAnalyzer().polarity_scores
    flow = Dataflow("plain")
    source = KafkaSource([bootstrap], [topic], tail=False, batch_size=1000)
    raw = op.input("in", flow, source)

    def judge(message: object) -> tuple[str, tuple[datetime, int]]:
        mention = json.loads(message.value)  # type: ignore[attr-defined]
        negative = polarity(mention["text"])["compound"] <= -0.05
        at = datetime.fromtimestamp(mention["event_time"] / 1000, UTC)
        return mention["brand"], (at, int(negative))

    judged = op.map("judge", raw, judge)
    clock = win.EventClock(lambda each: each[0], wait_for_system_duration=timedelta(days=30))
    minutes = win.TumblingWindower(
        align_to=datetime(2026, 1, 1, tzinfo=UTC), length=timedelta(minutes=1)
    )
    counted = win.fold_window(
        "count",
        judged,
        clock,
        minutes,
        lambda: (0, 0),
        lambda sums, each: (sums[0] + 1, sums[1] + each[1]),
        lambda one, other: (one[0] + other[0], one[1] + other[1]),
    )
    out: list[tuple[str, tuple[int, tuple[int, int]]]] = []
    op.output("out", counted.down, TestingSink(out))
    print(version("bytewax"), flush=True)
    cluster_main(flow, [], 0)
    counted_records = sum(mentions for _, (_, (mentions, _)) in out)
    if counted_records != int(records):
        sys.exit(f"{counted_records} counted of {records}")
    print("done", flush=True)


if __name__ == "__main__":
    main()
