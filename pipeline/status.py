"""What the log and the stores say of the whole, read beside a running engine or without one."""

from pathlib import Path

import msgspec

from pipeline.folding.brand import Totals
from pipeline.log import FoldRows, SqliteLog


class BrandCounts(msgspec.Struct, frozen=True):
    """One brand's sums since the log began; `negative` of all mentions."""

    mentions: int
    unique: int
    voices: int
    negative: int
    own: int


class LogOffsets(msgspec.Struct, frozen=True):
    """How far the log reaches and how far it is folded."""

    end_offset: int
    folded_offset: int


class Status(msgspec.Struct, frozen=True):
    """The whole in numbers; `time` is how far detection is (ms), None before the first tick."""

    log: LogOffsets
    brands: dict[str, BrandCounts]
    late: int
    rejected: int
    incidents_open: int
    time: int | None = None


class Sums(msgspec.Struct, frozen=True):
    """What a fold counted, over all brands and by brand."""

    brands: dict[str, BrandCounts]
    distinct: int
    late: int
    unscored: int
    repeated: int


def sums_of(totals: dict[str, Totals]) -> Sums:
    """Put brands' totals together; a mention of several brands counts once in `distinct`."""
    return Sums(
        {
            name: BrandCounts(each.mentions, each.unique, each.voices, each.negative, each.own)
            for name, each in sorted(totals.items())
        },
        sum(each.distinct for each in totals.values()),
        sum(each.late for each in totals.values()),
        sum(each.unscored for each in totals.values()),
        sum(each.repeated for each in totals.values()),
    )


def read_status(directory: Path, incidents_open: int) -> Status:
    """Read a data directory's status; LogUnavailable when there is no log in it."""
    log = SqliteLog.read(directory)
    try:
        rows = log.fold_rows() or FoldRows(0, None, [])
        sums = sums_of({row.brand: row.totals for row, _ in rows.brands})
        return Status(
            LogOffsets(log.end_offset, rows.folded),
            sums.brands,
            sums.late,
            sum(log.rejections.by_reason().values()),
            incidents_open,
            rows.partition.time if rows.partition else None,
        )
    finally:
        log.close()
