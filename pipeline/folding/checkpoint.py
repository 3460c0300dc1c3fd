"""Checkpoints on a changelog: what is written, what counts after a crash, what is garbage.

Guarantees, for any interleaving of owners of a partition, of which each may be killed at any
point, or stopped and woken at any later one:

- a checkpoint counts whole or not at all: its rows and chunks are valid only once the partition's
  row of the same number stands in the changelog;
- what a successor recovers is the state after the last checkpoint it found, exactly;
- nothing an owner does after a successor began can change what the successor counts as valid.

The last rests on one rule that the shell keeps: between one checkpoint and the next an owner
**proves** itself: it asks the group's coordinator, after the partition's row was confirmed,
whether its generation is still the group's. If so, no successor had begun to read before, so each
will find that row. Only then may what the checkpoint made obsolete be overwritten or deleted; it
may be done however late, for no successor needs it. And it proves itself once after it has read
the changelog, before it uses what it read: rows of a greater generation than its own can then only
be of a group whose numbers began again, never of its successor. No clock is asked.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from pipeline.folding.brand import BrandRow
from pipeline.folding.changelog import (
    CHANGELOG_VERSION,
    ChangelogError,
    ChunkKey,
    Epoch,
    Lineage,
    PartitionKey,
    RowKey,
    StoredPartition,
    checkpoint_of,
    decode_chunk,
    decode_key,
    decode_partition,
    decode_row,
    encode_chunk,
    encode_partition,
    encode_row,
)
from pipeline.folding.records import PartitionRow
from pipeline.folding.windows import Chunk

NOTHING = -1
"""The offset folded by a partition that has folded nothing."""
PART = 256 * 1024
"""Most bytes of digests in one record: four checkpoints of a very busy brand."""
MERGE_FROM = 3
"""Chunks of a closed bucket that are worth writing as one."""

_FIRST = Epoch(-1, -1, -1)


class RowPlace(msgspec.Struct, frozen=True):
    """Where a brand's valid row stands."""

    epoch: Epoch
    slot: int


class Standing(msgspec.Struct, frozen=True):
    """One partition's state as its changelog has it; `rows` decodes as it goes."""

    folded: int
    partition: PartitionRow | None
    rows: Callable[[], Iterator[tuple[BrandRow, list[Chunk]]]]
    brands: int
    ledger: "Ledger"


class Plan(msgspec.Struct, frozen=True):
    """One checkpoint, ready to be sent: first `rows`, all confirmed, then `last`, confirmed."""

    c: int
    folded: int
    rows: list[tuple[bytes, bytes]]
    last: tuple[bytes, bytes]
    lineage: dict[Epoch, int]
    size: int


class Draft:
    """A checkpoint in the making; nothing stands until `Ledger.committed`."""

    def __init__(self, ledger: "Ledger", c: int) -> None:
        self._ledger = ledger
        self._c = c
        self.rows: list[tuple[bytes, bytes]] = []
        self.places: dict[str, RowPlace] = {}
        self.chunks: list[ChunkKey] = []
        self.merged: list[ChunkKey] = []
        self.replaced: set[tuple[int, str]] = set()
        self.drop_before = 0
        self.size = 0

    def row(self, row: BrandRow) -> None:
        """Add a brand's row: to the slot that does not hold its last committed one."""
        place = self._ledger.next_place(row.brand)
        self.places[row.brand] = place
        key = RowKey(row.brand, place.epoch, place.slot)
        self._add(key.encoded(), encode_row(self._c, row))

    def chunk(self, brand: str, chunk: Chunk) -> None:
        """Add digests met since the last checkpoint."""
        if (chunk.bucket, brand) in self.replaced:
            return
        digests = chunk.digests
        for part in range(0, max(1, len(digests)), PART):
            key = ChunkKey(brand, self._ledger.epoch, chunk.bucket, self._c, part // PART)
            self.chunks.append(key)
            self._add(key.encoded(), encode_chunk(digests[part : part + PART], whole=False))

    def whole(self, brand: str, chunk: Chunk) -> None:
        """Put all digests of a bucket into one chunk, in the place of those before.

        Belongs before the bucket's new chunks, which are then passed over.
        """
        self.replaced.add((chunk.bucket, brand))
        key = ChunkKey(brand, self._ledger.epoch, chunk.bucket, self._c)
        self.merged.append(key)
        self._add(key.encoded(), encode_chunk(chunk.digests, whole=True))

    def finish(self, folded: int, row: PartitionRow, drop_before: int) -> Plan:
        """Complete it with the partition's row; digests of buckets before `drop_before` leave."""
        self.drop_before = drop_before
        ledger = self._ledger
        lineage = {**ledger.lineage_after(self), ledger.epoch: self._c}
        stored = StoredPartition(
            CHANGELOG_VERSION,
            self._c,
            folded,
            ledger.owner,
            row,
            [Lineage(epoch, c) for epoch, c in sorted(lineage.items())],
        )
        last = (PartitionKey(ledger.epoch, self._c % 2).encoded(), encode_partition(stored))
        self.size += len(last[1])
        ledger.draft = self
        return Plan(self._c, folded, self.rows, last, lineage, self.size)

    def _add(self, key: bytes, value: bytes) -> None:
        self.rows.append((key, value))
        self.size += len(value)


class Ledger:
    """What stands where in one partition's changelog, as one owner knows it."""

    def __init__(self, epoch: Epoch, owner: str) -> None:
        self.epoch = epoch
        self.owner = owner
        self.c = 0
        self.folded = NOTHING
        self.draft: Draft | None = None
        self._lineage: dict[Epoch, int] = {}
        self._places: dict[str, RowPlace] = {}
        self._chunks: dict[int, dict[str, list[ChunkKey]]] = {}
        self._live: dict[Epoch, int] = {}
        self._unproven: list[bytes] = []
        self._garbage: deque[bytes] = deque()
        self._proven = True
        self._asked = 0

    # -- what the shell asks ---------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether the next checkpoint may begin: the last one is proven."""
        return self._proven

    @property
    def lineage(self) -> Mapping[Epoch, int]:
        """The last checkpoint that counts of each epoch of which something is left."""
        return self._lineage

    @property
    def garbage(self) -> int:
        """Keys that are to be deleted, now or after the next proof."""
        return len(self._garbage) + len(self._unproven)

    def begin(self) -> Draft:
        """Begin the next checkpoint."""
        if not self._proven:
            raise RuntimeError("a checkpoint before the last one was proven")
        return Draft(self, self.c + 1)

    def worth_merging(self, closed_before: int) -> list[tuple[str, int]]:
        """Brands and buckets, closed since this was last asked, that stand in many chunks."""
        found: list[tuple[str, int]] = []
        for bucket in [each for each in self._chunks if self._asked <= each < closed_before]:
            found.extend(
                (brand, bucket)
                for brand, keys in self._chunks[bucket].items()
                if len(keys) >= MERGE_FROM
            )
        self._asked = max(self._asked, closed_before)
        return found

    def committed(self, plan: Plan) -> None:
        """The partition's row of this plan was confirmed."""
        draft = self.draft
        if draft is None or plan.c != self.c + 1:
            raise RuntimeError("a plan that is not the one at hand")
        self.draft = None
        self.c = plan.c
        self.folded = plan.folded
        self._proven = False
        for brand, place in draft.places.items():
            self._move(brand, place)
        for key in draft.chunks:
            self._keep(key)
        for key in draft.merged:
            for old in self._chunks.get(key.bucket, {}).pop(key.brand, []):
                self._discard(old.epoch, old.encoded())
            self._keep(key)
        for bucket in [each for each in self._chunks if each < draft.drop_before]:
            for keys in self._chunks.pop(bucket).values():
                for old in keys:
                    self._discard(old.epoch, old.encoded())
        for epoch in [each for each in self._lineage if each not in plan.lineage]:
            self._unproven.extend(PartitionKey(epoch, slot).encoded() for slot in (0, 1))
        self._lineage = plan.lineage

    def proven(self) -> None:
        """The owner was still the owner after the last partition's row was confirmed."""
        self._garbage.extend(self._unproven)
        self._unproven = []
        self._proven = True

    def take_garbage(self, most: int) -> list[bytes]:
        """Keys to delete now, at most so many; those that could not be are given back."""
        return [self._garbage.popleft() for _ in range(min(most, len(self._garbage)))]

    def give_back(self, keys: Iterable[bytes]) -> None:
        """Delete these at another time."""
        self._garbage.extend(keys)

    def turn(self, epoch: Epoch, owner: str) -> None:
        """Go on as the owner of the next generation, without having been anything else between."""
        if epoch <= self.epoch or self.draft is not None:
            raise RuntimeError("an epoch that does not follow")
        self.epoch = epoch
        self.owner = owner

    # -- what drafts and recovery ask ------------------------------------------------------

    def next_place(self, brand: str) -> RowPlace:
        """Where a brand's next row goes."""
        place = self._places.get(brand)
        if place is None or place.epoch != self.epoch:
            return RowPlace(self.epoch, 0)
        return RowPlace(self.epoch, 1 - place.slot)

    def lineage_after(self, draft: Draft) -> dict[Epoch, int]:
        """The epochs of which something is left once this draft is committed."""
        live = dict(self._live)
        for brand in draft.places:
            place = self._places.get(brand)
            if place is not None:
                live[place.epoch] -= 1
        for bucket, brands in self._chunks.items():
            if bucket < draft.drop_before:
                for keys in brands.values():
                    for key in keys:
                        live[key.epoch] -= 1
        for bucket, brand in draft.replaced:
            if bucket >= draft.drop_before:
                for key in self._chunks.get(bucket, {}).get(brand, ()):
                    live[key.epoch] -= 1
        return {epoch: c for epoch, c in self._lineage.items() if live.get(epoch)}

    def _move(self, brand: str, place: RowPlace) -> None:
        before = self._places.get(brand)
        if before is not None:
            self._live[before.epoch] -= 1
            if before.epoch != place.epoch:
                for slot in (0, 1):
                    self._unproven.append(RowKey(brand, before.epoch, slot).encoded())
        self._places[brand] = place
        self._live[place.epoch] = self._live.get(place.epoch, 0) + 1

    def _keep(self, key: ChunkKey) -> None:
        self._chunks.setdefault(key.bucket, {}).setdefault(key.brand, []).append(key)
        self._live[key.epoch] = self._live.get(key.epoch, 0) + 1

    def _discard(self, epoch: Epoch, key: bytes) -> None:
        self._live[epoch] -= 1
        self._unproven.append(key)

    def restore(  # noqa: PLR0913, PLR0917  # all that recovery found
        self,
        c: int,
        folded: int,
        lineage: dict[Epoch, int],
        places: Mapping[str, RowPlace],
        chunks: Iterable[ChunkKey],
        garbage: Iterable[bytes],
    ) -> None:
        """Take over what recovery found; what is garbage goes after the first proof."""
        self.c = c
        self.folded = folded
        self._lineage = lineage
        for brand, place in places.items():
            self._move(brand, place)
        for key in chunks:
            self._keep(key)
        self._unproven.extend(garbage)


class _Found:
    """A partition's changelog, sorted by what its keys are."""

    def __init__(self, found: Mapping[bytes, bytes]) -> None:
        self.rows: dict[str, list[tuple[RowKey, bytes, bytes]]] = {}
        self.chunks: dict[tuple[str, int], list[tuple[ChunkKey, bytes, bytes]]] = {}
        self.partitions: list[tuple[PartitionKey, bytes, StoredPartition]] = []
        self.greatest = _FIRST
        for raw, value in found.items():
            key = decode_key(raw)
            self.greatest = max(self.greatest, key.epoch)
            if isinstance(key, RowKey):
                self.rows.setdefault(key.brand, []).append((key, raw, value))
            elif isinstance(key, ChunkKey):
                self.chunks.setdefault((key.brand, key.bucket), []).append((key, raw, value))
            else:
                self.partitions.append((key, raw, decode_partition(value)))

    def last(self) -> tuple[Epoch, StoredPartition] | None:
        """The partition's row of the greatest epoch, and of its two the later one."""
        if not self.partitions:
            return None
        key, _, stored = max(self.partitions, key=lambda each: (each[0].epoch, each[2].c))
        return key.epoch, stored


def recover(
    found: Mapping[bytes, bytes], generation: int, owner: str, attempt: int = 0
) -> Standing:
    """Read a partition's changelog: the last value of each key that was not deleted.

    `generation` and `owner` are those of who recovers, `attempt` grows each time it does so in one
    generation. Raises ChangelogError, NewerChangelogError. Work is proportional to the keys; the
    rows themselves are decoded by whoever walks through `Standing.rows`.
    """
    sorted_ = _Found(found)
    last = sorted_.last()
    stored = None if last is None else last[1]
    lineage = {} if stored is None else {each.epoch: each.c for each in stored.lineage}
    stranger = last is not None and last[0].generation == generation and last[1].owner != owner
    ledger = Ledger(next_epoch(sorted_.greatest, generation, attempt, stranger=stranger), owner)
    garbage = [raw for key, raw, _ in sorted_.partitions if key.epoch not in lineage]
    rows: dict[str, bytes] = {}
    places: dict[str, RowPlace] = {}
    for brand, versions in sorted_.rows.items():
        kept, dropped = _chosen_row(versions, lineage)
        garbage.extend(dropped)
        if kept is not None:
            rows[brand] = kept[1]
            places[brand] = RowPlace(kept[0].epoch, kept[0].slot)
    chunks: dict[str, list[tuple[ChunkKey, bytes]]] = {}
    for (brand, _), versions_of_bucket in sorted_.chunks.items():
        keep, drop = _chosen_chunks(versions_of_bucket, lineage)
        garbage.extend(drop)
        if keep:
            chunks.setdefault(brand, []).extend(keep)
        if keep and brand not in rows:
            raise ChangelogError(f"there are digests of brand {brand!r}, but no row")
    folded = NOTHING if stored is None else stored.folded
    ledger.restore(
        0 if stored is None else stored.c,
        folded,
        lineage,
        places,
        [key for keys in chunks.values() for key, _ in keys],
        garbage,
    )

    def decoded() -> Iterator[tuple[BrandRow, list[Chunk]]]:
        for brand in sorted(rows):
            row = decode_row(rows[brand])
            yield row, [Chunk(key.bucket, digests) for key, digests in chunks.get(brand, [])]

    return Standing(folded, None if stored is None else stored.row, decoded, len(rows), ledger)


def next_epoch(greatest: Epoch, generation: int, attempt: int, *, stranger: bool) -> Epoch:
    """An epoch greater than every one found.

    The group's numbers may have begun again: then a generation found is greater than ours, or
    equal to ours and a `stranger`'s.
    """
    if greatest == _FIRST:
        return Epoch(0, generation, attempt)
    epoch = Epoch(greatest.resets, generation, attempt)
    if epoch > greatest and not stranger:
        return epoch
    return Epoch(greatest.resets + 1, generation, attempt)


def _chosen_row(
    versions: list[tuple[RowKey, bytes, bytes]], lineage: Mapping[Epoch, int]
) -> tuple[tuple[RowKey, bytes] | None, list[bytes]]:
    """The row that counts, the latest of the valid ones, and the keys of the others."""
    best = -1
    kept: tuple[RowKey, bytes, bytes] | None = None
    for version in versions:
        c = checkpoint_of(version[2])
        if best < c <= lineage.get(version[0].epoch, -1):
            best, kept = c, version
    dropped = [version[1] for version in versions if version is not kept]
    return (None if kept is None else (kept[0], kept[2])), dropped


def _chosen_chunks(
    versions: list[tuple[ChunkKey, bytes, bytes]], lineage: Mapping[Epoch, int]
) -> tuple[list[tuple[ChunkKey, bytes]], list[bytes]]:
    """The chunks of a bucket that count, in the order written, and the keys of the others."""
    valid: list[tuple[ChunkKey, bytes, bytes, bool]] = []
    drop: list[bytes] = []
    for key, raw, value in sorted(versions, key=lambda each: (each[0].c, each[0].part)):
        if key.c > lineage.get(key.epoch, -1):
            drop.append(raw)
            continue
        stored = decode_chunk(value)
        valid.append((key, raw, stored.digests, stored.whole))
    whole = max((key.c for key, _, _, whole in valid if whole), default=-1)
    keep = []
    for key, raw, digests, is_whole in valid:
        if key.c < whole or (key.c == whole and not is_whole):
            drop.append(raw)
        else:
            keep.append((key, digests))
    return keep, drop
