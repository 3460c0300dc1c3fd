"""How soon a crisis is seen, and how often a page is false: the negative surge on made-up brands.

    python -m tests.bench.surges [--format json] [--seed-set final|tuning] [--jobs 2]

One cell is a calm rate of negative voices. What a brand's minutes are drawn from:

- voices are Poisson, their rate = calm rate / usual share, times a daily rhythm of +-70 % (a sine),
  times a log-normal modulation of sd 0.3 and mean 1 whose logarithm is an AR(1) with a half-hour
  memory (its correlation falls by 1/e in 30 minutes);
- each voice is negative with a share drawn anew every hour: Beta with mean 0.25 and m = 40.

So the calm is restless on purpose, and its share noise is what the detector assumes.

False pages: 68 brands, one day of warm-up, then three weeks each (204 brand-weeks). A false page is
a surge opened; rises of severity are given apart. Surges: 50 other brands, calm for eight days and
up to a start drawn over day 9; from there 3 hours of extra negative voices. "x10" is an extra of
ten times the brand's mean calm rate, Poisson, whatever the hour; how soon the tenth negative voice
comes is printed beside. All strengths start from the same brand and minute. Found
is a surge opened between the start and the end of these 3 hours; one that was open by then is not
found. Delay counts from the start to the end of the bucket that opened; calm from the end of the
3 hours to the `calm` signal, over all found surges of a cell that had calmed 12 hours later; too
soon is a `calm` said before the 3 hours were over.

Intervals are 95 %: exact Poisson for pages, Wilson for found, order statistics for medians. The
seeds are fixed; nothing was ever chosen on the set `final`.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterable
from functools import partial
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.brand import BrandDetectors
from detectors.observation import NOTHING_SAID, Bucket, Observation, SourceHearing
from detectors.reading import Rule
from detectors.settings import MINUTE, Detection, Sensitivity
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from tests.bench.intervals import median_interval, poisson_interval, wilson_interval

RATES = (0.09, 0.6, 3.0)
STRENGTHS = (30, 10, 5, 3)
SHARE = 0.25
RHYTHM = 0.7
MODULATION = 0.3
MEMORY = 30.0
SHARE_WEIGHT = 40.0

DAY_MINUTES = 1440
WARM_UP_DAYS = 1
NULL_BRANDS = 68
NULL_WEEKS = 3
SURGES = 50
SURGE_DAY = 8
SURGE_MINUTES = 180
AFTER_MINUTES = 720

SEEDS = {"final": 20_260_301, "tuning": 7_000, "tuning2": 8_000}

Counts = NDArray[np.int64]


class NullRun(msgspec.Struct, frozen=True):
    """One calm brand: surges opened after the warm-up, in it, and rises of severity."""

    opened: list[tuple[int, str]]
    warm_up: int
    rises: int


class SurgeRun(msgspec.Struct, frozen=True):
    """One brand's surge at one strength; minutes, None where it did not happen."""

    strength: int
    delay: int | None
    calm: int | None
    lane: str
    tenth: int | None
    calm_too_soon: bool


def draw(rng: np.random.Generator, rate: float, days: int) -> tuple[Counts, Counts]:
    """Draw a calm brand's negative and scored voices, minute by minute."""
    minutes = days * DAY_MINUTES
    clock = np.arange(minutes)
    rhythm = 1.0 + RHYTHM * np.sin(2 * np.pi * (clock / DAY_MINUTES + rng.random()))
    kept = np.exp(-1.0 / MEMORY)
    shocks = rng.normal(0.0, MODULATION * sqrt(1.0 - kept**2), minutes)
    shocks[0] = rng.normal(0.0, MODULATION)
    from scipy.signal import lfilter  # noqa: PLC0415  # slow to load, wanted only here

    wander = lfilter([1.0], [1.0, -kept], shocks)
    voices = rng.poisson(rate / SHARE * rhythm * np.exp(wander - MODULATION**2 / 2))
    hourly = rng.beta(SHARE * SHARE_WEIGHT, (1 - SHARE) * SHARE_WEIGHT, minutes // 60)
    negative = rng.binomial(voices, np.repeat(hourly, 60))
    return negative.astype(np.int64), voices.astype(np.int64)


def feed(
    detectors: BrandDetectors, start: int, negative: Iterable[int], voices: Iterable[int]
) -> list[Signal]:
    """Close one bucket after another from minute `start` on; all is heard through one source."""
    said: list[Signal] = []
    for minute, (bad, n) in enumerate(zip(negative, voices, strict=True), start):
        day, hour = divmod(minute // 60, 24)
        observation = NOTHING_SAID
        if n:
            observation = Observation(
                mentions=n,
                unique=n,
                voices=n,
                negative=bad,
                negative_unique=bad,
                negative_voices=bad,
                scored_voices=n,
                negative_voices_by_source={"s": bad} if bad else {},
            )
        bucket = Bucket(
            start=minute * MINUTE,
            length=MINUTE,
            cell=hour + (24 if day % 7 >= 5 else 0),
            observation=observation,
        )
        closing = detectors.close(bucket, {"s": SourceHearing(bucket.end)})
        said.extend(signal for signal in closing.signals if signal.rule is Rule.NEGATIVE_SURGE)
    return said


def null_run(settings: Detection, rate: float, seed: tuple[int, ...]) -> NullRun:
    """Run one calm brand through its warm-up and three weeks."""
    rng = np.random.default_rng(seed)
    negative, voices = draw(rng, rate, WARM_UP_DAYS + 7 * NULL_WEEKS)
    said = feed(BrandDetectors("brand", settings), 0, negative.tolist(), voices.tolist())
    learnt = WARM_UP_DAYS * DAY_MINUTES * MINUTE
    opened = [signal for signal in said if signal.kind is SignalKind.OPENED]
    graded: dict[int, Severity] = {}
    rises = 0
    for signal in said:
        before = graded.get(signal.surge, Severity.CRITICAL)
        rises += signal.severity.rank > before.rank
        graded[signal.surge] = signal.severity
    return NullRun(
        opened=[
            (signal.bucket_end // MINUTE, str(signal.lane))
            for signal in opened
            if signal.bucket_end > learnt
        ],
        warm_up=sum(signal.bucket_end <= learnt for signal in opened),
        rises=rises,
    )


def surge_run(settings: Detection, rate: float, seed: tuple[int, ...]) -> list[SurgeRun]:
    """Run one brand up to its surge, then each strength from that same state."""
    rng = np.random.default_rng(seed)
    negative, voices = draw(rng, rate, SURGE_DAY + 3)
    start = SURGE_DAY * DAY_MINUTES + int(rng.integers(0, DAY_MINUTES))
    stop = start + SURGE_MINUTES + AFTER_MINUTES
    calm = BrandDetectors("brand", settings)
    feed(calm, 0, negative[:start].tolist(), voices[:start].tolist())
    state = calm.state()
    runs = []
    for strength in STRENGTHS:
        extra = np.zeros(stop - start, dtype=np.int64)
        extra[:SURGE_MINUTES] = rng.poisson(strength * rate, SURGE_MINUTES)
        heard = np.cumsum(negative[start:stop] + extra) >= 10
        tenth = int(heard.argmax()) + 1 if heard.any() else None
        said = feed(
            BrandDetectors("brand", settings, state),
            start,
            (negative[start:stop] + extra).tolist(),
            (voices[start:stop] + extra).tolist(),
        )
        delay = settled = None
        lane, too_soon = "", False
        for signal in said:
            minute = signal.bucket_end // MINUTE - start
            if signal.kind is SignalKind.OPENED and delay is None and minute <= SURGE_MINUTES:
                delay, lane = minute, str(signal.lane)
            if signal.kind is SignalKind.CALM and delay is not None:
                if minute > SURGE_MINUTES:
                    settled = minute - SURGE_MINUTES
                    break
                too_soon = True
        runs.append(SurgeRun(strength, delay, settled, lane, tenth, too_soon))
    return runs


def summarise(rate: float, nulls: list[NullRun], surges: list[list[SurgeRun]]) -> dict[str, object]:
    """Make one cell of the table."""
    weeks = len(nulls) * NULL_WEEKS
    false = sum(len(run.opened) for run in nulls)
    low, high = poisson_interval(false, max(1, weeks))
    by_lane: dict[str, int] = {}
    by_week = [0] * NULL_WEEKS
    for run in nulls:
        for minute, lane in run.opened:
            by_lane[lane] = by_lane.get(lane, 0) + 1
            week = (minute - 1 - WARM_UP_DAYS * DAY_MINUTES) // (7 * DAY_MINUTES)
            by_week[min(week, NULL_WEEKS - 1)] += 1
    cell: dict[str, object] = {
        "negatives_a_minute": rate,
        "brand_weeks": weeks,
        "false_pages": false,
        "false_pages_a_brand_week": {
            "value": false / max(1, weeks),
            "low": low,
            "high": high,
        },
        "false_by_lane": dict(sorted(by_lane.items())),
        "false_by_week": by_week,
        "rises_a_brand_week": sum(run.rises for run in nulls) / max(1, weeks),
        "opened_in_warm_up": sum(run.warm_up for run in nulls),
    }
    flat = [run for runs in surges for run in runs]
    cell["surges"] = {}
    for strength in STRENGTHS:
        runs = [run for run in flat if run.strength == strength]
        delays = [run.delay for run in runs if run.delay is not None]
        low, high = wilson_interval(len(delays), max(1, len(runs)))
        lanes: dict[str, int] = {}
        for run in runs:
            if run.lane:
                lanes[run.lane] = lanes.get(run.lane, 0) + 1
        cell["surges"][f"x{strength}"] = {  # type: ignore[index]  # a table of tables
            "tried": len(runs),
            "found": len(delays),
            "found_share": {"low": low, "high": high},
            "delay_minutes": median_interval(delays),
            "tenth_negative_minutes": median_interval(
                [run.tenth for run in runs if run.tenth is not None]
            ),
            "by_lane": dict(sorted(lanes.items())),
        }
    calms = [run.calm for run in flat if run.calm is not None]
    cell["calm_minutes_after_end"] = median_interval(calms)
    cell["calm_too_soon"] = sum(run.calm_too_soon for run in flat)
    cell["calm_never"] = sum(run.delay is not None and run.calm is None for run in flat)
    return cell


def measure(
    settings: Detection,
    *,
    seed: int,
    jobs: int,
    rates: tuple[float, ...] = RATES,
    null_brands: int = NULL_BRANDS,
    surges: int = SURGES,
) -> list[dict[str, object]]:
    """Run every cell; `jobs` processes, progress on stderr."""
    table = []
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        for rate in rates:
            cell = round(rate * 1000)
            nulls: list[NullRun] = []
            for nr in pool.imap(
                partial(null_run, settings, rate), [(seed, cell, 0, i) for i in range(null_brands)]
            ):
                nulls.append(nr)
                _progress(rate, "calm brands", len(nulls), null_brands)
            found: list[list[SurgeRun]] = []
            for sr in pool.imap(
                partial(surge_run, settings, rate), [(seed, cell, 1, i) for i in range(surges)]
            ):
                found.append(sr)
                _progress(rate, "surges", len(found), surges)
            table.append(summarise(rate, nulls, found))
    return table


def _progress(rate: float, what: str, done: int, of: int) -> None:
    if sys.stderr.isatty() or done == of:
        end = "\n" if done == of else "\r"
        print(f"{rate} negatives a minute: {what} {done}/{of}", end=end, file=sys.stderr)


def show(table: list[dict[str, object]]) -> str:
    """Lay the table out for people."""
    lines = []
    for cell in table:
        pages = cell["false_pages_a_brand_week"]
        calm = cell["calm_minutes_after_end"]
        lines.append(
            f"{cell['negatives_a_minute']:>5} negatives a minute: "
            f"false pages {pages['value']:.2f} a brand-week "  # type: ignore[index]  # made above
            f"[{pages['low']:.2f}, {pages['high']:.2f}], "  # type: ignore[index]  # as above
            f"calm {calm['median']} min after its end "  # type: ignore[index]  # as above
            f"(never {cell['calm_never']}, too soon "
            f"{cell['calm_too_soon']}), rises {cell['rises_a_brand_week']:.2f}, "
            f"by lane {cell['false_by_lane']}, by week {cell['false_by_week']}, "
            f"in warm-up {cell['opened_in_warm_up']}"
        )
        for name, surge in cell["surges"].items():  # type: ignore[attr-defined]  # as above
            delay, tenth = surge["delay_minutes"], surge["tenth_negative_minutes"]["median"]
            lines.append(
                f"      {name:>4}: found {surge['found']:>2} of {surge['tried']}, median delay "
                f"{delay['median']} min [{delay['low']}, {delay['high']}] "
                f"(the tenth negative comes at {tenth}), {surge['by_lane']}"
            )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The negative surge on made-up brands.")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--seed-set", choices=sorted(SEEDS), default="final")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rates", type=float, nargs="+", default=list(RATES))
    parser.add_argument("--null-brands", type=int, default=NULL_BRANDS)
    parser.add_argument("--surges", type=int, default=SURGES)
    parser.add_argument("--sensitivity", type=Sensitivity, default=Sensitivity.BALANCED)
    options = parser.parse_args(argv)
    table = measure(
        Detection(sensitivity=options.sensitivity),
        seed=SEEDS[options.seed_set],
        jobs=options.jobs,
        rates=tuple(options.rates),
        null_brands=options.null_brands,
        surges=options.surges,
    )
    if options.format == "json":
        print(
            json.dumps(
                {
                    "bench": "surges",
                    "seed_set": options.seed_set,
                    "sensitivity": str(options.sensitivity),
                    "cells": table,
                },
                indent=2,
            )
        )
    else:
        print(show(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
