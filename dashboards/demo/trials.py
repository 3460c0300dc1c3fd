"""What the visitor tried, and what came of it: read from the stores some minutes later."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from alerts.incident import Incident
from alerts.times import span
from alerts.wording import SPANS
from dashboards.console.wording import plural
from dashboards.views.books import Books
from detectors.reading import Lane, Reading, Rule
from pipeline.demo.on_call import concerns_people
from pipeline.judging.scorer import Label
from pipeline.sources.scenario.episodes import MINUTE
from pipeline.why import explain, meaning
from pipeline.wire import JudgedEntry

JUDGED_AFTER = 16 * MINUTE
"""So long after it a page would have come; then the reason for none is told."""
COUNTED_AFTER = 2 * MINUTE
_LANES = frozenset({Lane.FAST_5, Lane.FAST_15, Lane.FAST_60, Lane.FLOOR})


class TrialKind(StrEnum):
    """What can be tried."""

    POST = "post"
    SEND = "send"
    SILENCE = "silence"
    KILL = "kill"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One thing tried.

    `at` is when it happened in the story (ms), None while it is under way; `ids` of what was
    posted; `result` what came of it so far, `done` when nothing more will. `why_at` is an instant
    at which the brand's numbers explain it, `incident` the one it led to or met; `paged`: it is the
    reason for a page.
    """

    id: str
    kind: TrialKind
    title: str
    brand: str = ""
    source: str = ""
    ids: tuple[str, ...] = ()
    at: int | None = None
    until: int = 0
    result: str = ""
    done: bool = False
    why_at: int | None = None
    incident: str = ""
    paged: bool = False


def followed(trial: Trial, books: Books, now: int) -> Trial:
    """Look what has come of a trial by `now` (ms)."""
    if trial.done or trial.at is None:
        return trial
    if trial.kind is TrialKind.SILENCE:
        return _of_silence(trial, books, now)
    if trial.kind is TrialKind.KILL or now < trial.at + COUNTED_AFTER:
        return trial
    return _of_posts(trial, books, now)


# -- things said -----------------------------------------------------------------------------


def _of_posts(trial: Trial, books: Books, now: int) -> Trial:
    entries = [entry for each in trial.ids for entry in books.mentions.show(each)]
    if not entries:
        return _so(
            trial,
            "It names none of the four brands, so it was read and let go: counted nowhere.",
            done=True,
        )
    counted = _counted(entries)
    at = trial.at or 0
    brands = {entry.brand for entry in entries}
    with books.incidents.read() as view:
        mine = [each for each in view.incidents(limit=50) if each.brand in brands]
    mine = [each for each in mine if concerns_people(each)]
    opened = next((each for each in mine if each.noticed_at >= at), None)
    if opened is not None:
        after = (opened.noticed_at - at) // MINUTE
        voices = sum(entry.voice for entry in entries)
        paged = 2 * voices >= opened.opening.observed
        if paged:
            text = f"{counted} You were paged {after} min later."
        else:
            text = f"{counted} The page that came {after} min later speaks of other voices."
        trial = msgspec.structs.replace(trial, paged=paged)
        return _so(trial, text, done=True, incident=opened.id)
    before = next((each for each in mine if _was_open(each, at)), None)
    if before is not None:
        text = f"{counted} An incident is open already, so nobody is paged a second time."
        return _so(trial, text, done=True, incident=before.id)
    if now < at + JUDGED_AFTER:
        return _so(trial, f"{counted} Waiting whether it comes to a page.")
    return _unpaged(trial, counted, books, entries[0].brand)


def _counted(entries: Sequence[JudgedEntry]) -> str:
    voices = [entry for entry in entries if entry.voice]
    negative = sum(entry.judgement.label is Label.NEGATIVE for entry in voices)
    said = plural(len(entries), "mention")
    if len(entries) == 1:
        entry = entries[0]
        if not entry.voice:
            return (
                f"Counted for {entry.brand}, but as no new voice: you, or this very text, had "
                "spoken within the hour."
            )
        return f"Counted for {entry.brand} as one {entry.judgement.label} voice."
    less = " (a person counts once an hour, a pasted text too)" if len(voices) < 40 else ""
    return f"{said} counted as {plural(len(voices), 'voice')}{less}, {negative} of them negative."


def _was_open(incident: Incident, at: int) -> bool:
    return incident.resolved_at is None or incident.resolved_at >= at


def _unpaged(trial: Trial, counted: str, books: Books, brand: str) -> Trial:
    at = trial.at or 0
    best: tuple[float, int, Reading] | None = None
    for record in books.buckets.between(brand, at, at + JUDGED_AFTER):
        found = explain(brand, record.start, record, None)
        for reading in found.readings:
            if reading.rule is Rule.NEGATIVE_SURGE and reading.lane in _LANES:
                height = reading.score / reading.threshold if reading.threshold else 0.0
                if best is None or (height, reading.observed) > (best[0], best[2].observed):
                    best = height, record.start, reading
    if best is None:
        return _so(
            trial, f"{counted} No page: nothing of this time was out of the usual.", done=True
        )
    _, start, reading = best
    text = (
        f"{counted} No page: at most {reading.observed:.0f} negative voices "
        f"{SPANS.get(reading.lane, 'lately')}, usually {reading.expected:.1f}: "
        f"{meaning(reading.reason)}."
    )
    return msgspec.structs.replace(
        trial, result=text, done=True, brand=brand, why_at=start + MINUTE // 2
    )


# -- a source that is silent ------------------------------------------------------------------


def _of_silence(trial: Trial, books: Books, now: int) -> Trial:
    at = trial.at or 0
    with books.incidents.read() as view:
        known = [
            each
            for each in view.incidents(brand=f"source:{trial.source}", limit=10)
            if each.rule is Rule.BLINDNESS
        ]
    reported = next((each for each in known if at <= each.noticed_at), None)
    if reported is not None:
        after = span(reported.noticed_at - at)
        return _so(
            trial,
            f"Reported after {after}, to whoever runs this. Minutes without it count as "
            "blind: they are never taken for calm.",
            done=True,
            incident=reported.id,
        )
    before = next((each for each in known if _was_open(each, at)), None)
    if before is not None:
        return _so(trial, "It was silent already, and that is said.", done=True, incident=before.id)
    if now >= trial.until:
        return _so(
            trial,
            f"Not reported in {span(trial.until - at)}: at this hour so little comes from it that "
            "this much silence is nothing out of its rhythm.",
            done=True,
        )
    return _so(trial, f"Silent for {span(now - at)}. Held against its own rhythm.")


def _so(trial: Trial, result: str, *, done: bool = False, incident: str = "") -> Trial:
    return msgspec.structs.replace(trial, result=result, done=done, incident=incident)
