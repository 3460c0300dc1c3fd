"""What was said of one brand in one bucket."""

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class BucketState(StrEnum):
    """Whether a bucket's counts can be believed.

    `known`: time passed through it with every source alive. `unknown`: nobody ticked through
    it, so its counts say nothing. `blind`: a source the brand is heard through was silent
    against its own rhythm; what was counted is a lower bound.
    """

    KNOWN = "known"
    UNKNOWN = "unknown"
    BLIND = "blind"


class Observation(msgspec.Struct, frozen=True, array_like=True):
    """Sums of one brand's mentions in one bucket; every number is an integer >= 0.

    `mentions` counts all but repeats, late ones and the brand's own posts; `unique` those whose
    normalised text was new in the last 60 minutes; `voices` those whose author, and whose text
    unless it is a repost, was new in the last 60 minutes: detectors read voices. `negative*` are
    the negatives of each; `scored_voices` are the voices some scorer could judge (the share's
    denominator). `negative_voices_by_source` tells through which sources a surge is heard.
    """

    mentions: int = 0
    unique: int = 0
    voices: int = 0
    negative: int = 0
    negative_unique: int = 0
    negative_voices: int = 0
    scored_voices: int = 0
    unscored: int = 0
    own: int = 0
    delayed: int = 0
    reach: int = 0
    by_channel: dict[str, int] = {}
    by_language: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    negative_voices_by_source: dict[str, int] = {}


NOTHING_SAID = Observation()


class SourceHearing(msgspec.Struct, frozen=True, array_like=True):
    """How far one source can be trusted at a bucket's close.

    `delivered_up_to`: the instant up to which the source has delivered what it had, by a mention
    of any brand or by an empty poll. `blind`: silent against its own rhythm.
    """

    delivered_up_to: int
    blind: bool = False


NO_SOURCES: "Mapping[str, SourceHearing]" = MappingProxyType({})


class Bucket(msgspec.Struct, frozen=True):
    """A closed tumbling window of one brand: `[start, start + length)`, milliseconds.

    `cell` is the season's cell of the start in the brand's zone: the hour, plus 24 on Saturday
    and Sunday (0 to 47). `count` > 1 only for a run of equal unknown buckets (one record a gap).
    """

    start: int
    length: int
    cell: int
    state: BucketState = BucketState.KNOWN
    observation: Observation = NOTHING_SAID
    count: int = 1

    @property
    def end(self) -> int:
        """The first instant after the bucket (or after the whole run)."""
        return self.start + self.length * self.count
