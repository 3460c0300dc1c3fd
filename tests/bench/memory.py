"""Whether memory stays flat however long a history is: `python -m tests.bench.memory`.

    [--mentions 1000000,2000000,3000000] [--per-minute 600] [--format json]

Histories of growing length at one rate, six brands, each taken down the road without scoring,
with the mention store and the bucket table, in a process of its own. The figure is that process's
greatest resident size (VmHWM). The default sizes are small, for `make bench`: the road holds the
last hour's digests and SQLite its page caches (64 MB a file), which the first some 300,000
mentions fill.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.composition import EngineOptions, make_engine
from pipeline.log import LogKind
from pipeline.road import Road, Stores
from pipeline.scorers import ScorerName
from pipeline.settings import load
from pipeline.sources.files import FileSource
from tests.bench.figure import Figure, say, show
from tests.bench.history import PER_MINUTE, mentions, write_csv

BRANDS = 6


def travel(path: Path, directory: Path) -> float:
    """Take a file down the road with its stores; this process's greatest size in MB."""
    options = EngineOptions(LogKind.EVENT, ScorerName.NONE, any_brand=True)
    engine = make_engine(directory, load(None), options)
    stores = Stores(directory)
    source = FileSource([str(path)])
    Road(engine, stores=stores).travel(source.read(), source="bench", at=lambda: 0)
    stores.close()
    engine.log.close()
    return greatest_size()


def greatest_size() -> float:
    """The greatest resident size of this process, in MB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measured(sizes: list[int], per_minute: int) -> list[Figure]:
    """The greatest sizes, smallest history first; each beside that of the first."""
    figures: list[Figure] = []
    for number in sizes:
        say(f"memory: {number:,} mentions, {per_minute} a minute")
        with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as folder:
            path = Path(folder) / "history.csv"
            write_csv(path, mentions(number, BRANDS, per_minute))
            command = [sys.executable, "-m", "tests.bench.memory", "--travel", str(path)]
            size = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        say(f"memory: {size:.1f} MB")
        first = figures[0] if figures else None
        figures.append(
            Figure(
                f"greatest size over {number:,} mentions",
                size,
                "MB",
                first.name.removeprefix("greatest size ") if first else "",
                first.value if first else None,
            )
        )
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--mentions", default="200000,400000", help="sizes, with commas")
    parser.add_argument("--per-minute", type=int, default=PER_MINUTE)
    parser.add_argument("--travel", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    if options.travel:
        print(travel(options.travel, options.travel.parent / "data"))
        return
    sizes = sorted(int(size) for size in options.mentions.split(","))
    show(measured(sizes, options.per_minute), as_json=options.format == "json")


if __name__ == "__main__":
    main()
