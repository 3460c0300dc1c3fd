"""Tells Kafka how far a group has read, so that lag shows; nothing depends on it."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

import structlog

from pipeline.clock import stopwatch

EVERY: Final = 1.0
_GOODBYE: Final = 3_000

_log = structlog.get_logger(__name__)


class Elsewhere:
    """How far readers outside the group have read, for a member to tell; thread-safe.

    Brokers take positions from members of a group alone, of any topic.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._noted: dict[Any, int] = {}

    def note(self, following: Mapping[Any, int]) -> None:
        """Note the offset of the next record of each partition."""
        with self._lock:
            self._noted |= following

    def take(self) -> dict[Any, int]:
        """Give what was noted since the last call."""
        with self._lock:
            noted, self._noted = self._noted, {}
        return noted


class Committing:
    """One reader's positions on their way to Kafka; what it did not take is told again.

    A reader that is no member (`member` false) leaves them to one that is.
    """

    def __init__(self, topic: str, elsewhere: Elsewhere, *, member: bool) -> None:
        self._topic = topic
        self._elsewhere = elsewhere
        self._member = member
        self._waiting: dict[Any, int] = {}
        self._lock = Lock()
        self._refused: dict[Any, int] = {}
        self._last = stopwatch()

    def note(self, place: Any, following: int) -> None:  # noqa: ANN401  # the client has no types
        """Note the offset of a partition's next record."""
        self._waiting[place] = following

    def tell(self, consumer: Any) -> None:  # noqa: ANN401  # as above
        """Tell what is new, once a second."""
        if stopwatch() - self._last < EVERY:
            return
        self._last = stopwatch()
        told = self._due(consumer)
        if told:
            consumer.commit_async(told, callback=self._answered)

    def tell_last(self, consumer: Any) -> None:  # noqa: ANN401  # as above
        """Tell what is left, and wait a little for it to be taken."""
        try:
            told = self._due(consumer)
            if told:
                consumer.commit(told, timeout_ms=_GOODBYE)
        except Exception as error:  # noqa: BLE001  # whoever goes says no more than that
            _log.info("positions_not_committed", error=type(error).__name__)

    def _due(self, consumer: Any) -> dict[Any, Any]:  # noqa: ANN401  # as above
        from kafka.structs import OffsetAndMetadata  # noqa: PLC0415  # not in every install

        waiting, self._waiting = self._waiting, {}
        if not self._member:
            self._elsewhere.note(waiting)
            return {}
        with self._lock:
            refused, self._refused = self._refused, {}
        mine = consumer.assignment()
        others = {place: at for place, at in refused.items() if place.topic != self._topic}
        ours = {place: at for place, at in refused.items() if place in mine}
        found = others | ours | self._elsewhere.take() | waiting
        return {place: OffsetAndMetadata(offset, "", -1) for place, offset in found.items()}

    def _answered(self, offsets: Mapping[Any, Any], answer: object) -> None:
        """Keep what was not taken; called by the client's thread."""
        if isinstance(answer, Exception):
            with self._lock:
                self._refused |= {place: each.offset for place, each in offsets.items()}
