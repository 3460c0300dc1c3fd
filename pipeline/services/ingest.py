"""The running ingest process: the HTTP door and other sources, written to Kafka."""

import socket
import threading
from types import TracebackType
from typing import Final, Self

import structlog

from pipeline.brands import BrandMatcher
from pipeline.clock import Clock
from pipeline.errors import PipelineError
from pipeline.health import Health
from pipeline.intake import Batch
from pipeline.kafka.connection import Connection
from pipeline.kafka.intake import AT_ONCE, KafkaIntake
from pipeline.kafka.looking import Looker
from pipeline.kafka.producer import Producer
from pipeline.kafka.setup import check_ready
from pipeline.kafka.sole_writer import SoleWriter
from pipeline.kafka.tail import read_standing
from pipeline.kafka.topics import Topics, wanted
from pipeline.lateness import Lateness
from pipeline.log.kind import LogKind
from pipeline.metrics.registry import Metrics, Stage
from pipeline.services.door_settings import http_settings
from pipeline.services.server import HttpServer
from pipeline.services.source_reader import read_into
from pipeline.settings import Settings
from pipeline.settings.sections.source import SourceKind
from pipeline.sources.http.app import build_app
from pipeline.sources.http.settings import check_binding
from pipeline.writing import Writer

_log = structlog.get_logger(__name__)

STALLED: Final = 60_000
SOLE_WRITER: Final = "event"
"""What the writer of an event log is called: there is one at a time, on whatever machine."""


class IngestService:
    """Takes mentions and writes them to the topics, from `start` to `stop`."""

    def __init__(self, settings: Settings, kind: LogKind, clock: Clock) -> None:
        self._settings = settings
        self._kind = kind
        self._event_mode = kind is LogKind.EVENT
        self._clock = clock
        self.health = Health()
        self.metrics = Metrics(clock, brands=[brand.name for brand in settings.brands()])
        self._http = http_settings(settings, event_mode=self._event_mode)
        check_binding(settings.ingest.host, self._http.guarded)
        self._connection = Connection.of(settings.kafka)
        self._topics = Topics(settings.kafka.prefix)
        self._place: SoleWriter | None = None
        self._readers: list[threading.Thread] = []
        self.intake: KafkaIntake | None = None
        self.server: HttpServer | None = None

    @property
    def failure(self) -> PipelineError | None:
        """Why nothing can be written any more, None while it can."""
        if self._place is not None and self._place.failure is not None:
            return self._place.failure
        return self.intake.failure if self.intake is not None else None

    def start(self) -> None:
        """See that the topics are ready, take up where this writer stands, open the door.

        Raises PipelineError; what was begun is then stopped again.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        check_ready(self._connection, wanted(self._settings.kafka))
        if self._event_mode:
            place = SoleWriter(self._connection, self._topics)
            place.take()
            self._place = place
        self.health.watch("intake", STALLED)
        self.intake = self._make_intake()
        self.intake.start()
        self._open_door(self.intake)
        self._start_readers(self.intake)

    def _make_intake(self) -> KafkaIntake:
        settings, kafka = self._settings, self._settings.kafka
        detection = settings.detection()
        return KafkaIntake(
            make_writer(settings, self._connection, self._kind, SOLE_WRITER),
            self._topics,
            self._clock,
            lambda failed: Producer(self._connection, compression=kafka.compression, failed=failed),
            partitions=kafka.partitions,
            event_mode=self._event_mode,
            buffer=kafka.buffer_mentions,
            lateness=Lateness(
                detection.bucket,
                detection.allowed_lateness,
                max_delay=settings.max_delays(),
            ),
            health=self.health,
            written=self._written,
            waiting=self.metrics.unconfirmed,
            beat=lambda: self.health.beat("intake"),
            check=self._place.check if self._place is not None else lambda _: None,
        )

    def _written(self, batch: Batch) -> None:
        self.metrics.passed(Stage.WRITTEN, len(batch.mentions))
        for rejected in batch.rejected:
            self.metrics.rejected(batch.source, rejected.reason)

    def _open_door(self, intake: KafkaIntake) -> None:
        app = build_app(
            intake,
            clock=self._clock,
            settings=self._http,
            metrics=self.metrics,
            health=self.health,
        )
        ingest = self._settings.ingest
        self.server = HttpServer(
            app,
            ingest.host,
            ingest.port,
            head_time=self._http.limits.head_time,
            connections=self._http.limits.connections,
        )
        self.server.start()
        _log.info("listening", address=self.server.url, time=str(self._kind))

    def _start_readers(self, intake: KafkaIntake) -> None:
        for section in self._settings.sources:
            if section.kind is not SourceKind.HTTP:
                reader = threading.Thread(
                    target=read_into,
                    args=(section, intake, self._clock, self.health),
                    kwargs={"event_mode": self._event_mode},
                    name=f"source {section.name}",
                    daemon=True,
                )
                self._readers.append(reader)
                reader.start()

    def stop(self) -> None:
        """Close the door, write what was taken, say goodbye, end."""
        failure = self.failure
        if self.intake is not None:  # whoever waits for an answer gets one
            if failure is not None:
                self.intake.fail(failure)
            self.intake.let_go()
        if self.server is not None:
            self.server.stop()
        if self.intake is not None:
            self.intake.stop()
        if self._place is not None:
            self._place.close()

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


def make_writer(settings: Settings, connection: Connection, kind: LogKind, sole: str) -> Writer:
    """Make a writer that goes on where the topic shows it stopped.

    Raises LogMismatch where the topic is of the other kind of time, or another's event log.
    """
    kafka = settings.kafka
    event_mode = kind is LogKind.EVENT
    name = kafka.writer or (sole if event_mode else own_name(settings.ingest.port))
    detection = settings.detection()
    writer = Writer(
        name,
        BrandMatcher(settings.brands(), accept_unknown=settings.accepts_unknown_brands),
        bucket=detection.bucket,
        event_mode=event_mode,
        settings=settings.version,
        partitions=kafka.partitions,
        noting=event_mode,
    )
    most = max(5_000, settings.ingest.max_mentions)
    with Looker(connection) as looker:
        standing = read_standing(
            looker,
            Topics(kafka.prefix).mentions,
            name,
            kind,
            bucket=detection.bucket,
            mentions=most + AT_ONCE if event_mode else 0,  # what can be under way at one time
        )
    writer.take_up(standing)
    if writer.time is not None:
        _log.info("taken_up", writer=name, time=writer.time)
    return writer


def own_name(port: int) -> str:
    """Name a writer of a clock log: the same after a restart, another for each on a machine."""
    host = socket.gethostname()[:60]
    return f"{host}-{port}" if port else host
