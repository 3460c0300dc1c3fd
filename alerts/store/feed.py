"""How far the signals log was applied."""

import sqlalchemy as sa

from alerts.store.rows import FeedPosition
from alerts.store.schema import applied_signals, feed_offsets
from detectors.signal import Signal


def position(connection: sa.Connection, partition: int) -> FeedPosition:
    """Return the offset last applied (-1: none) and the last time passed."""
    row = connection.execute(
        sa.select(feed_offsets).where(feed_offsets.c.partition == partition)
    ).first()
    return FeedPosition() if row is None else FeedPosition(row.offset, row.time, row.told_until)


_advance = (
    feed_offsets.update()
    .where(feed_offsets.c.partition == sa.bindparam("of_partition"))
    .values(
        offset=sa.bindparam("offset"),
        time=sa.bindparam("time"),
        told_until=sa.bindparam("told_until"),
    )
)


def advance(connection: sa.Connection, partition: int, reached: FeedPosition) -> None:
    """Write how far one has got."""
    values = {
        "offset": reached.offset,
        "time": reached.time,
        "told_until": reached.told_until,
    }
    changed = connection.execute(_advance, values | {"of_partition": partition})
    if not changed.rowcount:
        connection.execute(feed_offsets.insert().values(partition=partition, **values))


def last_time(connection: sa.Connection) -> int | None:
    """Return the greatest time any partition has told."""
    found: int | None = connection.execute(sa.select(sa.func.max(feed_offsets.c.time))).scalar()
    return found


_applied = sa.select(applied_signals).where(
    applied_signals.c.brand == sa.bindparam("of_brand"),
    applied_signals.c.rule == sa.bindparam("of_rule"),
)
_apply_first = applied_signals.insert()
_apply_next = (
    applied_signals.update()
    .where(
        applied_signals.c.brand == sa.bindparam("of_brand"),
        applied_signals.c.rule == sa.bindparam("of_rule"),
    )
    .values(surge=sa.bindparam("to_surge"), seq=sa.bindparam("to_seq"))
)


def mark(connection: sa.Connection, signal: Signal) -> bool:
    """Remember a signal as applied; False when it, or a later one, already was."""
    of = {"of_brand": signal.brand, "of_rule": str(signal.rule)}
    row = connection.execute(_applied, of).first()
    if row is None:
        connection.execute(
            _apply_first,
            {
                "brand": signal.brand,
                "rule": str(signal.rule),
                "surge": signal.surge,
                "seq": signal.seq,
            },
        )
        return True
    if (signal.surge, signal.seq) <= (row.surge, row.seq):
        return False
    connection.execute(_apply_next, of | {"to_surge": signal.surge, "to_seq": signal.seq})
    return True
