"""Every lane there is: whose rule it speaks for, what it asks, and what its reasons mean."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from detectors.reading import Lane, Reason, Rule
from detectors.settings import Detection, LaneSettings
from detectors.wording import spell


class Entry(msgspec.Struct, frozen=True):
    """One lane for people: its rule, what it looks at, what it asks before it speaks."""

    lane: Lane
    rule: Rule
    looks_at: str
    asks: str
    in_warm_up: bool = False


MEANINGS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.HIT: "every gate was passed, and for long enough",
        Reason.HOLDING: "every gate is passed, but not for long enough yet",
        Reason.WARMING_UP: "too little is known of it yet: only the floor may speak",
        Reason.TOO_FEW: "too few for any statement",
        Reason.BELOW_FOLD: "not enough times the usual count",
        Reason.BELOW_Z: "within what chance gives at this count",
        Reason.BELOW_TAIL: "it exceeds this too often by itself",
        Reason.SHARE_USUAL: "more is said, but no more of it is negative than usual",
        Reason.BELOW_SUM: "count and share together do not convince yet",
        Reason.RE_ARMING: "it would speak, but the last time is too recent",
        Reason.UNKNOWN: "nobody was listening: nothing can be said",
        Reason.QUIET: "nothing at all was said",
    }
)
"""What each reason says, as the end of "it did not speak, because ..."."""


def catalog(settings: Detection) -> tuple[Entry, ...]:
    """List all lanes under these settings, in the order of a bucket's readings.

    >>> for entry in catalog(Detection())[3:5]:
    ...     print(entry.lane, "-", entry.asks)
    slow - 20 voices (8 in the longest sum), 1.75 times the usual, z 2, tail 1.5, share p 0.2 or \
less, tail + evidence 4.1, for 15 min
    floor - 15 voices and 50 % of all; once 1 h is known, 3 times the usual
    """
    floor, volume, blind = settings.floor, settings.volume, settings.blindness
    surge = [_lane(lane) for lane in (*settings.fast_lanes, settings.slow)]
    return (
        *surge,
        Entry(
            Lane.FLOOR,
            Rule.NEGATIVE_SURGE,
            f"negative voices of {spell(floor.window)}, in warm-up",
            f"{floor.minimum} voices and {floor.share * 100:g} % of all; once "
            f"{floor.fold_after / 3_600_000:g} h is known, {floor.fold:g} times the usual",
            in_warm_up=True,
        ),
        Entry(
            Lane.VOLUME,
            Rule.VOLUME,
            "all voices, fading by halves in "
            + " and ".join(spell(half_life) for half_life in volume.half_lives),
            f"{volume.minimum:g} voices, {volume.fold:g} times the usual, z {volume.z:g}, "
            f"tail {volume.onset:g}",
        ),
        Entry(
            Lane.SILENCE,
            Rule.BLINDNESS,
            "how long a source has been silent",
            f"{spell(blind.least)} of silence that its own rhythm does not explain",
        ),
    )


def _lane(lane: LaneSettings) -> Entry:
    window = f"the last {spell(lane.window)}"
    if lane.half_life is not None:
        window = f"lately, fading by halves in {spell(lane.half_life)}"
    recent = f" ({lane.recent} in the longest sum)" if lane.recent else ""
    return Entry(
        lane.lane,
        Rule.NEGATIVE_SURGE,
        f"negative voices of {window}",
        f"{lane.minimum:g} voices{recent}, {lane.fold:g} times the usual, z {lane.z:g}, "
        f"tail {lane.tail:g}, share p {lane.share_p:g} or less, "
        f"tail + evidence {lane.total:g}, for {spell(lane.hold)}",
    )
