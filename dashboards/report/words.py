"""The sentences of a report: what reasons, states and outcomes are called for people."""

from collections.abc import Mapping
from types import MappingProxyType

from alerts.incident import (
    BY_CALM,
    Acknowledged,
    AnyEvent,
    Assigned,
    Calmed,
    Ended,
    Incident,
    Missed,
    Noted,
    Opened,
    Reopened,
    Resolved,
    Returned,
    SeverityRaised,
    Updated,
    Verdict,
)
from alerts.notification import Notification, Outcome, Reason
from alerts.plain import link, one_line
from alerts.times import span
from alerts.wording import counted, name, percent, why
from dashboards.report.account import Account
from dashboards.report.times import moment, short
from detectors.reading import Lane, Rule

TEXT = 2_000
"""Characters of what a person of the team wrote."""
SENTENCE = 400

REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.PAGE: "page",
        Reason.PAGE_RAISED: "page: it got worse",
        Reason.PAGE_REOPENED: "page: again",
        Reason.ESCALATION: "paged again: nobody had answered",
        Reason.NOBODY_ANSWERED: "everybody told: nobody had answered",
        Reason.INTERNAL_UPDATE_DUE: "internal update due",
        Reason.INTERNAL_UPDATE_OVERDUE: "internal update overdue",
        Reason.PUBLIC_UPDATE_DUE: "public update due",
        Reason.PUBLIC_UPDATE_OVERDUE: "public update overdue",
        Reason.CALM: "calm: resolve?",
        Reason.RETURNED: "not calm after all",
        Reason.CANNOT_TELL: "cannot tell whether it is calm",
        Reason.RESOLVED: "over",
        Reason.BLIND: "a source fell silent",
        Reason.HEARS_AGAIN: "the source is heard again",
        Reason.ATTENTION: "attention: volume alone",
    }
)
OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.WAITING: "waiting",
        Outcome.DELIVERED: "delivered",
        Outcome.REFUSED: "refused",
        Outcome.SUPERSEDED: "superseded",
        Outcome.SKIPPED: "skipped",
    }
)
RULES: Mapping[Rule, str] = MappingProxyType(
    {
        Rule.NEGATIVE_SURGE: "negative surge",
        Rule.VOLUME: "volume (attention)",
        Rule.BLINDNESS: "silent source",
        Rule.MANUAL: "opened by a person",
    }
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "word": "word",
        "bigram": "two words",
        "hashtag": "hashtag",
        "link": "link",
        "author": "author",
        "conversation": "conversation",
    }
)


def summary(account: Account, zone: str) -> str:
    """One or two sentences that tell the whole of it."""
    incident = account.incident
    opening = incident.opening
    said = [
        f"{name(incident.brand)}: {_grade(incident)},",
        f"opened {moment(incident.opened_at, zone)}{_opener(incident)}: {what(incident)}.",
    ]
    peak = account.peak
    if peak.lane not in {None, Lane.SILENCE} and peak.observed > opening.observed:
        said.append(f"Furthest above the usual: {counted(peak)} ({short(peak.event_time, zone)}).")
    said.append(_handled(account))
    said.append(ending(incident, zone))
    return " ".join(said)


def what(incident: Incident) -> str:
    """Why it opened, as a sentence without its full stop."""
    return why(incident.opening).rstrip(". ")


def _grade(incident: Incident) -> str:
    if incident.missed:
        return f"{incident.severity}, missed"
    if incident.opening_severity is not incident.severity:
        return f"{incident.opening_severity}, later {incident.severity}"
    return str(incident.severity)


def _opener(incident: Incident) -> str:
    return f" by {name(incident.opened_by)}" if incident.opened_by else ""


def _handled(account: Account) -> str:
    incident, course = account.incident, account.course
    if incident.missed:
        return "It was over before it was noticed, so nobody was paged."
    if course.to_acknowledge is None:
        return "Nobody acknowledged it." if account.said else "Nobody was told."
    said = f"Acknowledged after {span(course.to_acknowledge)}"
    if course.to_update is not None:
        return f"{said}, first update after {span(course.to_update)}."
    return f"{said}, no update recorded."


def ending(incident: Incident, zone: str) -> str:
    """How it ended, or that it has not."""
    if incident.resolved_at is None:
        calm = incident.calm_at
        return "Still open." if calm is None else f"Still open, calm since {moment(calm, zone)}."
    by = (
        "by itself" if incident.resolved_by in {"", BY_CALM} else f"by {name(incident.resolved_by)}"
    )
    return f"Resolved {by} {moment(incident.resolved_at, zone)}{_verdict(incident)}."


def _verdict(incident: Incident) -> str:
    return f", verdict: {verdict(incident)}" if incident.verdict else ""


def verdict(incident: Incident) -> str:
    """What a person said that it was."""
    return {
        Verdict.REAL: "a real crisis",
        Verdict.FALSE: "a false page",
    }.get(incident.verdict, "nobody has said")


def reasons(notification: Notification) -> str:
    """Why somebody was told."""
    return "; ".join(dict.fromkeys(REASONS[reason] for reason in notification.reasons))


def happened(event: AnyEvent, zone: str) -> str:  # noqa: C901, PLR0911, PLR0912  # one line a kind of event
    """What one event says, on one line; a person's own text in quotes."""
    match event:
        case Opened():
            return f"opened as {event.severity}: {one_line(event.level.reason, SENTENCE)}"
        case Missed():
            return f"over before it was noticed: {one_line(event.level.reason, SENTENCE)}"
        case SeverityRaised():
            because = f": {one_line(event.reason, SENTENCE)}" if event.reason else ""
            return f"raised to {event.severity}{because}"
        case Calmed():
            return f"calm since {short(event.event_time, zone)}"
        case Returned():
            return "not calm after all"
        case Ended():
            return "over: resolved by itself"
        case Acknowledged():
            return "acknowledged"
        case Updated():
            promised = f"; next promised {short(event.promised, zone)}" if event.promised else ""
            return f"{event.audience} update: \u201c{one_line(event.text, TEXT)}\u201d{promised}"
        case Resolved():
            return f"resolved{f', verdict {event.verdict}' if event.verdict else ''}"
        case Reopened():
            return f"reopened: {one_line(event.reason, SENTENCE)}"
        case Assigned():
            return f"assigned to {name(event.to)}"
        case Noted():
            return f"note: \u201c{one_line(event.text, TEXT)}\u201d"
        case _:
            return f"at {counted(event.level)}, {percent(event.level.share)} of voices negative"


def post_of(event: AnyEvent) -> str:
    """The published post of an update; empty where there is none."""
    return link(event.link) if isinstance(event, Updated) else ""
