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


def advance(connection: sa.Connection, partition: int, reached: FeedPosition) -> None:
    """Write how far one has got."""
    values = {
        "offset": reached.offset,
        "time": reached.time,
        "told_until": reached.told_until,
    }
    changed = connection.execute(
        feed_offsets.update().where(feed_offsets.c.partition == partition).values(**values)
    )
    if not changed.rowcount:
        connection.execute(feed_offsets.insert().values(partition=partition, **values))


def last_time(connection: sa.Connection) -> int | None:
    """Return the greatest time any partition has told."""
    found: int | None = connection.execute(sa.select(sa.func.max(feed_offsets.c.time))).scalar()
    return found


def mark(connection: sa.Connection, signal: Signal) -> bool:
    """Remember a signal as applied; False when it, or a later one, already was."""
    where = (applied_signals.c.brand == signal.brand) & (applied_signals.c.rule == str(signal.rule))
    row = connection.execute(sa.select(applied_signals).where(where)).first()
    if row is not None and (signal.surge, signal.seq) <= (row.surge, row.seq):
        return False
    values = {"surge": signal.surge, "seq": signal.seq}
    if row is None:
        connection.execute(
            applied_signals.insert().values(brand=signal.brand, rule=str(signal.rule), **values)
        )
    else:
        connection.execute(applied_signals.update().where(where).values(**values))
    return True
