"""How fast the days pass: fast in calm, slowly in a crisis, hardly while a page waits.

Pure. Speeds are milliseconds of the story a millisecond of the visitor, made for three days in
about three minutes.
"""

from collections.abc import Sequence

import msgspec

from pipeline.sources.scenario.episodes import HOUR, MINUTE, Episode, EpisodeKind

WHOLE = 180.0
"""Seconds the three days are made for; another wish multiplies every speed."""
WAITING = 14.0
"""A page waits for an answer: Ann's four minutes are some seventeen seconds."""
WAITS_SLOWLY = 14 * MINUTE
"""A page nobody answers slows the days down for so long, no longer."""
STARTING = 110.0
"""It has begun and nobody was paged yet."""
TAKEN = 100.0
"""Somebody just took it: what follows at once is seen."""
JUST = 10 * MINUTE
FRESH = 420.0
"""The first hour of an incident somebody has."""
OPEN = 1000.0
"""Its next hours; one that lasts a day slows nothing down any more."""
FIRST_HOUR = HOUR
LONG = 9 * HOUR
WATCHED = 90.0
"""The visitor tried something and waits to see what comes of it."""
SIGHT = 450.0
"""Something that pages nobody, and is worth seeing."""
NEAR = 360.0
"""The beginning, with the first crisis ahead."""
CALM = 4200.0
_NOTICED_WITHIN = 25 * MINUTE
_SEEN_FOR = 40 * MINUTE
_NEAR = HOUR


class Standing(msgspec.Struct, frozen=True):
    """What the speed follows: how things stand at an instant of the story (ms).

    `waiting_since`: since when the longest unanswered page waits. `open_since`: since when people
    have the newest incident. `watched_until`: up to where the visitor wants to see what comes of
    something.
    """

    now: int
    began: int
    waiting_since: int | None = None
    open_since: int | None = None
    watched_until: int = 0


def speed(standing: Standing, truth: Sequence[Episode]) -> float:
    """Return how fast the story passes now."""
    now = standing.now
    if standing.waiting_since is not None and now - standing.waiting_since < WAITS_SLOWLY:
        return WAITING
    if now < standing.watched_until:
        return WATCHED
    if standing.open_since is not None:
        lasted = now - standing.open_since
        if lasted < JUST:
            return TAKEN
        if lasted < FIRST_HOUR:
            return FRESH
        if lasted < LONG:
            return OPEN
    return min(CALM, *(_for(episode, now) for episode in truth))


def _for(episode: Episode, now: int) -> float:
    """Return the speed one thing asks for that happens, or is about to."""
    since = now - episode.start
    if episode.must_page and 0 <= since < _NOTICED_WITHIN:
        return STARTING
    if not episode.must_page and 0 <= since < _SEEN_FOR:
        return SIGHT
    if episode.kind is EpisodeKind.FAILURE and -_NEAR <= since < 0:
        return NEAR
    return _approach(now, episode.start)


def _approach(now: int, start: int) -> float:
    """Slow down ahead of what comes, so that it is not run past."""
    ahead = start - now
    return CALM if ahead <= 0 else max(STARTING, ahead / 400)
