"""The worker process: Faust, the partitions it is given, health; from start to a clean end."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import structlog
from aiokafka.errors import IllegalStateError
from faust.types import TP

from pipeline.brands import BrandMatcher
from pipeline.clock import Clock, stopwatch
from pipeline.errors import BrokerUnavailable, PipelineError
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings, PartitionRow
from pipeline.health import Health
from pipeline.kafka.connection import Connection
from pipeline.kafka.setup import check_ready
from pipeline.kafka.topics import Topics, wanted
from pipeline.log.kind import LogKind
from pipeline.metrics.registry import Metrics
from pipeline.metrics.worker import WorkerMeter
from pipeline.placing import partition_of
from pipeline.scorers import ScorerName, make_judge
from pipeline.settings import Settings
from pipeline.worker.clients import aiokafka_clients, compression_of
from pipeline.worker.faust_app import make_app
from pipeline.worker.folding import Item
from pipeline.worker.ownership import Ownership, OwnershipLost
from pipeline.worker.quiet import quieten
from pipeline.worker.reading import read_latest, read_range
from pipeline.worker.sender import Sender
from pipeline.worker.share import Share
from pipeline.worker.tools import Tools

_log = structlog.get_logger(__name__)

STALLED = 60_000
FULL = 32
"""Records of one partition that wait; more are left at the broker."""
EASY = 8
LOOK_EVERY = 0.05
TELL_EVERY = 1.0
GROUP = "group"
BROKER = "broker"
KNOCK_EVERY = 2.0
"""Seconds; after twice as many without an answer readiness is red."""
LEAVE_WITHIN = 10.0
"""Seconds for the last checkpoint, and again for leaving the group."""


class WorkerOptions(msgspec.Struct, frozen=True):
    """What a command decides about its worker."""

    kind: LogKind
    scorer: ScorerName = ScorerName.VADER
    zone: str = "UTC"
    any_brand: bool = False


class WorkerService:
    """Everything that `worker` runs; `run` returns when told to stop, and raises PipelineError."""

    def __init__(
        self, settings: Settings, clock: Clock, options: WorkerOptions, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._options = options
        self._metrics = metrics
        self._connection = Connection.of(settings.kafka)
        self._topics = Topics(settings.kafka.prefix)
        self.health = Health()
        self._clients = aiokafka_clients(self._connection)
        self._compression = compression_of(settings.kafka)
        self._fold_settings, self._languages = fold_settings(settings, options)
        self._judge = make_judge(options.scorer)
        self._meter = WorkerMeter(metrics, event_mode=options.kind is LogKind.EVENT)
        self._failure: PipelineError | None = None
        self._stopping = asyncio.Event()
        self._full: set[int] = set()
        self._ownership: Ownership | None = None
        self._tools = Tools(
            topics=self._topics,
            event_mode=options.kind is LogKind.EVENT,
            clock=clock,
            make_fold=self._make_fold,
            make_sender=self._make_sender,
            read_latest=partial(read_latest, self._clients),
            read_range=partial(read_range, self._clients),
            meter=self._meter,
            judging=lambda: self._judge.seconds,
            health=self.health,
            fatal=self._fail,
        )
        self.share = Share(self._tools)
        self._app = make_app(
            settings.kafka,
            self._connection,
            take=self._take,
            revoked=self._revoked,
            assigned=self._assigned,
        )

    def _make_sender(self) -> Sender:
        return Sender(self._clients, self._compression)

    def _make_fold(self, partition: int, row: PartitionRow | None, brands: Any) -> Fold:  # noqa: ANN401
        given = self._fold_settings
        partitions = self._settings.kafka.partitions
        here = {
            name: zone
            for name, zone in given.brands.items()
            if partition_of(name, partitions) == partition
        }
        own = msgspec.structs.replace(given, brands=here, partition=partition)
        return Fold(own, self._judge, self._languages, row, brands)

    # -- its life --------------------------------------------------------------------------

    async def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Work until `stop` or a signal; raises what makes going on impossible."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        quieten()
        check_ready(self._connection, wanted(self._settings.kafka))
        self.health.expect(GROUP, "has not joined its consumer group yet")
        self.health.watch("worker", STALLED)
        starting = asyncio.create_task(self._app.start())
        looking = asyncio.create_task(self._look())
        knocking = asyncio.create_task(self._knock())
        try:
            started()
            await self._until_told(starting)
        finally:
            looking.cancel()
            knocking.cancel()
            await self._leave(starting)
            self.health.unwatch("worker")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Let `run` return soon."""
        self._stopping.set()

    async def _until_told(self, starting: "asyncio.Task[Any]") -> None:
        told = asyncio.create_task(self._stopping.wait())
        crashed = asyncio.create_task(self._app._crashed.wait())  # noqa: SLF001  # mode's own event
        try:
            await asyncio.wait({told, crashed, starting}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done() and not told.done():
                if (error := starting.exception()) is not None:
                    raise BrokerUnavailable(
                        f"the worker cannot join its consumer group at {self._connection.where} "
                        f"({type(error).__name__}: {str(error)[:200]}): look at Kafka, start again"
                    ) from error
                await asyncio.wait({told, crashed}, return_when=asyncio.FIRST_COMPLETED)
            if crashed.done() and self._failure is None and not self._stopping.is_set():
                reason = self._app.crash_reason
                _log.error("faust_crashed", error=str(reason)[:300])
                self._failure = BrokerUnavailable(
                    f"the worker lost its consumer group ({type(reason).__name__}: "
                    f"{str(reason)[:200]}); nothing that was not confirmed was acknowledged: "
                    "start it again"
                )
        finally:
            told.cancel()
            crashed.cancel()

    async def _leave(self, starting: "asyncio.Task[Any]") -> None:
        """Fold what waits, confirm it, leave the group, so that others take over at once."""
        try:
            await self.share.give_up(LEAVE_WITHIN, drain=self._failure is None)
        finally:
            began = stopwatch()
            if not starting.done():
                starting.cancel()
            try:
                await asyncio.wait_for(self._app.stop(), LEAVE_WITHIN)
            except TimeoutError:
                _log.warning("leaving_took_too_long")
            _log.info("group_left", seconds=round(stopwatch() - began, 1))
            await self._tools.close()

    def _fail(self, error: PipelineError) -> None:
        if self._failure is None:
            self._failure = error
        self._stopping.set()

    # -- what Faust calls ------------------------------------------------------------------

    async def _take(self, event: Any) -> None:  # noqa: ANN401  # Faust's event
        message = event.message
        at = None if message.timestamp is None else int(message.timestamp * 1000)
        item = Item(message.offset, event.value, event.ack, at)
        waiting = self.share.put(message.partition, item)
        if waiting >= FULL and message.partition not in self._full:
            self._full.add(message.partition)
            self._app.consumer.on_buffer_full(TP(message.topic, message.partition))

    async def _revoked(self) -> None:
        self.health.expect(GROUP, "the group shares its partitions out anew")
        self._full.clear()
        await self.share.give_up()

    async def _assigned(self, partitions: set[int]) -> None:
        await self.share.give_up(0.0)
        self._meter.assigned(partitions)
        self._ownership = Ownership(self._app)
        self.share.assign(partitions, self._ownership)
        self.health.well(GROUP)

    async def _look(self) -> None:
        """Beat, and fetch again for partitions that have caught up."""
        told = 0.0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.health.beat("worker")
            if stopwatch() - told >= TELL_EVERY:
                told = stopwatch()
                self._tell_lag()
            for number in list(self._full):
                work = self.share.works.get(number)
                if work is None or work.backlog <= EASY:
                    self._full.discard(number)
                    self._app.consumer.on_buffer_drop(TP(self._topics.mentions, number))

    async def _knock(self) -> None:
        """Ask the group now and then whether it is there, also when there is nothing to fold."""
        while True:
            await asyncio.sleep(KNOCK_EVERY)
            if self._ownership is None:
                continue
            try:
                await asyncio.wait_for(self._ownership.prove(), KNOCK_EVERY)
            except OwnershipLost:
                continue  # Faust hears of it as well, and joins again
            except Exception as error:  # noqa: BLE001  # whatever a client raises
                self.health.failed(
                    BROKER,
                    f"no broker answers ({type(error).__name__}); mentions wait in Kafka, nothing "
                    f"is lost: look at Kafka at {self._connection.where}",
                )
            else:
                self.health.well(BROKER)

    def _tell_lag(self) -> None:
        for number, work in self.share.works.items():
            place = TP(self._topics.mentions, number)
            try:
                end = self._app.consumer.highwater(place)
            except (IllegalStateError, AssertionError, KeyError):
                continue  # not ours any more, or not yet
            if end is not None:
                self._meter.lag(number, max(0, end - 1 - work.folded), work.read_at)


def fold_settings(
    settings: Settings, options: WorkerOptions
) -> tuple[FoldSettings, Callable[[str], tuple[str, ...]]]:
    """What every partition's fold is to know, and the languages of each brand."""
    brands = settings.brands()
    matcher = BrandMatcher(
        brands, accept_unknown=options.any_brand or settings.accepts_unknown_brands
    )
    return (
        FoldSettings(
            settings.detection(),
            options.kind is LogKind.EVENT,
            brands={brand.name: brand.zone for brand in brands},
            zone=options.zone,
            max_delay=settings.max_delays(),
        ),
        lambda name: matcher.brand(name).languages,
    )
