"""What a backtest finds in one hard week: `python -m tests.bench.airline --data FILE`.

    [--sensitivity balanced|fewer] [--jobs 2] [--format json]

FILE is the airline week (columns id, created_at, brand, author, text). Twenty-four runs: from the
file's first row and from one to eleven hours later, with hours of the day in US Eastern time and in
UTC; shipped settings, VADER, voices, nothing tuned to the file. What a run opened with the first
row by luck, eleven others do not. Counted are incidents (warning or critical) of the negative
surge: runs with one opened in a window known to hold a crisis, runs with one at the meme (JetBlue,
23 Feb 12:00-18:00), and all others, listed. Windows are in US Eastern time, which the file's
brands live in.
"""

import argparse
import json
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from detectors.reading import Rule
from detectors.settings import Sensitivity
from pipeline.backtest import run_backtest
from pipeline.mention import Mention, Rejected
from pipeline.settings import load
from pipeline.sources.files import FileSource
from tests.bench.figure import say

EASTERN = ZoneInfo("America/New_York")
HOUR = 60 * 60_000
STARTS = 12
ZONES = ("America/New_York", "UTC")


class Window(msgspec.Struct, frozen=True):
    """Where an incident is expected (or must not be): brand, and opening times in Eastern time."""

    name: str
    brand: str
    start: datetime
    end: datetime

    def holds(self, opened: "Opened") -> bool:
        """Whether an incident was opened in it."""
        start, end = self.start.timestamp() * 1000, self.end.timestamp() * 1000
        return opened.brand == self.brand and start <= opened.at < end


def _at(day: int, hour: int) -> datetime:
    return datetime(2015, 2, day, hour, tzinfo=EASTERN)


CRISES = (
    Window("US Airways 22 Feb", "US Airways", _at(21, 22), _at(22, 18)),
    Window("Southwest 21 Feb", "Southwest", _at(21, 12), _at(21, 20)),
    Window("JetBlue 22 Feb", "JetBlue", _at(22, 10), _at(22, 23)),
)
MEME = Window("JetBlue 23 Feb, the meme", "JetBlue", _at(23, 12), _at(23, 18))


class Opened(msgspec.Struct, frozen=True):
    """An incident that one run opened; `at` in ms."""

    brand: str
    at: int


class Run(msgspec.Struct, frozen=True):
    """One run: how many hours after the first row it began, its zone, what it opened."""

    hours: int
    zone: str
    opened: list[Opened]


class Result(msgspec.Struct, frozen=True):
    """All runs together."""

    runs: list[Run]

    def in_window(self, window: Window) -> int:
        """Runs with an incident opened in a window."""
        return sum(any(map(window.holds, run.opened)) for run in self.runs)

    def others(self) -> list[tuple[Run, Opened]]:
        """Every incident outside the windows of the crises, with its run."""
        return [
            (run, each)
            for run in self.runs
            for each in run.opened
            if not any(window.holds(each) for window in CRISES)
        ]


def run(path: str, hours: int, zone: str, sensitivity: str) -> Run:
    """Take the file from some hours after its first row through a backtest."""
    report = run_backtest(
        _from(path, hours),
        load(None, {"detection": {"sensitivity": sensitivity}}),
        zone=zone,
    )
    surges = [each for each in report.incidents if each.rule == Rule.NEGATIVE_SURGE]
    return Run(hours, zone, [Opened(each.brand, each.opened_at) for each in surges])


def _from(path: str, hours: int) -> Iterator[list[Mention | Rejected]]:
    source = FileSource([path], mapping={"event_time": "created_at"}, zone="America/New_York")
    first: int | None = None
    for chunk in source.read():
        said = [each for each in chunk if isinstance(each, Mention)]
        if first is None and said:
            first = said[0].event_time
        yield [
            each for each in said if first is not None and each.event_time >= first + hours * HOUR
        ]


def all_runs(path: Path, sensitivity: str, jobs: int) -> Result:
    """Every starting hour in every zone."""
    wanted = [(str(path), hours, zone, sensitivity) for zone in ZONES for hours in range(STARTS)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        found = []
        for number, arguments in enumerate(pool.imap(_spread, wanted), 1):
            found.append(arguments)
            if number % 6 == 0:
                say(f"airline: {number} of {len(wanted)} runs")
    return Result(found)


def _spread(arguments: tuple[str, int, str, str]) -> Run:
    return run(*arguments)


def document(result: Result, sensitivity: str) -> dict[str, object]:
    """The result for programs."""
    others = result.others()
    return {
        "sensitivity": sensitivity,
        "runs": len(result.runs),
        "windows": {window.name: result.in_window(window) for window in CRISES},
        "meme": result.in_window(MEME),
        "others_a_run": round(len(others) / len(result.runs), 3),
        "others": [
            {
                "brand": each.brand,
                "opened_at": _moment(each.at),
                "hours": run.hours,
                "zone": run.zone,
            }
            for run, each in others
        ],
    }


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, EASTERN).isoformat(timespec="minutes")


def show(result: Result, sensitivity: str) -> None:
    """Print the result for people."""
    print(f"{len(result.runs)} runs, {sensitivity}; runs with an incident opened in the window:")
    for window in (*CRISES, MEME):
        print(f"  {window.name:<26}{result.in_window(window):>3}")
    others = result.others()
    print(f"others opened: {len(others)}, {len(others) / len(result.runs):.2f} a run")
    hours = Counter((each.brand, _moment(each.at - each.at % HOUR)) for _, each in others)
    for (brand, hour), count in sorted(hours.items()):
        print(f"  {brand:<16}{hour}  in {count} runs")


def main() -> int:
    """Run all and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.airline", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the week's CSV file")
    parser.add_argument("--sensitivity", choices=list(Sensitivity), default=Sensitivity.BALANCED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    if not options.data.is_file():
        say(f"airline: {options.data}: there is no such file")
        return 3
    result = all_runs(options.data, str(options.sensitivity), options.jobs)
    if options.format == "json":
        print(json.dumps(document(result, str(options.sensitivity))))
    else:
        show(result, str(options.sensitivity))
    return 0


if __name__ == "__main__":
    sys.exit(main())
