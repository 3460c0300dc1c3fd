"""Through which sources a surge is heard, and whether they still are."""

from collections.abc import Mapping

import msgspec

from detectors.observation import SourceHearing
from detectors.rolling import keep
from detectors.settings import HOUR, CalmSettings

MOST_SOURCES = 64
"""More sources than this are not kept apart; those that gave least are forgotten."""

FORGOTTEN = 0.05
"""A source whose recent negative voices have decayed below this is dropped."""


class HearingState(msgspec.Struct, frozen=True, array_like=True):
    """Negative voices by source: decayed (as of `at`) and of the surge; who was first missed."""

    at: int
    recent: dict[str, float]
    surge: dict[str, float]
    missed_since: dict[str, int]


class Hearing:
    """Keeps which sources a surge's negative voices came through.

    A source counts when it gave at least `source_share` of them; the hour before opening counts
    too, with a half-life of an hour. At most 64 sources are kept.
    """

    __slots__ = ("at", "missed_since", "recent", "settings", "surge")

    def __init__(self, settings: CalmSettings, state: HearingState | None = None) -> None:
        self.settings = settings
        self.at = state.at if state else 0
        self.recent = dict(state.recent) if state else {}
        self.surge = dict(state.surge) if state else {}
        self.missed_since = dict(state.missed_since) if state else {}

    def heard(self, now: int, voices: Mapping[str, int], *, surging: bool) -> None:
        """Count a bucket's negative voices by source; `now` is its end."""
        if surging:
            for source, count in voices.items():
                self.surge[source] = self.surge.get(source, 0.0) + count
            _bound(self.surge)
        self._decay(now)
        for source, count in voices.items():
            self.recent[source] = self.recent.get(source, 0.0) + count
        _bound(self.recent)

    def _decay(self, now: int) -> None:
        kept = keep(max(0, now - self.at), HOUR)
        self.at = now
        self.recent = {
            source: count * kept
            for source, count in self.recent.items()
            if count * kept >= FORGOTTEN
        }

    def begin(self, now: int) -> None:
        """Open a surge: what was heard lately is its beginning."""
        self._decay(now)
        self.surge = dict(self.recent)
        self.missed_since = {}

    def finish(self) -> None:
        """Close the surge."""
        self.surge = {}
        self.missed_since = {}

    def counted(self) -> list[str]:
        """List the sources whose silence would matter, in order of name."""
        least = self.settings.source_share * sum(self.surge.values())
        return sorted(source for source, count in self.surge.items() if count >= least)

    def deaf(self, sources: Mapping[str, SourceHearing]) -> bool:
        """Tell whether a source that counts is blind or not there at all."""
        for source in self.counted():
            hearing = sources.get(source)
            if hearing is None or hearing.blind:
                return True
        return False

    def behind(self, sources: Mapping[str, SourceHearing], instant: int) -> bool:
        """Tell whether a source that counts has not delivered up to `instant` yet."""
        for source in self.counted():
            hearing = sources.get(source)
            if hearing is None or hearing.delivered_up_to < instant:
                return True
        return False

    def unheard(
        self, sources: Mapping[str, SourceHearing], confirm: int, now: int
    ) -> tuple[tuple[str, ...], int | None]:
        """Name the sources that keep calm from being recognised, and since when."""
        names = []
        since = []
        for source in self.counted():
            hearing = sources.get(source)
            if hearing is None:
                since.append(self.missed_since.setdefault(source, now))
            elif hearing.blind or hearing.delivered_up_to < confirm:
                since.append(hearing.delivered_up_to)
            else:
                self.missed_since.pop(source, None)
                continue
            names.append(source)
        return tuple(names), min(since) if since else None

    def state(self) -> HearingState:
        """Give what a new one needs to go on equal."""
        return HearingState(self.at, dict(self.recent), dict(self.surge), dict(self.missed_since))


def _bound(counts: dict[str, float]) -> None:
    while len(counts) > MOST_SOURCES:
        del counts[min(counts, key=lambda source: (counts[source], source))]
