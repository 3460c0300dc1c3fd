"""A few records written by hand, each confirmed before the next: for commands, not for the road."""

from collections.abc import Iterable
from typing import Any, Final

from pipeline.errors import BrokerUnavailable
from pipeline.kafka import require_kafka
from pipeline.kafka.connection import Connection, translated
from pipeline.kafka.topics import LARGEST_RECORD
from pipeline.settings.sections.kafka import Compression

CONFIRMED_WITHIN: Final = 20.0
"""Seconds in which a broker has to confirm."""

Keyed = tuple[bytes | None, bytes | None]
"""Key and value; a value of None deletes the key of a compacted topic."""


class ConfirmedWrites:
    """One connection for writing; errors are of pipeline.errors, and say what did not stand."""

    def __init__(self, connection: Connection, compression: Compression, client_id: str) -> None:
        require_kafka()
        from kafka import KafkaProducer  # noqa: PLC0415  # not in every install
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415  # as above

        packed = None if compression is Compression.NONE else compression.value
        with translated(f"Kafka at {connection.where}"):
            try:
                self._client: Any = KafkaProducer(
                    **connection.clients(client_id),
                    acks="all",
                    enable_idempotence=True,
                    compression_type=packed,
                    max_request_size=LARGEST_RECORD,
                    delivery_timeout_ms=round(CONFIRMED_WITHIN * 1000),
                    request_timeout_ms=round(CONFIRMED_WITHIN * 500),
                    max_block_ms=round(CONFIRMED_WITHIN * 500),
                    allow_auto_create_topics=False,
                )
            except KafkaTimeoutError as error:
                raise BrokerUnavailable(connection.no_answer()) from error

    def close(self) -> None:
        """Let the brokers go."""
        self._client.close(timeout=1)

    def send(self, topic: str, partition: int, records: Iterable[Keyed]) -> list[int]:
        """Write these in order and wait until all stand; return their offsets."""
        with translated(f"the topic {topic}"):
            futures = [
                self._client.send(topic, key=key, value=value, partition=partition)
                for key, value in records
            ]
            return [future.get(CONFIRMED_WITHIN).offset for future in futures]
