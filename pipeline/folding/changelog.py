"""What stands in the changelog of a partition: keys and values, versioned, in msgpack.

Keys are text so that anybody can read them; the brand comes last, for it may hold anything:

    b|EPOCH|SLOT|BRAND            a brand's core row, in one of two slots
    c|EPOCH|BUCKET|C|PART|BRAND   digests of a bucket, written by checkpoint C
    p|EPOCH|SLOT                  the partition's row, which makes a checkpoint valid

An epoch (`RESETS.GENERATION.ATTEMPT`) stands in every key: two owners never write the same one.
"""

import msgspec

from pipeline.folding.brand import ROW_VERSION, BrandRow
from pipeline.folding.records import PARTITION_ROW_VERSION, PartitionRow
from pipeline.wire import encode

CHANGELOG_VERSION = 1
"""Of all that stands here; the rows inside have versions of their own."""


class ChangelogError(ValueError):
    """A changelog that cannot be read; the text says what to do."""


class NewerChangelogError(ChangelogError):
    """Rows of a newer version of this program."""


class Epoch(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Who wrote: one ownership of a partition, greater than every one before it.

    `generation` is the consumer group's; `resets` grows when the group's numbers began again;
    `attempt` when the same owner takes the partition's state up anew.
    """

    resets: int
    generation: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.resets}.{self.generation}.{self.attempt}"


class RowKey(msgspec.Struct, frozen=True):
    """Where a brand's core row stands."""

    brand: str
    epoch: Epoch
    slot: int

    def encoded(self) -> bytes:
        """The key as it is written."""
        return f"b|{self.epoch}|{self.slot}|{self.brand}".encode()


class ChunkKey(msgspec.Struct, frozen=True):
    """Where some of a bucket's digests stand."""

    brand: str
    epoch: Epoch
    bucket: int
    c: int
    part: int = 0

    def encoded(self) -> bytes:
        """The key as it is written."""
        return f"c|{self.epoch}|{self.bucket}|{self.c}|{self.part}|{self.brand}".encode()


class PartitionKey(msgspec.Struct, frozen=True):
    """Where the partition's row stands: two slots in turn, so that the last one is never missing.

    (Whoever reads while a stopped owner overwrites and the broker compacts may find neither the
    old value nor the new one of a key.)
    """

    epoch: Epoch
    slot: int

    def encoded(self) -> bytes:
        """The key as it is written."""
        return f"p|{self.epoch}|{self.slot}".encode()


Key = RowKey | ChunkKey | PartitionKey


def decode_key(raw: bytes) -> Key:
    """Read a key; raise ChangelogError for one that is not ours."""
    try:
        match raw.decode().split("|", 2):
            case ["b", epoch, rest]:
                slot, brand = rest.split("|", 1)
                return RowKey(brand, _epoch(epoch), int(slot))
            case ["c", epoch, rest]:
                bucket, c, part, brand = rest.split("|", 3)
                return ChunkKey(brand, _epoch(epoch), int(bucket), int(c), int(part))
            case ["p", epoch, slot]:
                return PartitionKey(_epoch(epoch), int(slot))
    except ValueError as error:
        raise ChangelogError(f"not a key of this changelog: {raw[:80]!r}") from error
    raise ChangelogError(f"not a key of this changelog: {raw[:80]!r}")


def _epoch(text: str) -> Epoch:
    resets, generation, attempt = text.split(".")
    return Epoch(int(resets), int(generation), int(attempt))


class StoredRow(msgspec.Struct, frozen=True, array_like=True):
    """A brand's row as checkpoint `c` wrote it."""

    version: int
    c: int
    row: BrandRow


class StoredChunk(msgspec.Struct, frozen=True, array_like=True):
    """Digests of a bucket; a `whole` one stands for every chunk of its bucket before it."""

    version: int
    whole: bool
    digests: bytes


class Lineage(msgspec.Struct, frozen=True, array_like=True):
    """The last checkpoint of an epoch that counts."""

    epoch: Epoch
    c: int


class StoredPartition(msgspec.Struct, frozen=True, array_like=True):
    """What a checkpoint wrote last, and by which everything of it became valid at once.

    `folded` is the offset of the last record of the mentions log that is in it; `owner` the group
    member that wrote it.
    """

    version: int
    c: int
    folded: int
    owner: str
    row: PartitionRow
    lineage: list[Lineage]


_row_decoder = msgspec.msgpack.Decoder(StoredRow)
_chunk_decoder = msgspec.msgpack.Decoder(StoredChunk)
_partition_decoder = msgspec.msgpack.Decoder(StoredPartition)


class _Head(msgspec.Struct, frozen=True, array_like=True):
    version: int
    c: int


_head_decoder = msgspec.msgpack.Decoder(_Head)


def encode_row(c: int, row: BrandRow) -> bytes:
    """A brand's row as a value."""
    return encode(StoredRow(CHANGELOG_VERSION, c, row))


def encode_chunk(digests: bytes, *, whole: bool) -> bytes:
    """Digests as a value."""
    return encode(StoredChunk(CHANGELOG_VERSION, whole, digests))


def encode_partition(stored: StoredPartition) -> bytes:
    """The partition's row as a value."""
    return encode(stored)


def checkpoint_of(raw: bytes) -> int:
    """The checkpoint that wrote a brand's row, without reading the row itself."""
    try:
        head = _head_decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise _refusal(raw, error) from error
    _check(head.version, CHANGELOG_VERSION, "rows")
    return head.c


def decode_row(raw: bytes) -> BrandRow:
    """Read a brand's row; raise ChangelogError, NewerChangelogError."""
    try:
        stored = _row_decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise _refusal(raw, error) from error
    _check(stored.version, CHANGELOG_VERSION, "rows")
    _check(stored.row.version, ROW_VERSION, f"the row of brand {stored.row.brand!r}")
    return stored.row


def decode_chunk(raw: bytes) -> StoredChunk:
    """Read digests; raise ChangelogError, NewerChangelogError."""
    try:
        stored = _chunk_decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise _refusal(raw, error) from error
    _check(stored.version, CHANGELOG_VERSION, "chunks")
    return stored


def decode_partition(raw: bytes) -> StoredPartition:
    """Read a partition's row; raise ChangelogError, NewerChangelogError."""
    try:
        stored = _partition_decoder.decode(raw)
    except msgspec.DecodeError as error:
        raise _refusal(raw, error) from error
    _check(stored.version, CHANGELOG_VERSION, "rows")
    _check(stored.row.version, PARTITION_ROW_VERSION, "the partition's row")
    return stored


def _check(found: int, known: int, what: str) -> None:
    if found > known:
        raise NewerChangelogError(
            f"{what} in the changelog are of version {found}, this program knows {known}: "
            "upgrade this worker"
        )


def _refusal(raw: bytes, error: Exception) -> ChangelogError:
    """Say that a value is newer, where that is why it cannot be read, even deep inside."""
    try:
        head = msgspec.msgpack.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        head = None
    match head:
        case [int(version), *_] if version > CHANGELOG_VERSION:
            found = version
        case [int(), int(), [int(version), *_], *_] if version > ROW_VERSION:
            found = version
        case [int(), int(), int(), str(), [int(version), *_], *_] if (
            version > PARTITION_ROW_VERSION
        ):
            found = version
        case _:
            return ChangelogError(
                f"a row of the changelog cannot be read ({error}): it is damaged or of another "
                "program; restore the topic, or have the brand built again from the mentions"
            )
    return NewerChangelogError(
        f"rows in the changelog are of version {found}, newer than this program knows: "
        "upgrade this worker"
    )
