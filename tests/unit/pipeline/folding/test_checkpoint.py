"""Checkpoints under owners that are killed, stopped, woken and replaced at any point."""

import random
from array import array
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.settings import Detection
from pipeline.folding.brand import ROW_VERSION, BrandFold, BrandRow, Totals
from pipeline.folding.changelog import (
    CHANGELOG_VERSION,
    ChangelogError,
    ChunkKey,
    Epoch,
    NewerChangelogError,
    PartitionKey,
    RowKey,
    decode_chunk,
    decode_key,
    decode_partition,
    decode_row,
    encode_chunk,
    encode_row,
)
from pipeline.folding.checkpoint import NOTHING, PART, Ledger, Standing, recover
from pipeline.folding.listening import ListeningState
from pipeline.folding.records import PARTITION_ROW_VERSION, PartitionRow
from pipeline.folding.windows import Chunk
from pipeline.wire import encode

MINUTE = 60_000
BRANDS = ("Acme", "b|2", "Ünïcode | and more")
PER_BUCKET = 12
KEPT_BUCKETS = 3
BLANK = BrandFold("", "UTC", Detection(), 0).row()
PARTITION = PartitionRow(PARTITION_ROW_VERSION, None, None, None, {}, [], ListeningState())


def row_of(brand: str, mentions: int) -> BrandRow:
    return msgspec.structs.replace(BLANK, brand=brand, totals=Totals(mentions))


# -- the model: record i concerns brand i % 3, its digest is i, its bucket i // 12 -------------


def bucket_of(record: int) -> int:
    return record // PER_BUCKET * MINUTE


def keeps_from(folded: int) -> int:
    return max(0, bucket_of(max(folded, 0)) - (KEPT_BUCKETS - 1) * MINUTE)


def oracle(folded: int) -> tuple[dict[str, int], dict[tuple[str, int], list[int]]]:
    """Each brand's count and digests still needed after folding up to a record."""
    counts: dict[str, int] = {}
    digests: dict[tuple[str, int], list[int]] = {}
    for record in range(folded + 1):
        brand = BRANDS[record % len(BRANDS)]
        counts[brand] = counts.get(brand, 0) + 1
        if bucket_of(record) >= keeps_from(folded):
            digests.setdefault((brand, bucket_of(record)), []).append(record)
    return counts, digests


def state_of(standing: Standing) -> tuple[dict[str, int], dict[tuple[str, int], list[int]]]:
    counts: dict[str, int] = {}
    digests: dict[tuple[str, int], list[int]] = {}
    for row, chunks in standing.rows():
        counts[row.brand] = row.totals.mentions
        for chunk in chunks:
            found = array("Q")
            found.frombytes(chunk.digests)
            if chunk.bucket >= keeps_from(standing.folded):  # older ones the fold forgets itself
                digests.setdefault((row.brand, chunk.bucket), []).extend(found)
    return counts, digests


class World:
    """The changelog as the broker has it, the group, and what was said and acknowledged."""

    def __init__(self) -> None:
        self.log: list[tuple[bytes, bytes | None]] = []
        self.owner: object = None
        self.acknowledged = NOTHING
        self.said: set[int] = set()

    def land(self, key: bytes, value: bytes | None) -> None:
        self.log.append((key, value))

    def latest(self, end: int | None = None) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for key, value in self.log[:end]:
            if value is None:
                found.pop(key, None)
            else:
                found[key] = value
        return found

    def read(self, end: int, missed: Callable[[bytes], bool]) -> dict[bytes, bytes]:
        """What a reader up to `end` finds who is overtaken: a key written since may be missing."""
        found = self.latest(end)
        for key, value in self.log[end:]:
            if value is not None and key in found and missed(key):
                del found[key]
        return found

    def check(self) -> None:
        """Whoever came now would find a state that is whole, and not behind what was promised."""
        standing = recover(self.latest(), 1 << 30, "nobody")
        assert state_of(standing) == oracle(standing.folded)
        assert standing.folded >= self.acknowledged
        assert self.said >= set(range(standing.folded + 1))


class Owner:
    """One owner, a step at a time; `steps` ends when it knows that it is one no more."""

    def __init__(
        self, world: World, generation: int, name: str, draw: Callable[[int], int], attempt: int = 0
    ) -> None:
        self.world = world
        self.generation = generation
        self.name = name
        self.attempt = attempt
        self.draw = draw
        self.next_generation: int | None = None
        self.steps = self._steps()

    def is_owner(self) -> bool:
        return self.world.owner is self

    def _steps(self) -> Iterator[None]:
        end = len(self.world.log)
        yield
        found = self.world.read(end, lambda _: self.draw(2) == 1)
        if not self.is_owner():  # asked after reading: what was found is of owners before us
            return
        yield
        standing = recover(found, self.generation, self.name, self.attempt)
        counts, digests = state_of(standing)
        assert (counts, digests) == oracle(standing.folded)
        at, ledger = standing.folded, standing.ledger
        while True:
            if self.next_generation is not None:
                generation, self.next_generation = self.next_generation, None
                self.generation = generation
                ledger.turn(Epoch(ledger.epoch.resets, generation, 0), self.name)
            first, at = at + 1, at + 1 + self.draw(5)
            yield from self._checkpoint(ledger, range(first, at + 1))
            if not self.is_owner():
                return
            ledger.proven()
            yield
            self.world.acknowledged = max(self.world.acknowledged, at)
            for key in ledger.take_garbage(self.draw(6)):
                self.world.land(key, None)
                yield

    def _checkpoint(self, ledger: Ledger, records: range) -> Iterator[None]:
        world, at = self.world, records[-1]
        counts, digests = oracle(at)
        draft = ledger.begin()
        fresh: dict[tuple[str, int], list[int]] = {}
        for record in records:
            key = (BRANDS[record % len(BRANDS)], bucket_of(record))
            fresh.setdefault(key, []).append(record)
        for brand, bucket in ledger.worth_merging(bucket_of(at)):
            if (brand, bucket) in digests:
                whole = array("Q", digests[brand, bucket]).tobytes()
                draft.whole(brand, Chunk(bucket, whole))
        for brand in sorted({brand for brand, _ in fresh}):
            draft.row(row_of(brand, counts[brand]))
        for (brand, bucket), new in fresh.items():
            draft.chunk(brand, Chunk(bucket, array("Q", new).tobytes()))
        plan = draft.finish(at, PARTITION, keeps_from(at))
        yield
        world.said.update(records)
        yield
        for place, value in plan.rows:
            world.land(place, value)
            yield
        world.land(*plan.last)
        yield
        ledger.committed(plan)


ACTIONS = ("step", "step", "step", "rush", "rush", "kill", "replace", "follow", "reset", "anew")


def play(draw: Callable[[int], int]) -> None:
    """One history: each step and each choice is drawn."""
    world = World()
    generation, made = 1, 0
    current = Owner(world, generation, "m0", draw)
    world.owner = current
    living = [current]
    for _ in range(10 + draw(50)):
        action = ACTIONS[draw(len(ACTIONS))]
        if action in {"replace", "reset", "anew"} or not living:
            made += 1
            if action == "reset":
                living.clear()  # the broker forgets a group only when it was empty for a week
                generation = 1 + draw(3)
                current = Owner(world, generation, f"m{made}", draw)
            elif action == "anew" and current in living:
                # the same process takes its state up anew; what it had sent may land later
                current = Owner(world, generation, current.name, draw, current.attempt + 1)
            else:
                generation += 1
                current = Owner(world, generation, f"m{made}", draw)
            world.owner = current
            living.append(current)
        elif action == "follow" and current in living:
            generation += 1
            current.next_generation = generation
        elif action == "kill":
            living.pop(draw(len(living)))
            continue
        owner = living[draw(len(living))]
        for _ in range(1 if action == "step" else 1 + draw(40)):
            landed = len(world.log)
            try:
                next(owner.steps)
            except StopIteration:
                living.remove(owner)
                break
            if len(world.log) > landed:
                world.check()


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whoever_comes_finds_a_whole_state_whatever_the_owners_before_do(
    data: st.DataObject,
) -> None:
    play(lambda below: data.draw(st.integers(0, below - 1)))


@pytest.mark.parametrize("seed", range(12))
def test_so_it_is_in_longer_histories_by_chance(seed: int) -> None:
    chance = random.Random(seed)
    play(chance.randrange)


def test_an_owner_alone_leaves_little_behind() -> None:
    """Rows are written over, small chunks merged, old ones deleted, older epochs forgotten."""
    world = World()
    for generation in range(1, 6):
        owner = Owner(world, generation, f"m{generation}", lambda below: below - 1)
        world.owner = owner
        for _ in range(400):
            next(owner.steps)
        world.check()
    found = world.latest()
    standing = recover(found, 9, "m9")
    assert len(standing.ledger.lineage) <= 2
    assert len(found) <= 60, sorted(found)


# -- the parts ---------------------------------------------------------------------------------


def test_nothing_is_recovered_from_nothing() -> None:
    standing = recover({}, 4, "m")
    assert (standing.folded, standing.partition, list(standing.rows())) == (NOTHING, None, [])
    assert standing.ledger.epoch == Epoch(0, 4, 0)


@given(st.text(), st.integers(0, 9), st.integers(0, 1 << 40))
def test_keys_are_read_back(brand: str, small: int, large: int) -> None:
    epoch = Epoch(small, large, small)
    for key in (
        RowKey(brand, epoch, 1),
        ChunkKey(brand, epoch, large, large, small),
        PartitionKey(epoch, 0),
    ):
        assert decode_key(key.encoded()) == key


@pytest.mark.parametrize("raw", [b"", b"x|1", b"b|1.2|0|A", b"p|1.2.3", b"\xff", b"c|1.1.1|2|3|A"])
def test_a_key_of_another_program_is_refused(raw: bytes) -> None:
    with pytest.raises(ChangelogError, match="not a key"):
        decode_key(raw)


def test_rows_of_a_newer_version_are_refused_with_what_to_do() -> None:
    newer_inside = msgspec.structs.replace(BLANK, version=ROW_VERSION + 1)
    changed = [CHANGELOG_VERSION, 3, [ROW_VERSION + 1, "no more a name", {"another": "shape"}]]
    for raw in (
        encode_row(3, newer_inside),
        encode(changed),
        encode([CHANGELOG_VERSION + 1, "all", "new"]),
    ):
        with pytest.raises(NewerChangelogError, match="upgrade this worker"):
            decode_row(raw)
    with pytest.raises(NewerChangelogError, match="upgrade"):
        decode_chunk(encode([CHANGELOG_VERSION + 1, True, b""]))
    with pytest.raises(NewerChangelogError, match="upgrade"):
        decode_partition(encode([CHANGELOG_VERSION, 1, 2, "m", [PARTITION_ROW_VERSION + 1]]))
    with pytest.raises(ChangelogError, match="damaged"):
        decode_row(b"\x93nonsense")


def test_a_row_of_an_older_version_with_fewer_fields_is_read() -> None:
    older = encode([0, 7, [0, *msgspec.to_builtins(BLANK)[1:]]])
    assert decode_row(older).brand == BLANK.brand


def test_digests_of_a_very_busy_brand_are_parted_and_put_together_again() -> None:
    ledger = Ledger(Epoch(0, 1, 0), "m")
    draft = ledger.begin()
    digests = bytes(range(256)) * (PART // 128) + b"last8888"
    draft.row(row_of("Acme", 1))
    draft.chunk("Acme", Chunk(MINUTE, digests))
    plan = draft.finish(0, PARTITION, 0)
    ((_, chunks),) = recover(dict([*plan.rows, plan.last]), 2, "n").rows()
    assert len(chunks) == 3
    assert b"".join(chunk.digests for chunk in chunks) == digests


def test_the_next_checkpoint_waits_for_the_proof_of_the_last() -> None:
    ledger = Ledger(Epoch(0, 1, 0), "m")
    draft = ledger.begin()
    draft.row(row_of("Acme", 1))
    ledger.committed(draft.finish(0, PARTITION, 0))
    assert not ledger.ready
    with pytest.raises(RuntimeError, match="proven"):
        ledger.begin()
    ledger.proven()
    assert ledger.ready


def test_a_reader_overtaken_by_a_stopped_owner_and_by_compaction_misses_no_row() -> None:
    """Of a key written since the reading began the old value may be gone: the other slot counts."""
    world = World()
    owner = Owner(world, 1, "m0", lambda _: 0)
    world.owner = owner
    while world.acknowledged < 2:
        next(owner.steps)
    end, commits = len(world.log), 0
    while not commits:  # it is stopped no longer, and ends the checkpoint it was at
        next(owner.steps)
        commits = sum(key[:1] == b"p" for key, _ in world.log[end:])
    overtaken = world.read(end, lambda _: True)
    assert overtaken != world.latest(end)
    standing = recover(overtaken, 2, "m1")
    assert standing.folded == 2
    assert state_of(standing) == oracle(2)


def test_digests_without_a_row_are_damage() -> None:
    ledger = Ledger(Epoch(0, 1, 0), "m")
    plan = ledger.begin().finish(0, PARTITION, 0)
    key = ChunkKey("Acme", Epoch(0, 1, 0), 0, 1).encoded()
    with pytest.raises(ChangelogError, match="no row"):
        recover(dict([plan.last, (key, encode_chunk(b"", whole=False))]), 2, "n")
