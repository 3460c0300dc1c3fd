"""An incident and its events, as documents for programs and as rows for people."""

import msgspec

from alerts.incident import AnyEvent, Incident, Level, Missed, Opened, Updates
from pipeline.commands.output import rfc3339


def incident_document(incident: Incident) -> dict[str, object]:
    """Give the stable JSON form of an incident; times in RFC 3339, None where there is none."""
    return {
        "id": incident.id,
        "brand": incident.brand,
        "rule": incident.rule,
        "lane": incident.lane,
        "severity": incident.severity,
        "state": incident.state,
        "opened_at": rfc3339(incident.opened_at),
        "noticed_at": rfc3339(incident.noticed_at),
        "opened_by": incident.opened_by,
        "acknowledged_at": rfc3339(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by,
        "owner": incident.owner,
        "calm_at": rfc3339(incident.calm_at),
        "resolved_at": rfc3339(incident.resolved_at),
        "resolved_by": incident.resolved_by,
        "verdict": incident.verdict,
        "reopened": incident.reopened,
        "missed": incident.missed,
        "level": _level(incident.level),
        "updates": {
            "internal": _updates(incident.internal),
            "public": _updates(incident.public),
        },
        "notes": incident.notes,
    }


def incident_lines(incident: Incident) -> tuple[str, str]:
    """Say how an incident stands: its id, alone so that it can be copied, then the rest."""
    level = incident.level
    said = [
        incident.severity,
        "missed" if incident.missed else incident.state,
        f"since {rfc3339(incident.opened_at)}",
    ]
    if level.lane is not None:
        said.append(f"{level.observed:.0f} in {level.lane}, usually {level.expected:.1f}")
    if incident.owner:
        said.append(f"owner {incident.owner}")
    if incident.resolved_at is not None:
        said.append(f"resolved {rfc3339(incident.resolved_at)} by {incident.resolved_by}")
    elif incident.calm_at is not None:
        said.append(f"calm since {rfc3339(incident.calm_at)}")
    if incident.verdict:
        said.append(f"verdict {incident.verdict}")
    return incident.id, ", ".join(said)


def event_document(event: AnyEvent) -> dict[str, object]:
    """Give an event as it is stored, its instants in RFC 3339."""
    stored: dict[str, object] = msgspec.to_builtins(event)
    return {name: _readable(name, value) for name, value in stored.items()}


def event_line(event: AnyEvent) -> str:
    """Say in one line when something happened, what, and who did it."""
    document = event_document(event)
    said = [
        str(value)
        for name in ("severity", "reason", "audience", "to", "verdict", "text", "link")
        if (value := document.get(name))
    ]
    if isinstance(event, Opened | Missed) and event.level.reason:
        said.insert(1, event.level.reason)
    by = f" by {event.by}" if event.by else ""
    return f"{document['at']}  {document['kind']}{by}{': ' if said else ''}{', '.join(said)}"


_INSTANTS = frozenset({"at", "event_time", "opened_at", "promised", "unheard_since"})


def _readable(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {inner: _readable(inner, each) for inner, each in value.items()}
    return rfc3339(value) if name in _INSTANTS and isinstance(value, int) else value


def _level(level: Level) -> dict[str, object]:
    return {
        "event_time": rfc3339(level.event_time),
        "observed": level.observed,
        "expected": level.expected,
        "mentions": level.mentions,
        "voices": level.voices,
        "share": level.share,
        "usual_share": level.usual_share,
        "reason": level.reason,
    }


def _updates(updates: Updates) -> dict[str, object]:
    return {
        "count": updates.count,
        "last_at": rfc3339(updates.last_at),
        "promised": rfc3339(updates.promised),
    }
