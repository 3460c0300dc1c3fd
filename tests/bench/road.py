"""How many mentions a second go from a sorted CSV file to committed state, on one core.

    python -m tests.bench.road [--mentions 200000] [--per-minute 600] [--profile] [--format json]

The whole road as `replay` takes it: the file is surveyed, read, decoded and matched; envelopes
and ticks are appended to log.db on disk (WAL, every commit synced), read back, decoded and
folded; rows, buckets, signals and judged mentions are committed with the folded offset. One
thread; rates are by this process's CPU time, the system's share included, the wall's beside. The
stores' consumers are not part of the road (they have offsets of their own) and are measured
apart. Peers, in the same run on the same rows: a csv.reader whose rows go into one table of a
database with the same settings; vaderSentiment alone on the same texts.

`--profile` prints where the time goes without scoring, by stage and by function.
"""

import argparse
import cProfile
import csv
import pstats
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.composition import EngineOptions, make_engine
from pipeline.log import LogKind, SqliteLog
from pipeline.log.database import connect, transaction
from pipeline.road import AT_ONCE, Road
from pipeline.scorers import ScorerName
from pipeline.settings import Settings, load
from pipeline.sources.files import FileSource
from pipeline.stores import BucketTable, MentionStore, consume_buckets, consume_mentions
from tests.bench.figure import Figure, Spent, Watch, say, show
from tests.bench.history import PER_MINUTE, aliases_of, mentions, write_csv

BRANDS = 6
ALIASED = 40
SCORED_SHARE = 5
"""Scoring is measured on a fifth as many mentions, all English: it takes longer."""
ROUNDS = 2


def travel(path: Path, directory: Path, scorer: ScorerName, settings: Settings) -> int:
    """Take a file down the road into a new data directory; how many mentions were folded."""
    options = EngineOptions(LogKind.EVENT, scorer, any_brand=True)
    engine = make_engine(directory, settings, options)
    try:
        source = FileSource([str(path)])
        taken = Road(engine).travel(source.read(), source="bench", at=lambda: 0)
        if engine.log.mentions_behind(engine.folded):
            raise RuntimeError("the road stopped before its end")
        return taken
    finally:
        engine.log.close()


def bare(path: Path, directory: Path) -> int:
    """Put a file's rows into one table of a database, committed as often as the road does."""
    place = directory / "bare.db"
    connection = connect(place)
    connection.execute("CREATE TABLE said (id, at, author, text, url, brand)")
    count = 0
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        marks = ", ".join("?" * len(next(reader)))
        columns = ("id", "at", "author", "text", "url", "brand")[: marks.count("?")]
        insert = f"INSERT INTO said ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  # our own names
        rows = []
        for row in reader:
            rows.append(row)
            if len(rows) == AT_ONCE:
                count += len(rows)
                with transaction(connection, place):
                    connection.executemany(insert, rows)
                rows = []
        with transaction(connection, place):
            connection.executemany(insert, rows)
    connection.close()
    return count + len(rows)


def vader_alone(path: Path, _: Path) -> int:
    """Score a file's texts with vaderSentiment and nothing else."""
    polarity = SentimentIntensityAnalyzer().polarity_scores
    with path.open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)]
    for text in texts:
        polarity(text)
    return len(texts)


def rate(
    folder: Path, path: Path, way: Callable[[Path, Path], int], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Mentions a second of CPU time and of the wall's, the best of some rounds."""
    best: list[tuple[int, Spent]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=folder) as fresh, Watch() as watch:
            count = way(path, Path(fresh))
        best.append((count, watch.spent))
    return max(n / spent.cpu for n, spent in best), max(n / spent.wall for n, spent in best)


def consumers(folder: Path, path: Path) -> list[Figure]:
    """Travel once, then fill the stores from the logs, each timed apart."""
    directory = folder / "kept"
    travel(path, directory, ScorerName.NONE, load(None))
    log = SqliteLog.read(directory)
    figures = []
    store, table = MentionStore(directory), BucketTable(directory)
    said = 0
    for name, consume in (
        ("mention store's consumer", lambda: consume_mentions(log, store)),
        ("bucket table's consumer", lambda: consume_buckets(log, table)),
    ):
        with Watch() as watch:
            count = consume()
        said = said or count
        note = f"wall {said / watch.spent.wall:,.0f}/s"
        if count != said:
            note += f"; {count:,} buckets, {count / watch.spent.cpu:,.0f}/s"
        figures.append(Figure(name, said / watch.spent.cpu, "mentions/s", note=note))
    store.close()
    table.close()
    log.close()
    return figures


def measured(number: int, per_minute: int) -> list[Figure]:
    """All figures of the road."""
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name:
        folder = Path(name)
        named, unnamed, few = folder / "a.csv", folder / "b.csv", folder / "c.csv"
        say(f"road: writing histories of {number:,} mentions, {per_minute} a minute")
        write_csv(named, mentions(number, BRANDS, per_minute))
        write_csv(unnamed, mentions(number, ALIASED, per_minute), name_brands=False)
        write_csv(few, mentions(number // SCORED_SHARE, BRANDS, per_minute, language="en"))
        figures = []
        plain, aliased = load(None), aliases_of(ALIASED)
        say("road: without scoring")
        ways = (
            (f"road, no scoring, {BRANDS} brands named by a column", named, plain),
            (f"road, no scoring, {ALIASED} brands by their aliases", unnamed, aliased),
        )
        for title, path, settings in ways:
            ours = rate(folder, path, _way(ScorerName.NONE, settings))
            theirs = rate(folder, path, bare)
            figures.append(_beside(title, ours, "csv.reader into SQLite", theirs))
        say("road: with VADER")
        ours = rate(folder, few, _way(ScorerName.VADER, plain), rounds=1)
        alone = rate(folder, few, vader_alone, rounds=1)
        figures.append(_beside("road, VADER", ours, "vaderSentiment alone", alone))
        say("road: the stores' consumers")
        return [*figures, *consumers(folder, named)]


def _way(scorer: ScorerName, settings: Settings) -> Callable[[Path, Path], int]:
    return lambda path, directory: travel(path, directory, scorer, settings)


def _beside(
    title: str, ours: tuple[float, float], peer: str, theirs: tuple[float, float]
) -> Figure:
    note = f"wall {ours[1]:,.0f}/s"
    return Figure(title, ours[0], "mentions/s", peer, theirs[0], note)


STAGES = (
    ("file: survey, read, decode", ("pipeline/sources/", "pipeline/event_time", "_csv")),
    ("matching brands", ("pipeline/brands", "pipeline/names", "ahocorasick")),
    ("writing: envelopes, ticks", ("pipeline/writing", "pipeline/intake")),
    ("texts and digests", ("pipeline/judging/copies", "xxhash")),
    ("judging", ("pipeline/judging", "pipeline/timed_judge")),
    ("windows and voices", ("pipeline/windows", "pipeline/brand_fold")),
    ("fold", ("pipeline/fold", "pipeline/partition", "pipeline/seasons")),
    ("detectors", ("detectors/",)),
    ("codec", ("msgspec", "pipeline/wire", "encode", "decode")),
    ("SQLite", ("sqlite", "pipeline/log")),
    ("engine and road", ("pipeline/embedded", "pipeline/road")),
)


def profile(number: int, per_minute: int) -> None:
    """Print where the time goes; the profiler slows calls, so read shares, not rates."""
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name:
        folder = Path(name)
        path = folder / "a.csv"
        write_csv(path, mentions(number, BRANDS, per_minute))
        profiler = cProfile.Profile()
        profiler.runcall(travel, path, folder / "data", ScorerName.NONE, load(None))
    stats = pstats.Stats(profiler)
    shares: dict[str, float] = defaultdict(float)
    total = 0.0
    for (place, _, function), (_, _, own, _, callers) in stats.stats.items():  # type: ignore[attr-defined]  # not in the types
        total += own
        if place != "~":
            shares[_stage(place, function)] += own
            continue
        named = _stage(place, function)
        for (caller_place, _, caller), (_, _, part, _) in callers.items():
            shares[named if named != "other" else _stage(caller_place, caller)] += part
    for stage, seconds in sorted(shares.items(), key=lambda each: -each[1]):
        print(f"{stage:<32}{seconds / total:>7.1%}{seconds / number * 1e6:>8.2f} us a mention")
    stats.sort_stats("tottime").print_stats(20)


def _stage(place: str, function: str) -> str:
    where = f"{place} {function}"
    return next((name for name, parts in STAGES if any(part in where for part in parts)), "other")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.road", description=__doc__)
    parser.add_argument("--mentions", type=int, default=200_000)
    parser.add_argument("--per-minute", type=int, default=PER_MINUTE)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    if options.profile:
        profile(options.mentions, options.per_minute)
        return
    show(measured(options.mentions, options.per_minute), as_json=options.format == "json")


if __name__ == "__main__":
    sys.exit(main())
