"""A minute of chaos, as `make chaos` lets five of them pass: nothing lost, nothing doubled."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka")]


@pytest.mark.usefixtures("needs_jars")
def test_a_minute_of_chaos_changes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--seconds", "60", "--rate", "150",
         "--keep", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.stdout.splitlines()[-1:] == ["lost=0 doubled=0 incidents_equal=true"], told
    assert done.returncode == 0, told
    assert "stopped between outputs and rows" in done.stderr
