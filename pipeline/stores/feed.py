"""The signals log as the people's side reads it: signals and time, buckets left out."""

from alerts.feed import FeedRecord, TimePassed
from pipeline.log import SqliteLog
from pipeline.log.sqlite import SIGNAL, TIME
from pipeline.wire import SignalRecord, TimeRecord, decode_signals


class LogFeed:
    """One log's signals and times, in order; implements alerts.feed.SignalFeed."""

    def __init__(self, log: SqliteLog) -> None:
        self._log = log

    def read(self, after: int, limit: int) -> list[tuple[int, FeedRecord]]:
        """At most `limit` records behind an offset."""
        records: list[tuple[int, FeedRecord]] = []
        for offset, body in self._log.signals(after, limit, (SIGNAL, TIME)):
            match decode_signals(body):
                case SignalRecord(signal=signal):
                    records.append((offset, signal))
                case TimeRecord(time=time):
                    records.append((offset, TimePassed(time)))
        return records
