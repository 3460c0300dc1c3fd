"""What happens in a scenario beyond everyday talk, and what a monitor should make of it."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from pipeline.brands import Brand

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class EpisodeKind(StrEnum):
    """What happens."""

    PRAISE = "praise"
    """Many are happy at once: attention, no crisis."""
    SPAM = "spam"
    """Six accounts paste one angry text over and over: no crisis."""
    FAILURE = "failure"
    """The product fails; anger grows within the hour and fades over some hours."""
    REPOST_WAVE = "repost_wave"
    """One angry post that hundreds of real people pass on: a crisis."""
    SMALLER_CRISIS = "smaller_crisis"
    """A second brand cannot serve its customers for a while."""
    SILENT_SOURCE = "silent_source"
    """A source delivers nothing for a while, then everything it had."""


PAGES = frozenset({EpisodeKind.FAILURE, EpisodeKind.REPOST_WAVE, EpisodeKind.SMALLER_CRISIS})


class Episode(msgspec.Struct, frozen=True):
    """The truth of one thing that happens in `[start, end)`, milliseconds.

    `brand` is the brand's name, for a silent source `source:NAME`. `must_page` says whether a
    monitor has to page for it. `peak` is what it adds at its height, in mentions a minute (0 for
    a silent source).
    """

    kind: EpisodeKind
    brand: str
    start: int
    end: int
    must_page: bool
    peak: float = 0.0

    def level(self, time: int) -> float:
        """Tell what it adds at `time`, mentions a minute: up in a seventh of it, then fading."""
        if not self.start <= time < self.end:
            return 0.0
        done = (time - self.start) / (self.end - self.start)
        rise = 1 / 7
        if self.kind is EpisodeKind.SPAM:
            return self.peak
        return self.peak * (done / rise if done < rise else ((1 - done) / (1 - rise)) ** 2)


class _Planned(msgspec.Struct, frozen=True):
    kind: EpisodeKind
    brand: int
    day: int
    begins: int
    lasts: int
    fold: float
    least: float


_PLAN = (
    _Planned(EpisodeKind.PRAISE, 0, 1, 18 * HOUR, 3 * HOUR, 3.5, 4.0),
    _Planned(EpisodeKind.SPAM, 0, 2, 10 * HOUR + 30 * MINUTE, 45 * MINUTE, 0.0, 8.0),
    _Planned(EpisodeKind.FAILURE, 0, 3, 8 * HOUR + 20 * MINUTE, 6 * HOUR, 5.0, 6.0),
    _Planned(EpisodeKind.REPOST_WAVE, 0, 4, 17 * HOUR + 30 * MINUTE, 150 * MINUTE, 5.5, 7.0),
    _Planned(EpisodeKind.SMALLER_CRISIS, 2, 5, 11 * HOUR + 10 * MINUTE, 3 * HOUR, 3.0, 2.0),
)
_SILENCE_AFTER = 80 * MINUTE
_SILENCE_LASTS = 95 * MINUTE


def usual_plan(
    brands: Sequence[Brand], rates: Sequence[float], *, start: int, days: int, silent: str
) -> tuple[Episode, ...]:
    """Plan the usual week; what would not have ended by its last day is left out.

    Hours are UTC. `rates` are the brands' mentions a minute; `silent` names the source that falls
    silent in the middle of the failure. Of more than four brands every eighth fails one day too.
    """
    planned = [plan for plan in _PLAN if plan.brand < len(brands)]
    planned += [
        _Planned(EpisodeKind.FAILURE, brand, 1 + brand % 5, 13 * HOUR, 4 * HOUR, 5.0, 3.0)
        for brand in range(7, len(brands), 8)
    ]
    episodes = []
    for plan in planned:
        begin = start + plan.day * DAY + plan.begins
        if begin + plan.lasts > start + days * DAY:
            continue
        peak = max(plan.least, plan.fold * rates[plan.brand])
        name = brands[plan.brand].name
        episodes.append(
            Episode(plan.kind, name, begin, begin + plan.lasts, plan.kind in PAGES, peak)
        )
        if plan.kind is EpisodeKind.FAILURE and plan.brand == 0:
            begin += _SILENCE_AFTER
            episodes.append(
                Episode(
                    EpisodeKind.SILENT_SOURCE,
                    f"source:{silent}",
                    begin,
                    begin + _SILENCE_LASTS,
                    must_page=False,
                )
            )
    return tuple(sorted(episodes, key=lambda episode: episode.start))
