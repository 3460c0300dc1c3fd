"""`ingest` and `replay` as ops meet them: started, fed, killed, started again, told to stop."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.brands import Brand, BrandMatcher
from pipeline.clock import SystemClock, stopwatch
from pipeline.errors import TopicProblem
from pipeline.kafka.looking import Looker
from pipeline.log.kind import LogKind
from pipeline.mention import Mention
from pipeline.replay_http import Patience, Target, send
from pipeline.resuming import OwnRecord
from pipeline.services.ingest import IngestService
from pipeline.settings import load
from pipeline.sources.files import FileSource
from pipeline.wire import Tick, decode_with_notes
from pipeline.writing import Writer
from tests.broker import SetUp
from tests.partitions import flat, ids, read_partitions

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

COMMAND = [sys.executable, "-m", "pipeline"]
NAMES = ("Acme", "Brill", "Corvo", "Delft")
MINUTE = 60_000
START = 1_772_323_200_000


def a_config(those: SetUp, folder: Path) -> Path:
    brands = "".join(f'[[brands]]\nname = "{name}"\n\n' for name in NAMES)
    file = folder / "crisis-monitor.toml"
    file.write_text(f'{brands}[ingest]\nunknown_brands = "accept"\n\n{those.toml}')
    return file


class Ingest:
    """`crisis-monitor ingest`, started and started again on one port."""

    def __init__(self, config: Path) -> None:
        self._config = config
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Ingest":
        self.process = subprocess.Popen(
            [*COMMAND, "ingest", "--config", str(self._config), "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return self

    def up(self) -> "Ingest":
        until = stopwatch() + 60
        while stopwatch() < until:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(self.close())

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def close(self) -> str:
        if self.process is None or self.process.stderr is None or self.process.stderr.closed:
            return ""
        self.process.kill()
        return self.process.communicate()[1].decode()

    def stop(self) -> tuple[int, str]:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors.decode()


def history(folder: Path, count: int) -> Path:
    """A file in order of time: one, two or no brand a line, now and then a long silence."""
    file = folder / "history.jsonl"
    at = START
    with file.open("w") as out:
        for number in range(count):
            at += 7_000 if number % 97 else 25 * MINUTE
            brands = [NAMES[number % 4], *([NAMES[number % 3]] if number % 5 == 0 else [])]
            text = "nobody's talk" if number % 11 == 0 else " ".join(brands)
            line = {"id": str(number), "event_time": at, "text": f"{text} {number}", "author": "a"}
            out.write(json.dumps(line) + "\n")
    return file


def mentions(file: Path, name: str) -> list[Mention]:
    chunks = FileSource([str(file)], name=name).read()
    return [item for chunk in chunks for item in chunk if isinstance(item, Mention)]


def undisturbed(said: Sequence[Mention], partitions: int) -> list[list[object]]:
    writer = Writer(
        "event",
        BrandMatcher([Brand(name) for name in NAMES]),
        bucket=MINUTE,
        event_mode=True,
        partitions=partitions,
    )
    for each in said:
        writer.add(each)
    writer.end_of_input()
    records: list[list[OwnRecord]] = [[] for _ in range(partitions)]
    for record in writer.take():
        records[record.partition].append(decode_with_notes(record.body))
    return [timeless(each) for each in records]


def timeless(records: Sequence[OwnRecord]) -> list[object]:
    """What is counted, without when it came in."""
    return [
        each
        if isinstance(each, Tick)
        else (each[0], each[1].id, each[1].event_time, each[1].text, each[2])  # type: ignore[index]  # an entry's
        for each in flat(records)
    ]


def standing(those: SetUp) -> list[list[OwnRecord]]:
    return read_partitions(those.connection, those.topics.mentions)


@pytest.fixture
def ingests() -> Iterator[Callable[[Path], Ingest]]:
    made: list[Ingest] = []

    def make(config: Path) -> Ingest:
        made.append(Ingest(config))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_two_doors_side_by_side_and_a_clean_goodbye(
    topics: SetUp, tmp_path: Path, ingests: Callable[[Path], Ingest]
) -> None:
    config = a_config(topics, tmp_path)
    doors = [ingests(config).start() for _ in range(2)]
    for door in doors:
        door.up()
    now = SystemClock().now()
    for number, door in enumerate(doors):
        body = "\n".join(
            json.dumps({"id": f"{number}-{key}", "event_time": now, "text": "Acme", "author": "a"})
            for key in range(30)
        )
        answer = httpx.post(f"{door.url}/v1/mentions", content=f"{body}\nbroken", timeout=30)
        assert answer.status_code == 200
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (30, 1)
    metrics = httpx.get(f"{doors[0].url}/metrics").text
    assert 'crisis_monitor_stage_mentions_total{stage="written"} 30.0' in metrics
    assert "crisis_monitor_unconfirmed_mentions 0.0" in metrics
    ended = httpx.post(f"{doors[0].url}/v1/end", content=b"")
    assert ended.status_code == 409
    for door in doors:
        code, said = door.stop()
        assert code == 0, said
        assert "Traceback" not in said
    found = standing(topics)
    assert sum(len(ids(each)) for each in found) == 60
    for partition in found:
        ticks = [each for each in partition if isinstance(each, Tick)]
        assert len({tick.writer for tick in ticks if tick.retired}) == 2


def test_an_ingest_of_events_killed_while_it_is_fed_writes_what_it_would_have_written(
    make_topics: Callable[..., SetUp], tmp_path: Path, ingests: Callable[[Path], Ingest]
) -> None:
    those = make_topics(partitions=3, time="event")
    file = history(tmp_path, 2_000)
    door = ingests(a_config(those, tmp_path)).start().up()
    seen = threading.Event()
    fails: list[BaseException] = []
    said = mentions(file, "http")

    def feed() -> None:
        try:
            send(
                [said[start : start + 50] for start in range(0, len(said), 50)],
                Target(door.url),
                patience=Patience(give_up=120, first_wait=0.05, longest_wait=0.2),
                progress=lambda sent: seen.set() if sent.requests == 12 else None,
            )
        except BaseException as error:  # noqa: BLE001  # told in the test's own thread
            fails.append(error)

    sender = threading.Thread(target=feed)
    sender.start()
    assert seen.wait(60)
    door.kill()
    door.start().up()
    sender.join(120)
    assert not fails
    assert not sender.is_alive()
    assert door.stop()[0] == 0
    assert [timeless(each) for each in standing(those)] == undisturbed(said, 3)


def test_a_replay_killed_and_started_again_leaves_each_record_once(
    make_topics: Callable[..., SetUp], tmp_path: Path
) -> None:
    those = make_topics(partitions=3, time="event")
    file, config = history(tmp_path, 20_000), a_config(those, tmp_path)
    command = [*COMMAND, "replay", str(file), "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while written(those) < 2_000 and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    said = done.stderr.decode()
    assert "20,000 mentions" in said
    assert "stood there already" in said
    found = standing(those)
    assert [timeless(each) for each in found] == undisturbed(mentions(file, "file"), 3)
    file.write_text(file.read_text().replace("Brill 19997", "Brill, another"))
    other = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert other.returncode == 3
    assert b"something else" in b" ".join(other.stderr.split())
    assert written(those) == sum(map(len, found))


def written(those: SetUp) -> int:
    with Looker(those.connection) as looker:
        return sum(each.end for each in looker.bounds(those.topics.mentions).values())


def test_run_names_the_parts_of_the_road(topics: SetUp, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["run", "--config", str(a_config(topics, tmp_path))])
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    for word in ("kafka setup", "ingest", "worker", "alerter", "web"):
        assert word in said


def test_a_missing_topic_is_named_with_what_makes_it(topics: SetUp, tmp_path: Path) -> None:
    file = a_config(topics, tmp_path)
    file.write_text(file.read_text().replace(topics.section.prefix, "not-there"))
    service = IngestService(load(file), LogKind.CLOCK, SystemClock())
    with pytest.raises(TopicProblem, match=r"not-there\.mentions.*kafka setup"):
        service.start()


def test_without_a_kafka_ingest_says_what_to_start(tmp_path: Path) -> None:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text('[[brands]]\nname = "Acme"\n')
    done = CliRunner().invoke(app, ["ingest", "--config", str(file)])
    assert done.exit_code == 2
    assert "crisis-monitor run" in " ".join(done.output.split())
