"""The running service: door, engine, consumers and the people's side, each in its own thread."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import structlog

from alerts.notifiers.protocol import Notifier
from pipeline.alerting import Alerting, make_alerting, make_notifiers
from pipeline.clock import Clock
from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.embedded import Engine
from pipeline.errors import PipelineError
from pipeline.health import Health
from pipeline.log import EngineLock, LogKind, SqliteLog
from pipeline.metrics.metered import Metered, count_incidents
from pipeline.metrics.metering import FoldMeter
from pipeline.metrics.registry import Metrics, Stage
from pipeline.presenting import PageParts
from pipeline.services.door_settings import http_settings
from pipeline.services.engine_thread import EngineThread
from pipeline.services.loops import Loop
from pipeline.services.page_server import PageServer
from pipeline.services.retention import Retention
from pipeline.services.server import HttpServer
from pipeline.services.source_reader import read_into
from pipeline.settings import Settings
from pipeline.settings.sections.source import SourceKind
from pipeline.sources.http.app import build_app
from pipeline.sources.http.settings import check_binding
from pipeline.stores import BucketTable, MentionStore, consume_buckets, consume_mentions
from pipeline.stores.samples import MentionSamples

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = structlog.get_logger(__name__)

REST = 0.2
"""Seconds a consumer rests when there is nothing to do."""
STALLED = 60_000


class Service:
    """Everything that `run` runs, from `start` to `stop`."""

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        clock: Clock,
        options: EngineOptions,
        page: "Callable[[PageParts], FastAPI] | None" = None,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._clock = clock
        self._options = options
        self._event_mode = options.kind is LogKind.EVENT
        self.health = Health()
        self.metrics = Metrics(clock, brands=[brand.name for brand in settings.brands()])
        self._http = http_settings(settings, event_mode=self._event_mode)
        check_binding(settings.ingest.host, self._http.guarded)
        self._lock = EngineLock(directory)
        self._loops: list[Loop] = []
        self._readers: list[threading.Thread] = []
        self._closing: list[SqliteLog | MentionStore | BucketTable | Alerting] = []
        self.engine_thread: EngineThread | None = None
        self.server: HttpServer | None = None
        self.page: PageServer | None = None
        if page is not None and settings.page.enabled:
            parts = PageParts(directory, settings, clock, self.health)
            self.page = PageServer(page, parts, self.health)

    # -- start -----------------------------------------------------------------------------

    def start(self) -> None:
        """Take the lock, fold what stands in the log, open the door; say where.

        Raises PipelineError; what was begun is then stopped again.
        """
        self._lock.__enter__()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        engine = make_engine(self._directory, self._settings, self._options)
        self._closing.append(engine.log)
        if self.page is not None:
            self.page.listen()
        self._start_consumers(engine)
        note_settings(engine, self._settings, self._clock.now())
        self._start_engine(engine)
        if self.page is not None:
            self.page.start()
        self._start_door()
        self._start_readers()

    def _start_engine(self, engine: Engine) -> None:
        meter = FoldMeter(engine, self.metrics, event_mode=self._event_mode)
        self.engine_thread = EngineThread(
            engine,
            self._clock,
            folded=lambda folded, seconds: self._folded(meter, folded.mentions, seconds),
            health=self.health,
            beat=lambda: self._beat(meter),
            appended=meter.appended,
            upkeep=self._retention.drop_from_log,
        )
        self.health.watch("engine", STALLED)
        self.engine_thread.start()

    def _beat(self, meter: FoldMeter) -> None:
        self.health.beat("engine")
        meter.tell()
        if self.page is not None:
            self.page.look()

    def _folded(self, meter: FoldMeter, mentions: int, seconds: float) -> None:
        meter.folded(mentions, seconds)
        for loop in self._loops:
            loop.wake()

    def _start_consumers(self, engine: Engine) -> None:
        mentions = MentionStore(self._directory)
        mentions.check_belongs(engine.log.judged_end)
        buckets = BucketTable(self._directory)
        buckets.check_belongs(engine.log.signals_end)
        self._retention = Retention(self._settings.storage, self._clock, engine)
        for_mentions, for_buckets, for_people, for_samples = (
            SqliteLog.read(self._directory) for _ in range(4)
        )
        sampled = MentionStore(self._directory, read_only=True)
        samples = MentionSamples(for_samples, sampled)
        now = self._clock.now
        alerting = make_alerting(
            self._directory,
            self._settings,
            for_people,
            samples,
            self._notifiers(),
            read_now=None if self._event_mode else now,
            page=self.page.near if self.page is not None else "",
        )
        if engine.log.signals_end and alerting.alerter.position <= 0:
            _log.warning(
                "incident_store_is_new",
                detail="the log is older than incidents.db: incidents opened by hand, "
                "acknowledgements and notes of before are not in it",
            )
        self._closing += [alerting, mentions, buckets, sampled]
        self._closing += [for_mentions, for_buckets, for_people, for_samples]

        def move_mentions() -> float:
            mentions.check_in_place()
            moved = consume_mentions(for_mentions, mentions)
            self.metrics.passed(Stage.STORED, moved)
            self._retention.mentions_read(mentions)
            return 0.0 if moved else REST

        def move_buckets() -> float:
            buckets.check_in_place()
            moved = consume_buckets(for_buckets, buckets)
            self._retention.buckets_read(buckets)
            return 0.0 if moved else REST

        def move_people() -> float:
            alerting.store.check_in_place()
            moved = alerting.step(now())
            self._retention.people_read(alerting.alerter.kept_position)
            count_incidents(alerting.store, self.metrics)
            self.metrics.lag("people", for_people.signals_end - alerting.alerter.position, None)
            return 0.0 if moved else REST

        for name, step in (
            ("mention store", move_mentions),
            ("bucket table", move_buckets),
            ("people", move_people),
        ):
            self.health.watch(name, STALLED)
            self._loops.append(Loop(name, step, self.health))
        alerting.start()
        for loop in self._loops:
            loop.start()

    def _notifiers(self) -> Mapping[str, Notifier]:
        kinds = {receiver.name: receiver.kind for receiver in self._settings.receivers}
        made = make_notifiers(self._settings, self._clock.now)
        return {name: Metered(each, kinds[name], self.metrics) for name, each in made.items()}

    def _start_door(self) -> None:
        if self.engine_thread is None:
            return
        app = build_app(
            self.engine_thread,
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
        self._lock.say(self.server.url, self.page.url if self.page is not None else "")
        _log.info("listening", address=self.server.url, time=str(self._options.kind))

    def _start_readers(self) -> None:
        for section in self._settings.sources:
            if section.kind is not SourceKind.HTTP and self.engine_thread is not None:
                reader = threading.Thread(
                    target=read_into,
                    args=(section, self.engine_thread, self._clock, self.health),
                    kwargs={"event_mode": self._event_mode},
                    name=f"source {section.name}",
                    daemon=True,
                )
                self._readers.append(reader)
                reader.start()

    # -- its life --------------------------------------------------------------------------

    @property
    def failure(self) -> PipelineError | None:
        """Why the engine cannot go on, None while it can."""
        return self.engine_thread.failure if self.engine_thread is not None else None

    def stop(self) -> None:
        """Close the door, fold what was accepted, let everybody read it, end."""
        if self.page is not None:
            self.page.stop()
        if self.server is not None:
            self.server.stop()
        if self.engine_thread is not None:
            self.engine_thread.stop()
        for loop in self._loops:
            loop.stop()
        for each in reversed(self._closing):  # the writers last: they fold their -wal files in
            each.close()
        self._lock.__exit__(None, None, None)

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
