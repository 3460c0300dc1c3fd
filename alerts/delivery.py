"""One attempt at one notification: held against the truth before, written down around the call."""

from collections.abc import Callable, Mapping

import msgspec
import structlog

from alerts.backoff import DeliverySettings, pause
from alerts.errors import NotLeading
from alerts.incident import Incident
from alerts.message import compose
from alerts.notification import Notification, Outcome
from alerts.notifiers.answer import Answer, Result
from alerts.notifiers.protocol import Notifier
from alerts.policy import Policy, Receiver
from alerts.samples import Samples, SampleSource
from alerts.store import IncidentStore, Planned, Work
from alerts.timers import untrue_because

_log = structlog.get_logger(__name__)

Now = Callable[[], int]


def always() -> bool:
    """Whoever is the only one to deliver always may."""
    return True


class Begun(msgspec.Struct, frozen=True):
    """An attempt whose beginning is on disk."""

    row: Planned
    incident: Incident
    number: int
    at: int


class Delivery:
    """Delivers what the outbox holds, at least once, always under the same dedup key.

    The store knows of a call before it is made and of its answer after, so a process killed at any
    point loses nothing; it may repeat a call whose answer it did not live to write. Safe to use
    from one thread a receiver.
    """

    def __init__(  # noqa: PLR0913  # the things a delivery touches, each replaceable
        self,
        store: IncidentStore,
        policy: Policy,
        notifiers: Mapping[str, Notifier],
        samples: SampleSource,
        settings: DeliverySettings,
        *,
        waits_for_samples: bool,
        public_url: str = "",
        nearby: Mapping[str, str] | None = None,
        may_deliver: Callable[[], bool] = always,
    ) -> None:
        self._store = store
        self._policy = policy
        self._notifiers = notifiers
        self._samples = samples
        self.settings = settings
        self._waits = waits_for_samples
        self._public_url = public_url
        self._nearby = nearby or {}
        """Where receivers that read on this very machine find the page, when nobody else can."""
        self._may_deliver = may_deliver

    def attempt(self, row_id: int, read_now: Now, chance: float = 0.0) -> Answer | None:
        """Try once; None when nothing was sent (already closed, not true any more, put off).

        Raises NotLeading where somebody else is to deliver now.
        """
        if not self._may_deliver():
            raise NotLeading("another alerter delivers now")
        begun = self._begin(row_id, read_now())
        if begun is None:
            return None
        answer = self._call(begun)
        self._finish(begun, answer, read_now(), chance)
        return answer

    def waits_for(self, row: Planned, now: int) -> bool:
        """Whether a page should wait a little longer for the mentions it shows."""
        notification = row.notification
        if not (self._waits and notification.reason.is_page):
            return False
        if now >= notification.made_at + self.settings.sample_wait:
            return False
        with self._store.read() as view:
            incident = view.incident(notification.incident)
        return incident is not None and self._look_up(incident) is None

    def put_off(self, row: Planned, until: int, detail: str) -> None:
        """Let a row wait."""
        with self._store.write() as work:
            work.put_off(row.id, until, detail)

    def _begin(self, row_id: int, now: int) -> Begun | None:
        with self._store.write() as work:
            row = work.notification(row_id)
            if row is None or row.outcome is not Outcome.WAITING:
                return None
            incident = work.incident(row.notification.incident)
            if incident is None:
                work.close(row.id, Outcome.REFUSED, now, "its incident is not in the store")
                return None
            if self._closed_unsent(work, row, incident, now):
                return None
            return Begun(row, incident, work.begin_attempt(row_id, now), now)

    def _closed_unsent(self, work: Work, row: Planned, incident: Incident, now: int) -> bool:
        """Close a row that is not to be sent, with the reason."""
        notification = row.notification
        cause = untrue_because(notification, incident, now, self._policy)
        if cause is not None:
            work.close(row.id, Outcome.SUPERSEDED, now, str(cause))
        elif self._receiver(notification) is None:
            work.close(row.id, Outcome.REFUSED, now, "no such receiver is configured any more")
        elif row.attempts and now - notification.made_at >= self.settings.gives_up_after:
            work.close(
                row.id,
                Outcome.REFUSED,
                now,
                f"given up after {row.attempts} attempts: {row.detail}",
            )
        else:
            return False
        return True

    def _call(self, begun: Begun) -> Answer:
        row = begun.row
        receiver = self._receiver(row.notification)
        if receiver is None:
            return Answer(Result.REFUSED, "no such receiver is configured any more")
        message = compose(
            row.notification,
            begun.incident,
            begun.at,
            self._policy,
            self._look_up(begun.incident),
            self._nearby.get(receiver.name, self._public_url),
        )
        try:
            return self._notifiers[receiver.name].deliver(message, key=row.notification.key)
        except Exception:  # noqa: BLE001  # a fault in one channel must not silence the others
            _log.exception("delivery failed", receiver=receiver.name, key=row.notification.key)
            return Answer(Result.UNCONFIRMED, "a fault of this program; see its log")

    def _finish(self, begun: Begun, answer: Answer, now: int, chance: float) -> None:
        row = begun.row
        with self._store.write() as work:
            work.finish_attempt(row.id, begun.number, now, answer)
            if answer.result is Result.DELIVERED:
                work.close(row.id, Outcome.DELIVERED, now, answer.detail)
            elif answer.result is Result.REFUSED:
                work.close(row.id, Outcome.REFUSED, now, answer.detail)
            else:
                wait = answer.retry_after
                if wait is None:
                    wait = pause(self.settings, begun.number, chance)
                work.put_off(row.id, now + max(wait, 1), answer.detail)

    def _receiver(self, notification: Notification) -> Receiver | None:
        if notification.receiver not in self._notifiers:
            return None
        return self._policy.receiver(notification.receiver)

    def _look_up(self, incident: Incident) -> Samples | None:
        try:
            return self._samples.samples(
                incident.brand, incident.rule, incident.level.event_time, self.settings.samples
            )
        except Exception:  # noqa: BLE001  # a page does without what cannot be read
            _log.exception("no samples could be read", incident=incident.id)
            return None
