"""What must hold when the world misbehaves: silence, outages, and the log's own clock."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from alerts.incident import Incident
from alerts.notification import Reason
from alerts.samples import NoSamples
from detectors.observation import BucketState
from detectors.reading import Rule
from detectors.settings import Detection
from pipeline.alerting import Alerting, make_alerting, recorders
from pipeline.brands import BrandMatcher
from pipeline.embedded import Engine
from pipeline.folding.records import FoldSettings
from pipeline.intake import Batch
from pipeline.log import LogKind, SqliteLog
from pipeline.settings import load
from pipeline.timed_judge import TimedJudge
from pipeline.wire import BucketRecord, SignalRecord, decode_signals
from pipeline.writing import Writer
from tests.unit.pipeline.makers import DAY, HOUR, MINUTE, T0, WordScorer, mention

SECOND = 1_000


class Town:
    """A clock log whose clock the test drives: two sources, one brand, minutes go by."""

    def __init__(self, directory: Path, *, people_by_the_clock: bool = False) -> None:
        self.directory = directory
        self.people_by_the_clock = people_by_the_clock
        self.now = T0
        self.count = 0
        self.engine = self._engine()
        self.settings = load(Path("/dev/null"))
        self.alerting = self._people()
        self.kinds: list[str] = []
        self._seen = 0

    def _engine(self) -> Engine:
        log = SqliteLog.open(self.directory, LogKind.CLOCK, durable=False)
        return Engine(
            log,
            FoldSettings(Detection(), event_mode=False, brands={"B": "UTC"}),
            TimedJudge([WordScorer()]),
            Writer("w", BrandMatcher([]), bucket=MINUTE, event_mode=False),
            lambda _: ("en",),
        )

    def _people(self) -> Alerting:
        # by the clock, what is due is written and waits: no courier is started here
        return make_alerting(
            self.directory,
            self.settings,
            self.engine.log,
            NoSamples(),
            recorders(self.settings.policy()),
            read_now=(lambda: self.now) if self.people_by_the_clock else None,
            durable=False,
        )

    def say(self, voices: int, source: str, text: str) -> None:
        batch = []
        for _ in range(voices):
            self.count += 1
            each = mention(f"m{self.count}", self.now, f"{text} {self.count}", f"a{self.count}")
            batch.append(replace(each, source=source, brand="B"))
        self.engine.submit(Batch(source, batch), lambda _: b"", self.now)

    def minute(self, *, people: bool = True) -> None:
        for _ in range(4):
            self.now += 15 * SECOND
            self.engine.tick(self.now)
        self.engine.fold_all()
        if people:
            self.alerting.step(self.now)

    def calm(self, minutes: int, sources: Sequence[str] = ("loud", "quiet")) -> None:
        for minute in range(minutes):
            for place, source in enumerate(sources):
                if (minute + place) % 5 == 0:
                    self.say(1, source, "bad" if minute % 35 == place else "fine")
            self.minute()

    def records(self) -> list[SignalRecord | BucketRecord]:
        return [
            record
            for _, body in self.engine.log.signals(0, 10**6)
            if isinstance(record := decode_signals(body), SignalRecord | BucketRecord)
        ]

    def incidents(self, rule: Rule = Rule.NEGATIVE_SURGE) -> list[Incident]:
        with self.alerting.store.read() as view:
            return [each for each in view.incidents() if each.rule is rule]

    def said(self) -> list[Reason]:
        with self.alerting.store.read() as view:
            rows = view.notifications(limit=100_000)[::-1]
        return [reason for row in rows for reason in row.notification.reasons]

    def restart(self) -> None:
        self.alerting.close()
        self.engine.log.close()
        self.engine = self._engine()
        self.engine.fold_all()
        self.alerting = self._people()


def crisis(town: Town, minutes: int, source: str) -> None:
    for _ in range(minutes):
        town.say(6, source, "bad")
        town.minute()


def test_a_source_that_dies_in_a_crisis_never_yields_an_all_clear(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.calm(2 * 24 * 60)
    crisis(town, 25, "loud")
    (incident,) = town.incidents()
    assert incident.is_open
    town.calm(9 * 60, sources=("quiet",))  # "loud" is dead; the other goes on as ever
    said = town.said()
    (incident,) = town.incidents()
    assert incident.is_open
    assert incident.unheard == ("loud",)
    assert Reason.CALM not in said
    assert Reason.RESOLVED not in said
    assert said.count(Reason.CANNOT_TELL) == 1
    town.calm(3 * 60)  # it is back
    assert Reason.CALM in town.said()
    (incident,) = town.incidents()
    assert not incident.is_open


def test_seven_hours_without_us_while_it_rages_pages_late_and_once(tmp_path: Path) -> None:
    town = Town(tmp_path, people_by_the_clock=True)
    town.calm(2 * 24 * 60)
    for _ in range(7 * 60):  # detection goes on, nobody tells the people
        town.say(6, "loud", "bad")
        town.minute(people=False)
    assert town.incidents() == []
    town.alerting.step(town.now)
    (incident,) = town.incidents()
    assert incident.is_open
    assert not incident.missed
    said = town.said()
    assert said.count(Reason.PAGE) == 1
    with town.alerting.store.read() as view:
        (page,) = [
            row for row in view.notifications(limit=1000) if row.notification.reason is Reason.PAGE
        ]
    assert page.notification.at - incident.opened_at > 6 * HOUR


def test_a_surge_that_ended_while_nobody_looked_is_missed_and_pages_nobody(tmp_path: Path) -> None:
    town = Town(tmp_path, people_by_the_clock=True)
    town.calm(2 * 24 * 60)
    for _ in range(30):
        town.say(6, "loud", "bad")
        town.minute(people=False)
    for minute in range(6 * 60):
        if minute % 5 == 0:
            town.say(1, "loud", "fine")
            town.say(1, "quiet", "fine")
        town.minute(people=False)
    town.alerting.step(town.now)
    (incident,) = town.incidents()
    assert incident.missed
    assert town.said() == []


def test_after_seven_hours_down_the_gap_is_unknown_and_an_open_incident_stays_open(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    town.calm(2 * 24 * 60)
    crisis(town, 25, "loud")
    town.now += 7 * HOUR
    town.restart()
    town.minute()
    gaps = [
        record
        for record in town.records()
        if isinstance(record, BucketRecord) and record.state is BucketState.UNKNOWN
    ]
    assert sum(gap.count for gap in gaps) >= 7 * 60 - 2
    assert len(gaps) <= 2
    (incident,) = town.incidents()
    assert incident.is_open
    assert Reason.CALM not in town.said()
    crisis(town, 5, "loud")
    assert len(town.incidents()) == 1


def test_a_week_of_nothing_opens_nothing_and_costs_little(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.calm(60)
    before = len(town.records())
    for _ in range(24 * 60):
        town.minute()
    assert len(town.records()) - before <= 10
    assert town.incidents() == []
    assert town.now > T0 + DAY
