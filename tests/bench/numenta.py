"""Numenta's published scoring of anomaly detectors on labelled series, in words of our own.

A label is a window of rows. The first detection inside a window earns between 1 (at its left
edge) and nearly 0 (at its right edge); a window nobody spoke in costs the profile's miss weight; a
detection outside costs the profile's false-alert weight, less just after a window. Rows of the
probation at a file's start count for nothing. A profile's score is that of the one threshold, over
all files, that serves it best, scaled so that saying nothing is 0 and the perfect detector 100.

Source: A. Lavin and S. Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta
anomaly benchmark", 2015, with the details (rows rather than times, where the edges lie, the cap of
the probation) as their published scorer has them.
"""

import csv
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PROBATION_SHARE = 0.15
PROBATION_ROWS_AT_MOST = 750
FAR_BEHIND = 3.0
"""So many window lengths behind a window, a false alert costs its full weight."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a hit earns, a false alert costs and a missed window costs."""

    name: str
    hit: float
    false_alert: float
    miss: float


PROFILES = (
    Profile("standard", hit=1.0, false_alert=0.11, miss=1.0),
    Profile("reward_low_fp", hit=1.0, false_alert=0.22, miss=1.0),
    Profile("reward_low_fn", hit=1.0, false_alert=0.11, miss=2.0),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One file: the instants (milliseconds) and values of its rows, and its windows' row numbers.

    A window is `(first, last)`, both inside it.
    """

    name: str
    instants: tuple[int, ...]
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One profile's result: 0 is silence, 100 perfection; and what the best threshold did."""

    profile: str
    score: float
    threshold: float
    windows: int
    found: int
    false_alerts: int


@dataclass(frozen=True, slots=True)
class _Row:
    score: float
    worth: float
    """Share of the hit weight (inside a window) or of the false-alert weight (outside, < 0)."""
    window: tuple[str, int] | None


def instant(text: str) -> int:
    """Milliseconds since 1970-01-01 UTC of a time written without a zone, taken as UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def read_series(folder: "Path") -> list[Series]:
    """Every series of the folder that its `windows.json` names, in the order of their names.

    Rows are kept in the file's order, whatever their times. A window that covers no row and a name
    without a file are left out. Raises `FileNotFoundError` without `windows.json` and `ValueError`
    or `KeyError` for a file that is no series.
    """
    labels = json.loads((folder / "windows.json").read_text("utf-8"))
    series = []
    for name, limits in sorted(labels.items()):
        path = folder / name.rsplit("/", 1)[-1]
        if not path.is_file():
            continue
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [
                (instant(row["timestamp"]), float(row["value"])) for row in csv.DictReader(lines)
            ]
        instants = tuple(at for at, _ in rows)
        windows = []
        for first, last in sorted((instant(first), instant(last)) for first, last in limits):
            inside = [row for row, at in enumerate(instants) if first <= at <= last]
            if inside:
                windows.append((inside[0], inside[-1]))
        series.append(Series(name, instants, tuple(value for _, value in rows), tuple(windows)))
    return series


def worth(position: float) -> float:
    """Numenta's sigmoid: 0.987 a window's length before its right edge, 0 at it, -1 far behind.

    >>> [round(worth(at), 3) for at in (-1.0, -0.5, 0.0, 1.0, 3.0)]
    [0.987, 0.848, 0.0, -0.987, -1.0]
    """
    if position >= FAR_BEHIND:
        return -1.0
    return 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def probation(rows: int) -> int:
    """How many rows at the start of a file count for nothing."""
    return min(math.floor(PROBATION_SHARE * rows), PROBATION_ROWS_AT_MOST)


def _weigh(series: Series, scores: "Sequence[float]") -> "Iterable[_Row]":
    """The rows that count, each with what speaking there is worth."""
    if len(scores) != len(series.values):
        raise ValueError(f"{series.name}: {len(scores)} scores for {len(series.values)} rows")
    full = worth(-1.0)
    upcoming = list(series.windows)
    begun = 0
    behind: tuple[int, int] | None = None
    start = probation(len(scores))
    for row, score in enumerate(scores):
        if upcoming and row > upcoming[0][1]:
            behind = upcoming.pop(0)
            begun += 1
        if upcoming and row >= upcoming[0][0]:
            first, last = upcoming[0]
            value = worth(-(last - row + 1) / (last - first + 1)) / full
            window: tuple[str, int] | None = (series.name, begun)
        else:
            window = None
            width = behind[1] - behind[0] if behind else 0
            value = worth((row - behind[1]) / width if behind and width else FAR_BEHIND)
        if row >= start:
            yield _Row(score, value, window)


def evaluate(
    scored: "Iterable[tuple[Series, Sequence[float]]]", profiles: "Iterable[Profile]" = PROFILES
) -> list[Outcome]:
    """Each profile's outcome over all the series; a higher score means a stranger row.

    A detection is a row whose score is at least the threshold. Raises `ValueError` when a series
    has another number of scores than rows, or when no window at all counts.
    """
    rows = [row for series, scores in scored for row in _weigh(series, scores)]
    rows.sort(key=lambda row: row.score, reverse=True)
    windows = {row.window for row in rows if row.window is not None}
    if not windows:
        raise ValueError("no labelled window to score: look at windows.json and its file names")
    outcomes = []
    for profile in profiles:
        silent = -profile.miss * len(windows)
        perfect = profile.hit * len(windows)
        best, at, best_found, best_false = silent, math.inf, 0, 0
        gains = dict.fromkeys(windows, -profile.miss)
        total, false_alerts, found = silent, 0, 0
        for threshold, equal in groupby(rows, key=lambda row: row.score):
            for row in equal:
                if row.window is None:
                    total += row.worth * profile.false_alert
                    false_alerts += 1
                    continue
                gain = row.worth * profile.hit
                before = gains[row.window]
                if before == -profile.miss:
                    found += 1
                if gain > before:
                    gains[row.window] = gain
                    total += gain - before
            if total > best:
                best, at, best_found, best_false = total, threshold, found, false_alerts
        score = 100.0 * (best - silent) / (perfect - silent)
        outcomes.append(Outcome(profile.name, score, at, len(windows), best_found, best_false))
    return outcomes
