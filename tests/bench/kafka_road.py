"""What the road on Kafka does a second of CPU time, beside plainer ways.

    python -m tests.bench.kafka_road [--mentions 300000] [--peers PYTHON] [--format json]

A broker of its own. Mentions stand in the topic, in envelopes as ingest writes them (event time,
600 a minute); workers start, fold everything and are stopped. Rates are by the CPU time of the
worker processes, what a worker costs that finds nothing taken off; the wall's beside. Peers, in the
same run: a plain Faust agent that takes one mention a record and writes its table each time; the
same with VADER; vaderSentiment alone; and, where `--peers` names a Python that has bytewax and
quixstreams, the plain job (decode, VADER, counts by brand and minute) in them.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from pipeline.brands import BrandMatcher
from pipeline.encoding import encode_json
from pipeline.mention import Mention
from pipeline.placing import partition_of
from pipeline.wire import decode_judged
from pipeline.writing import Writer
from tests.bench.figure import Figure, Watch, say, show
from tests.bench.history import PER_MINUTE, mentions
from tests.broker import OwnBroker
from tests.stack import Stack, deliver

PARTITIONS = 4
BUCKET = 60_000
PLAIN_SHARE, SCORED_SHARE = 6, 3
"""Slower ways are measured on so many times fewer mentions."""
VERSIONS = (
    "import json; from importlib.metadata import version as v; "
    "print(json.dumps([v('bytewax'), v('quixstreams')]))"
)
PEERS = Path(__file__).parent / "peers"
THEIRS = Path(sys.prefix) / "peers" / "bin" / "python"
"""The environment that `make bench` makes for bytewax and quixstreams."""
LIGHT = 600
"""Mentions sent one by one to measure how long one takes."""


class Run(msgspec.Struct, frozen=True):
    """What some processes spent: seconds of CPU and of the wall, and samples by part."""

    cpu: float
    wall: float
    parts: dict[str, int] = {}


def fill(bootstrap: str, topic: str, said: Iterator[Mention]) -> int:
    """Write mentions into a topic as ingest does; how many."""
    writer = Writer(
        "bench",
        BrandMatcher((), accept_unknown=True),
        bucket=BUCKET,
        event_mode=True,
        partitions=PARTITIONS,
    )
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, compression_type="gzip", linger_ms=20, batch_size=1 << 19
    )
    count = 0

    def send() -> None:
        for record in writer.take():
            producer.send(topic, value=record.body, partition=record.partition)

    for mention in said:
        writer.add(mention)
        count += 1
        if count % 5_000 == 0:
            send()
    writer.end_of_input()
    send()
    producer.flush()
    producer.close()
    return count


def fill_plainly(bootstrap: str, topic: str, said: Iterator[Mention]) -> int:
    """Write each mention as a record of its own, in JSON; how many."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, compression_type="gzip", linger_ms=20, batch_size=1 << 19
    )
    count = 0
    for mention in said:
        body = json.dumps(
            {"brand": mention.brand, "text": mention.text, "event_time": mention.event_time}
        )
        producer.send(
            topic,
            key=mention.brand.encode(),
            value=body.encode(),
            partition=partition_of(mention.brand, PARTITIONS),
        )
        count += 1
    producer.flush()
    producer.close()
    return count


def make_topic(bootstrap: str, name: str) -> None:
    """Make a topic for the plain jobs."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({name: {"num_partitions": PARTITIONS, "replication_factor": 1}})
    admin.close()


def committed(bootstrap: str, group: str, topic: str) -> bool:
    """Whether a group has read a topic to its end."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        ends = consumer.end_offsets(places)
        return all((consumer.committed(place) or 0) >= ends[place] for place in places)
    finally:
        consumer.close(autocommit=False)


def worked(stack: Stack, workers: int, scorer: str, *, sampled: bool = False) -> Run:
    """Let workers fold everything that stands in the topic, and stop them."""
    outs = [stack.folder / f"samples-{number}.json" for number in range(workers)]
    began = time.monotonic()
    processes = []
    for out in outs:
        program = ["tests.bench.sampled_worker", str(out)] if sampled else ["pipeline"]
        with (stack.folder / "workers.log").open("ab") as log:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", *program, "worker", "--status-port", "0",
                     "--scorer", scorer, "--config", str(stack.config)],
                    stdout=log, stderr=log,
                )
            )  # fmt: skip
    topic, group = f"{stack.prefix}.mentions", f"{stack.prefix}.worker"
    while not committed(stack.bootstrap, group, topic):
        if any(process.poll() is not None for process in processes):
            raise RuntimeError((stack.folder / "workers.log").read_text()[-3000:])
        time.sleep(0.5)
    wall = time.monotonic() - began
    cpu = 0.0
    for process in processes:
        process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(process.pid, 0)
        cpu += usage.ru_utime + usage.ru_stime
    parts: dict[str, int] = {}
    for out in outs:
        if out.exists():
            for part, count in json.loads(out.read_text()).items():
                parts[part] = parts.get(part, 0) + count
    return Run(cpu, wall, parts)


def plain(python: str, script: str, *arguments: str) -> Run:
    """Run a plain job until it says that it is done."""
    began = time.monotonic()
    process = subprocess.Popen(
        [python, str(PEERS / script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    done = any("done" in line for line in process.stdout)
    wall = time.monotonic() - began
    process.send_signal(signal.SIGTERM)
    _, _, usage = os.wait4(process.pid, 0)
    if not done:
        raise RuntimeError(f"{script} ended before its end")
    return Run(usage.ru_utime + usage.ru_stime, wall)


class Bench:
    """One broker and what is measured on it."""

    def __init__(self, folder: Path, bootstrap: str, number: int, peers: str) -> None:
        self.folder = folder
        self.bootstrap = bootstrap
        self.number = number
        self.peers = peers
        self._stacks = 0

    def stack(self, *, time_of: str = "event") -> Stack:
        """A fresh prefix with its topics."""
        self._stacks += 1
        stack = Stack(
            self.folder / f"stack-{self._stacks}",
            self.bootstrap,
            f"bench-{self._stacks}",
            "",
            partitions=PARTITIONS,
        )
        text = stack.config.read_text().replace('time = "event"', f'time = "{time_of}"')
        stack.config.write_text(text)
        stack.set_up()
        return stack

    def idle(self) -> float:
        """CPU seconds of a worker that finds nothing to do but to start and to stop."""
        stack = self.stack()
        fill(self.bootstrap, f"{stack.prefix}.mentions", mentions(1, 1))
        return worked(stack, 1, "none").cpu

    def ours(
        self,
        number: int,
        brands: int,
        workers: int,
        scorer: str,
        *,
        language: str = "",
        sampled: bool = False,
    ) -> tuple[int, Run]:
        """Fold a history; its size and what it took."""
        stack = self.stack()
        said = mentions(number, brands, PER_MINUTE, language=language)
        count = fill(self.bootstrap, f"{stack.prefix}.mentions", said)
        return count, worked(stack, workers, scorer, sampled=sampled)

    def plain_topic(self, number: int, brands: int, *, language: str = "") -> tuple[str, int]:
        """A topic of one mention a record."""
        self._stacks += 1
        name = f"plain-{self._stacks}"
        make_topic(self.bootstrap, name)
        said = mentions(number, brands, PER_MINUTE, language=language)
        return name, fill_plainly(self.bootstrap, name, said)

    def latency(self) -> tuple[float, float]:
        """Seconds from accepted to folded and said, under light load: median and 99th of 100."""
        stack = self.stack(time_of="clock")
        stack.member("ingest").start()
        stack.member("worker-1").start()
        stack.wait_for_door()
        accepted: dict[str, float] = {}
        try:
            for number, mention in enumerate(mentions(LIGHT, 6)):
                now = int(time.time() * 1000)
                said = msgspec.structs.replace(mention, id=f"light-{number}", event_time=now)
                _post(stack.url, encode_json(said), f"light-{number}")
                accepted[said.id] = time.time()
                time.sleep(0.02)
            waits = [
                folded - accepted[name] for name, folded in judged_at(stack, len(accepted)).items()
            ]
            stack.stop()
        finally:
            stack.kill_all()
        waits.sort()
        return statistics.median(waits), waits[int(len(waits) * 0.99)]


def _post(url: str, line: bytes, request_id: str) -> None:
    from tests.histories import Body  # noqa: PLC0415  # one use

    deliver(url, [Body(request_id, line, 1)], end=False)


def judged_at(stack: Stack, wanted: int) -> dict[str, float]:
    """When the broker was given each judged mention, by its id, in seconds of the clock."""
    consumer = KafkaConsumer(bootstrap_servers=stack.bootstrap, enable_auto_commit=False)
    places = [TopicPartition(f"{stack.prefix}.judged", each) for each in range(PARTITIONS)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    found: dict[str, float] = {}
    until = time.monotonic() + 60
    while len(found) < wanted and time.monotonic() < until:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                for entry in decode_judged(record.value).entries:
                    found.setdefault(entry.mention.id, record.timestamp / 1000)
    consumer.close()
    return found


def measured(number: int, peers: str) -> list[Figure]:
    """All figures."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name:
        folder = Path(name)
        with OwnBroker(folder / "broker") as broker:
            bench = Bench(folder, broker.bootstrap, number, peers)
            say("kafka: a worker that finds nothing")
            idle = bench.idle()
            figures.append(Figure("a worker's start and stop", idle, "s of CPU"))
            for brands in (6, 40):
                figures += unscored(bench, number, brands, idle)
            for brands in (6, 40):
                figures += scored(bench, number // SCORED_SHARE, brands, idle)
            figures += split(bench, number // SCORED_SHARE)
            say("kafka: from accepted to folded")
            median, most = bench.latency()
            figures.append(Figure("accepted to folded, light load, median", median, "s"))
            figures.append(Figure("accepted to folded, light load, p99", most, "s"))
            if peers:
                figures += beside(bench, number // SCORED_SHARE)
    return figures


def unscored(bench: Bench, number: int, brands: int, idle: float) -> list[Figure]:
    """Without scoring, one worker and two, beside a plain agent."""
    say(f"kafka: {brands} brands, no scoring")
    topic, few = bench.plain_topic(number // PLAIN_SHARE, brands)
    alone = plain(sys.executable, "plain_faust.py", bench.bootstrap, topic, str(few))
    peer = few / alone.cpu
    figures = []
    for workers in (1, 2):
        count, run = bench.ours(number, brands, workers, "none")
        figures.append(
            Figure(
                f"Kafka, no scoring, {brands} brands, {workers} worker{'s' * (workers > 1)}",
                count / (run.cpu - workers * idle),
                "mentions/s",
                "a plain Faust agent",
                peer,
                f"wall {count / run.wall:,.0f}/s",
            )
        )
    return figures


def vader_alone(number: int, brands: int) -> float:
    """Texts a second of CPU time by vaderSentiment and nothing else."""
    from vaderSentiment.vaderSentiment import (  # noqa: PLC0415  # only here
        SentimentIntensityAnalyzer,
    )

    polarity = SentimentIntensityAnalyzer().polarity_scores
    texts = [each.text for each in mentions(number, brands, PER_MINUTE, language="en")]
    with Watch() as watch:
        for text in texts:
            polarity(text)
    return len(texts) / watch.spent.cpu


def scored(bench: Bench, number: int, brands: int, idle: float) -> list[Figure]:
    """With VADER, English."""
    say(f"kafka: {brands} brands, VADER")
    count, run = bench.ours(number, brands, 1, "vader", language="en")
    return [
        Figure(
            f"Kafka, VADER, {brands} brands, 1 worker",
            count / (run.cpu - idle),
            "mentions/s",
            "vaderSentiment alone",
            vader_alone(number, brands),
            f"wall {count / run.wall:,.0f}/s",
        )
    ]


def split(bench: Bench, number: int) -> list[Figure]:
    """Where a worker's CPU time goes, by samples."""
    say("kafka: where the time goes")
    count, run = bench.ours(number, 6, 1, "vader", language="en", sampled=True)
    total = sum(run.parts.values()) or 1
    return [
        Figure(
            f"CPU a million mentions, VADER, 6 brands: {part}",
            run.cpu * samples / total / count * 1_000_000,
            "s",
            note=f"{100 * samples / total:.0f} %",
        )
        for part, samples in sorted(run.parts.items(), key=lambda each: -each[1])
    ]


def beside(bench: Bench, number: int) -> list[Figure]:
    """The plain job in other programs, and ours, whole processes with their start."""
    say("kafka: bytewax and quixstreams")
    topic, count = bench.plain_topic(number, 6, language="en")
    figures = []
    ours, run = bench.ours(number, 6, 1, "vader", language="en")
    mine = ours / run.cpu
    versions = json.loads(
        subprocess.run(
            [bench.peers, "-c", VERSIONS],
            capture_output=True, text=True, check=True,
        ).stdout
    )  # fmt: skip
    jobs = (
        (f"bytewax {versions[0]}, the plain job", bench.peers, ("in_bytewax.py",)),
        (f"quixstreams {versions[1]}, the plain job", bench.peers, ("in_quixstreams.py",)),
        ("a plain Faust agent with VADER", sys.executable, ("plain_faust.py",)),
    )
    for title, python, (script,) in jobs:
        extra = ("vader",) if script == "plain_faust.py" else ()
        theirs = plain(python, script, bench.bootstrap, topic, str(count), *extra)
        figures.append(
            Figure(
                f"the whole road with VADER, start included, beside {title}",
                mine,
                "mentions/s",
                title,
                count / theirs.cpu,
                f"wall {count / theirs.wall:,.0f}/s",
            )
        )
    return figures


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mentions", type=int, default=300_000)
    parser.add_argument(
        "--peers",
        default=str(THEIRS) if THEIRS.exists() else "",
        metavar="PYTHON",
        help="a Python that has bytewax and quixstreams",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    figures = measured(arguments.mentions, arguments.peers)
    show(figures, as_json=arguments.format == "json")


if __name__ == "__main__":
    main()
