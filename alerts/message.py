"""A notification as a channel takes it: rendered, and encoded for programs."""

import msgspec
import structlog

from alerts.incident import Incident
from alerts.notification import Notification
from alerts.notifiers.protocol import Message
from alerts.policy import Policy
from alerts.rendering import render
from alerts.samples import Samples

_log = structlog.get_logger(__name__)


def compose(  # noqa: PLR0913, PLR0917  # what a message is made of
    notification: Notification,
    incident: Incident,
    now: int,
    policy: Policy,
    samples: Samples | None,
    public_url: str,
) -> Message:
    """Render a notification as of `now`; a page never fails to go out because of its wording."""
    try:
        rendered = render(notification, incident, now, policy, samples, public_url)
        title, text, fields = rendered.title, rendered.text, rendered.fields
    except Exception:  # noqa: BLE001  # a fault in the wording must not keep anybody asleep
        _log.exception("a notification could not be worded", key=notification.key)
        title = f"{incident.severity} {incident.brand}: {notification.reason}"
        text = f"{title}\nThe message could not be worded; see incident {incident.id}"
        fields = {
            "incident": incident.id,
            "brand": incident.brand,
            "severity": incident.severity,
            "reason": notification.reason,
        }
    return Message(
        incident_id=incident.id,
        reason=str(notification.reason),
        at=now,
        headline=title,
        text=text,
        data=msgspec.Raw(
            msgspec.json.encode({**fields, "receiver": notification.receiver, "text": text})
        ),
    )
