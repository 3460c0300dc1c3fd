"""What is said while it happens: one line a time, what goes on and why, with real numbers."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from alerts import incident as events
from alerts.incident import AnyEvent, Audience, Incident
from alerts.store import IncidentStore
from alerts.wording import SPANS
from detectors.reading import Rule
from detectors.severity import Severity
from pipeline.sources.scenario.episodes import MINUTE, Episode, EpisodeKind
from pipeline.stores import BucketTable

SPAM_LOOKED_AT = 20 * MINUTE
"""So long after copy-paste spam began its numbers are told."""

_WORLD = {
    EpisodeKind.PRAISE: "Out there: {brand} is praised by many at once.",
    EpisodeKind.SPAM: "Out there: six accounts begin to paste one angry text about {brand}.",
    EpisodeKind.FAILURE: "Out there: {brand}'s check-in fails. The first complaints are written.",
    EpisodeKind.REPOST_WAVE: "Out there: one angry post about {brand} is passed on by hundreds.",
    EpisodeKind.SMALLER_CRISIS: "Out there: {brand} cannot serve its customers for a while.",
    EpisodeKind.SILENT_SOURCE: "Out there: the source {brand} breaks down in the middle of it.",
}


class Teller(StrEnum):
    """Whose doing a caption speaks of."""

    WORLD = "world"
    MONITOR = "monitor"
    PEOPLE = "people"
    VISITOR = "visitor"


class Caption(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `why_at` is an instant at which `brand`'s numbers explain it."""

    at: int
    text: str
    teller: Teller
    brand: str = ""
    incident: str = ""
    why_at: int | None = None


Say = Callable[[Caption], None]


class Story:
    """Looks at the world's plan and at the stores, and says what is new in them.

    What happened before `since` (ms) has been told already.
    """

    def __init__(
        self,
        truth: Sequence[Episode],
        store: IncidentStore,
        buckets: BucketTable,
        say: Say,
        *,
        since: int = 0,
    ) -> None:
        self._truth = truth
        self._store = store
        self._buckets = buckets
        self._say = say
        self._waiting = [each for each in truth if each.start >= since]
        self._waiting.sort(key=lambda episode: episode.start)
        self._spam = [
            each
            for each in truth
            if each.kind is EpisodeKind.SPAM and each.start + SPAM_LOOKED_AT >= since
        ]
        self._told: dict[str, int] = {}
        self._seen = -1
        self._since = since

    def begin(self, until: int) -> None:
        """Say what begins in the world before `until`."""
        while self._waiting and self._waiting[0].start < until:
            episode = self._waiting.pop(0)
            brand = episode.brand.removeprefix("source:")
            text = _WORLD[episode.kind].format(brand=brand)
            named = "" if episode.kind is EpisodeKind.SILENT_SOURCE else brand
            self._say(Caption(at=episode.start, text=text, teller=Teller.WORLD, brand=named))

    def look(self, now: int) -> None:
        """Say what came of it, as far as the stores know by now."""
        while self._spam and self._spam[0].start + SPAM_LOOKED_AT <= now:
            self._say(self._of_spam(self._spam.pop(0), now))
        with self._store.read() as view:
            seen = view.last_event()
            if seen == self._seen:
                return
            self._seen = seen
            new = [
                (incident, event)
                for incident in view.incidents(limit=20)
                if incident.events != self._told.get(incident.id, 0)
                for event in view.events(incident.id)[self._told.get(incident.id, 0) :]
            ]
        for incident, event in sorted(new, key=lambda each: each[1].at):
            self._told[incident.id] = self._told.get(incident.id, 0) + 1
            if event.at < self._since:
                continue
            for caption in self._of_event(incident, event):
                self._say(caption)

    def _of_spam(self, episode: Episode, now: int) -> Caption:
        figures = self._buckets.figures(episode.brand, episode.start, now)
        mentions = sum(each.observation.mentions for each in figures)
        voices = sum(each.observation.voices for each in figures)
        minutes = (now - episode.start) // MINUTE
        return Caption(
            at=now,
            text=f"{mentions} mentions of {episode.brand} in {minutes} min, but {voices} voices: "
            "copy-paste spam from 6 accounts is counted, not paged.",
            teller=Teller.MONITOR,
            brand=episode.brand,
            why_at=now - 2 * MINUTE,
        )

    def _of_event(self, incident: Incident, event: AnyEvent) -> Iterator[Caption]:
        if isinstance(event, events.Opened):
            text = self._opened(incident, event)
        else:
            text = _said(incident, event)
        if text:
            speaks = incident.rule is not Rule.BLINDNESS
            explained = speaks and isinstance(event, events.Opened)
            people = isinstance(event, events.Acknowledged | events.Updated | events.Resolved)
            yield Caption(
                at=event.at,
                text=text,
                teller=Teller.PEOPLE if people else Teller.MONITOR,
                brand=incident.brand if speaks else "",
                incident=incident.id,
                why_at=incident.opened_at - MINUTE if explained else None,
            )

    def _opened(self, incident: Incident, event: events.Opened) -> str:
        brand, level = incident.brand, event.level
        if incident.rule is Rule.BLINDNESS:
            return (
                f"{_source(brand)} is silent against its own rhythm: said to whoever runs this. "
                "No all-clear can come from silence."
            )
        if event.severity is Severity.INFO:
            return f"{brand} is talked about far more than usual: worth a look, pages nobody."
        if level.lane is None:
            return f"{_who(incident.opened_by)} opens an incident about {brand} by hand."
        began = self._began(brand, event.at)
        after = "" if began is None else f", {(event.at - began) // MINUTE} min after it began"
        return (
            f"You are paged{after}: {level.observed:.0f} negative voices about {brand} "
            f"{SPANS.get(level.lane, 'lately')}, usually {level.expected:.1f}."
        )

    def _began(self, brand: str, at: int) -> int | None:
        """When what has to page began, if it did and is still near."""
        return next(
            (
                each.start
                for each in reversed(self._truth)
                if each.must_page and each.brand == brand and each.start <= at < each.end
            ),
            None,
        )


def _said(incident: Incident, event: AnyEvent) -> str:  # noqa: PLR0911  # one line an event
    brand = incident.brand
    match event:
        case events.SeverityRaised():
            return f"{brand} is {event.severity} now: {event.reason}."
        case events.Reopened():
            return f"{brand}: the same trouble again, so it is the same incident."
        case events.Calmed():
            return f"{brand} has been calm for half an hour: is it over? You are asked once."
        case events.Returned():
            return f"{brand}: not calm after all, so it goes on."
        case events.Acknowledged():
            return (
                f"{_who(event.by)} has {brand}'s incident: nobody else is called. From now on "
                "updates are owed."
            )
        case events.Updated():
            public = event.audience is Audience.PUBLIC
            kind = "a public update" if public else "an internal update"
            return f"{_who(event.by)} gives {kind} about {brand}."
        case events.Resolved():
            return f"{_who(event.by)} resolves {brand}'s incident."
        case _:
            return _ended(incident) if isinstance(event, events.Ended) else ""


def _ended(incident: Incident) -> str:
    if incident.rule is Rule.BLINDNESS:
        return f"{_source(incident.brand)} delivers again."
    by_itself = incident.resolved_by == events.BY_CALM
    return f"{incident.brand}: over, and resolved by itself." if by_itself else ""


def _source(brand: str) -> str:
    return f"The source {brand.removeprefix('source:')}"


def _who(by: str) -> str:
    return by[:1].upper() + by[1:] if by else "Somebody"
