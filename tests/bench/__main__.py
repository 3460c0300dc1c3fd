"""Every bench of speed in turn and one table: `python -m tests.bench [--format json]`.

Each runs in a process of its own, smaller than by itself, so that all take fifteen minutes; the
command that makes a figure in full stands beside it. Benches of detection (surges, nab, airline,
silences) take longer and have commands of their own.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable

import msgspec

from tests.bench.figure import Figure, document, number, say

Told = dict[str, float]


def _plain(told: str) -> list[Figure]:
    fields = Figure.__struct_fields__
    return [
        Figure(**{key: value for key, value in each.items() if key in fields})
        for each in json.loads(told)
    ]


def _files(told: str) -> list[Figure]:
    rates: Told = json.loads(told)
    ways = {
        "sorted_csv": "file source, sorted CSV",
        "sorted_jsonl": "file source, sorted JSON lines",
        "shuffled_csv": "file source, CSV in no order",
    }
    return [
        Figure(name, rates[way], "mentions/s", "csv.reader alone", rates["bare_csv"])
        for way, name in ways.items()
    ]


def _judging(told: str) -> list[Figure]:
    spent: Told = json.loads(told)
    peers = {
        "normalise": "re",
        "digest, one id": "blake2b",
        "VADER": "vaderSentiment",
        "match, 6 brands": "re, 6 brands one by one",
        "match, 2,000 brands": "",
    }
    return [
        Figure(name, spent[name], "us a mention", peer, spent.get(peer))
        for name, peer in peers.items()
    ]


def _delivery(told: str) -> list[Figure]:
    return [
        Figure(
            f"webhook delivery, {row['receivers']} receivers",
            row["notifications_per_second"],
            "confirmed/s (wall)",
        )
        for row in json.loads(told)
    ]


class Bench(msgspec.Struct, frozen=True):
    """One bench: its module, what it is told here, how its JSON becomes figures."""

    module: str
    arguments: tuple[str, ...] = ()
    read: Callable[[str], list[Figure]] = _plain

    @property
    def command(self) -> str:
        """How it is run in full."""
        return f"python -m tests.bench.{self.module}"


BENCHES = (
    Bench("road", ("--mentions", "100000")),
    Bench("memory", ("--mentions", "100000,200000")),
    Bench("brands"),
    Bench("files", ("--rows", "100000"), _files),
    Bench("judging", ("--rounds", "2"), _judging),
    Bench("delivery", ("--incidents", "100"), _delivery),
    Bench("views", ("--brands", "300")),
    Bench("page", ("--seconds", "30", "--rounds", "1", "--refreshes", "200", "--time", "clock")),
    Bench("drivers", ("--mentions", "200000")),
    Bench("kafka_road", ("--mentions", "90000")),
    Bench("rebalances", ("--rate", "150")),
)


def measured(bench: Bench) -> list[Figure]:
    """Run one bench and read its figures."""
    command = [sys.executable, "-m", f"tests.bench.{bench.module}", *bench.arguments]
    told = subprocess.run([*command, "--format", "json"], check=True, stdout=subprocess.PIPE)
    return bench.read(told.stdout.decode())


def table(rows: list[tuple[Bench, Figure]]) -> str:
    """Figures as aligned columns; a ratio is ours to the peer's."""
    cells = [("figure", "", "", "peer", "ratio", "command")]
    for bench, each in rows:
        peer = f"{each.peer}: {number(each.peer_value)}" if each.peer_value else ""
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        cells.append((each.name, number(each.value), each.unit, peer, ratio, bench.command))
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in {1, 4} else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def main() -> int:
    """Run all and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    rows: list[tuple[Bench, Figure]] = []
    for place, bench in enumerate(BENCHES, 1):
        say(f"[{place}/{len(BENCHES)}] {bench.command} {' '.join(bench.arguments)}")
        try:
            rows += [(bench, figure) for figure in measured(bench)]
        except subprocess.CalledProcessError as error:
            say(f"{bench.command} failed with exit code {error.returncode}")
            return 1
    if options.format == "json":
        print(
            json.dumps(
                [
                    {**told, "command": bench.command}
                    for bench, figure in rows
                    for told in document([figure])
                ]
            )
        )
    else:
        print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
