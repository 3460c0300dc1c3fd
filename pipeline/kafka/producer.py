"""Writes records to topics, each partition's in the order handed over, and says when they stand.

What is handed over is confirmed by as many copies as the topic asks for (`acks=all`), once
(idempotent), however long the brokers are away. Where a broker refuses something for good, nothing
that was handed over after it is written any more: a partition never has a hole.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from pipeline.clock import stopwatch
from pipeline.errors import BrokerUnavailable, PipelineError, SettingsError
from pipeline.kafka import require_kafka
from pipeline.kafka.connection import Connection, translated
from pipeline.kafka.problems import problem_of
from pipeline.settings.sections.kafka import Compression

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a record that the client lets pass: what the topics take (envelopes have a quarter)."""
_BATCH: Final = 512 * 1024
"""Bytes of one partition's records that travel together."""
_NEVER: Final = 30 * 24 * 3_600_000
"""Milliseconds after which the client itself gives a record up: it would leave a hole."""
_BLOCKS: Final = 1_000
"""Milliseconds the client may block where it does not know the topic (just now)."""
_IN_FLIGHT: Final = 5
_ANSWER: Final = 10_000
"""Milliseconds for one request: a broker that stopped without a word is asked again."""


class Record(msgspec.Struct, frozen=True):
    """One record and where it belongs."""

    topic: str
    partition: int
    body: bytes


class Shipment:
    """Records handed over together: `confirmed` is called once all of them stand."""

    __slots__ = ("_confirmed", "_left", "_lock", "since")

    def __init__(self, confirmed: Callable[[], None]) -> None:
        self._confirmed = confirmed
        self._lock = threading.Lock()
        self._left = 1
        self.since = stopwatch()

    def expect(self, records: int) -> None:
        """Wait for so many more."""
        with self._lock:
            self._left += records

    def arrived(self) -> None:
        """Count one; the last one makes it confirmed."""
        with self._lock:
            self._left -= 1
            done = self._left == 0
        if done:
            self._confirmed()


class Producer:
    """One connection to the brokers for writing; used by one thread, which `confirmed` is not.

    Raises BrokerUnavailable when no broker answers at the start, SettingsError where the
    credentials are refused or the compression is not installed. `failed` is called, from a thread
    of the client's, when a record is refused for good; nothing is written afterwards.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        client_id: str = "crisis-monitor-ingest",
        compression: Compression = Compression.ZSTD,
        failed: Callable[[PipelineError], None] = lambda _: None,
    ) -> None:
        require_kafka()
        _check_codec(compression)
        from kafka import KafkaProducer  # noqa: PLC0415  # not in every install
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415  # as above

        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # each try of an outage is a line
        self._connection = connection
        self._tell = failed
        self._stopped = threading.Event()
        self._given_up = False
        self.on_wait: Callable[[], None] = lambda: None
        """Called about once a second while `send` waits for a topic to be known again."""
        self.ends: dict[tuple[str, int], int] = {}
        """Where each partition ends, as far as what was confirmed to us goes."""
        self.failure: PipelineError | None = None
        """Why nothing is written any more, None while all is well."""
        with translated(f"Kafka at {connection.where}"):
            try:
                self._client: Any = KafkaProducer(
                    **connection.clients(client_id),
                    acks="all",
                    enable_idempotence=True,
                    compression_type=None if compression is Compression.NONE else compression.value,
                    batch_size=_BATCH,
                    linger_ms=0,
                    max_request_size=LARGEST,
                    max_in_flight_requests_per_connection=_IN_FLIGHT,
                    request_timeout_ms=_ANSWER,
                    delivery_timeout_ms=_NEVER,
                    max_block_ms=_BLOCKS,
                    allow_auto_create_topics=False,
                    metrics_enabled=False,
                )
            except KafkaTimeoutError as error:
                raise BrokerUnavailable(connection.no_answer()) from error

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has; raises TopicProblem where there is none."""
        with translated(f"the topic {topic}"):
            return len(self._client.partitions_for(topic))

    def send(self, records: Iterable[Record], shipment: Shipment) -> None:
        """Hand records over, in order; raises what `failure` says once something was refused."""
        for record in records:
            shipment.expect(1)
            future = self._handed(record)
            future.add_callback(self._stands, shipment)
            future.add_errback(self._refused, record.topic)
        if self.failure is not None:
            raise self.failure
        shipment.arrived()

    def _handed(self, record: Record) -> Any:  # noqa: ANN401  # the client has no types
        from kafka.errors import KafkaTimeoutError  # noqa: PLC0415  # as above

        while not self._stopped.is_set():
            try:
                return self._client.send(
                    record.topic, value=record.body, partition=record.partition
                )
            except KafkaTimeoutError:
                self.on_wait()  # its topic is not known at the moment: a broker is coming back
            except Exception as error:
                problem = problem_of(error, f"the topic {record.topic}")
                if problem is None:
                    raise
                self._fail(problem)
        raise self.failure or BrokerUnavailable("the writer is stopping; send this again")

    def _stands(self, shipment: Shipment, metadata: Any) -> None:  # noqa: ANN401  # as above
        self.ends[metadata.topic, metadata.partition] = metadata.offset + 1
        shipment.arrived()

    def _refused(self, topic: str, error: BaseException) -> None:
        if self._given_up:
            return
        problem = problem_of(error, f"the topic {topic}")
        self._fail(problem or PipelineError(f"the topic {topic}: nothing is written: {error!r}"))

    def _fail(self, problem: PipelineError) -> None:
        """Let nothing follow what was refused: it would stand where that is missing."""
        if self.failure is None:
            self.failure = problem
            self._stopped.set()
            self._client._sender.force_close()  # noqa: SLF001  # its close() would write the rest
            self._tell(problem)

    def stop(self) -> None:
        """Write nothing more; whoever waits in `send` is told."""
        self._stopped.set()

    def close(self, timeout: float) -> bool:
        """Write what was handed over, for so many seconds at most; whether all of it stands."""
        from kafka.errors import KafkaError  # noqa: PLC0415  # as above

        self._stopped.set()
        try:
            self._client.flush(timeout if self.failure is None else 0)
        except KafkaError:
            self._given_up = True
            self._client._sender.force_close()  # noqa: SLF001  # its close() would wait again
            return False
        try:
            self._client.close(timeout=1)
        except KafkaError:
            return False
        return self.failure is None


def _check_codec(compression: Compression) -> None:
    """Raise SettingsError where records cannot be packed so here."""
    from kafka import codec  # noqa: PLC0415  # not in every install

    known = {Compression.LZ4: codec.has_lz4, Compression.ZSTD: codec.has_zstd}
    if compression in known and not known[compression]():
        raise SettingsError(
            f"kafka.compression is {compression}, for which a package is missing: pip install "
            "'crisis-monitor[kafka]', or set gzip, which needs none and ten times the work"
        )
