"""What packing envelopes costs and saves, by kafka-python's own codecs: `kafka.compression`.

    python -m tests.bench.packing [--mentions 40000] [--brands 40]

Envelopes as an ingest process writes them, of a made-up week: full ones (200 mentions, a busy
partition) and small ones (10, a quiet one). CPU seconds of one core a million mentions, for
packing (once, at the door) and unpacking (the worker; readers of outputs do the same for theirs),
and the bytes that stay. What is not installed is left out.
"""

import argparse
import gzip
import sys
from collections.abc import Callable

from kafka import codec

from pipeline.mention import Mention
from pipeline.sources.scenario import Scenario
from pipeline.wire import VERSION, Entry, Envelope, encode
from tests.bench.figure import Watch

Pack = Callable[[bytes], bytes]


def envelopes(mentions: list[Mention], size: int) -> list[bytes]:
    entries = [Entry(each, each.brand or "") for each in mentions]
    return [
        encode(Envelope(VERSION, "ingest-1", "0" * 16, entries[start : start + size]))
        for start in range(0, len(entries), size)
    ]


def codecs() -> dict[str, tuple[Pack, Pack]]:
    found: dict[str, tuple[Pack, Pack]] = {
        "none": (bytes, bytes),
        "gzip (level 9, the client's)": (codec.gzip_encode, codec.gzip_decode),
        "gzip level 1 (no setting for it)": (lambda raw: gzip.compress(raw, 1), codec.gzip_decode),
    }
    if codec.has_lz4():
        found["lz4"] = (codec.lz4_encode, codec.lz4_decode)
    if codec.has_zstd():
        found["zstd"] = (codec.zstd_encode, codec.zstd_decode)
    return found


def measure(
    name: str, size: int, bodies: list[bytes], mentions: int, ways: tuple[Pack, Pack]
) -> str:
    pack, unpack = ways
    with Watch() as packing:
        packed = [pack(body) for body in bodies]
    with Watch() as unpacking:
        opened = [unpack(body) for body in packed]
    if opened != bodies:
        raise RuntimeError(f"{name} gives back something else")
    million = 1e6 / mentions
    stays = sum(map(len, packed))
    return (
        f"{size:>4}  {name:<34}{stays / mentions:>8.0f}{stays / sum(map(len, bodies)):>8.0%}"
        f"{packing.spent.cpu * million:>9.1f}{unpacking.spent.cpu * million:>9.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mentions", type=int, default=40_000)
    parser.add_argument("--brands", type=int, default=40)
    arguments = parser.parse_args()
    mentions = list(Scenario.load(7, mentions=arguments.mentions, brands=arguments.brands))
    print(
        "size  codec                                 B/ment.   stays  pack s  open s  (a million)"
    )
    for size in (200, 10):
        bodies = envelopes(mentions, size)
        for name, ways in codecs().items():
            print(measure(name, size, bodies, len(mentions), ways))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
