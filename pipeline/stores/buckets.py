"""The bucket table: what pages, `why`, metrics, reports and exports read, and nothing else."""

from collections.abc import Iterable, Iterator

import msgspec

from detectors.observation import BucketState, Observation
from detectors.reading import Reading
from pipeline.stores.database import LogReader
from pipeline.stores.feeds import SIGNALS
from pipeline.wire import (
    BucketRecord,
    decode_signals,
    encode,
    pack_usual,
    unpack_reading,
    unpack_usual,
)

HOUR = 60 * 60_000
MOST_GATHERED = 50_000
"""Minutes gathered in one call, each brand's in a transaction of their own."""


class Figures(msgspec.Struct, frozen=True, array_like=True, tag="bucket", gc=False):
    """A bucket's record read for its sums alone: cheap enough for tens of thousands at once.

    `readings` are left packed (see `readings_of`), `observation` and `usual` are those of
    BucketRecord.
    """

    version: int
    brand: str
    start: int
    length: int
    count: int
    state: BucketState
    observation: "Sums"
    readings: msgspec.Raw
    usual: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """The first instant after the bucket (or after the whole run)."""
        return self.start + self.length * self.count


class Sums(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The integers of an Observation, in its order; what it counts by name is left unread."""

    mentions: int = 0
    unique: int = 0
    voices: int = 0
    negative: int = 0
    negative_unique: int = 0
    negative_voices: int = 0
    scored_voices: int = 0
    unscored: int = 0
    own: int = 0
    delayed: int = 0
    reach: int = 0


class Observed(msgspec.Struct, frozen=True, array_like=True, tag="bucket", gc=False):
    """A bucket's record read for its observation alone: readings and usual are left unread."""

    version: int
    brand: str
    start: int
    length: int
    count: int
    state: BucketState
    observation: Observation


class BucketTable(LogReader):
    """Closed buckets in mentions.db, by brand and start.

    A bucket that is missing between two that are there is a known zero with nothing open.
    """

    LOG = SIGNALS

    def take(
        self,
        records: Iterable[BucketRecord],
        offset: int,
        *,
        partition: int = 0,
        origin: int = -1,
        time: int | None = None,
    ) -> int:
        """Keep closed buckets, the last record read at `offset`; return how many were taken.

        One transaction. A bucket said again takes the place of the first; nothing is taken where
        nothing lies behind the offset reached. `time` is the last that passed in the partition.
        """
        records = list(records)
        with self._applying(partition, offset, origin, time) as before:
            if offset <= before.offset:
                return 0
            self._brands.number_all({each.brand for each in records})
            number = self._brands.number
            self._db.executemany(
                "INSERT INTO buckets (brand, start, length, count, body) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (brand, start) DO UPDATE SET length = excluded.length, "
                "count = excluded.count, body = excluded.body",
                [
                    (number(each.brand), each.start, each.length, each.count, encode(each))
                    for each in records
                ],
            )
        return len(records)

    def between(self, brand: str, start: int, end: int) -> list[BucketRecord]:
        """The buckets that start in `[start, end)`, in order."""
        return [_bucket(body) for body in self._bodies(brand, start, end)]

    def figures(self, brand: str, start: int, end: int) -> list[Figures]:
        """The same buckets as `between`, read for their sums alone."""
        return [_figures(body) for body in self._bodies(brand, start, end)]

    def observed(self, brand: str, start: int, end: int) -> Iterator[Observation]:
        """The observations of the same buckets; unknown ones are left out."""
        for body in self._bodies(brand, start, end):
            each = _observed(body)
            if each.state is not BucketState.UNKNOWN:
                yield each.observation

    def _bodies(self, brand: str, start: int, end: int) -> list[bytes]:
        with self._db.told():
            number = self._brands.find(brand)
            if number is None:
                return []
            rows = self._db.execute(
                "SELECT body FROM buckets WHERE brand = ? AND start >= ? AND start < ? "
                "ORDER BY start",
                (number, start, end),
            ).fetchall()
        return [body for (body,) in rows]

    def figures_before(self, brand: str, instant: int) -> Figures | None:
        """The last bucket written that starts before this instant, read for its sums alone."""
        with self._db.told():
            number = self._brands.find(brand)
            if number is None:
                return None
            row = self._db.execute(
                "SELECT body FROM buckets WHERE brand = ? AND start < ? "
                "ORDER BY start DESC LIMIT 1",
                (number, instant),
            ).fetchone()
        return _figures(row[0]) if row else None

    def at(self, brand: str, instant: int) -> BucketRecord | None:
        """The bucket (or unknown run) that holds this instant, None where none was written."""
        found = self.last_before(brand, instant)
        if found is None or instant >= found.start + found.length * found.count:
            return None
        return found

    def last_before(self, brand: str, instant: int) -> BucketRecord | None:
        """The last bucket written that starts at or before this instant."""
        with self._db.told():
            number = self._brands.find(brand)
            if number is None:
                return None
            row = self._db.execute(
                "SELECT body FROM buckets WHERE brand = ? AND start <= ? "
                "ORDER BY start DESC LIMIT 1",
                (number, instant),
            ).fetchone()
        return _bucket(row[0]) if row else None

    def gather_before(self, instant: int) -> int:
        """Gather buckets that ended before this into hours; return how many minutes that took.

        An hour's record holds the sums; its readings are dropped. Spans of unknown stay as they
        are; where one begins with the hour, the hour's record begins with the first known minute.
        """
        before = instant - instant % HOUR
        with self._db.told():
            brands = self._db.execute("SELECT id FROM brands ORDER BY id").fetchall()
        total = 0
        for (brand,) in brands:
            with self._db.told():
                bodies = self._minutes_before(brand, before, MOST_GATHERED - total)
            if bodies:
                with self._db.transaction():
                    total += self._gather(brand, map(_bucket, bodies))
            if total >= MOST_GATHERED:
                break
        return total

    def _minutes_before(self, brand: int, instant: int, limit: int) -> list[bytes]:
        rows = self._db.execute(
            "SELECT body FROM buckets WHERE brand = ? AND start < ? AND start + length <= ? "
            "AND length < ? AND count = 1 ORDER BY start LIMIT ?",
            (brand, instant, instant, HOUR, limit),
        ).fetchall()
        return [body for (body,) in rows]

    def _gather(self, brand: int, records: Iterable[BucketRecord]) -> int:
        hours: dict[int, list[BucketRecord]] = {}
        for record in records:
            if record.state is not BucketState.UNKNOWN:
                hours.setdefault(record.start - record.start % HOUR, []).append(record)
        for start, minutes in hours.items():
            self._db.executemany(
                "DELETE FROM buckets WHERE brand = ? AND start = ?",
                [(brand, record.start) for record in minutes],
            )
            taken = self._db.execute(
                "SELECT 1 FROM buckets WHERE brand = ? AND start = ?", (brand, start)
            ).fetchone()
            hour = _gathered(minutes[0].start if taken else start, start + HOUR, minutes)
            self._db.execute(
                "INSERT INTO buckets VALUES (?, ?, ?, 1, ?)",
                (brand, hour.start, hour.length, encode(hour)),
            )
        return sum(map(len, hours.values()))


def _gathered(start: int, end: int, records: list[BucketRecord]) -> BucketRecord:
    first = records[0]
    blind = any(record.state is BucketState.BLIND for record in records)
    sums: dict[str, object] = {}
    for name in first.observation.__struct_fields__:
        values = [getattr(record.observation, name) for record in records]
        if isinstance(values[0], dict):
            merged: dict[str, int] = {}
            for value in values:
                for key, count in value.items():
                    merged[key] = merged.get(key, 0) + count
            sums[name] = merged
        else:
            sums[name] = sum(values)
    return BucketRecord(
        first.version,
        first.brand,
        start,
        end - start,
        1,
        BucketState.BLIND if blind else BucketState.KNOWN,
        Observation(**sums),  # type: ignore[arg-type]  # each field's own kind of sum
        [],
        _usual_of_all(records, end - start),
    )


def _usual_of_all(records: list[BucketRecord], length: int) -> tuple[int, ...]:
    """The last one's, its expected counts for the whole span: a bucket left out was usual, too."""
    known = [each for each in records if (usual := unpack_usual(each.usual)) and usual.learnt]
    if not known:
        return ()
    usuals = [usual for each in known if (usual := unpack_usual(each.usual))]
    time = sum(each.length for each in known)
    return pack_usual(
        msgspec.structs.replace(
            usuals[-1],
            voices=sum(each.voices for each in usuals) * length / time,
            negatives=sum(each.negatives for each in usuals) * length / time,
        )
    )


_figures = msgspec.msgpack.Decoder(Figures).decode
_observed = msgspec.msgpack.Decoder(Observed).decode


def readings_of(figures: Figures) -> list[Reading]:
    """The readings of a bucket read for its sums; none in an hour's record."""
    packed = msgspec.msgpack.decode(figures.readings, type=list[tuple[int, ...]])
    return [unpack_reading(each) for each in packed]


def _bucket(body: bytes) -> BucketRecord:
    record = decode_signals(body)
    if not isinstance(record, BucketRecord):
        raise msgspec.ValidationError("not a bucket")
    return record
