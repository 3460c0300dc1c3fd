"""The road at scale as processes of its own: ingest, workers, alerter, beside a real broker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from pipeline.clock import SystemClock
from pipeline.confirmed_post import END_PATH, MENTIONS_PATH, Patience, Sender, Target
from pipeline.wire import SignalRecord, decode_signals_envelope
from tests.histories import Body
from tests.ports import free_port

COMMAND = [sys.executable, "-m", "pipeline"]
PATIENT = Patience(give_up=240, first_wait=0.05, longest_wait=1.0)


def eventually(true: Callable[[], bool], *, within: float, what: str) -> None:
    """Look until it is true; AssertionError, which says what was waited for, after so long."""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not within {within:g} s: {what}")
        time.sleep(0.1)


class Member:
    """One process of the road; started, stopped and killed as often as one likes."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        log: Path,
        environment: dict[str, str],
        module: str = "pipeline",
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", module, *arguments]
        self._log = log
        self._environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def runs(self) -> bool:
        """Whether it lives (or is stopped, but not dead)."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it; what it says goes to its own file."""
        if self.runs:
            return
        self.starts += 1
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=os.environ | self._environment
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.runs:
            assert self.process is not None
            self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(30)

    def stop(self, within: float = 60) -> int:
        """SIGTERM, and wait; its exit code."""
        assert self.process is not None
        self.send(signal.SIGTERM)
        return self.process.wait(within)

    def listens(self, port: int) -> bool:
        """Whether somebody listens on a port of this machine; AssertionError when it has ended."""
        if not self.runs:
            raise AssertionError(f"{self.name} has ended: {self.said()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def said(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""


class Stack:
    """One road over Kafka in a folder of its own: configuration, processes, stores.

    `brands` is the brands' part of the configuration. Event time, SQLite stores.
    """

    def __init__(
        self,
        folder: Path,
        bootstrap: str,
        prefix: str,
        brands: str,
        *,
        partitions: int = 8,
        worker_options: Sequence[str] = (),
        worker_module: str = "pipeline",
    ) -> None:
        self.folder = folder
        self.directory = folder / "data"
        self.config = folder / "monitor.toml"
        self.prefix = prefix
        self.bootstrap = bootstrap
        self.partitions = partitions
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.directory.mkdir(exist_ok=True)
        self.config.write_text(
            f'[kafka]\nbootstrap = ["{bootstrap}"]\nprefix = "{prefix}"\ntime = "event"\n'
            f'partitions = {partitions}\nwriter = "door"\n\n'
            f'[storage]\ndirectory = "{self.directory}"\n\n{brands}',
            encoding="utf-8",
        )
        self._worker_module = worker_module
        self._worker_options = tuple(worker_options)
        self.members: dict[str, Member] = {}

    @property
    def url(self) -> str:
        """The door's address."""
        return f"http://127.0.0.1:{self.port}"

    def member(self, name: str) -> Member:
        """The process of this name, made when it is new: ingest, alerter, worker-1, ..."""
        if name not in self.members:
            kind = name.partition("-")[0]
            arguments = {
                "ingest": ["ingest", "--port", str(self.port)],
                "alerter": ["alerter", "--status-port", "0"],
                "worker": ["worker", "--status-port", "0", *self._worker_options],
            }[kind]
            self.members[name] = Member(
                name,
                [*arguments, "--config", str(self.config)],
                self.folder / f"{name}.log",
                {"NO_COLOR": "1"},
                self._worker_module if kind == "worker" else "pipeline",
            )
        return self.members[name]

    def workers(self) -> list[Member]:
        """The workers that were made, running or not."""
        return [each for name, each in self.members.items() if name.startswith("worker")]

    def set_up(self) -> None:
        """Make the topics."""
        self.run("kafka", "setup")

    def run(self, *arguments: str) -> str:
        """Run a command of the program to its end; what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--config", str(self.config)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{arguments} ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def start(self, workers: int = 3, *, door: bool = True) -> None:
        """Start everything and wait for the door; without `door` somebody else writes."""
        for name in ("alerter", *(f"worker-{number + 1}" for number in range(workers))):
            self.member(name).start()
        if door:
            self.member("ingest").start()
            self.wait_for_door()

    def wait_for_door(self) -> None:
        """Wait until somebody listens."""
        door = self.member("ingest")
        eventually(lambda: door.listens(self.port), within=60, what="the door opens")

    def behind(self) -> int:
        """How many records wait anywhere; the command says so as JSON."""
        done = subprocess.run(
            [*COMMAND, "lag", "--config", str(self.config), "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1}:
            return 1 << 30
        return sum(int(stage["records"]) for stage in json.loads(done.stdout)["stages"])

    def settle(self, within: float) -> None:
        """Wait until nothing waits anywhere."""
        try:
            eventually(lambda: self.behind() == 0, within=within, what="nothing left to do")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.ask('lag')}") from None

    def ask(self, *arguments: str) -> str:
        """What a command of the program says, however it ends."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--config", str(self.config)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def signals(self) -> list[SignalRecord]:
        """Every signal of the signals topic, as often as it was said."""
        found: list[SignalRecord] = []
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        try:
            places = [
                TopicPartition(f"{self.prefix}.signals", partition)
                for partition in range(self.partitions)
            ]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            while any(consumer.position(place) < ends[place] for place in places):
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        said = decode_signals_envelope(record.value).records
                        found += [each for each in said if isinstance(each, SignalRecord)]
        finally:
            consumer.close()
        return found

    def stop(self) -> dict[str, int]:
        """Stop everybody, the door first; exit codes by name."""
        order = ["ingest", *(each.name for each in self.workers()), "alerter"]
        codes = {}
        for name in order:
            member = self.members.get(name)
            if member is not None and member.runs:
                member.send(signal.SIGCONT)
                codes[name] = member.stop()
        return codes

    def kill_all(self) -> None:
        """End everybody at once, whatever became of them."""
        for member in self.members.values():
            member.kill()


def deliver(
    url: str,
    bodies: Iterable[Body],
    *,
    told: Callable[[int], None] = lambda _: None,
    end: bool = True,
) -> int:
    """Post every body in order until it is confirmed, as a careful sender does; lines sent."""
    total = 0
    with Sender(Target(url), PATIENT, SystemClock()) as sender:
        for body in bodies:
            sender.confirmed(MENTIONS_PATH, body.request_id, body.lines)
            total += body.count
            told(total)
        if end:
            sender.confirmed(END_PATH, "history-end", b"")
    return total
