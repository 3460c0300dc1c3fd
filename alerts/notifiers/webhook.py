"""Delivers to a URL: a CloudEvents 1.0 body, signed as Standard Webhooks describes."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec
from standardwebhooks import Webhook

from alerts.notifiers.answer import Answer
from alerts.notifiers.post import Poster, TimeLimits
from alerts.notifiers.protocol import Message
from alerts.notifiers.secret import SigningSecret

SOURCE = "/crisis-monitor"
TYPE_PREFIX = "crisis-monitor.notification."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The body: the attributes of CloudEvents 1.0, and the notification as `data`."""

    id: str
    type: str
    subject: str
    time: str
    data: msgspec.Raw
    specversion: str = "1.0"
    source: str = SOURCE
    datacontenttype: str = "application/json"


class WebhookNotifier:
    """A receiver behind a URL.

    `webhook-id` (percent-encoded where a header asks it) and the event's `id` are the dedup key,
    the same at every attempt;
    `webhook-timestamp` is when this attempt was made, which `read_now` tells: a receiver holds
    it against its own clock. Without a secret the body goes unsigned. The URL may be a
    secret itself: it appears in no outcome and in no log.
    """

    def __init__(
        self,
        url: str,
        read_now: Callable[[], int],
        *,
        secret: SigningSecret | None = None,
        limits: TimeLimits | None = None,
    ) -> None:
        self._url = url
        self._read_now = read_now
        self._signer = None if secret is None else Webhook(secret.reveal())
        self._poster = Poster(limits)
        # Both libraries write every request's URL to their log below this level.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Post once; see `alerts.notifiers.post` for the limits and what an answer means."""
        now = self._read_now()
        key_sent = header_key(key)
        body = event_body(message, key)
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": key_sent,
            "webhook-timestamp": str(now // 1000),
        }
        if self._signer is not None:
            moment = _EPOCH + timedelta(seconds=now // 1000)
            headers["webhook-signature"] = self._signer.sign(key_sent, moment, body.decode())
        return self._poster.post(self._url, body, headers, now)

    def close(self) -> None:
        """Close the connection kept open."""
        self._poster.close()


def header_key(key: str) -> str:
    """Spell a dedup key so that a header can carry it: what is not plain is percent-encoded.

    >>> header_key("acme:negative_surge:60000:ops:opened:1"), header_key("Häagen:1")
    ('acme:negative_surge:60000:ops:opened:1', 'H%C3%A4agen:1')
    """
    return quote(key, safe=":/@!$&'()*+,;=~", errors="replace")


def event_body(message: Message, key: str) -> bytes:
    """Encode a message as a CloudEvents 1.0 JSON event."""
    moment = _EPOCH + timedelta(milliseconds=message.at)
    event = CloudEvent(
        id=key,
        type=TYPE_PREFIX + message.reason,
        subject=message.incident_id,
        time=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        data=message.data,
    )
    return msgspec.json.encode(event)
