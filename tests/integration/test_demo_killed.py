"""The demonstration's engine, killed: it goes on as if nothing had been; nobody is left behind."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from alerts.store import open_store
from pipeline.demo.journey import Journey
from pipeline.status import read_status
from tests.integration import demo_traveller as traveller

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


def told(directory: Path) -> dict[str, Any]:
    """Everything there is to compare: sums, incidents with their events, what was sent, rows."""
    status = read_status(directory, 0)
    with open_store(f"sqlite:///{directory / 'incidents.db'}") as store, store.read() as view:
        incidents = {each.id: each for each in view.incidents()}
        events = {each: view.events(each) for each in incidents}
        sent = {
            row.notification.key: (row.outcome, row.notification.at, row.notification.reason)
            for row in view.notifications(limit=100_000)
        }
    with sqlite3.connect(directory / "mentions.db") as database:
        mentions = database.execute(
            "SELECT brand, event_time, key, label, flags FROM mentions ORDER BY 1, 2, 3"
        ).fetchall()
        buckets = database.execute("SELECT * FROM buckets ORDER BY brand, start").fetchall()
    database.close()
    return {
        "sums": (status.brands, status.late, status.time),
        "incidents": incidents,
        "events": events,
        "sent": sent,
        "mentions": mentions,
        "buckets": buckets,
    }


def undisturbed(directory: Path) -> Journey:
    journey = traveller.travel(directory)
    journey.learn(traveller.LEARNT)
    while journey.at < traveller.END:
        journey.step()
    journey.end()
    journey.close()
    return journey


def travel(directory: Path, *, kill_after: int) -> tuple[bool, int]:
    """Let it travel in its own process; whether it came to its end, and where it took up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.demo_traveller", str(directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    steps = 0
    took_up = 0
    assert process.stdout is not None
    for said in process.stdout:
        took_up = took_up or int(said.split()[-1])
        steps += said.startswith("step")
        if kill_after and steps == kill_after:
            process.kill()
            break
    process.stdout.read()
    process.stdout.close()
    return process.wait() == 0, took_up


def test_a_demo_killed_again_and_again_comes_to_the_same_end(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed(whole)
    taken_up = []
    for kill_after in (30, 1, 77, 60, 0):
        ended, at = travel(killed, kill_after=kill_after)
        taken_up.append(at)
        assert ended == (kill_after == 0)
    assert taken_up == sorted(taken_up)
    assert traveller.LEARNT < taken_up[1] < taken_up[-1] < traveller.END
    expected, found = told(whole), told(killed)
    assert any("negative_surge" in each for each in expected["incidents"])
    assert expected["sums"][1] > 0  # what the silent source had kept back
    for name, value in expected.items():
        assert found[name] == value, name


ORPHANING = """
import sys, time
from dashboards.demo import protocol as say
from dashboards.demo.engine import Engine
engine = Engine(say.Begin(sys.argv[1], 7, 1.0, ""), lambda report: print(report, flush=True), print)
print("child", engine.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes in /proc")
def test_no_engine_outlives_the_page_and_its_directory_goes_with_it(tmp_path: Path) -> None:
    directory = tmp_path / "crisis-monitor-demo-x" / "run-1"
    directory.mkdir(parents=True)
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANING, str(directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline().split()[1])
    assert "Learnt" in parent.stdout.readline()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)
    assert not directory.parent.exists()
    assert tmp_path.exists()
