"""`state show` on a real broker, and beside it on an embedded log: the same brand, the same row."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.__main__ import app
from pipeline.placing import partition_of
from tests.broker import SetUp
from tests.by_hand import MINUTE, ByHand

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]

START = 1_700_000_040_000


@pytest.fixture
def hand(topics: SetUp) -> Iterator[ByHand]:
    with ByHand(topics) as hand:
        yield hand


@pytest.fixture
def file(topics: SetUp, tmp_path: Path) -> Path:
    file = tmp_path / "crisis-monitor.toml"
    file.write_text('[[brands]]\nname = "Acme"\n\n' + topics.toml.replace('"clock"', '"event"'))
    return file


def run(file: Path, *arguments: object) -> Result:
    words = [str(each) for each in arguments]
    return CliRunner().invoke(app, ["state", words[0], "--config", str(file), *words[1:]])


def told(file: Path, *arguments: object, code: int = 0):  # type: ignore[no-untyped-def]  # noqa: ANN201  # JSON
    result = run(file, *arguments, "--format", "json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_brand_is_shown_as_its_next_owner_would_find_it(hand: ByHand, file: Path) -> None:
    partition = partition_of("Acme", 4)
    hand.tick(START)
    hand.say("Acme", ["awful", "terrible", "nice"], START + 1)
    hand.say("Bold", ["awful"], START + 1)
    hand.tick(START + MINUTE, 3)
    hand.fold(partition)
    hand.say("Acme", ["awful again"], START + MINUTE + 1)
    folded = hand.fold(partition)
    found = told(file, "show", "Acme")
    assert found["partition"] == partition
    assert found["checkpoint"] == 2
    assert found["folded"] == folded
    assert found["time"] == found["closed_up_to"] == "2023-11-14T22:15:00Z"
    assert found["owner"] == "by-hand"
    row = found["row"]
    assert row["written_by"] == found["epoch"]
    assert row["totals"]["mentions"] == 4
    assert row["chunks"] == 2
    assert row["digests"] == 12
    assert row["still_learning"]
    assert list(row["open"]) == ["2023-11-14T22:15:00Z"]
    assert row["open"]["2023-11-14T22:15:00Z"]["mentions"] == 1
    assert 0 < row["bytes"] < 6_000
    text = run(file, "show", "Acme")
    assert "12 digests in 2 chunks" in text.stdout


def test_what_no_checkpoint_completed_is_not_shown(hand: ByHand, file: Path) -> None:
    partition = partition_of("Acme", 4)
    hand.tick(START)
    hand.say("Acme", ["awful"], START + 1)
    hand.fold(partition)
    hand.say("Acme", ["terrible"], START + 2)
    hand.fold(partition, torn=True)
    found = told(file, "show", "Acme")
    assert found["checkpoint"] == 1
    assert found["row"]["totals"]["mentions"] == 1


def test_a_brand_never_met_is_a_finding(hand: ByHand, file: Path) -> None:
    assert told(file, "show", "Nobody", code=1)["row"] is None
    hand.tick(START)
    hand.fold(partition_of("Nobody", 4))
    assert "no row" in run(file, "show", "Nobody").stdout


def test_a_changelog_that_cannot_be_read_says_so(hand: ByHand, file: Path) -> None:
    hand.put(hand.those.topics.changelog, partition_of("Acme", 4), b"x", b"nonsense")
    result = run(file, "show", "Acme")
    assert result.exit_code == 3
    assert "not a key of this changelog" in " ".join(result.output.split())


def test_an_embedded_log_is_shown_alike(tmp_path: Path) -> None:
    history = tmp_path / "week.csv"
    rows = [f"{n},2026-03-01T10:{n:02}:00Z,Acme,awful {n}" for n in range(30)]
    history.write_text("\n".join(["id,event_time,brand,text", *rows]))
    data = tmp_path / "log"
    assert CliRunner().invoke(app, ["replay", str(history), "--data", str(data)]).exit_code == 0
    result = CliRunner().invoke(
        app, ["state", "show", "Acme", "--data", str(data), "--format", "json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["partition"] == 0
    assert found["epoch"] is None
    assert found["row"]["totals"]["mentions"] == 30
