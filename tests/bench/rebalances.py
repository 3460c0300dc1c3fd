"""How long nothing is folded when workers die, leave and join, and how fast rows are read again.

    python -m tests.bench.rebalances [--rate 300] [--brands 10000] [--format json]

A broker of its own, an ingest process, event time, eight partitions. While a sender keeps a steady
pace, a worker of three is killed (kill -9), one joins, one leaves (SIGTERM). Seconds without
folding are the longest gaps between what a partition says in the signals topic, by the broker's
clock, from the disturbance on. Then many brands speak, the worker is stopped, and a fresh one reads
their rows from the changelog: the time is that of its log lines.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from pipeline.encoding import encode_json
from pipeline.mention import Mention
from tests.bench.figure import Figure, say, show
from tests.broker import OwnBroker
from tests.chaos.__main__ import Sending
from tests.histories import Body, History
from tests.stack import Stack, deliver, eventually

PARTITIONS = 8
START = 1_772_409_600_000
SETTLES = 200.0
STEADY = 15.0
"""Seconds of undisturbed work before each disturbance."""


def said_at(stack: Stack) -> dict[int, list[float]]:
    """When each partition said something, in seconds of the broker's clock."""
    consumer = KafkaConsumer(bootstrap_servers=stack.bootstrap, enable_auto_commit=False)
    places = [TopicPartition(f"{stack.prefix}.signals", each) for each in range(PARTITIONS)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    found: dict[int, list[float]] = {each: [] for each in range(PARTITIONS)}
    while any(consumer.position(place) < ends[place] for place in places):
        for place, records in consumer.poll(timeout_ms=500).items():
            found[place.partition] += [record.timestamp / 1000 for record in records]
    consumer.close()
    return found


def longest_gap(said: dict[int, list[float]], since: float, until: float) -> float:
    """The longest silence of any partition that begins or lies in this span."""
    longest = 0.0
    for moments in said.values():
        inside = [each for each in moments if since - 2 <= each <= until]
        gaps = [later - sooner for sooner, later in pairwise(inside)]
        longest = max(longest, *gaps, 0.0)
    return longest


def gaps(folder: Path, bootstrap: str, rate: float) -> list[Figure]:
    """Kill, join, leave under load."""
    history = History(3, mentions=int(rate * 200), brands=40, days=1)
    stack = Stack(folder, bootstrap, "rebalances", history.configuration(), partitions=PARTITIONS)
    moments: list[tuple[str, float]] = []
    try:
        stack.set_up()
        stack.start(3)
        sending = Sending(stack.url, history.bodies(), rate)
        sending.start()
        eventually(lambda: sending.lines > rate, within=60, what="mentions are confirmed")
        time.sleep(STEADY)
        for name, disturb in (
            ("a worker of three killed (kill -9)", lambda: stack.member("worker-1").kill()),
            ("a third worker joins", lambda: stack.member("worker-1").start()),
            ("a fourth worker joins", lambda: stack.member("worker-4").start()),
            ("a worker of four leaves (SIGTERM)", lambda: stack.member("worker-2").stop()),
        ):
            say(f"rebalances: {name}")
            moments.append((name, time.time()))
            disturb()
            time.sleep(STEADY + 15)
        end = time.time()
        sending.end()
        stack.settle(SETTLES)
        stack.stop()
    finally:
        stack.kill_all()
    said = said_at(stack)
    untils = [*(at for _, at in moments[1:]), end]
    return [
        Figure(
            f"seconds without folding: {name}",
            longest_gap(said, at, until),
            "s",
            note="the partition that waited longest",
        )
        for (name, at), until in zip(moments, untils, strict=True)
    ]


def many(brands: int) -> Iterator[Body]:
    """Requests in which so many brands speak three times in two hours."""
    lines: list[bytes] = []
    number = 0
    for round_ in range(3):
        for brand in range(brands):
            at = START + round_ * 3_600_000 + brand * 300
            said = Mention(
                f"{round_}-{brand}", "stream", at, at, f"talk {brand} {round_}", brand=f"B{brand}"
            )
            lines.append(encode_json(said))
            if len(lines) == 1_000:
                yield Body(f"many-{number}", b"\n".join(lines), len(lines))
                number += 1
                lines = []
    if lines:
        yield Body(f"many-{number}", b"\n".join(lines), len(lines))


def recovery(folder: Path, bootstrap: str, brands: int) -> list[Figure]:
    """Let one fresh worker read many brands' rows."""
    stack = Stack(
        folder, bootstrap, "recovery", '[ingest]\nunknown_brands = "accept"\n',
        partitions=PARTITIONS,
    )  # fmt: skip
    try:
        stack.set_up()
        stack.start(1)
        deliver(stack.url, many(brands))
        stack.settle(SETTLES)
        stack.member("worker-1").stop()
        say("recovery: a fresh worker")
        fresh = stack.member("worker-2")
        began = time.monotonic()
        fresh.start()
        eventually(
            lambda: fresh.said().count("partition_taken_up") == PARTITIONS,
            within=120,
            what="all partitions are taken up",
        )
        took = time.monotonic() - began
        lines = [
            json.loads(line) for line in fresh.said().splitlines() if "partition_taken_up" in line
        ]
        stack.stop()
    finally:
        stack.kill_all()
    found = sum(line["brands"] for line in lines)
    records = sum(line["rows_read"] for line in lines)
    return [
        Figure(
            f"a fresh worker has read {found:,} brands' rows",
            max(line["seconds"] for line in lines),
            "s",
            note=f"{records:,} records; from its start {took:.1f} s",
        )
    ]


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--brands", type=int, default=10_000)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name:
        folder = Path(name)
        with OwnBroker(folder / "broker") as broker:
            figures = gaps(folder / "gaps", broker.bootstrap, arguments.rate)
            figures += recovery(folder / "recovery", broker.bootstrap, arguments.brands)
    show(figures, as_json=arguments.format == "json")


if __name__ == "__main__":
    main()
