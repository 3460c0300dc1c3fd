"""Hands what was read to its stores; what cannot be applied becomes a dead letter."""

import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
import structlog

from pipeline.clock import Clock
from pipeline.kafka.feeds import Feed, Sink
from pipeline.mention import Rejected, RejectedReason
from pipeline.metrics.registry import Metrics
from pipeline.wire import VERSION, DeadLetter

Decoded = TypeVar("Decoded")

_TROUBLE_OF_THE_PLACE: Final = ("sqlalchemy", "psycopg", "psycopg_pool", "sqlite3", "kafka")
_BAD_DATA: Final = ("DataError", "IntegrityError")

_log = structlog.get_logger(__name__)


class Applying(Generic[Decoded]):
    """One topic's sinks; `keep` keeps a dead letter and says how many were new."""

    def __init__(
        self,
        feed: Feed[Decoded],
        keep: Callable[[DeadLetter], int],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._feed = feed
        self._keep = keep
        self._clock = clock
        self._metrics = metrics

    def hand_over(
        self,
        place: Any,  # noqa: ANN401  # as above
        begin: int,
        records: list[tuple[int, Decoded]],
        read_to: int,
        raw: Mapping[int, Any],
    ) -> bool:
        """Hand records to the sinks; False where one has gone back, so that all is read anew."""
        for sink in self._feed.sinks:
            behind = sink.behind(place.partition)
            if behind < begin - 1:
                _log.error(
                    "store_went_back",
                    topic=place.topic,
                    partition=place.partition,
                    read=begin - 1,
                    holds=behind,
                    detail="it holds less than it has confirmed; it is filled again from there",
                )
                return False
            fresh = [each for each in records if each[0] > behind]
            if read_to > behind:
                self._take(sink, place, fresh, read_to, raw)
        return True

    def _take(
        self,
        sink: Sink[Decoded],
        place: Any,  # noqa: ANN401  # as above
        records: list[tuple[int, Decoded]],
        read_to: int,
        raw: Mapping[int, Any],
    ) -> None:
        """Hand records to a sink; one it fails at twice becomes a dead letter."""
        try:
            sink.take(place.partition, records, read_to)
        except Exception as error:
            if not _is_poison(error):
                raise
            _log.exception("records could not be applied", topic=place.topic, offset=read_to)
        else:
            return
        for offset, record in records:
            try:
                sink.take(place.partition, [(offset, record)], offset)
            except Exception as error:
                if not _is_poison(error):
                    raise
                _log.exception("a record cannot be applied", topic=place.topic, offset=offset)
                last = traceback.extract_tb(error.__traceback__)[-1]
                why = f"{type(error).__name__} in {last.name}; the alerter's log says more"
                self.bury(place, raw[offset], RejectedReason.UNFOLDABLE, why)
                sink.take(place.partition, [], offset)
        sink.take(place.partition, [], read_to)

    def bury(self, place: Any, record: Any, reason: RejectedReason, detail: str) -> None:  # noqa: ANN401  # as above
        """Keep a record that cannot be read, with its bytes; it counts once."""
        rejected = Rejected(
            reason,
            f"{place.topic}:{place.partition}:{record.offset}",
            f"{detail}; the program that wrote it is at fault",
            record.value or b"",
            "alerter",
        )
        letter = DeadLetter(
            VERSION,
            rejected,
            self._clock.now(),
            place.topic,
            place.partition,
            record.offset,
        )
        if self._keep(letter):
            self._metrics.dead_letter(reason)
            _log.warning(
                "dead_letter", topic=place.topic, partition=place.partition, offset=record.offset
            )


def _is_poison(error: Exception) -> bool:
    """Whether it is the record that is at fault, not the place it goes to."""
    names = {base.__name__ for base in type(error).__mro__}
    if names & set(_BAD_DATA):
        return True
    if type(error).__module__.partition(".")[0] in _TROUBLE_OF_THE_PLACE:
        return False
    return isinstance(
        error,
        (
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            ArithmeticError,
            AssertionError,
            RecursionError,
            msgspec.MsgspecError,
        ),
    )
