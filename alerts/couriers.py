"""One thread a receiver, so that one that hangs delays nobody else."""

import random
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import stamina
import structlog

from alerts.delivery import Delivery, Now
from alerts.errors import AlertsError, NotLeading
from alerts.notifiers.answer import Answer
from alerts.store import IncidentStore, Planned

_LONGEST_SLEEP = 1.0
"""Seconds; others may write to the outbox without waking us."""

_log = structlog.get_logger(__name__)


class NotConfirmedError(Exception):
    """An attempt was not confirmed, so another may follow."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.detail)
        self.answer = answer


class Couriers:
    """Delivers the outbox while it runs: a series of attempts now, the rest when it is due.

    What is not confirmed within a series stays in the outbox with the time of its next
    attempt, also across restarts. `read_now` is the clock. They may be stopped and started again:
    where several alerters share a store, one at a time delivers.
    """

    def __init__(
        self, store: IncidentStore, delivery: Delivery, receivers: Iterable[str], read_now: Now
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._receivers = tuple(receivers)
        self._read_now = read_now
        self._stopping = threading.Event()
        self._couriers: list[_Courier] = []
        self._ended = 0

    def start(self) -> None:
        """Begin to deliver."""
        self._ended = self.attempts
        self._stopping = threading.Event()
        self._couriers = [
            _Courier(self._store, self._delivery, name, self._read_now, self._stopping)
            for name in self._receivers
        ]
        for courier in self._couriers:
            courier.start()

    def halt(self) -> None:
        """Begin nothing more; returns at once, calls under way end by themselves."""
        self._stopping.set()
        self.wake()

    def wake(self) -> None:
        """Say that there may be something new in the outbox."""
        for courier in self._couriers:
            courier.look.set()

    @property
    def are_idle(self) -> bool:
        """Whether no call and no series of calls is under way."""
        return all(courier.is_idle.is_set() for courier in self._couriers)

    @property
    def attempts(self) -> int:
        """How many attempts have ended: what is true of a notification may have changed."""
        return self._ended + sum(courier.attempts for courier in self._couriers)

    def stop(self, seconds: float = 15.0) -> bool:
        """Finish the calls under way and stop; False where one did not end in time."""
        self.halt()
        for courier in self._couriers:
            if courier.is_alive():
                courier.join(seconds)
        return not any(courier.is_alive() for courier in self._couriers)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Courier(threading.Thread):
    """Delivers to one receiver, in the order of the next attempts."""

    def __init__(
        self,
        store: IncidentStore,
        delivery: Delivery,
        receiver: str,
        read_now: Now,
        stopping: threading.Event,
    ) -> None:
        super().__init__(name=f"courier {receiver}", daemon=True)
        self.look = threading.Event()
        self.is_idle = threading.Event()
        self.attempts = 0
        self._store = store
        self._delivery = delivery
        self._receiver = receiver
        self._read_now = read_now
        self._stopping = stopping

    def run(self) -> None:
        """Deliver until told to stop; trouble of the store is waited out."""
        while not self._stopping.is_set():
            self.look.clear()
            try:
                rest = self._deliver_all()
            except NotLeading:
                rest = _LONGEST_SLEEP  # whoever leads delivers; we are about to be halted
            except AlertsError as error:
                _log.warning("delivery waits for the incident store", error=str(error))
                rest = _LONGEST_SLEEP
            self.is_idle.set()
            self.look.wait(rest)
            self.is_idle.clear()

    def _deliver_all(self) -> float:
        """Deliver what is due; return the seconds until something is, or is to be looked for."""
        while not self._stopping.is_set():
            now = self._read_now()
            with self._store.read() as view:
                rows = view.waiting(receiver=self._receiver, until=now, limit=1)
                following = view.next_attempt_at(self._receiver)
            if not rows:
                if following is None:
                    return _LONGEST_SLEEP
                return min(max((following - now) / 1000, 0.001), _LONGEST_SLEEP)
            self._deliver(rows[0], now)
        return 0.0

    def _deliver(self, row: Planned, now: int) -> None:
        if self._delivery.waits_for(row, now):
            until = now + self._delivery.settings.sample_poll
            self._delivery.put_off(row, until, "waiting for the mentions it shows")
            return
        try:
            self._series(row)
        except AlertsError:
            raise
        except NotConfirmedError as failed:
            _log.warning(
                "notification not confirmed",
                receiver=self._receiver,
                key=row.notification.key,
                detail=failed.answer.detail,
            )
        except Exception:  # noqa: BLE001  # one faulty row must not silence a receiver
            _log.exception("delivery failed", receiver=self._receiver, key=row.notification.key)
            until = self._read_now() + self._delivery.settings.first_pause
            self._delivery.put_off(row, until, "a fault of this program; see its log")

    def _series(self, row: Planned) -> None:
        settings = self._delivery.settings
        for attempt in stamina.retry_context(
            on=self._worth_repeating,
            attempts=settings.attempts_in_series,
            timeout=None,
            wait_initial=settings.series_first_wait / 1000,
            wait_max=settings.series_longest_wait / 1000,
            wait_jitter=settings.series_first_wait * settings.jitter / 1000,
        ):
            with attempt:
                chance = random.random()  # noqa: S311  # spreads retries; nothing secret
                answer = self._delivery.attempt(row.id, self._read_now, chance)
                self.attempts += 1
                if answer is not None and not answer.result.is_final:
                    raise NotConfirmedError(answer)
                if answer is not None:
                    _log.info(
                        "notification ended",
                        receiver=self._receiver,
                        key=row.notification.key,
                        result=str(answer.result),
                        detail=answer.detail,
                    )

    def _worth_repeating(self, error: Exception) -> bool | float:
        """Repeat within the series, unless asked to wait longer than a series waits."""
        if not isinstance(error, NotConfirmedError) or self._stopping.is_set():
            return False
        wait = error.answer.retry_after
        if wait is None:
            return True
        if wait > self._delivery.settings.series_longest_wait:
            return False
        return wait / 1000
