"""The running alerter: topics into stores, and one of all alerters pages."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
import structlog

from alerts.errors import MovedElsewhere, NotLeading
from alerts.notifiers.protocol import Notifier
from alerts.store import IncidentStore
from pipeline.alerting import People, make_notifiers, make_people, recorders
from pipeline.clock import Clock, stopwatch
from pipeline.composition import note_settings_at
from pipeline.errors import BrokerUnavailable, EnvironmentProblem, LogMismatch
from pipeline.health import Health
from pipeline.kafka.committing import Elsewhere
from pipeline.kafka.connection import Connection
from pipeline.kafka.ends import JudgedTopic
from pipeline.kafka.feeds import BucketSink, Feed, IncidentSink, MentionSink, RejectedSink
from pipeline.kafka.kind import KindCheck
from pipeline.kafka.lag import Gauge
from pipeline.kafka.lag_watch import LagWatch
from pipeline.kafka.reader import Share, TopicReader
from pipeline.kafka.setup import check_ready
from pipeline.kafka.snapshot_keeping import SnapshotKeeper
from pipeline.kafka.topics import Topics, wanted
from pipeline.log.kind import LogKind
from pipeline.metrics.metered import Metered, count_incidents
from pipeline.metrics.registry import Metrics
from pipeline.services.leadership import leadership_of
from pipeline.services.leading import Leading
from pipeline.services.loops import Loop
from pipeline.services.status_door import StatusDoor
from pipeline.services.upkeep import Upkeep
from pipeline.settings import Settings
from pipeline.stores.buckets import BucketTable
from pipeline.stores.mentions import MentionStore
from pipeline.stores.place import Place
from pipeline.stores.rejected import RejectedStore
from pipeline.stores.samples import MentionSamples
from pipeline.wire import decode_dead_letter, decode_judged, decode_signals_envelope

_log = structlog.get_logger(__name__)

REST: Final = 0.2
"""Seconds a part rests when there is nothing to do."""
STALLED: Final = 120_000
COUNT_EVERY: Final = 5.0
LOG_FILE: Final = "log.db"
LAG_EVERY: Final = 15.0


Decoded = TypeVar("Decoded")
Opened = TypeVar("Opened", MentionStore, BucketTable, RejectedStore, JudgedTopic, Upkeep)


class AlerterOptions(msgspec.Struct, frozen=True):
    """What the command decides. In event mode nothing is sent to anybody unless `deliver`.

    `any_port`: where the status port is taken, a free one will do.
    """

    kind: LogKind
    deliver: bool
    status_host: str = "127.0.0.1"
    status_port: int = 0
    any_port: bool = False


class AlerterService:
    """Everything that `alerter` runs, from `start` to `stop`.

    Several may run on one place: in clock time they share the partitions; one at a time, the
    leader, pages. In event time the leader alone reads signals.
    """

    def __init__(
        self, settings: Settings, place: Place, clock: Clock, options: AlerterOptions
    ) -> None:
        self._settings = settings
        self._place = place
        self._clock = clock
        self._options = options
        self._event_mode = options.kind is LogKind.EVENT
        self._partitions = settings.kafka.partitions
        self._topics = Topics(settings.kafka.prefix)
        self._connection = Connection.of(settings.kafka)
        self._plans = wanted(settings.kafka)
        self._check_kind = KindCheck(self._connection, self._topics, options.kind)
        self.health = Health()
        self.metrics = Metrics(clock, brands=[brand.name for brand in settings.brands()])
        self.door = StatusDoor(
            self.metrics,
            self.health,
            options.status_host,
            options.status_port,
            or_free=options.any_port,
        )
        self._leadership = leadership_of(place)
        self._turn = threading.Lock()
        self._topics_checked = threading.Event()
        self._checking = threading.Lock()
        self._loops: list[Loop] = []
        self._people_loop: Loop | None = None
        self._let_go: list[Callable[[], None]] = []
        self._elsewhere = Elsewhere()
        self._closing: list[MentionStore | BucketTable | RejectedStore | JudgedTopic | Upkeep] = []
        self._people: People | None = None
        self._leading: Leading | None = None
        self._stopping = False

    # -- start -----------------------------------------------------------------------------

    def start(self) -> None:
        """Open the door and the stores, begin to read; say what stands in the way.

        Raises PipelineError or AlertsError; what was begun is then stopped again. A broker that is
        away is waited for.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        away = ""
        try:
            self._check_topics()
        except BrokerUnavailable as error:
            away = str(error)
            _log.warning("the broker is waited for", detail=away)
        if self._place.is_sqlite:
            self._make_folder()
        judged = self._opened(JudgedTopic(self._connection, self._topics.judged, self._partitions))
        self._opened(RejectedStore(self._place))  # makes the tables before anybody reads them
        sampled = self._opened(MentionStore(self._place, read_only=True))
        people = self._people = make_people(
            self._place,
            self._settings,
            MentionSamples(judged, sampled),
            self._notifiers(),
            read_now=None if self._event_mode else self._clock.now,
            partitions=self._partitions,
            may_deliver=self._leadership.held,
        )
        self._note_settings(people)
        leading = self._leading = Leading(self._leadership, people, self._turn)
        self._make_loop("leadership", leading.step)
        self._people_loop = self._make_loop("people", self._moving(people, leading))
        self._make_readers(people, leading, away)
        self._make_loop("lag", self._watching())
        if not self._event_mode:
            storage = self._settings.storage
            upkeep = Upkeep(self._place, storage, self._clock, lambda: self.leads)
            self._make_loop("upkeep", self._opened(upkeep).step)
            keeper = SnapshotKeeper(
                self._connection, self._settings.kafka, self._clock, lambda: self.leads
            )
            self._make_loop("snapshots", keeper.step)
        self.metrics.leader_when(lambda: self.leads)
        self.door.start()
        for loop in self._loops:
            loop.start()
        _log.info("alerter_started", stores=self._place.where, time=str(self._options.kind))

    def _make_folder(self) -> None:
        folder = self._place.directory
        if (folder / LOG_FILE).exists():
            raise LogMismatch(
                f"{folder} belongs to an engine that does everything in one process (it holds "
                f"{LOG_FILE}): name another folder with --data or storage.directory"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentProblem(
                f"the folder {folder} cannot be made: {error.strerror}; name another with --data"
            ) from error

    def _opened(self, store: Opened) -> Opened:
        self._closing.append(store)
        return store

    def _check_topics(self) -> None:
        """See once that the topics are as they have to be."""
        with self._checking:
            if not (self._topics_checked.is_set() or self._stopping):
                check_ready(self._connection, self._plans)
                self._check_kind()
                self._topics_checked.set()

    def _note_settings(self, people: People) -> None:
        at = self._clock.now()
        if self._event_mode:
            with people.store.read() as view:
                at = view.last_time() or 0
        note_settings_at(self._place, self._settings, at)

    def _notifiers(self) -> Mapping[str, Notifier]:
        if not self._options.deliver:
            return recorders(self._settings.policy())
        kinds = {receiver.name: receiver.kind for receiver in self._settings.receivers}
        made = make_notifiers(self._settings, self._clock.now)
        return {name: Metered(each, kinds[name], self.metrics) for name, each in made.items()}

    def _make_loop(self, name: str, step: Callable[[], float]) -> Loop:
        self.health.expect(name)
        self.health.watch(name, STALLED)
        loop = Loop(name, step, self.health)
        self._loops.append(loop)
        return loop

    def _make_readers(self, people: People, leading: Leading, away: str) -> None:
        """Make a reader of each topic; `away` is why no broker answers, empty where one does."""
        topics = self._topics
        incidents = IncidentSink(
            people.alerter,
            people.store,
            self._clock.now,
            self._turn,
            event_mode=self._event_mode,
            check=self._check_kind,
        )
        buckets = BucketSink(self._opened(BucketTable(self._place)))
        mentions = MentionSink(self._opened(MentionStore(self._place)), self.metrics)
        rejected = RejectedSink(self._opened(RejectedStore(self._place)))
        wanted = (lambda: self.leads) if self._event_mode else None
        signals = Feed("signals", topics.signals, decode_signals_envelope, incidents, buckets)
        self._make_reader(leading, signals, wanted)
        self._make_reader(leading, Feed("judged", topics.judged, decode_judged, mentions))
        letters = Feed("rejected", topics.rejected, decode_dead_letter, rejected)
        self._make_reader(leading, letters)
        for feed in ("signals", "judged", "rejected") if away else ():
            self.health.failed(feed, away)

    def _make_reader(
        self,
        leading: Leading,
        feed: Feed[Decoded],
        wanted: Callable[[], bool] | None = None,
    ) -> None:
        buried = self._opened(RejectedStore(self._place))
        reader = TopicReader(
            feed,
            Share(self._topics.alerter_group(feed.topic), wanted),
            self._connection,
            self._partitions,
            bury=lambda letter: buried.keep([letter]),
            elsewhere=self._elsewhere,
            clock=self._clock,
            metrics=self.metrics,
            health=self.health,
        )

        def move() -> float:
            if self._stopping and reader.is_cut_off:
                return REST
            self._check_topics()
            if not self._topics_checked.is_set():
                return REST
            try:
                moved = reader.step()
            except (MovedElsewhere, NotLeading) as error:
                _log.info("another_alerter_goes_on", detail=str(error))
                leading.follow()
                return REST
            if moved and self._people_loop is not None:
                self._people_loop.wake()
            return 0.0 if reader.reads else REST

        self._let_go.append(reader.let_go)
        self._make_loop(feed.name, move)

    # -- its life --------------------------------------------------------------------------

    @property
    def leads(self) -> bool:
        """Whether this one pages."""
        return self._leading is not None and self._leading.leads

    def _moving(self, people: People, leading: Leading) -> Callable[[], float]:
        """Say what is due, while we lead; people's answers are seen within a fifth of a second."""
        counted = 0.0

        def move() -> float:
            nonlocal counted
            people.store.check_in_place()
            if leading.leads:
                try:
                    with self._turn:
                        people.alerter.advance(self._clock.now())
                except (MovedElsewhere, NotLeading) as error:
                    _log.info("another_alerter_goes_on", detail=str(error))
                    leading.follow()
            if stopwatch() - counted > COUNT_EVERY:
                counted = stopwatch()
                count_incidents(people.store, self.metrics)
                if not self._event_mode:
                    self.metrics.watermark(self._least_time(people.store))
            return REST

        return move

    def _least_time(self, store: IncidentStore) -> int | None:
        """Up to when detection is done in every partition that has begun."""
        with store.read() as view:
            times = [view.position(partition).time for partition in range(self._partitions)]
        return min((time for time in times if time is not None), default=None)

    def _watching(self) -> Callable[[], float]:
        """Look at the lag of the whole road; the leader alone does, so it is told once."""
        gauge = Gauge(self._connection, self._topics, event_mode=self._event_mode)
        watch = LagWatch(gauge, self.metrics, self._clock, lambda: not self._stopping)
        due = stopwatch() + LAG_EVERY

        def look() -> float:
            nonlocal due
            if self.leads and not self._stopping and stopwatch() >= due:
                due = stopwatch() + watch.step()
            return 1.0

        return look

    def stop(self) -> None:
        """Finish what is under way: the transactions of the readers, the calls of the couriers."""
        self._stopping = True
        if self._leading is not None:
            self._leading.end()
        for loop in self._loops:
            loop.halt()
        for loop in self._loops:
            loop.stop()
        for let_go in self._let_go:
            let_go()
        if self._people is not None:
            self._people.close()
        self._leading = None
        self._leadership.release()
        for each in reversed(self._closing):
            each.close()
        self.door.stop()

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
