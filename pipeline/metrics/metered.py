"""What the people's side does, as metrics."""

from typing import TYPE_CHECKING

from alerts.notifiers.answer import Answer
from alerts.notifiers.protocol import Message, Notifier
from alerts.store import IncidentStore
from pipeline.metrics.registry import Metrics

if TYPE_CHECKING:
    from alerts.incident import State
    from detectors.severity import Severity


class Metered:
    """A notifier whose answers are counted."""

    def __init__(self, inner: Notifier, kind: str, metrics: Metrics) -> None:
        self._inner = inner
        self._kind = kind
        self._metrics = metrics

    def deliver(self, message: Message, *, key: str) -> Answer:
        """Deliver, and count what came of it."""
        answer = self._inner.deliver(message, key=key)
        self._metrics.notified(self._kind, message.reason, answer.result)
        return answer

    def close(self) -> None:
        """Let connections go."""
        self._inner.close()


def count_incidents(store: IncidentStore, metrics: Metrics) -> None:
    """Say how many incidents are not resolved now."""
    counts: dict[tuple[Severity, State], int] = {}
    with store.read() as view:
        for incident in view.incidents(only_open=True):
            key = (incident.severity, incident.state)
            counts[key] = counts.get(key, 0) + 1
    metrics.incidents_open(counts)
