"""The sentences a notification is made of; every one is plain text on one line."""

import re

import msgspec

from alerts import clocks
from alerts.incident import BY_CALM, Audience, Incident, Level
from alerts.notification import Part, Reason, Snapshot
from alerts.plain import one_line, shell_word
from alerts.policy import Policy
from alerts.times import span, told, until
from detectors.reading import Lane

COMMAND = "crisis-monitor incidents"
NAME = 30
SENTENCE = 300

SPANS = {
    Lane.FAST_5: "in 5 min",
    Lane.FAST_15: "in 15 min",
    Lane.FAST_60: "in an hour",
    Lane.SLOW: "in about 4 h",
    Lane.FLOOR: "in 15 min",
}

_NAMED = re.compile(r"negative voices (in (?:an hour|\d{1,4} (?:min|h)));")
_USUAL = re.compile(r", (?:[\d.]+ times the usual [\d.]+|usually (?:none|[\d.]+(?: %)?))")


class Telling(msgspec.Struct, frozen=True):
    """What a sentence is told of, to a reader in `zone`, at `now`."""

    incident: Incident
    now: int
    zone: str
    policy: Policy

    def when(self, at: int) -> str:
        """Return an instant as the reader reads it."""
        return told(at, self.now, self.zone)

    @property
    def brand(self) -> str:
        """The brand's name, short enough for a lock screen."""
        return name(self.incident.brand)

    @property
    def word(self) -> str:
        """The incident's id as a command line takes it."""
        return shell_word(self.incident.id)


def name(text: str) -> str:
    """Return somebody's or something's name, harmless and short."""
    return one_line(text, NAME)


def number(value: float) -> str:
    """Return a count: whole, or with one decimal where it is small and broken.

    >>> number(42.0), number(4.25), number(117.3)
    ('42', '4.2', '117')
    """
    return f"{value:.0f}" if value >= 20 or value == int(value) else f"{value:.1f}"


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{share * 100:.0f} %"


def counted(level: Level) -> str:
    """Return observed against expected: `31 negative voices in 15 min, usually 4.2`.

    While the brand is still being learnt nothing is usual, and none is named.
    """
    if level.lane is None or level.lane is Lane.SILENCE:
        return one_line(level.reason, SENTENCE)
    what = "voices" if level.lane is Lane.VOLUME else "negative voices"
    seen = f"{number(level.observed)} {what} {_window(level)}"
    if level.still_learning:
        return seen
    usual = f"usually {number(level.expected)}" if level.expected >= 0.05 else "usually none"
    return f"{seen}, {usual}"


def why(level: Level) -> str:
    """Return the reason in words; while the brand is being learnt, without what would be usual."""
    reason = _USUAL.sub("", level.reason) if level.still_learning else level.reason
    return one_line(reason, SENTENCE)


def _window(level: Level) -> str:
    """Return the time a count is of; the floor's own reason names the one configured."""
    if level.lane is Lane.FLOOR and (found := _NAMED.search(level.reason)):
        return found[1]
    return SPANS.get(level.lane, "lately") if level.lane else "lately"


def headline(telling: Telling, part: Part) -> str:  # noqa: C901, PLR0911, PLR0912  # one line a reason
    """Return one part's title: what a lock screen must say."""
    incident, brand = telling.incident, telling.brand
    grade, what = incident.severity.upper(), counted(incident.level)
    match part.reason:
        case Reason.PAGE:
            return f"{grade} {brand}: {what}, since {telling.when(incident.opened_at)}"
        case Reason.PAGE_RAISED:
            return f"NOW {grade} {brand}: {what}"
        case Reason.PAGE_REOPENED:
            return f"AGAIN {grade} {brand}: {what}; {resolver(incident)}"
        case Reason.ESCALATION:
            return f"UNANSWERED for {span(telling.now - part.since)}, {grade} {brand}: {what}"
        case Reason.NOBODY_ANSWERED:
            return f"NOBODY ANSWERED for {span(telling.now - part.since)}, {grade} {brand}: {what}"
        case Reason.CALM:
            return f"{brand}: calm since {telling.when(part.since)}. Resolve?"
        case Reason.RETURNED:
            return f"BACK {grade} {brand}: not calm after all, {what}"
        case Reason.CANNOT_TELL:
            return f"{brand} ({incident.severity}): cannot tell whether it is calm: decide"
        case Reason.RESOLVED:
            return f"{brand}: over, resolved by itself after calm since {telling.when(part.since)}"
        case Reason.BLIND:
            return f"BLIND: {one_line(incident.level.reason, SENTENCE)}"
        case Reason.HEARS_AGAIN:
            return f"Hears again: {one_line(incident.level.reason, SENTENCE)}"
        case Reason.ATTENTION:
            return f"Attention, {brand}: {what}"
        case _:
            return f"{brand} ({incident.severity}): {asked(telling, part)}"


def asked(telling: Telling, part: Part) -> str:
    """Return which update is owed: `internal update overdue by 20 min`."""
    audience = part.reason.audience
    if part.since >= telling.now + 1000:
        return f"{audience} update due in {until(part.since - telling.now)}"
    late = telling.now - part.since
    if late < 60_000 and part.at == part.since:
        return f"{audience} update due now"
    return f"{audience} update overdue by {span(late)}"


def resolver(incident: Incident) -> str:
    """Return who had resolved a reopened incident."""
    by = incident.last_resolved_by
    return "it had ended by itself" if by in {"", BY_CALM} else f"{name(by)} had resolved it"


def changes(before: Snapshot, incident: Incident, telling: Telling) -> list[str]:
    """Return what is different from what was told before, each in a few words."""
    found = []
    level = incident.level
    if before.severity is not incident.severity:
        found.append(f"severity {before.severity} -> {incident.severity}")
    if before.lane is level.lane and round(before.observed) != round(level.observed):
        span_said = _window(level) if level.lane else ""
        moved = f"{number(before.observed)} -> {number(level.observed)}"
        found.append(f"negative voices {span_said} {moved}")
    elif before.lane is not level.lane:
        found.append(f"now {counted(level)}")
    if percent(before.share) != percent(level.share):
        found.append(f"negative share {percent(before.share)} -> {percent(level.share)}")
    if before.calm_at is None and incident.calm_at is not None:
        found.append(f"calm since {telling.when(incident.calm_at)}")
    if before.calm_at is not None and incident.calm_at is None:
        found.append("not calm any more")
    if before.state is not incident.state:
        found.append(f"{before.state} -> {incident.state}")
    return found


def how_to_update(telling: Telling, audience: Audience) -> str:
    """Return how one records an update for an audience."""
    command = f'{COMMAND} update {telling.word} --audience {audience} --text "..."'
    if audience is Audience.PUBLIC:
        return f"Publish it first, then record it: {command} --link URL"
    return f"Record it: {command}"


def next_update(telling: Telling, audience: Audience) -> str:
    """Return when an audience's next update is due; empty where none is owed."""
    incident, policy = telling.incident, telling.policy
    due = clocks.owed_at(incident, audience, policy)
    if due is not None:
        if due <= telling.now:
            return f"{audience.capitalize()} update: owed since {telling.when(due)}"
        return f"Next {audience} update: due {telling.when(due)}"
    first = policy.clocks.of(incident.severity, audience).first
    if audience is Audience.INTERNAL and incident.is_open and first is not None:
        return f"Next internal update: due {span(first)} after acknowledgement"
    return ""


def next_reminder(telling: Telling, audience: Audience) -> int | None:
    """Return when an update that is owed will be asked for (again), if it is not given."""
    due = clocks.owed_at(telling.incident, audience, telling.policy)
    if due is None:
        return None
    every = clocks.interval(telling.incident, audience, telling.policy, due)
    return clocks.stage_at(due, every, clocks.stage_of(due, every, telling.now) + 1)
