"""When to tick, and with which time, whatever the wall clock does.

A log's time never goes back, and what it was once told of the future it keeps. So a wall clock that
leaps is not believed at once, and one that falls back is waited for.
"""

LEAP = 5 * 60_000
"""Milliseconds the wall clock may gain on the stopwatch before it is called a leap."""
BELIEVED_AFTER = 60_000
"""A leap that has stood for so long is believed: the machine slept, or its clock was set."""
STANDS_BEYOND = 50 * 60_000
"""A log further ahead stands still: what came now would be too late to count anyway."""
SLOWED = 0.9
"""The pace at which a log that is ahead lets the wall clock catch up."""
TOLD_BEYOND = 60_000
"""How far ahead of the wall clock the log may be before somebody should know."""


class Pacemaker:
    """Gives the times of ticks from a wall clock (ms) and a stopwatch (s) that never jumps.

    Guarantees: times never fall; a leap of more than five minutes counts once it has stood for a
    minute, and until then time goes on by the stopwatch; a log ahead of the wall clock goes on at
    nine tenths of its pace, and stands while it is more than 50 minutes ahead.
    """

    def __init__(self, every: int, last: int | None) -> None:
        self._every = every / 1000
        self._last = last
        self._beat: float | None = None
        self._leapt_at: float | None = None
        self.ahead = 0
        """Milliseconds the log was ahead of the wall clock at the last tick."""

    def rest(self, watch: float) -> float:
        """Seconds until the next tick is due; 0 when it is."""
        if self._beat is None:
            return 0.0
        return max(0.0, self._beat + self._every - watch)

    def tick(self, now: int, watch: float) -> int:
        """The time of a tick at this moment."""
        gone = 0 if self._beat is None else round((watch - self._beat) * 1000)
        first = self._beat is None
        self._beat = watch
        if self._last is None:
            self._last = now
        elif now < self._last:
            self._leapt_at = None
            if self._last - now <= STANDS_BEYOND:
                self._last += round(gone * SLOWED)
        elif first or now - (self._last + gone) <= LEAP or self._stood(watch):
            self._leapt_at = None
            self._last = now
        else:
            self._last += gone
        self.ahead = max(0, self._last - now)
        return self._last

    @property
    def is_wrong(self) -> bool:
        """Whether the log is so far ahead of the wall clock that somebody should know."""
        return self.ahead > TOLD_BEYOND

    def _stood(self, watch: float) -> bool:
        if self._leapt_at is None:
            self._leapt_at = watch
        return (watch - self._leapt_at) * 1000 >= BELIEVED_AFTER
