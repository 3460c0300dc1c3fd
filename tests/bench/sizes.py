"""What a mention and a brand take: bytes in the topics, bytes of memory at a worker.

    python -m tests.bench.sizes [--mentions 20000] [--brands 5000] [--format json]

Made-up talk of 40 brands goes through writer and fold; records are packed in batches of 512 KB as
the clients pack them (zstd). Then as many brands as asked for are taken up, each in the state that
one of six had after a week, and the growth of the process is divided among them. Nothing is sent.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from resource import getpagesize
from statistics import mean

import msgspec
from kafka import codec

from detectors.settings import MINUTE, Detection
from pipeline.brands import BrandMatcher
from pipeline.folding.changelog import encode_chunk, encode_row
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings
from pipeline.folding.windows import Chunk, Seen
from pipeline.judging.copies import digest
from pipeline.scorers import make_judge
from pipeline.wire import (
    VERSION,
    BucketRecord,
    JudgedEnvelope,
    SignalsEnvelope,
    decode_mentions,
    encode,
)
from pipeline.writing import Writer
from tests.bench.brands import a_week
from tests.bench.figure import Figure, Watch, say, show
from tests.bench.history import mentions

BATCH = 512 * 1024
PER_MINUTE = 600
TALKING = 40
ROWS = 1_000
MET = 500_000


def packed(bodies: Iterable[bytes]) -> int:
    """Bytes of records as a broker keeps them, batch by batch."""
    return sum(len(codec.zstd_encode(batch)) for batch in _batches(bodies))


def _batches(bodies: Iterable[bytes]) -> Iterator[bytes]:
    batch = bytearray()
    for body in bodies:
        if batch and len(batch) + len(body) > BATCH:
            yield bytes(batch)
            batch.clear()
        batch += body
    if batch:
        yield bytes(batch)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * getpagesize()


def of_mentions(number: int) -> list[Figure]:
    """Bytes a mention in each topic."""
    writer = Writer("bench", BrandMatcher([]), bucket=MINUTE, event_mode=True)
    fold = Fold(FoldSettings(Detection(), event_mode=True), make_judge(), lambda _: ("en",))
    said: list[bytes] = []
    judged: list[bytes] = []
    signals: list[bytes] = []
    buckets: list[int] = []
    digests = 0
    for mention in mentions(number, TALKING, PER_MINUTE):
        writer.add(mention)
    writer.end_of_input()
    for offset, record in enumerate(writer.take()):
        said.append(record.body)
        fold.apply(decode_mentions(record.body))
        for brand in fold.changed():
            digests += sum(len(each.digests) for each in brand.seen.new_chunks())
        out = fold.take()
        if out.judged:
            judged.append(encode(JudgedEnvelope(VERSION, out.judged, offset)))
        if out.signals:
            signals.append(encode(SignalsEnvelope(VERSION, out.signals, offset)))
            buckets += [len(encode(each)) for each in out.signals if isinstance(each, BucketRecord)]
    return [
        Figure("mentions topic", packed(said) / number, "bytes a mention", note=_raw(said, number)),
        Figure(
            "judged topic", packed(judged) / number, "bytes a mention", note=_raw(judged, number)
        ),
        Figure(
            "signals topic",
            packed(signals) / len(buckets),
            "bytes a bucket of a brand",
            note=f"{mean(buckets):.0f} unpacked",
        ),
        Figure("digests in the changelog", digests / number, "bytes a mention"),
    ]


def _raw(bodies: list[bytes], number: int) -> str:
    return f"{sum(map(len, bodies)) / number:.0f} unpacked"


def of_brands(number: int) -> list[Figure]:
    """Bytes a brand in the changelog and in memory."""
    partition, kept, _ = a_week()
    rows = [(row, chunks) for row, chunks in kept]
    encoded = [encode_row(1, row) for row, _ in rows]
    digests = [encode_chunk(chunk.digests, whole=False) for _, chunks in rows for chunk in chunks]
    names = [f"brand {each:05}" for each in range(number)]
    decoder = msgspec.msgpack.Decoder(type(rows[0][0]))
    before = _resident()
    taken = (
        (
            msgspec.structs.replace(decoder.decode(encode(rows[index % len(rows)][0])), brand=name),
            [
                Chunk(chunk.bucket, bytes(bytearray(chunk.digests)))
                for chunk in rows[index % len(rows)][1]
            ],
        )
        for index, name in enumerate(names)
    )
    settings = FoldSettings(Detection(), event_mode=True)
    fold = Fold(settings, make_judge(), lambda _: ("en",), partition, taken)
    grown = _resident() - before
    held = sum(len(chunk.digests) for _, chunks in rows for chunk in chunks) / len(rows)
    with Watch() as watch:
        for brand in list(fold.brands.values())[:ROWS]:
            encode_row(1, brand.row())
    return [
        Figure("writing a brand's row", watch.spent.cpu / ROWS * 1e6, "us of CPU"),
        Figure(
            "a brand's row",
            mean(map(len, encoded)),
            "bytes",
            note=f"{packed(encoded) / len(encoded):.0f} packed",
        ),
        Figure("a brand's digests of the last hour", sum(map(len, digests)) / len(rows), "bytes"),
        Figure(
            "a brand in a worker's memory",
            grown / len(fold.brands),
            "bytes",
            note=f"with {held / 8:.0f} digests of the last hour",
        ),
    ]


def of_digests() -> Figure:
    """Bytes of memory for each id, author and text of the last hour."""
    before = _resident()
    seen = Seen()
    for number in range(MET):
        seen.meet(digest(str(number)), number * 60 // MET * MINUTE)
    return Figure("a digest in a worker's memory", (_resident() - before) / len(seen), "bytes")


def measured(number: int, brands: int) -> list[Figure]:
    """All of it."""
    say("sizes: digests")
    figures = [of_digests()]
    say("sizes: mentions")
    figures += of_mentions(number)
    say("sizes: brands")
    return [*figures, *of_brands(brands)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sizes", description=__doc__)
    parser.add_argument("--mentions", type=int, default=20_000)
    parser.add_argument("--brands", type=int, default=5_000)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    options = parser.parse_args()
    show(measured(options.mentions, options.brands), as_json=options.format == "json")


if __name__ == "__main__":
    main()
