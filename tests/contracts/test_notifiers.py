"""What every notifier promises, and what those that speak HTTP promise besides."""

import io
import json
import logging
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec
import pytest
from rich.console import Console
from standardwebhooks import Webhook, WebhookVerificationError

from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.post import TimeLimits
from alerts.notifiers.protocol import Message, Notifier
from alerts.notifiers.secret import SigningSecret
from alerts.notifiers.webhook import WebhookNotifier
from pipeline.clock import SystemClock
from tests.peer import Peer, a_peer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = SystemClock().now()
HOSTILE = (
    "[bold red]shout[/] [link=http://evil.example]x[/link]",
    "\x1b[2J\x1b]0;owned\x07 \x9b31m",
    "\u202etxet desrever\u2066 \u200f",
    "nul \x00 bell \x07 return \r\n new line",
    "<script>alert(1)</script> <!channel> @everyone",
    "=cmd|' /C calc'!A0",
    '"}],"data":{"severity":"info"}',
    "%s %n {0} ${jndi:ldap://x}",
    "e\u0301 \U0001f469\u200d\U0001f680 \ufffd",
)


def message(text: str = "Acme: 60 negatives in 15 min, usual 4", reason: str = "opened") -> Message:
    return Message(
        incident_id="acme:negative_surge:60000",
        reason=reason,
        at=NOW,
        headline=text,
        text=text,
        data=msgspec.Raw(msgspec.json.encode({"text": text})),
    )


class Channel(msgspec.Struct):
    """A notifier with the other side it speaks to."""

    notifier: Notifier
    received: Callable[[], list[str]]


@pytest.fixture
def peer() -> Iterator[Peer]:
    with a_peer() as peer:
        yield peer


@pytest.fixture
def webhook(peer: Peer) -> Iterator[WebhookNotifier]:
    notifier = WebhookNotifier(
        peer.url,
        SystemClock().now,
        secret=SigningSecret(SECRET),
        limits=TimeLimits(connect=300, whole=400),
    )
    yield notifier
    notifier.close()


@pytest.fixture(params=["console", "webhook"])
def channel(request: pytest.FixtureRequest, peer: Peer, webhook: WebhookNotifier) -> Channel:
    if request.param == "webhook":
        return Channel(webhook, lambda: [heard.data["text"] for heard in peer.heard])
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=200)
    return Channel(ConsoleNotifier(console), lambda: [screen.getvalue()])


def test_delivered_once_and_confirmed(channel: Channel) -> None:
    outcome = channel.notifier.deliver(message("hello there"), key="k:1")
    assert outcome.result is Result.DELIVERED
    assert len(channel.received()) == 1
    assert "hello there" in channel.received()[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_carried_and_never_obeyed(channel: Channel, text: str) -> None:
    assert channel.notifier.deliver(message(text), key="k:1").result is Result.DELIVERED
    (received,) = channel.received()
    if isinstance(channel.notifier, ConsoleNotifier):
        for obeyed in ("\x1b[2J", "\x1b]0", "\x9b", "\x07", "\x00", "\u202e", "\r"):
            assert obeyed not in received
        if text.startswith("[bold"):
            assert text in received
            assert "\x1b]8" not in received
    else:
        assert received == text


def test_a_broken_terminal_is_told_and_may_be_tried_again() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    notifier = ConsoleNotifier(Console(file=Gone()))
    assert notifier.deliver(message(), key="k").result is Result.UNCONFIRMED


def test_the_signature_is_verified_by_the_package_of_the_standard(
    peer: Peer, webhook: WebhookNotifier
) -> None:
    webhook.deliver(message(), key="acme:negative_surge:60000:ops:opened:1")
    (heard,) = peer.heard
    Webhook(SECRET).verify(heard.body, heard.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(heard.body + b" ", heard.headers)
    assert heard.key == "acme:negative_surge:60000:ops:opened:1"


def test_the_body_is_a_cloud_event(peer: Peer, webhook: WebhookNotifier) -> None:
    webhook.deliver(message(), key="k:1")
    (heard,) = peer.heard
    assert heard.headers["content-type"].startswith("application/cloudevents+json")
    event = heard.event
    assert {name: event[name] for name in ("specversion", "id", "type", "source", "subject")} == {
        "specversion": "1.0",
        "id": "k:1",
        "type": "crisis-monitor.notification.opened",
        "source": "/crisis-monitor",
        "subject": "acme:negative_surge:60000",
    }
    assert datetime.fromisoformat(event["time"]).timestamp() * 1000 == NOW
    assert event["data"] == {"text": message().text}


def test_a_brand_with_any_letters_travels_in_the_header(
    peer: Peer, webhook: WebhookNotifier
) -> None:
    key = "Hä\r\nagen 北:1"
    assert webhook.deliver(message(), key=key).result is Result.DELIVERED
    (heard,) = peer.heard
    assert heard.key == "H%C3%A4%0D%0Aagen%20%E5%8C%97:1"
    assert heard.event["id"] == key
    Webhook(SECRET).verify(heard.body, heard.headers)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("204", Answer(Result.DELIVERED, "answered 204")),
        ("400", Answer(Result.REFUSED, "answered 400")),
        ("410", Answer(Result.REFUSED, "answered 410")),
        ("redirect", Answer(Result.REFUSED, "answered 307: redirects are not followed")),
        ("408", Answer(Result.DEFERRED, "answered 408")),
        ("429:7", Answer(Result.DEFERRED, "answered 429", 7_000)),
        ("429:nonsense", Answer(Result.DEFERRED, "answered 429")),
        ("429:99999999999999", Answer(Result.DEFERRED, "answered 429", 3_600_000)),
        ("503:2", Answer(Result.DEFERRED, "answered 503", 2_000)),
        ("500", Answer(Result.UNCONFIRMED, "answered 500")),
        ("hang", Answer(Result.UNCONFIRMED, "no answer within 400 ms")),
        ("drip", Answer(Result.UNCONFIRMED, "no answer within 400 ms")),
        ("reset", Answer(Result.UNCONFIRMED, "the connection failed: ReadError")),
        ("half", Answer(Result.UNCONFIRMED, "the connection failed: RemoteProtocolError")),
        ("huge", Answer(Result.DELIVERED, "answered 200")),
    ],
)
def test_what_each_answer_means_and_that_the_next_call_works(
    peer: Peer, webhook: WebhookNotifier, way: str, expected: Answer
) -> None:
    peer.ways.append(way)
    assert webhook.deliver(message(), key="k:1") == expected
    assert webhook.deliver(message(), key="k:1").result is Result.DELIVERED
    assert {heard.key for heard in peer.heard} == {"k:1"}
    assert len(peer.heard) == 2


def test_nobody_listens() -> None:
    with a_peer() as peer:
        url = peer.url
    notifier = WebhookNotifier(url, SystemClock().now)
    try:
        outcome = notifier.deliver(message(), key="k")
    finally:
        notifier.close()
    assert outcome == Answer(Result.UNCONFIRMED, "the connection failed: ConnectError")


@pytest.mark.parametrize("url", ["nonsense", "ftp://x/", "http://[::1", "http://x\x00/", ""])
def test_an_address_that_cannot_be_used_is_refused_without_showing_it(url: str) -> None:
    notifier = WebhookNotifier(url, SystemClock().now)
    outcome = notifier.deliver(message(), key="k")
    notifier.close()
    assert outcome == Answer(Result.REFUSED, "the receiver's URL cannot be used")


def test_no_secret_and_no_address_in_logs_outcomes_or_representations(
    peer: Peer, webhook: WebhookNotifier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    peer.ways.append("500")
    outcome = webhook.deliver(message(), key="k:1")
    shown = json.dumps([record.getMessage() for record in caplog.records]) + repr(outcome)
    assert peer.url not in shown
    secret = SigningSecret(SECRET)
    assert repr(secret) == str(secret) == f"{secret}" == "SigningSecret(...)"
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(secret)


@pytest.mark.parametrize("spelling", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!"])
def test_a_weak_or_broken_secret_is_refused_without_showing_it(spelling: str) -> None:
    with pytest.raises(ValueError, match=r"^the signing secret (is not base64|has \d bytes)"):
        SigningSecret(spelling)
