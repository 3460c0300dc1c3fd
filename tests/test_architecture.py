"""The house keeps its shape: layers, a pure core, one clock, its own words, small files."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("alerts", "dashboards", "detectors", "pipeline")
CLOCK = re.compile(
    r"\btime\.(time|time_ns|monotonic|perf_counter)\(|\bdatetime\.(now|utcnow)\(|\bdate\.today\("
)
LONGEST = 500
NOT_OUR_WORDS = {"ts", "alarm", "ticket", "snooze", "ack", "manager", "utils", "helper", "helpers"}


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_dependencies_point_left_and_the_core_is_pure() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_reads_no_clock_uses_our_words_and_is_no_heap(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path != ROOT / "pipeline" / "clock.py":
        assert not CLOCK.search(text), "only pipeline/clock.py reads a clock"
    assert len(text.splitlines()) <= LONGEST
    words = {
        word
        for name in (*names(ast.parse(text)), path.stem)
        for word in re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
    }
    assert not words & NOT_OUR_WORDS
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for"


@pytest.mark.parametrize("client", ["aiokafka", "faust", "kafka"])
def test_only_the_road_on_kafka_knows_its_clients(client: str) -> None:
    """The base install has none of them, and their errors are translated in one place."""
    homes = {ROOT / "pipeline" / "kafka", ROOT / "pipeline" / "worker"}
    strangers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if not homes & set(path.parents)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == client)
        or (isinstance(node, ast.Import) and client in {it.name.split(".")[0] for it in node.names})
    ]
    assert strangers == []
