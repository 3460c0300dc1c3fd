"""What many brands cost: `python -m tests.bench.brands [--brands 10000] [--format json]`.

A week of six brands is folded first (made-up talk, some three mentions a minute for the busiest,
judged by VADER): the sizes are of the rows and bucket records it leaves. Then a fold is taken up
with many brands, each in the state one of the six had after its week, and the closing of one
bucket is timed: with nobody saying anything, and with every fifth brand speaking. In memory:
nothing is written. Seconds are CPU time.
"""

import argparse
import statistics

import msgspec

from detectors.settings import MINUTE, Detection
from pipeline.brands import BrandMatcher
from pipeline.folding.brand import BrandRow
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings, PartitionRow
from pipeline.folding.windows import Chunk
from pipeline.mention import Author, Mention
from pipeline.scorers import make_judge
from pipeline.wire import VERSION, BucketRecord, Entry, Envelope, Tick, decode_mentions, encode
from pipeline.writing import Writer
from tests.bench.figure import Figure, Watch, say, show
from tests.bench.history import mentions

KNOWN = 6
PER_MINUTE = 10
WEEK_MINUTES = 7 * 24 * 60
SPEAKING = 5
"""Every fifth brand speaks."""
BUCKETS = 3
"""Closings of each kind; the slowest counts."""


def a_week() -> tuple[PartitionRow, list[tuple[BrandRow, list[Chunk]]], list[int]]:
    """Fold a week; the rows, the digests, and the sizes of the bucket records."""
    settings = FoldSettings(Detection(), event_mode=True)
    fold = Fold(settings, make_judge(), lambda _: ("en",))
    writer = Writer("bench", BrandMatcher([]), bucket=MINUTE, event_mode=True)
    sizes: list[int] = []
    chunks: dict[str, list[Chunk]] = {}
    for count, mention in enumerate(mentions(WEEK_MINUTES * PER_MINUTE, KNOWN, PER_MINUTE)):
        writer.add(msgspec.structs.replace(mention, event_time=mention.ingested_at))
        if count % 5_000 == 0:
            _fold(fold, writer, sizes, chunks)
    writer.end_of_input()
    _fold(fold, writer, sizes, chunks)
    kept = [
        (
            brand.row(),
            [each for each in chunks[brand.name] if each.bucket >= fold.digests_from],
        )
        for brand in fold.brands.values()
    ]
    return fold.row(), kept, sizes


def _fold(fold: Fold, writer: Writer, sizes: list[int], chunks: dict[str, list[Chunk]]) -> None:
    for record in writer.take():
        fold.apply(decode_mentions(record.body))
    for brand in fold.changed():
        chunks.setdefault(brand.name, []).extend(brand.seen.new_chunks())
    sizes += [len(encode(each)) for each in fold.take().signals if isinstance(each, BucketRecord)]


def closings(
    number: int, partition: PartitionRow, kept: list[tuple[BrandRow, list[Chunk]]]
) -> tuple[float, float]:
    """Seconds for closing one bucket of so many brands: all silent, every fifth speaking."""
    names = [f"brand {each:05}" for each in range(number)]
    rows = [
        (msgspec.structs.replace(kept[index % KNOWN][0], brand=name), kept[index % KNOWN][1])
        for index, name in enumerate(names)
    ]
    settings = FoldSettings(Detection(), event_mode=True)
    fold = Fold(settings, make_judge(), lambda _: ("en",), partition, _copied(rows))
    time = fold.time or 0
    silent, speaking = [], []
    for _ in range(BUCKETS):
        time += MINUTE
        silent.append(_timed(fold, time))
        entries = [Entry(_mention(f"{time} {name}", time), name) for name in names[::SPEAKING]]
        fold.apply(Envelope(VERSION, "bench", "", entries))
        time += MINUTE
        speaking.append(_timed(fold, time))
    return max(silent), max(speaking)


def _copied(
    rows: list[tuple[BrandRow, list[Chunk]]],
) -> list[tuple[BrandRow, list[Chunk]]]:
    """Rows as they come back from a database: nothing in them is shared."""
    decoder = msgspec.msgpack.Decoder(BrandRow)
    return [(decoder.decode(encode(row)), chunks) for row, chunks in rows]


def _mention(said: str, time: int) -> Mention:
    return Mention(said, "stream", time, time, f"my bag is lost {said}", author=Author(said))


def _timed(fold: Fold, time: int) -> float:
    with Watch() as watch:
        fold.apply(Tick(VERSION, "bench", time))
    fold.take()
    fold.changed()
    return watch.spent.cpu


def measured(number: int) -> list[Figure]:
    """All figures of many brands."""
    say("brands: folding a week of six")
    partition, kept, sizes = a_week()
    say(f"brands: taking up {number:,}")
    silent, speaking = closings(number, partition, kept)
    rows = [len(encode(row)) for row, _ in kept]
    return [
        Figure(f"closing a bucket of {number:,} brands, all silent", silent, "s"),
        Figure(f"closing a bucket of {number:,} brands, a fifth speaking", speaking, "s"),
        Figure("a brand's core row after a week, the largest", max(rows), "bytes"),
        Figure(
            "a bucket's record, the largest of a week",
            max(sizes),
            "bytes",
            note=f"median {statistics.median(sizes):.0f}",
        ),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.brands", description=__doc__)
    parser.add_argument("--brands", type=int, default=10_000)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    show(measured(options.brands), as_json=options.format == "json")


if __name__ == "__main__":
    main()
