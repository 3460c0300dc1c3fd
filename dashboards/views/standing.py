"""How a brand stands, in one word each; pure."""

from enum import StrEnum
from math import sqrt

from alerts.incident import Incident
from detectors.reading import Rule
from detectors.severity import Severity

GROWS_AT = 2.5
"""Standard deviations of chance from which on a difference means something."""
FEWEST = 4
"""Negative voices in the greater of two quarters of an hour, for a trend to be told."""


class Standing(StrEnum):
    """How a brand stands, most urgent first.

    `critical`, `warning`: an open crisis incident of that severity. `attention`: an open incident
    for information. `blind`: a source it is heard through is silent against its rhythm.
    `unknown`: nobody can say how it stands now. `learning`: what is usual is not known yet.
    `silent`: nothing at all was said in the window.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    ATTENTION = "attention"
    BLIND = "blind"
    UNKNOWN = "unknown"
    LEARNING = "learning"
    USUAL = "usual"
    SILENT = "silent"


class Trend(StrEnum):
    """Whether negative voices become more or fewer, beyond what chance gives."""

    GROWING = "growing"
    STEADY = "steady"
    FADING = "fading"


URGENCY = {standing: rank for rank, standing in enumerate(Standing)}


def trend_of(now: int, before: int) -> Trend:
    """Compare two counts over spans of equal length.

    Counts are made alike in variance by 2 sqrt(x + 3/8) (Anscombe, Biometrika 35, 1948), so that
    their difference over sqrt 2 is one standard normal where nothing has changed.

    >>> [str(trend_of(*counts)) for counts in ((30, 10), (12, 10), (3, 30), (3, 0))]
    ['growing', 'steady', 'fading', 'steady']
    """
    if max(now, before) < FEWEST:
        return Trend.STEADY
    z = sqrt(2.0) * (sqrt(now + 0.375) - sqrt(before + 0.375))
    if z >= GROWS_AT:
        return Trend.GROWING
    return Trend.FADING if z <= -GROWS_AT else Trend.STEADY


def standing_of_incident(incident: Incident) -> Standing:
    """Tell how urgent an open incident makes its brand."""
    if incident.rule is Rule.VOLUME or incident.severity is Severity.INFO:
        return Standing.ATTENTION
    return Standing.CRITICAL if incident.severity is Severity.CRITICAL else Standing.WARNING
