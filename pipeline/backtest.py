"""A backtest: the whole road on history, and what would have come of it; nothing is sent."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from alerts.incident import BY_CALM, Calmed, Incident
from alerts.notification import Notification, Outcome
from alerts.samples import NoSamples
from alerts.store import IncidentStore, View
from detectors.reading import Rule
from detectors.settings import Sensitivity
from detectors.severity import Severity
from pipeline.alerting import make_alerting, recorders
from pipeline.composition import EngineOptions, make_engine, note_settings
from pipeline.errors import LogMismatch
from pipeline.log import LogKind
from pipeline.mention import Mention, Rejected
from pipeline.road import Road, Stores
from pipeline.scorers import ScorerName
from pipeline.settings import Settings
from pipeline.status import BrandCounts, sums_of

WEEK = 7 * 24 * 60 * 60_000
MANY = 1_000_000


class BacktestNotification(msgspec.Struct, frozen=True):
    """Something that would have been said; `at` in ms."""

    at: int
    reason: str
    receiver: str


class BacktestIncident(msgspec.Struct, frozen=True):
    """A warning or critical incident; instants in ms, None where it never came to that."""

    id: str
    brand: str
    rule: str
    lane: str
    severity: str
    opening_severity: str
    raised_at: int | None
    opened_at: int
    calm_at: int | None
    resolved_at: int | None
    notifications: list[BacktestNotification]
    reason: str


class BacktestAttention(msgspec.Struct, frozen=True):
    """Volume alone, or a source's silence (`brand` is `source:NAME`): pages nobody of comms."""

    brand: str
    opened_at: int
    closed_at: int | None


class AtSensitivity(msgspec.Struct, frozen=True):
    """One sensitivity: the incidents it gives, and how many pages they lead to, a week too."""

    sensitivity: Sensitivity
    incidents: list[BacktestIncident]
    pages: int
    pages_per_week: float


class BacktestReport(msgspec.Struct, frozen=True):
    """What history would have led to, had nobody answered.

    `mentions` are distinct, without repeats and late ones; `first` and `last` bound the event
    times; `pages_per_week` counts the first notification of each opening, reopening or rise;
    `ignored` are the mentions that concern no configured brand; `sensitivities` what every setting
    of the sensitivity would have led to, where that was asked for.
    """

    mentions: int
    rejected: dict[str, int]
    unscored: int
    late: int
    repeated: int
    brands: dict[str, BrandCounts]
    incidents: list[BacktestIncident]
    attention: list[BacktestAttention]
    blindness: list[BacktestAttention]
    pages_per_week: float
    first: int | None
    last: int | None
    ignored: int = 0
    pages: int = 0
    sensitivities: tuple[AtSensitivity, ...] = ()


def run_backtest(  # noqa: PLR0913  # what a command may say of it
    chunks: Iterator[list[Mention | Rejected]],
    settings: Settings,
    *,
    zone: str = "UTC",
    scorer: ScorerName = ScorerName.VADER,
    directory: Path | None = None,
    moved: Callable[[int], None] = lambda _: None,
) -> BacktestReport:
    """Take history down the road as an event log; side-effect free.

    The databases live in a temporary directory, or in `directory`, which is kept.
    """
    if directory is not None:
        if (directory / "log.db").exists():
            raise LogMismatch(
                f"{directory} holds a log already, and a backtest wants a fresh one; "
                "name another directory with --keep"
            )
        return _run(chunks, settings, zone, scorer, directory, moved, keep=True)
    with tempfile.TemporaryDirectory(prefix="crisis-monitor-backtest-") as temporary:
        return _run(chunks, settings, zone, scorer, Path(temporary), moved, keep=False)


def _run(  # noqa: PLR0913, PLR0917  # as above
    chunks: Iterator[list[Mention | Rejected]],
    settings: Settings,
    zone: str,
    scorer: ScorerName,
    directory: Path,
    moved: Callable[[int], None],
    *,
    keep: bool,
) -> BacktestReport:
    options = EngineOptions(LogKind.EVENT, scorer, zone, durable=False, any_brand=True)
    engine = make_engine(directory, settings, options)
    stores = Stores(directory, durable=False) if keep else None
    if stores is not None:
        note_settings(engine, settings, 0, durable=False)
    policy = settings.policy()
    alerting = make_alerting(
        directory,
        settings,
        engine.log,
        NoSamples(),
        recorders(policy),
        read_now=None,
        durable=False,
    )
    bounds = _Bounds()
    try:
        road = Road(engine, stores=stores, alerting=alerting)
        road.travel(bounds.watch(chunks), source="backtest", at=lambda: 0, moved=moved)
        totals = {name: brand.totals for name, brand in engine.fold.brands.items()}
        sums = sums_of(totals)
        incidents, pages = incidents_and_pages(alerting.store)
        return BacktestReport(
            sums.distinct,
            engine.log.rejections.by_reason(),
            sums.unscored,
            sums.late,
            sums.repeated,
            sums.brands,
            incidents,
            _short(alerting.store, Rule.VOLUME),
            _short(alerting.store, Rule.BLINDNESS),
            round(pages * WEEK / bounds.span, 2) if bounds.span else 0.0,
            bounds.first,
            bounds.last,
            road.ignored,
            pages,
        )
    finally:
        alerting.close()
        if stores is not None:
            stores.close()
        engine.log.close()


class _Bounds:
    """The first and the last event time that passed."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.last: int | None = None

    @property
    def span(self) -> int:
        return 0 if self.first is None or self.last is None else self.last - self.first

    def watch(
        self, chunks: Iterator[list[Mention | Rejected]]
    ) -> Iterator[list[Mention | Rejected]]:
        for chunk in chunks:
            for item in chunk:
                if isinstance(item, Mention):
                    if self.first is None:
                        self.first = item.event_time
                    self.last = item.event_time
            yield chunk


def incidents_and_pages(store: IncidentStore) -> tuple[list[BacktestIncident], int]:
    """Warning and critical incidents in order, and how many pages they led to."""
    listed = []
    pages = 0
    with store.read() as view:
        for incident in view.incidents():
            if incident.severity is Severity.INFO or incident.rule is Rule.BLINDNESS:
                continue
            said = [
                row.notification
                for row in view.notifications(
                    incident_id=incident.id, outcome=Outcome.DELIVERED, limit=MANY
                )
            ]
            pages += len({(each.reason, each.sequence) for each in said if each.reason.is_page})
            listed.append(_incident(incident, view, said))
    return sorted(listed, key=lambda each: (each.opened_at, each.id)), pages


def _incident(incident: Incident, view: View, said: list[Notification]) -> BacktestIncident:
    calms = [event for event in view.events(incident.id) if isinstance(event, Calmed)]
    calm = incident.calm_at is not None or incident.resolved_by == BY_CALM
    return BacktestIncident(
        incident.id,
        incident.brand,
        incident.rule,
        incident.opening.lane or "",
        incident.severity,
        incident.opening_severity,
        incident.rises[-1].at if incident.rises else None,
        incident.opened_at,
        calms[-1].event_time if calms and calm else None,
        incident.resolved_at,
        [
            BacktestNotification(each.at, each.reason, each.receiver)
            for each in sorted(said, key=lambda each: (each.at, each.receiver, each.key))
        ],
        incident.opening.reason,
    )


def _short(store: IncidentStore, rule: Rule) -> list[BacktestAttention]:
    with store.read() as view:
        found = [each for each in view.incidents() if each.rule is rule]
    return sorted(
        (BacktestAttention(each.brand, each.opened_at, each.resolved_at) for each in found),
        key=lambda each: (each.opened_at, each.brand),
    )
