"""Every number that decided for or against a page at one moment, in words."""

import msgspec

from detectors.observation import BucketState, Observation
from detectors.reading import Reading, Reason
from detectors.settings import Detection
from pipeline.wire import BucketRecord, unpack_reading

_MEANINGS = {
    Reason.HIT: "speaks for a page: every gate was passed for long enough",
    Reason.HOLDING: "every gate was passed, but not yet for long enough",
    Reason.WARMING_UP: "still learning what is usual here: says nothing",
    Reason.TOO_FEW: "too few to mean anything",
    Reason.BELOW_FOLD: "not enough above the usual level",
    Reason.BELOW_Z: "within what chance gives at this level",
    Reason.BELOW_TAIL: "this brand exceeds such a value too often by itself",
    Reason.SHARE_USUAL: "the negative share is the usual one",
    Reason.BELOW_SUM: "tail and share together do not convince",
    Reason.RE_ARMING: "the last onset is too recent",
    Reason.UNKNOWN: "nothing is known of this time",
    Reason.QUIET: "nothing was said",
}


class Explanation(msgspec.Struct, frozen=True):
    """What was known of a brand at an instant; `written` is false where a bucket was left out.

    A bucket is left out when it is known, nothing was said in it and nothing was open: then
    `readings` are those of the last bucket before it, and `as_of` says when that ended.
    """

    brand: str
    start: int
    length: int
    state: BucketState
    written: bool
    observation: Observation
    readings: list[Reading]
    as_of: int | None


USUAL_LENGTH = 60_000


class Gate(msgspec.Struct, frozen=True):
    """What a lane asks for; all of it, for `hold_seconds` running."""

    lane: str
    at_least: float
    times_usual: float
    z: float
    tail: float
    share_p: float
    score: float
    hold_seconds: int


def gates(detection: Detection) -> list[Gate]:
    """The gates of the negative surge's lanes, as they are set now."""
    return [
        Gate(
            lane.lane,
            lane.minimum,
            lane.fold,
            lane.z,
            lane.tail,
            lane.share_p,
            lane.total,
            lane.hold // 1000,
        )
        for lane in (*detection.fast_lanes, detection.slow)
    ]


def explain(
    brand: str, instant: int, at: BucketRecord | None, last: BucketRecord | None
) -> Explanation:
    """Put together what the bucket table holds of an instant."""
    if at is not None:
        readings = [unpack_reading(packed) for packed in at.readings]
        start = at.start if at.count == 1 else instant - instant % at.length
        return Explanation(
            brand=brand,
            start=start,
            length=at.length,
            state=at.state,
            written=True,
            observation=at.observation,
            readings=readings,
            as_of=at.start + at.length,
        )
    length = USUAL_LENGTH if last is None else last.length
    return Explanation(
        brand=brand,
        start=instant - instant % length,
        length=length,
        state=BucketState.UNKNOWN if last is None else BucketState.KNOWN,
        written=False,
        observation=Observation(),
        readings=[] if last is None else [unpack_reading(packed) for packed in last.readings],
        as_of=None if last is None else last.start + last.length * last.count,
    )


def meaning(reason: Reason) -> str:
    """A reading's reason as half a sentence.

    >>> meaning(Reason.TOO_FEW)
    'too few to mean anything'
    """
    return _MEANINGS[reason]
