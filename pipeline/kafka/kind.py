"""What moves time in the topics, told by the ticks at their ends."""

from typing import Final

from pipeline.errors import LogMismatch
from pipeline.kafka.connection import Connection
from pipeline.kafka.looking import Bounds, Looker
from pipeline.kafka.topics import Topics
from pipeline.log.kind import LogKind
from pipeline.wire import Tick, WireError, decode_mentions

_LOOKS: Final = (256, 8_192)
"""Records before a partition's end in which a tick is looked for."""


class KindCheck:
    """Makes sure that the mentions topic is of the kind of time wanted; asks until it knows."""

    def __init__(self, connection: Connection, topics: Topics, wanted: LogKind) -> None:
        self._connection = connection
        self._topic = topics.mentions
        self._wanted = wanted
        self._known = False

    def __call__(self) -> None:
        """Raise LogMismatch where the mentions were written with the other kind of time."""
        if self._known:
            return
        found = self._found()
        if found is None:
            return
        if found is not self._wanted:
            moves = "the mentions' own" if found is LogKind.EVENT else "the wall clock"
            raise LogMismatch(
                f"the topic {self._topic} is a log of the other kind: its time is {moves}. Set "
                f'kafka.time = "{found}" (or --time {found}), or name another kafka.prefix'
            )
        self._known = True

    def _found(self) -> LogKind | None:
        """Look at the last tick of a partition; None where nobody has ticked yet."""
        with Looker(self._connection) as looker:
            for look in _LOOKS:
                for partition, bounds in looker.bounds(self._topic).items():
                    span = Bounds(max(bounds.begin, bounds.end - look), bounds.end)
                    for kept in looker.records(self._topic, {partition: span}):
                        try:
                            record = decode_mentions(kept.value or b"")
                        except WireError:
                            continue
                        if isinstance(record, Tick):
                            return LogKind.EVENT if record.event_time else LogKind.CLOCK
        return None
