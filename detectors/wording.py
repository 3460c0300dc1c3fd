"""The short plain sentences that say why."""

from detectors.lanes import View
from detectors.reading import Lane, Reading
from detectors.settings import HOUR, MINUTE


def spell(duration: int) -> str:
    """Say a duration in words.

    >>> spell(5 * MINUTE), spell(HOUR), spell(4 * HOUR)
    ('5 min', 'an hour', '4 h')
    """
    if duration == HOUR:
        return "an hour"
    if duration % HOUR == 0:
        return f"{duration // HOUR} h"
    return f"{max(1, duration // MINUTE)} min"


def opening_reason(view: View, window: int, usual_share: float) -> str:
    """Say how many negative voices there are against how many usually.

    The floor's lane speaks while nothing is usual yet: there the numbers stand alone.

    >>> opening_reason(View(Lane.FAST_15, 31, 4.2, 40, 55), 15 * MINUTE, 0.2)
    '31 negative voices in 15 min, 7.4 times the usual 4.2; 78 % of voices negative, usually 20 %'
    >>> opening_reason(View(Lane.FLOOR, 31, 0.0, 40, 55), 15 * MINUTE, 0.2)
    '31 negative voices in 15 min; 78 % of voices negative'
    """
    about = "about " if view.lane is Lane.SLOW else ""
    span = spell(4 * HOUR if view.lane is Lane.SLOW else window)
    counted = f"{about}{round(view.observed)} negative voices in {about}{span}"
    learnt = view.lane is not Lane.FLOOR
    if learnt and view.expected >= 0.1:
        fold = view.observed / view.expected
        counted += f", {fold:.1f} times the usual {view.expected:.1f}"
    elif learnt:
        counted += ", usually none"
    share = min(1.0, view.observed / view.sample) if view.sample else 0.0
    usual = f", usually {usual_share:.0%}" if learnt else ""
    return f"{counted}; {share:.0%} of voices negative{usual}".replace("%", " %")


def rising_reason(minutes: int, hour: View) -> str:
    """Say that a warning has lasted.

    >>> rising_reason(64, View(Lane.FAST_60, 22, 9.0, 40, 55))
    'not below its opening level after 64 min: 22 negative voices in the last hour, usually 9.0'
    """
    return (
        f"not below its opening level after {minutes} min: "
        f"{round(hour.observed)} negative voices in the last hour, usually {hour.expected:.1f}"
    )


def attention_reason(reading: Reading) -> str:
    """Say how many times the usual volume there is."""
    if reading.expected < 0.1:
        return f"about {round(reading.observed)} voices lately, usually none"
    return f"{reading.fold:.1f} times the usual volume"
