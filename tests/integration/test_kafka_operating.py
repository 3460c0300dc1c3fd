"""A real worker as ops see it: its share, its metrics, and that stopped it is behind, not idle."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from pipeline.placing import partition_of
from tests.broker import SetUp
from tests.by_hand import MINUTE, ByHand
from tests.ports import free_port
from tests.stack import Member, eventually

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

START = 1_700_000_040_000 // MINUTE * MINUTE
MINE = partition_of("Acme", 4)
WITHIN = 60


@pytest.fixture
def hand(topics: SetUp) -> Iterator[ByHand]:
    with ByHand(topics) as hand:
        yield hand


@pytest.fixture
def file(topics: SetUp, tmp_path: Path) -> Path:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text('[[brands]]\nname = "Acme"\n\n' + topics.toml.replace('"clock"', '"event"'))
    return file


def told(file: Path, *words: str):  # type: ignore[no-untyped-def]  # noqa: ANN201  # JSON
    result = CliRunner().invoke(app, [*words, "--config", str(file), "--format", "json"])
    assert result.exit_code in {0, 1}, result.output
    return json.loads(result.stdout)


def shown(port: int) -> dict[str, float]:
    """What the worker's door shows; empty while it does not listen."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    except httpx.TransportError:
        return {}
    return {
        name.removeprefix("crisis_monitor_"): float(value)
        for name, value in re.findall(r"^(crisis_monitor_\S+) (\S+)$", text, re.MULTILINE)
    }


def test_a_worker_shows_its_share_its_work_and_what_it_is_behind(
    hand: ByHand, file: Path, tmp_path: Path
) -> None:
    port = free_port()
    worker = Member(
        "worker",
        ["worker", "--config", str(file), "--status-port", str(port)],
        tmp_path / "worker.log",
        {},
    )
    hand.tick(START)
    hand.say("Acme", ["awful one", "awful two"], START + 1)
    hand.put(hand.those.topics.mentions, MINE, b"\xc1 no record")
    hand.tick(START + MINUTE)
    worker.start()
    try:
        lag = f'partition_lag_records{{consumer="fold",partition="{MINE}"}}'
        eventually(
            lambda: (
                shown(port).get(lag) == 0
                and shown(port).get("checkpoint_seconds_count", 0) > 0
                and shown(port).get('mentions_total{brand="Acme"}') == 2
            ),
            within=WITHIN,
            what=f"all folded; {worker.said()[-1500:]}",
        )
        found = shown(port)
        assert found['partitions_owned{consumer="fold"}'] == 4
        assert found["rebalances_total"] >= 1
        assert found["recovery_seconds_count"] == 4
        assert found['dead_letters_total{reason="undecodable"}'] == 1
        assert found['row_bytes_count{row="brand"}'] >= 1
        assert found['stage_mentions_total{stage="folded"}'] == 2
        assert found["scorer_seconds_count"] >= 1
        (fold,) = [each for each in told(file, "lag")["stages"] if each["stage"] == "fold"]
        assert (fold["members"], fold["records"], fold["unowned"]) == (1, 0, [])
        assert told(file, "state", "show", "Acme")["row"]["totals"]["mentions"] == 2
        worker.send(signal.SIGSTOP)
        hand.say("Acme", ["awful three"], START + MINUTE + 1)
        (fold,) = [each for each in told(file, "lag")["stages"] if each["stage"] == "fold"]
        assert fold["partitions"][MINE]["records"] == fold["partitions"][MINE]["mentions"] == 1
        assert fold["partitions"][MINE]["seconds"] > 0
    finally:
        worker.kill()
