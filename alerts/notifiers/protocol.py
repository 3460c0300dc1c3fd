"""What every channel takes and promises."""

from typing import Protocol

import msgspec

from alerts.notifiers.answer import Answer


class Message(msgspec.Struct, frozen=True):
    """One notification, rendered for its receiver.

    `headline` makes sense alone; `text` is the whole, plain, its lines separated by a newline;
    `data` the same for programs, as encoded JSON. `at` is the instant it speaks of. Both
    texts may repeat what strangers wrote: a channel escapes them for its own output.
    """

    incident_id: str
    reason: str
    at: int
    headline: str
    text: str
    data: msgspec.Raw


class Notifier(Protocol):
    """A channel to one receiver.

    A call returns in bounded time and never raises for what the other side does. The same
    notification is always delivered with the same `key`, so that a receiver can drop a repeat.
    """

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Try once."""
        ...

    def close(self) -> None:
        """Let connections go; nothing is delivered after it."""
        ...
