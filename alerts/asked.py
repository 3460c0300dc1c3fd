"""What people may do with an incident, and when it is refused."""

from typing import TYPE_CHECKING

from alerts.command import (
    Acknowledge,
    Assign,
    Command,
    Note,
    Open,
    Refusal,
    RefusalReason,
    Resolve,
    Update,
)
from alerts.incident import (
    BY_CALM,
    Acknowledged,
    AnyEvent,
    Assigned,
    Audience,
    Incident,
    Level,
    Noted,
    Opened,
    Resolved,
    State,
    Updated,
)
from alerts.times import rfc3339
from detectors.reading import Rule

if TYPE_CHECKING:
    from alerts.policy import LifecycleSettings

LINKS = ("https://", "http://")

Answer = tuple[AnyEvent, ...] | Refusal


def incident_id(brand: str, rule: Rule, opened_at: int) -> str:
    """Return `brand:rule:bucket`, the bucket being the opening one's end in UTC.

    >>> incident_id("united", Rule.NEGATIVE_SURGE, 1_424_613_600_000)
    'united:negative_surge:2015-02-22T14:00:00Z'
    """
    return f"{brand}:{rule}:{rfc3339(opened_at)}"


def decide_command(
    incident: Incident | None, command: Command, now: int, settings: "LifecycleSettings"
) -> Answer:
    """Return the events a command leads to, or why it is refused."""
    if not command.by.strip():
        return Refusal(RefusalReason.NO_AUTHOR, "nobody is named: say who you are with --by NAME")
    if command.by.strip() == BY_CALM:
        return Refusal(
            RefusalReason.NO_AUTHOR,
            f"{BY_CALM!r} is what ends an incident by itself: say who you are with --by NAME",
        )
    if isinstance(command, Open):
        return _open(incident, command, now, settings)
    if incident is None:
        return Refusal(RefusalReason.NO_INCIDENT, "there is no such incident: see `incidents list`")
    return _decide_of(incident, command, now, settings)


def _decide_of(
    incident: Incident,
    command: Acknowledge | Update | Resolve | Assign | Note,
    now: int,
    settings: "LifecycleSettings",
) -> Answer:
    match command:
        case Acknowledge():
            return _acknowledge(incident, command, now)
        case Update():
            return _update(incident, command, now, settings)
        case Resolve():
            return _resolve(incident, command, now)
        case Assign():
            return _assign(incident, command, now)
        case Note():
            wrong = _wrong_text(command.text, settings)
            return wrong or (Noted(at=now, by=command.by.strip(), text=command.text.strip()),)


def _open(
    incident: Incident | None, command: Open, now: int, settings: "LifecycleSettings"
) -> Answer:
    brand = command.brand.strip()
    if not brand:
        return Refusal(RefusalReason.NO_BRAND, "name the brand the incident is about")
    if wrong := _wrong_text(command.reason, settings):
        return wrong
    if incident is not None and incident.is_open:
        return Refusal(
            RefusalReason.ALREADY_OPEN,
            f"{incident.id} is open already: add a note or an update to it",
        )
    reason = command.reason.strip()
    return (
        Opened(
            at=now,
            by=command.by.strip(),
            id=incident_id(brand, Rule.MANUAL, now),
            brand=brand,
            rule=Rule.MANUAL,
            severity=command.severity,
            event_time=now,
            opened_at=now,
            level=Level(now, reason=reason),
        ),
    )


def _acknowledge(incident: Incident, command: Acknowledge, now: int) -> Answer:
    by = command.by.strip()
    if incident.state is State.RESOLVED:
        return _resolved_already(incident)
    if incident.state is State.OPEN:
        return (Acknowledged(at=now, by=by),)
    if incident.acknowledged_by == by:
        return ()
    return Refusal(
        RefusalReason.ALREADY_ACKNOWLEDGED,
        f"{incident.acknowledged_by} has acknowledged it already; "
        "take it over with `incidents assign`",
    )


def _update(incident: Incident, command: Update, now: int, settings: "LifecycleSettings") -> Answer:
    if wrong := _wrong_text(command.text, settings) or _wrong_link(command):
        return wrong
    if command.promised is not None:
        if incident.state is State.RESOLVED:
            return Refusal(
                RefusalReason.ALREADY_RESOLVED,
                "it is resolved, so no further update can be promised: leave the time out",
            )
        if command.promised <= now:
            return Refusal(
                RefusalReason.PROMISE_PAST, "the promised next update must lie in the future"
            )
    return (
        Updated(
            at=now,
            by=command.by.strip(),
            audience=command.audience,
            text=command.text.strip(),
            language=command.language.strip(),
            link=command.link.strip(),
            promised=command.promised,
        ),
    )


def _resolve(incident: Incident, command: Resolve, now: int) -> Answer:
    if incident.state is State.RESOLVED:
        return _resolved_already(incident)
    return (Resolved(at=now, by=command.by.strip(), verdict=command.verdict),)


def _assign(incident: Incident, command: Assign, now: int) -> Answer:
    to = command.to.strip()
    if not to:
        return Refusal(RefusalReason.NO_OWNER, "name the person who is to own it")
    if incident.state is State.RESOLVED:
        return _resolved_already(incident)
    if incident.owner == to:
        return ()
    return (Assigned(at=now, by=command.by.strip(), to=to),)


def _resolved_already(incident: Incident) -> Refusal:
    at = "" if incident.resolved_at is None else f" at {rfc3339(incident.resolved_at)}"
    return Refusal(
        RefusalReason.ALREADY_RESOLVED, f"{incident.resolved_by} has resolved it already{at}"
    )


def _wrong_text(text: str, settings: "LifecycleSettings") -> Refusal | None:
    if not text.strip():
        return Refusal(RefusalReason.EMPTY_TEXT, "the text is empty: say what is known")
    if len(text) > settings.max_text:
        return Refusal(
            RefusalReason.TEXT_TOO_LONG,
            f"the text has {len(text)} characters, at most {settings.max_text} are kept",
        )
    return None


def _wrong_link(command: Update) -> Refusal | None:
    link = command.link.strip()
    if not link:
        if command.audience == Audience.PUBLIC:
            return Refusal(
                RefusalReason.NO_LINK,
                "a public update needs the link of the published post; "
                "publish it first, then record it with --link URL",
            )
        return None
    if not link.lower().startswith(LINKS) or any(c.isspace() for c in link):
        return Refusal(
            RefusalReason.BAD_LINK,
            "the link must be one address beginning with https:// or http://",
        )
    return None
