"""The one rule that may speak while nothing is learnt yet: many negative voices, most of all."""

from math import log10

import msgspec

from detectors.lanes import View
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.rolling import share_tail
from detectors.settings import FloorSettings

LEAST_P = 1e-12
"""A share less probable than this is no more evidence."""


class Known(msgspec.Struct, frozen=True):
    """What is known of a brand on its first day: its share so far, and how far to trust it (m)."""

    share: float
    weight: float


def read_floor(view: View, settings: FloorSettings, known: Known | None) -> Reading:
    """Judge the floor's window by fixed numbers.

    Hits when at least `minimum` negative voices are at least `share` of the scored ones. Where
    something is already known of the brand, it must also be `fold` times the expected, and the
    share improbable under its own (beta-binomial, p at most `share_p`): else a brand that is
    always complained of, or one that wakes up in the morning, would page on its first day.
    """
    evidence = 0.0
    x, sample = view.observed, view.sample
    if x < settings.minimum:
        reason = Reason.TOO_FEW if view.mentions else Reason.QUIET
    elif x < settings.share * sample:
        reason = Reason.SHARE_USUAL
    elif known is None:
        reason = Reason.HIT
    elif x < settings.fold * view.expected:
        reason = Reason.BELOW_FOLD
    else:
        p = share_tail(int(x), max(sample, int(x)), known.share, known.weight)
        evidence = -log10(max(p, LEAST_P))
        reason = Reason.HIT if p <= settings.share_p else Reason.SHARE_USUAL
    return Reading(
        Rule.NEGATIVE_SURGE,
        Lane.FLOOR,
        x,
        view.expected,
        sample,
        0.0,
        0.0,
        evidence,
        float(x),
        float(settings.minimum),
        int(reason is Reason.HIT),
        reason,
    )
