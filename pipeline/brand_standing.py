"""One brand's state as a recovery would see it, told by its rows: what it knows, where it stands.

Pure: the changelog's keys and values, or the log's rows, are handed in.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from detectors.brand import BrandDetectors
from detectors.observation import Bucket, Observation
from detectors.settings import Detection
from detectors.usual import Usual
from pipeline.folding.brand import BrandRow, Totals
from pipeline.folding.changelog import (
    Key,
    PartitionKey,
    RowKey,
    StoredPartition,
    checkpoint_of,
    decode_key,
    decode_partition,
)
from pipeline.folding.checkpoint import recover
from pipeline.folding.seasons import Seasons
from pipeline.folding.windows import Chunk
from pipeline.wire import encode

if TYPE_CHECKING:
    from pipeline.log import FoldRows

LOOKING = "state"
"""Who asks: nothing is written under this name by looking."""


class Digests(msgspec.Struct, frozen=True):
    """What was seen in the last 60 minutes: chunks, their bytes, and how many digests."""

    chunks: int = 0
    bytes: int = 0

    @property
    def digests(self) -> int:
        """Digests of 8 bytes, one met again counted again."""
        return self.bytes // 8


class RowStanding(msgspec.Struct, frozen=True):
    """A brand's row and what follows from it."""

    closed_up_to: int
    size: int
    totals: Totals
    open: dict[int, Observation]
    heard: dict[str, int]
    usual: Usual
    still_learning: bool
    surge: int
    surge_open: bool
    calm: bool
    attention_open: bool

    @property
    def totals_by_name(self) -> dict[str, int]:
        """The sums, each with its name."""
        return {name: getattr(self.totals, name) for name in self.totals.__struct_fields__}


class BrandStanding(msgspec.Struct, frozen=True):
    """One brand in one partition; `row` of None: nothing was folded of it yet.

    `written_by` is the epoch whose checkpoint wrote the row, `epoch` the partition's last one;
    both are empty where there is no changelog.
    """

    brand: str
    partition: int
    epoch: str
    checkpoint: int
    owner: str
    folded: int
    time: int | None
    next_close: int | None
    partition_size: int
    brands: int
    row: RowStanding | None = None
    written_by: str = ""
    digests: Digests = Digests()


def of_changelog(
    found: Mapping[bytes, bytes], brand: str, partition: int, detection: Detection, zone: str
) -> BrandStanding:
    """What a worker that recovers would find; raises ChangelogError, NewerChangelogError."""
    standing = recover(found, 0, LOOKING)
    last = last_partition(found)
    key = _row_key(found, brand, last)
    mine = next((each for each in standing.rows() if each[0].brand == brand), None)
    row, chunks = mine if mine is not None else (None, [])
    return BrandStanding(
        brand,
        partition,
        "" if last is None else str(last[0].epoch),
        0 if last is None else last[1].c,
        "" if last is None else last[1].owner,
        standing.folded,
        None if standing.partition is None else standing.partition.time,
        None if standing.partition is None else standing.partition.next_close,
        0 if last is None else len(found[last[0].encoded()]),
        standing.brands,
        None
        if row is None or key is None
        else _row(row, len(found[key.encoded()]), detection, zone),
        "" if key is None else str(key.epoch),
        _digests(chunks),
    )


def of_rows(rows: "FoldRows | None", brand: str, detection: Detection, zone: str) -> BrandStanding:
    """The same of an embedded log's rows."""
    if rows is None:
        return BrandStanding(brand, 0, "", 0, "", 0, None, None, 0, 0)
    mine = next((each for each in rows.brands if each[0].brand == brand), None)
    row, chunks = mine if mine is not None else (None, [])
    partition = rows.partition
    return BrandStanding(
        brand,
        0,
        "",
        0,
        "",
        rows.folded,
        None if partition is None else partition.time,
        None if partition is None else partition.next_close,
        0 if partition is None else len(encode(partition)),
        len(rows.brands),
        None if row is None else _row(row, len(encode(row)), detection, zone),
        "",
        _digests(chunks),
    )


def last_partition(found: Mapping[bytes, bytes]) -> tuple[PartitionKey, StoredPartition] | None:
    """The partition's row that counts; None where nothing was ever committed."""
    rows = [
        (key, decode_partition(value))
        for key, value in _keyed(found)
        if isinstance(key, PartitionKey)
    ]
    return max(rows, key=lambda each: (each[0].epoch, each[1].c), default=None)


def _row_key(
    found: Mapping[bytes, bytes], brand: str, last: tuple[PartitionKey, StoredPartition] | None
) -> RowKey | None:
    """Where the brand's row stands that counts."""
    lineage = {} if last is None else {each.epoch: each.c for each in last[1].lineage}
    valid = [
        (checkpoint_of(value), key)
        for key, value in _keyed(found)
        if isinstance(key, RowKey) and key.brand == brand
    ]
    valid = [(c, key) for c, key in valid if c <= lineage.get(key.epoch, -1)]
    return max(valid, key=lambda each: each[0])[1] if valid else None


def _keyed(found: Mapping[bytes, bytes]) -> Iterator[tuple[Key, bytes]]:
    for raw, value in found.items():
        yield decode_key(raw), value


def _digests(chunks: list[Chunk]) -> Digests:
    return Digests(len(chunks), sum(len(chunk.digests) for chunk in chunks))


def _row(row: BrandRow, size: int, detection: Detection, zone: str) -> RowStanding:
    detectors = BrandDetectors(row.brand, detection, row.detectors)
    start = row.closed_up_to
    usual = detectors.usual(Bucket(start, detection.bucket, Seasons().cell(zone, start)))
    story = detectors.crisis.story
    return RowStanding(
        row.closed_up_to,
        size,
        row.totals,
        dict(sorted(row.open.items())),
        row.heard,
        usual,
        not detectors.surge.baseline.warm,
        story.number,
        story.open,
        story.calm,
        detectors.attention.open,
    )
