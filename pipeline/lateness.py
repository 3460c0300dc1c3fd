"""Whether a mention comes too late to be counted, as a writer without a fold can tell.

Pure. In a clock log; in an event log the writer itself knows.
"""

import msgspec

from pipeline.intake import Disposition
from pipeline.mention import Mention


class Lateness(msgspec.Struct, frozen=True):
    """How late a mention may come; durations in ms, as the fold has them.

    Told from the writer's own last tick, which the fold has reached or soon reaches: what is
    called late here is never counted there, and what is called accepted is, but for the seconds
    in between.
    """

    bucket: int = 60_000
    allowed: int = 60_000
    usual_delay: int = 60 * 60_000
    max_delay: dict[str, int] = {}

    def of(self, found: Disposition, mention: Mention, time: int | None) -> Disposition:
        """Return `found`, or LATE for what would have been accepted and is too late at `time`."""
        if found is not Disposition.ACCEPTED or time is None:
            return found
        closed = time - self.allowed
        if mention.event_time >= closed - closed % self.bucket:
            return found
        delay = self.max_delay.get(mention.source, self.usual_delay)
        return found if time - mention.event_time < delay else Disposition.LATE
