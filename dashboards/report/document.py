"""One incident as a JSON document for programs; names are stable, new ones may come."""

import msgspec

from alerts.plain import link
from alerts.samples import Sample
from dashboards.report.account import Account
from dashboards.report.words import summary
from pipeline.commands.incident_views import event_document, incident_document
from pipeline.commands.notification_views import notification_document
from pipeline.commands.output import rfc3339


def document(account: Account, zone: str, now: int) -> str:
    """The report as JSON text: `incident`, `summary`, `course` (ms), `events`, `notifications`, ...

    Instants are RFC 3339 in UTC. `incident`, `events` and `notifications` are as `incidents show
    --format json` gives them; each notification has the `title` its receiver read (null where
    it is not known). Samples and drivers are masked.
    """
    course = account.course
    shown = {
        "incident": incident_document(account.incident),
        "summary": summary(account, zone),
        "as_of": rfc3339(now),
        "zone": zone,
        "course": {
            "to_notice": course.to_notice,
            "to_page": course.to_page,
            "to_acknowledge": course.to_acknowledge,
            "to_update": course.to_update,
            "to_resolve": course.to_resolve,
        },
        "peak": {
            "event_time": rfc3339(account.peak.event_time),
            "observed": account.peak.observed,
            "expected": account.peak.expected,
            "share": account.peak.share,
            "usual_share": account.peak.usual_share,
            "reason": account.peak.reason,
        },
        "events": [event_document(event) for event in account.events],
        "notifications": [
            notification_document(each.row, each.attempts)
            | {"title": None if each.read is None else each.read.title}
            for each in account.said
        ],
        "drivers": [
            {
                "kind": driver.kind,
                "phrase": driver.phrase,
                "count": driver.count,
                "sample": None if driver.sample is None else _sample(driver.sample),
            }
            for driver in account.drivers
        ],
        "samples": [_sample(each) for each in account.samples],
        "channels": dict(account.channels),
        "languages": dict(account.languages),
    }
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode() + "\n"


def _sample(sample: Sample) -> dict[str, object]:
    return {
        "id": sample.id,
        "text": sample.text,
        "url": link(sample.url),
        "channel": sample.channel,
        "language": sample.language,
        "event_time": rfc3339(sample.event_time or None),
    }
