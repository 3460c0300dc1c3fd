"""The one rule that may speak while nothing is learnt yet: many negative voices, most of all."""

from detectors.lanes import View
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.settings import FloorSettings


def read_floor(view: View, settings: FloorSettings, *, something_known: bool) -> Reading:
    """Judge the floor's window by fixed numbers.

    Hits when at least `minimum` negative voices are at least `share` of the scored ones. Where
    something is already known of the brand, it must also be `fold` times the expected: else a
    brand that is always complained of would page all through its first day.
    """
    x, sample = view.observed, view.sample
    if x < settings.minimum:
        reason = Reason.TOO_FEW if view.mentions else Reason.QUIET
    elif x < settings.share * sample:
        reason = Reason.SHARE_USUAL
    elif something_known and x < settings.fold * view.expected:
        reason = Reason.BELOW_FOLD
    else:
        reason = Reason.HIT
    return Reading(
        Rule.NEGATIVE_SURGE,
        Lane.FLOOR,
        x,
        view.expected,
        sample,
        0.0,
        0.0,
        0.0,
        float(x),
        float(settings.minimum),
        int(reason is Reason.HIT),
        reason,
    )
