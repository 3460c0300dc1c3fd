"""The command `alerter` where something stands in its way."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.__main__ import app
from tests.broker import SetUp

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _signals_as_they_were() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_without_kafka_it_says_what_to_name(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("")
    found = RUNNER.invoke(app, ["alerter", "--config", str(config)])
    assert found.exit_code == 2
    assert "kafka.bootstrap" in found.output
    assert "crisis-monitor run" in found.output


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
def test_missing_topics_are_named_with_what_makes_them(topics: SetUp, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(topics.toml.replace(topics.section.prefix, "nothing-here"))
    found = RUNNER.invoke(app, ["alerter", "--config", str(config), "--status-port", "0"])
    assert found.exit_code == 3
    assert "nothing-here.signals" in found.output
    assert "crisis-monitor kafka setup" in found.output


@pytest.mark.kafka
@pytest.mark.xdist_group("kafka")
def test_a_database_that_is_away_is_said_without_its_password(
    topics: SetUp, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        topics.toml + '[storage]\ndatabase = "postgresql://me:hunter2@127.0.0.1:9/monitor"\n'
    )
    config.chmod(0o600)
    found = RUNNER.invoke(app, ["alerter", "--config", str(config), "--status-port", "0"])
    assert found.exit_code == 3
    assert "127.0.0.1:9" in found.output.replace("\n", "") or "reached" in found.output
    assert "hunter2" not in found.output
