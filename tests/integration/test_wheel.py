"""The wheel, installed alone in a fresh environment, far from the source tree."""

import csv
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.sources.scenario.scenario import Scenario

ROOT = Path(__file__).parents[2]


def clean_environment(home: Path) -> dict[str, str]:
    """Nothing of the source tree: no path of ours, no settings of ours."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONWARNINGS"}
        and not name.startswith(("CRISIS_MONITOR", "COVERAGE", "COV_"))
    }
    return kept | {"HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def run(*command: str | Path, at: Path, constrained: bool = False) -> str:
    environment = clean_environment(at)
    if constrained:
        constraints = str(ROOT / "constraints.txt")
        environment |= {"PIP_CONSTRAINT": constraints, "PIP_BUILD_CONSTRAINT": constraints}
    done = subprocess.run(
        list(map(str, command)),
        cwd=at,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--quiet", "--retries", "8", "--timeout", "30")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", into, ROOT, at=into, constrained=True)
    (built,) = into.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", place / "venv", at=place)
    pip = (place / "venv" / "bin" / "pip", "--quiet", "--retries", "8", "--timeout", "30")
    run(*pip, "install", wheel, at=place, constrained=True)
    return place / "venv" / "bin" / "crisis-monitor"


def test_everything_that_is_no_python_is_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("alerts", "dashboards", "detectors", "pipeline")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert not wanted - packed
    assert any("/static/vendor/" in name for name in packed)
    assert any("/templates/" in name for name in packed)
    ours = ("alerts/", "dashboards/", "detectors/", "pipeline/", "crisis_monitor-")
    assert not [name for name in packed if not name.startswith(ours)]


def test_the_demo_and_a_backtest_run_from_the_wheel_alone(command: Path, tmp_path: Path) -> None:
    where = "import pipeline; print(pipeline.__file__)"
    assert str(ROOT) not in run(command.parent / "python", "-c", where, at=tmp_path)
    told = run(command, "demo", "--headless", "--quiet", "--seconds", "0", at=tmp_path)
    assert "You were paged" in told

    history = tmp_path / "mentions.csv"
    with history.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("id", "event_time", "text", "author", "brand"))
        for each in Scenario.load(5, mentions=6_000, brands=2, days=4):
            rows.writerow((each.id, each.event_time, each.text, each.author.handle, each.brand))
    told = run(command, "backtest", history, at=tmp_path)
    assert "Veloria Air" in told
    assert "pages a week" in told
