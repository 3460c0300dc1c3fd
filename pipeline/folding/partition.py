"""How far time is in one partition: writers, their ticks, and the spans nobody ticked through."""

import msgspec

WRITER_LAG = 60_000
"""A writer's tick this far behind the greatest no longer holds time back."""
TICK_GAP = 60_000
"""In a clock log, a longer silence of all writers leaves the span between unknown."""
EVENT_GAP = 24 * 60 * 60_000
"""In an event log, a longer gap over all brands is unknown, a shorter one is zero."""


class Writer(msgspec.Struct, array_like=True):
    """The last tick of one writer."""

    time: int
    catching_up: bool = False
    retired: bool = False


class Span(msgspec.Struct, frozen=True, array_like=True):
    """`[start, end)` in which nothing is known."""

    start: int
    end: int


class PartitionTime:
    """The time of a partition: the least of its writers' last ticks.

    Guarantees: time never goes back; a writer that is catching up or retired, or whose tick is
    more than 60 s behind the greatest, does not hold it; `tick` returns the unknown span that this
    tick revealed, if any. In a clock log a span is unknown when no tick fell into it for more than
    60 s; in an event log when the gap is longer than 24 h.
    """

    __slots__ = ("event_mode", "greatest", "time", "writers")

    def __init__(
        self,
        *,
        event_mode: bool,
        time: int | None = None,
        greatest: int | None = None,
        writers: dict[str, Writer] | None = None,
    ) -> None:
        self.event_mode = event_mode
        self.time = time
        self.greatest = greatest
        self.writers = writers if writers is not None else {}

    def tick(
        self, writer: str, time: int, *, catching_up: bool = False, retired: bool = False
    ) -> Span | None:
        """Take one writer's tick; return the span it revealed as unknown."""
        known = self.writers.get(writer)
        if known is None:
            self.writers[writer] = Writer(time, catching_up, retired)
        else:
            known.time = max(known.time, time)
            known.catching_up = catching_up
            known.retired = retired
        if catching_up:
            return None
        gap = EVENT_GAP if self.event_mode else TICK_GAP
        unknown = None
        if self.greatest is not None and time - self.greatest > gap:
            unknown = Span(self.greatest, time)
        if self.greatest is None or time > self.greatest:
            self.greatest = time
        holding = [
            each.time
            for each in self.writers.values()
            if not each.retired and not each.catching_up and each.time >= self.greatest - WRITER_LAG
        ]
        least = min(holding, default=self.greatest)
        if self.time is None or least > self.time:
            self.time = least
        for name in [name for name, each in self.writers.items() if each.retired]:
            del self.writers[name]
        return unknown
