"""How fast files are read, as a ratio to a bare csv.reader in the same run, and in how much memory.

    python -m tests.bench.files [--rows 300000] [--memory] [--format json]

The file is generated: sorted and shuffled CSV and sorted JSON lines, texts as people write them.
`--memory` measures the greatest resident size over 1 and 3 million rows, each in a process of
its own.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

from pipeline.sources.files import FileSource
from pipeline.sources.scenario import Scenario

HEADER = ["id", "event_time", "brand", "author", "text", "url"]
_START = datetime(2026, 3, 2, tzinfo=UTC)
_STEP = timedelta(milliseconds=1500)


def rows(number: int) -> Iterator[list[str]]:
    """Give rows of a sorted file, without end in time, texts repeating after some thousands."""
    said = list(islice(Scenario(3, days=1, name_brands=True), 5000))
    for at, mention in zip(range(number), cycle(said), strict=False):
        moment = (_START + at * _STEP).isoformat(timespec="seconds")
        author = mention.author.handle
        yield [str(at), moment, mention.brand, author, mention.text, mention.url]


def write_csv(path: Path, content: Iterator[list[str]] | list[list[str]]) -> None:
    """Write a CSV file with its header."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        writer.writerows(content)


def best(measured: Callable[[], int], rounds: int = 3) -> float:
    """Give mentions a second of processor time, the best of some rounds."""
    rates = []
    for _ in range(rounds):
        began = time.process_time()
        number = measured()
        rates.append(number / (time.process_time() - began))
    return max(rates)


def bare(path: Path) -> int:
    """Read the rows and do nothing with them."""
    with path.open(encoding="utf-8", newline="") as stream:
        return sum(1 for _ in csv.reader(stream))


def whole(path: Path) -> int:
    """Read the file as a source."""
    return sum(len(chunk) for chunk in FileSource([str(path)]).read())


def speeds(folder: Path, number: int) -> dict[str, float]:
    """Measure the ways of reading."""
    content = list(rows(number))
    ordered, shuffled, lines = folder / "a.csv", folder / "b.csv", folder / "c.jsonl"
    write_csv(ordered, content)
    with lines.open("w", encoding="utf-8") as stream:
        for row in content:
            stream.write(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n")
    random.Random(1).shuffle(content)
    write_csv(shuffled, content)
    content.clear()
    reference = best(lambda: bare(ordered))
    measured = {
        "bare_csv": reference,
        "sorted_csv": best(lambda: whole(ordered)),
        "sorted_jsonl": best(lambda: whole(lines)),
        "shuffled_csv": best(lambda: whole(shuffled), rounds=1),
    }
    return measured | {"ratio": measured["sorted_csv"] / reference}


def peak_megabytes(folder: Path, number: int, *, ordered: bool) -> float:
    """Read a file of so many rows in a process of its own; its greatest resident size."""
    path = folder / f"m{number}.csv"
    chance = random.Random(2)
    content = rows(number)
    if not ordered:
        content = ([*row[:1], _moment(chance, number), *row[2:]] for row in content)
    write_csv(path, content)
    run = [sys.executable, "-m", "tests.bench.files", "--read", str(path)]
    told = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    path.unlink()
    return float(told)


def _moment(chance: random.Random, number: int) -> str:
    return (_START + chance.randrange(number) * _STEP).isoformat(timespec="seconds")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--read", type=Path)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    told = parser.parse_args()
    if told.read:
        whole(told.read)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if told.memory:
            figures = {
                f"{kind}_{millions}m_mb": peak_megabytes(
                    folder, millions * 1_000_000, ordered=kind == "sorted"
                )
                for kind in ("sorted", "shuffled")
                for millions in (1, 3)
            }
        else:
            figures = speeds(folder, told.rows)
    if told.format == "json":
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:16} {figure:12,.2f}" if figure < 1000 else f"{name:16} {figure:12,.0f} /s")


if __name__ == "__main__":
    main()
