"""How often a living source is called blind, and how soon a dead one is.

`python -m tests.bench.silences [--sources N] [--format json]`: for each kind and rate, N sources of
four weeks each (daily rhythm of 70 % up and down, log-normal modulation of sd 0.3 with a memory of
half an hour), then they die at an hour between 9 and 16. Kinds: `poisson`; `bursty`, which comes
in bursts of ten on average; `office`, silent at night and at weekends.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.blindness import SourceWatch
from detectors.settings import MINUTE, Detection
from detectors.signal import SignalKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

DAY_MINUTES = 24 * 60
WEEKS = 4
DEAD_DAYS = 5
CASES = (
    *(("poisson", rate) for rate in (1.0, 10.0, 60.0, 100.0, 600.0, 6000.0)),
    *(("bursty", rate) for rate in (10.0, 100.0, 600.0)),
    *(("office", rate) for rate in (10.0, 100.0, 600.0)),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind and rate: false blindness a source-week, and minutes until death is noticed."""

    kind: str
    per_hour: float
    source_weeks: int
    false_a_week: float
    false_after_first_week: float
    noticed_median: float
    noticed_latest: float
    unnoticed: int


def counts(
    chance: np.random.Generator, kind: str, per_hour: float, minutes: int
) -> "NDArray[np.int64]":
    """Mentions in each minute, from a Monday's midnight on."""
    at = np.arange(minutes)
    rhythm = 1 + 0.7 * np.sin(2 * np.pi * (at / DAY_MINUTES - 0.4))
    kept = np.exp(-1 / 30)
    steps = chance.normal(size=minutes) * np.sqrt(1 - kept**2)
    drift = np.empty(minutes)
    now = chance.normal()
    for minute in range(minutes):
        now = kept * now + steps[minute]
        drift[minute] = now
    rate = per_hour / 60 * rhythm * np.exp(0.3 * drift - 0.045)
    if kind == "bursty":
        bursts = chance.poisson(rate / 10)
        return np.array([chance.geometric(0.1, size=n).sum() if n else 0 for n in bursts])
    if kind == "office":
        hour, day = at // 60 % 24, at // DAY_MINUTES % 7
        rate = np.where((hour >= 8) & (hour < 19) & (day < 5), rate, 0.0)
    return chance.poisson(rate)


def openings(watch: SourceWatch, accepted: "Iterable[int]", first: int) -> list[int]:
    """Feed minutes from minute `first` on; the minutes (from 1) in which it was called blind."""
    opened = []
    for index, count in enumerate(accepted):
        minute = first + index
        cell = minute // 60 % 24 + (24 if minute // DAY_MINUTES % 7 >= 5 else 0)
        _, signals = watch.close(minute * MINUTE, MINUTE, cell, int(count), None, known=True)
        opened += [index + 1 for one in signals if one.kind is SignalKind.OPENED]
    return opened


def measure(kind: str, per_hour: float, sources: int, seed: int = 1) -> Row:
    """Live and let die `sources` sources of a kind."""
    chance = np.random.default_rng([seed, round(per_hour), len(kind)])
    living = WEEKS * 7 * DAY_MINUTES
    false, noticed, unnoticed = [], [], 0
    for _ in range(sources):
        watch = SourceWatch("bench", Detection())
        false += openings(watch, counts(chance, kind, per_hour, living), 0)
        dies = int(chance.integers(9 * 60, 16 * 60))
        lived = counts(chance, kind, per_hour, dies)
        openings(watch, lived, living)
        dead = openings(watch, [0] * (DEAD_DAYS * DAY_MINUTES), living + dies)
        noticed += dead[:1]
        unnoticed += not dead
    return Row(
        kind,
        per_hour,
        sources * WEEKS,
        len(false) / sources / WEEKS,
        sum(minute > 7 * DAY_MINUTES for minute in false) / sources / (WEEKS - 1),
        float(np.median(noticed)) if noticed else float("nan"),
        float(max(noticed, default=float("nan"))),
        unnoticed,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.silences", description=__doc__)
    parser.add_argument("--sources", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    rows = [measure(kind, rate, options.sources, options.seed) for kind, rate in CASES]
    if options.format == "json":
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    print("kind     an hour  source-weeks  false a week  after week 1  noticed after (latest)")
    for row in rows:
        print(
            f"{row.kind:<8}{row.per_hour:>8.0f}{row.source_weeks:>14}{row.false_a_week:>14.3f}"
            f"{row.false_after_first_week:>14.3f}{row.noticed_median:>10.0f} min"
            f" ({row.noticed_latest:.0f})" + (f", {row.unnoticed} not" if row.unnoticed else "")
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
