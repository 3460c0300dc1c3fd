"""How many mentions a directory's log holds, counted beside or without its engine."""

from pathlib import Path

import msgspec

from pipeline.log import SqliteLog
from pipeline.status import sums_of
from pipeline.wire import Tick, WireError, decode_mentions


class Counts(msgspec.Struct, frozen=True):
    """Of one log: `counted` different mentions folded, `waiting` appended and not yet folded.

    `time` is up to where it has heard the world, in ms.
    """

    counted: int
    waiting: int
    time: int | None


def read_counts(directory: Path) -> Counts:
    """Count from disk alone; raises PipelineError where the log cannot be read."""
    log = SqliteLog.read(directory)
    try:
        rows = log.fold_rows()
        counted = sums_of({row.brand: row.totals for row, _ in rows.brands}).distinct if rows else 0
        time = rows.partition.time if rows and rows.partition else None
        waiting = 0
        for _, body in log.records(rows.folded if rows else 0, 100_000):
            try:
                record = decode_mentions(body)
            except WireError:
                continue
            if isinstance(record, Tick):
                time = max(time or 0, record.time)
            else:
                waiting += sum(entry.first and not entry.own for entry in record.entries)
        return Counts(counted, waiting, time)
    finally:
        log.close()
