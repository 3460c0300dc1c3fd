"""How far mentions are judged, asked of the brokers: what a page waits for."""

import threading
from typing import Any, Final

import structlog

from pipeline.errors import PipelineError
from pipeline.kafka.connection import Connection, translated

_PATIENCE: Final = 1_500
"""Milliseconds a page waits for a broker's answer; it goes without rather than late."""

_log = structlog.get_logger(__name__)


class JudgedTopic:
    """The ends of the judged topic; implements pipeline.stores.samples.JudgedEnds; thread-safe."""

    def __init__(self, connection: Connection, topic: str, partitions: int) -> None:
        self._connection = connection
        self._topic = topic
        self._partitions = partitions
        self._turn = threading.Lock()
        self._consumer: Any = None

    @property
    def partitions(self) -> int:
        """Into how many partitions brands are placed."""
        return self._partitions

    def judged_end_of(self, partition: int) -> int:
        """Give the offset of the last record there is; -1 where none is or no broker answers."""
        from kafka import TopicPartition  # noqa: PLC0415  # not in every install

        place = TopicPartition(self._topic, partition)
        try:
            with self._turn, translated(f"the topic {self._topic}"):
                ends = self._client().end_offsets([place], timeout_ms=_PATIENCE)
        except PipelineError as error:
            _log.warning("a page does not wait for what it shows", detail=str(error))
            return -1
        return int(ends[place]) - 1

    def _client(self) -> Any:  # noqa: ANN401  # the client has no types
        from kafka import KafkaConsumer  # noqa: PLC0415  # as above

        if self._consumer is None:
            given = self._connection.clients("crisis-monitor-ends")
            self._consumer = KafkaConsumer(
                **given | {"bootstrap_timeout_ms": _PATIENCE}, group_id=None
            )
        return self._consumer

    def close(self) -> None:
        """Let the brokers go."""
        with self._turn:
            consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close(timeout_ms=1_000)
