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
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipeline.composition import EngineOptions, make_engine
from pipeline.log import LogKind, SqliteLog
from pipeline.log.database import connect, transaction
from pipeline.mention import Mention, Rejected
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
    fillings: tuple[tuple[str, Callable[[], int]], ...] = (
        ("mention store's consumer", lambda: consume_mentions(log, store)),
        ("bucket table's consumer", lambda: consume_buckets(log, table)),
    )
    for name, consume in fillings:
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
    ("matching brands, envelopes, ticks", "submit"),
    ("  appending to log.db", "append"),
    ("reading log.db", "records"),
    ("decoding envelopes", "_decode"),
    ("fold", "apply"),
    ("  judging (none: languages alone)", "judge"),
    ("  closing buckets, detectors", "_close_until"),
    ("writing rows and outputs, commit", "_commit"),
)
"""Indented: a part of the stage above."""


def profile(number: int, per_minute: int) -> None:
    """Print where the time goes without scoring: CPU time by stage, then the profiler's view.

    Stages are timed around whole batches, so that timing costs nothing. The profiler slows small
    calls: of its list read the order, not the seconds.
    """
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-bench-") as name:
        folder = Path(name)
        path = folder / "a.csv"
        write_csv(path, mentions(number, BRANDS, per_minute))
        spent, whole = _by_stage(path, folder / "staged")
        profiler = cProfile.Profile()
        profiler.runcall(travel, path, folder / "profiled", ScorerName.NONE, load(None))
    for title, stage in (("file: survey, read, decode", "file"), *STAGES):
        share = spent[stage] / whole
        print(f"{title:<36}{share:>7.1%}{spent[stage] / number * 1e6:>8.2f} us a mention")
    print(f"{'all':<36}{1:>7.1%}{whole / number * 1e6:>8.2f} us a mention")
    pstats.Stats(profiler).sort_stats("tottime").print_stats(20)


def _by_stage(path: Path, directory: Path) -> tuple[dict[str, float], float]:
    spent: dict[str, float] = defaultdict(float)

    def timed(owner: object, stage: str) -> None:
        inner = getattr(owner, stage)

        def outer(*arguments: object, **named: object) -> object:
            with Watch() as watch:
                answer = inner(*arguments, **named)
            spent[stage] += watch.spent.cpu
            return answer

        setattr(owner, stage, outer)

    def read() -> Iterator[list[Mention | Rejected]]:
        chunks = FileSource([str(path)]).read()
        while True:
            with Watch() as watch:
                chunk = next(chunks, None)
            spent["file"] += watch.spent.cpu
            if chunk is None:
                return
            yield chunk

    options = EngineOptions(LogKind.EVENT, ScorerName.NONE, any_brand=True)
    with Watch() as watch:
        engine = make_engine(directory, load(None), options)
        owners: dict[str, object] = {
            "append": engine.log,
            "records": engine.log,
            "apply": engine.fold,
            "_close_until": engine.fold,
            "judge": engine.judge,
        }
        for _, stage in STAGES:
            timed(owners.get(stage, engine), stage)
        try:
            Road(engine).travel(read(), source="bench", at=lambda: 0)
        finally:
            engine.log.close()
    return spent, watch.spent.cpu


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
    main()
