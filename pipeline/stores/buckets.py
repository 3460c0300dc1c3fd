"""The bucket table: what pages, `why`, metrics, reports and exports read, and nothing else."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipeline.log.database import transaction, translated
from pipeline.stores.database import BrandNumbers, offset_of, open_database, set_offset
from pipeline.wire import BucketRecord, decode_signals, encode

HOUR = 60 * 60_000


class BucketTable:
    """Closed buckets in mentions.db, by brand and start.

    A bucket that is missing between two that are there is a known zero with nothing open.
    """

    def __init__(self, directory: Path, *, read_only: bool = False, durable: bool = True) -> None:
        self.path = directory / "mentions.db"
        self._db = open_database(directory, read_only=read_only, durable=durable)
        self._brands = BrandNumbers(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def offset(self) -> int:
        """Up to where the signals log has been read."""
        with translated(self.path):
            return offset_of(self._db, "signals")

    def take(self, records: Iterable[BucketRecord], offset: int) -> None:
        """Keep closed buckets and move the offset, in one transaction; a repeat is harmless."""
        number = self._brands.number
        try:
            with transaction(self._db, self.path):
                self._db.executemany(
                    "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)",
                    [
                        (number(each.brand), each.start, each.length, each.count, encode(each))
                        for each in records
                    ],
                )
                set_offset(self._db, "signals", offset)
        except BaseException:
            self._brands.forget()
            raise

    def brands(self) -> list[str]:
        """Every brand that has a bucket or a mention."""
        with translated(self.path):
            return [name for (name,) in self._db.execute("SELECT name FROM brands ORDER BY name")]

    def between(self, brand: str, start: int, end: int) -> list[BucketRecord]:
        """The buckets that start in `[start, end)`, in order."""
        with translated(self.path):
            number = self._brands.find(brand)
            if number is None:
                return []
            rows = self._db.execute(
                "SELECT body FROM buckets WHERE brand = ? AND start >= ? AND start < ? "
                "ORDER BY start",
                (number, start, end),
            ).fetchall()
        return [_bucket(body) for (body,) in rows]

    def at(self, brand: str, instant: int) -> BucketRecord | None:
        """The bucket (or run of unknown ones) that holds this instant, None where none was written."""
        with translated(self.path):
            number = self._brands.find(brand)
            if number is None:
                return None
            row = self._db.execute(
                "SELECT body FROM buckets WHERE brand = ? AND start <= ? "
                "ORDER BY start DESC LIMIT 1",
                (number, instant),
            ).fetchone()
        if row is None:
            return None
        found = _bucket(row[0])
        return found if instant < found.start + found.length * found.count else None

    def last_before(self, brand: str, instant: int) -> BucketRecord | None:
        """The last bucket written that starts at or before this instant."""
        with translated(self.path):
            number = self._brands.find(brand)
            if number is None:
                return None
            row = self._db.execute(
                "SELECT body FROM buckets WHERE brand = ? AND start <= ? "
                "ORDER BY start DESC LIMIT 1",
                (number, instant),
            ).fetchone()
        return _bucket(row[0]) if row else None


def _bucket(body: bytes) -> BucketRecord:
    record = decode_signals(body)
    if not isinstance(record, BucketRecord):
        raise msgspec.ValidationError("not a bucket")
    return record
