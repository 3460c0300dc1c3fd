"""kill -9 of the running service while a history arrives over HTTP: nothing lost, nothing twice.

CRISIS_MONITOR_KILLS sets how often it is killed (8; the figures in docs/benchmarks.md are of 30).
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pipeline.mention import Mention
from pipeline.replay_http import Patience, Sent, Target, send
from pipeline.sources.scenario.scenario import Scenario
from tests.ports import free_port

KILLS = int(os.environ.get("CRISIS_MONITOR_KILLS", "8"))
COMMAND = [sys.executable, "-m", "pipeline"]
PATIENCE = Patience(give_up=120, first_wait=0.05, longest_wait=0.3)


class Monitor:
    """`crisis-monitor run --time event` as a process of its own."""

    def __init__(self, directory: Path, config: Path) -> None:
        self.directory = directory
        self._config = config
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._log = (directory.parent / f"{directory.name}.log").open("ab")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "run", "--time", "event", "--config", str(self._config),
             "--data", str(self.directory), "--port", str(self.port), "--no-page"],
            stdout=self._log,
            stderr=self._log,
        )  # fmt: skip

    def wait_until_up(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail("the service did not come up within 2 minutes")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._log.close()
        return code


def asked(directory: Path, *command: str) -> object:
    out = subprocess.run(
        [*COMMAND, *command, "--data", str(directory), "--format", "json"],
        capture_output=True,
        check=True,
    ).stdout
    return json.loads(out)


def whole(directory: Path) -> dict[str, object]:
    """Everything that must be equal: sums, incidents, and every dedup key with what came of it."""
    status = asked(directory, "status")
    incidents = asked(directory, "incidents", "list", "--limit", "1000")
    notifications = asked(directory, "notifications", "list", "--limit", "10000")
    assert isinstance(status, dict)
    assert isinstance(incidents, list)
    assert isinstance(notifications, list)
    assert status["log"]["folded_offset"] == status["log"]["end_offset"]
    return {
        "brands": status["brands"],
        "rejected": status["rejected"],
        "incidents_open": status["incidents_open"],
        "incidents": sorted((each["id"], each["severity"], each["state"]) for each in incidents),
        "keys": sorted(each["dedup_key"] for each in notifications),
    }


def chunks(mentions: list[Mention]) -> Iterator[list[Mention]]:
    for start in range(0, len(mentions), 200):
        yield mentions[start : start + 200]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "monitor.toml"
    brands = "\n".join(
        f'[[brands]]\nname = "{brand.name}"\naliases = {json.dumps(brand.aliases)}\n'
        f"handles = {json.dumps(brand.handles)}\nown_accounts = {json.dumps(brand.own_accounts)}\n"
        f'languages = {json.dumps(brand.languages)}\nzone = "{brand.zone}"\n'
        for brand in Scenario(7).brands
    )
    path.write_text(brands, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def history() -> list[Mention]:
    return [item for chunk in Scenario(7).read() for item in chunk if isinstance(item, Mention)]


def test_killed_at_random_moments_it_ends_as_if_undisturbed(
    tmp_path: Path, config: Path, history: list[Mention]
) -> None:
    undisturbed = Monitor(tmp_path / "undisturbed", config)
    undisturbed.start()
    began = time.monotonic()
    send(chunks(history), Target(undisturbed.url), batch=200, patience=PATIENCE)
    took = time.monotonic() - began
    assert undisturbed.stop() == 0

    killed = Monitor(tmp_path / "killed", config)
    killed.start()
    sent: list[Sent] = []
    failed: list[BaseException] = []

    def deliver() -> None:
        try:
            sent.append(send(chunks(history), Target(killed.url), batch=200, patience=PATIENCE))
        except BaseException as error:
            failed.append(error)
            raise

    sender = threading.Thread(target=deliver)
    sender.start()
    chance = Random(11)
    kills = 0
    while sender.is_alive() and kills < KILLS:
        killed.wait_until_up()
        time.sleep(chance.random() * took / KILLS)
        killed.kill()
        kills += 1
        killed.start()
    sender.join()
    assert not failed
    assert killed.stop() == 0
    assert kills == KILLS
    assert sent[0].repeats > 0

    expected = whole(undisturbed.directory)
    assert len([each for each in expected["incidents"] if each[1] != "info"]) >= 3  # type: ignore[attr-defined]
    assert whole(killed.directory) == expected
