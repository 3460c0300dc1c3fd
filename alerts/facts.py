"""A notification as fields for programs: JSON-ready, times in RFC 3339 UTC, durations in ms."""

from typing import TYPE_CHECKING

from alerts import clocks
from alerts.incident import Audience, Incident
from alerts.plain import encodable, link, one_line, path_segment
from alerts.times import rfc3339
from alerts.wording import COMMAND, SENTENCE, Telling, changes, name, next_reminder
from detectors.reading import Rule

if TYPE_CHECKING:
    from alerts.notification import Notification, Part
    from alerts.samples import Driver, Sample, Samples

SAMPLE = 200
"""Characters of a sample's text."""
SAMPLES = 3
"""Samples in one message."""
DRIVERS = 5
"""Drivers in one message's fields."""
PHRASE = 60
"""Characters of a driver's phrase."""


def address(incident: Incident, public_url: str) -> str:
    """Return where people see the incident; empty where the monitor has no public address."""
    base = link(public_url)
    return f"{base.rstrip('/')}/incidents/{path_segment(incident.id)}" if base else ""


def has_mentions(incident: Incident) -> bool:
    """Whether mentions stand behind it: not where a source is silent, or a person spoke."""
    return incident.rule not in {Rule.BLINDNESS, Rule.MANUAL}


def differences(telling: Telling, notification: "Notification") -> list[str]:
    """Return what changed since the receiver was last told."""
    before = notification.before
    return [] if before is None else changes(before, telling.incident, telling)


def _instant(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def facts(
    telling: Telling,
    notification: "Notification",
    parts: "tuple[Part, ...]",
    samples: "Samples | None",
) -> dict[str, object]:
    """Return every number and name the text is made of, the drivers and the samples."""
    incident, level = telling.incident, telling.incident.level
    return {
        "incident": encodable(incident.id),
        "brand": encodable(incident.brand),
        "rule": str(incident.rule),
        "lane": None if level.lane is None else str(level.lane),
        "severity": str(incident.severity),
        "state": str(incident.state),
        "reason": str(notification.reason),
        "reasons": [str(part.reason) for part in parts],
        "planned_at": rfc3339(notification.at),
        "opened_at": rfc3339(incident.opened_at),
        "noticed_at": rfc3339(incident.noticed_at),
        "late_by": incident.late_by,
        "why": one_line(level.reason, SENTENCE),
        "observed": level.observed,
        "expected": level.expected,
        "share": level.share,
        "usual_share": level.usual_share,
        "voices": level.voices,
        "mentions": level.mentions,
        "still_learning": incident.still_learning,
        "calm_at": _instant(incident.calm_at),
        "unheard": [name(source) for source in incident.unheard],
        "owner": name(incident.owner),
        "acknowledged_by": name(incident.acknowledged_by),
        "resolved_at": _instant(incident.resolved_at),
        "resolved_by": name(incident.resolved_by),
        "reopened": incident.reopened,
        "changed": differences(telling, notification),
        "next_updates": _next_fields(telling),
        "samples_missing": samples is None and has_mentions(incident),
        "samples": []
        if samples is None
        else [_sample_fields(s) for s in samples.samples[:SAMPLES]],
        "drivers": []
        if samples is None
        else [_driver_fields(d) for d in samples.drivers[:DRIVERS]],
        "channels": {} if samples is None else {name(k): n for k, n in samples.channels},
        "languages": {} if samples is None else {name(k): n for k, n in samples.languages},
        "acknowledge": f"{COMMAND} acknowledge {telling.word}",
    }


def _next_fields(telling: Telling) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for audience in Audience:
        due = clocks.owed_at(telling.incident, audience, telling.policy)
        if due is not None:
            again = next_reminder(telling, audience)
            found.append(
                {
                    "audience": str(audience),
                    "due_at": rfc3339(due),
                    "overdue": due <= telling.now,
                    "next_reminder_at": _instant(again),
                }
            )
    return found


def _driver_fields(driver: "Driver") -> dict[str, object]:
    return {
        "kind": name(driver.kind),
        "phrase": one_line(driver.phrase, PHRASE),
        "count": driver.count,
        "sample": None if driver.sample is None else _sample_fields(driver.sample),
    }


def _sample_fields(sample: "Sample") -> dict[str, object]:
    return {
        "id": one_line(sample.id, SAMPLE),
        "text": one_line(sample.text, SAMPLE),
        "url": link(sample.url),
        "channel": name(sample.channel),
        "language": name(sample.language),
        "event_time": _instant(sample.event_time or None),
    }
