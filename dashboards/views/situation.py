"""The situation: every brand in one row, the most urgent first."""

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from alerts.clocks import owed_at
from alerts.incident import Audience, Incident, State
from dashboards.views.bands import Band, count_band, share_band
from dashboards.views.books import Books
from dashboards.views.progress import Closed
from dashboards.views.recent import NOTHING, LastDay, Recent
from dashboards.views.standing import (
    URGENCY,
    Standing,
    Trend,
    standing_of_incident,
    trend_of,
)
from detectors.observation import BucketState
from detectors.reading import Rule
from detectors.severity import Severity
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from alerts.policy import Policy

__all__ = ["Row", "Situation", "SituationView", "Standing", "Trend"]

LAGS = 5 * 60_000
"""A closed time so far behind now is no longer the present."""
SOURCE = "source:"


class Row(msgspec.Struct, frozen=True):
    """One brand; counts are of the 60 minutes before `as_of`, bands of the same known time.

    `incident` is the most urgent open one; `updated_at` its last update, `due_at` the earliest
    due time of its audiences, both of people's time. `voices_band` and `share_band` are None
    while nothing is learnt (or nobody was judged). `spark` holds the voices of 48 half hours, the
    last still running, None where unknown, `spark_high` the upper end of their band.
    `learning` goes from 0 to 1. `as_of` is the end of the last known bucket, None before any.
    """

    brand: str
    standing: Standing
    incident: str | None
    state: State | None
    severity: Severity | None
    opened_at: int | None
    owner: str
    mentions: int
    voices: int
    voices_band: Band | None
    negatives: int
    scored: int
    share: float | None
    share_band: Band | None
    trend: Trend
    updated_at: int | None
    due_at: int | None
    overdue: bool
    learning: float
    spark: tuple[int | None, ...]
    spark_high: tuple[float | None, ...]
    as_of: int | None

    @property
    def excess(self) -> float:
        """How many times the upper end of its bands it stands at, the greater of both."""
        over = 0.0
        if self.voices_band is not None:
            over = self.voices / max(1.0, self.voices_band.high)
        if self.share is not None and self.share_band is not None and self.share_band.high > 0.0:
            over = max(over, self.share / self.share_band.high)
        return over


class Situation(msgspec.Struct, frozen=True):
    """All brands at `now` (people's time); detection is at `as_of`; `blind`: silent sources.

    `unread` says why no number could be read: rows then hold incidents alone. Else it is empty.
    """

    now: int
    as_of: int | None
    rows: tuple[Row, ...]
    blind: tuple[str, ...]
    unread: str = ""


class SituationView:
    """Reads the situation again and again, each time only what is new; for one thread at a time.

    `warm_up` is how long a brand is learnt before its usual is trusted; `brands` the configured
    ones: any other that is kept has a row, too. Books may change between looks, the data
    directory may not.
    """

    def __init__(self, policy: "Policy", warm_up: int, brands: Sequence[str]) -> None:
        self._policy = policy
        self._warm_up = warm_up
        self._configured = tuple(brands)
        self._recent: dict[str, Recent] = {}
        self._rows: dict[str, tuple[LastDay, Incident | None, bool, Row]] = {}

    def read(self, books: Books, now: int) -> Situation:
        """Tell the situation at `now`."""
        with books.incidents.read() as view:
            found = view.incidents(only_open=True)
        urgent = _most_urgent(found)
        closed = Closed(())
        unread = ""
        try:
            closed = books.closed()
            rows = [
                self._row(brand, books, closed.of(brand), urgent.get(brand), now)
                for brand in dict.fromkeys((*self._configured, *books.brands()))
            ]
        except PipelineError as problem:
            unread = str(problem)
            rows = [
                self._without_numbers(brand, urgent.get(brand), now)
                for brand in dict.fromkeys((*self._configured, *urgent))
            ]
        rows.sort(key=attrgetter("brand"))
        rows.sort(key=lambda row: (URGENCY[row.standing], -row.excess))
        blind = sorted(
            each.brand.removeprefix(SOURCE) for each in found if each.rule is Rule.BLINDNESS
        )
        return Situation(now, closed.everywhere, tuple(rows), tuple(blind), unread)

    def _row(
        self, brand: str, books: Books, closed: int | None, incident: Incident | None, now: int
    ) -> Row:
        lags = closed is None or now - closed > LAGS
        recent = self._recent.get(brand)
        if recent is None:
            recent = self._recent[brand] = Recent(brand)
        day = recent.read(books.buckets, closed)
        kept = self._rows.get(brand)
        if kept is not None and kept[0] is day and kept[1] == incident and kept[2] is lags:
            row = kept[3]
        else:
            row = self._made(brand, day, incident, lags=lags)
            self._rows[brand] = (day, incident, lags, row)
        return _in_time(row, now)

    def _without_numbers(self, brand: str, incident: Incident | None, now: int) -> Row:
        row = self._made(brand, NOTHING, incident, lags=True)
        standing = Standing.UNKNOWN if incident is None else row.standing
        return _in_time(msgspec.structs.replace(row, standing=standing, learning=1.0), now)

    def _made(self, brand: str, day: LastDay, incident: Incident | None, *, lags: bool) -> Row:
        usual = day.usual
        band = among = None
        if usual is not None:
            band = count_band(usual.voices, usual.voices_size, day.known)
            if day.scored:
                among = share_band(usual.share, usual.share_size, day.scored)
        learning = min(1.0, day.learnt / self._warm_up) if self._warm_up > 0 else 1.0
        updates = [] if incident is None else [incident.internal.last_at, incident.public.last_at]
        due = (
            [] if incident is None else [owed_at(incident, each, self._policy) for each in Audience]
        )
        return Row(
            brand,
            _standing(day, incident, learning, lags=lags),
            incident.id if incident else None,
            incident.state if incident else None,
            incident.severity if incident else None,
            incident.opened_at if incident else None,
            incident.owner if incident else "",
            day.mentions,
            day.voices,
            band,
            day.negatives,
            day.scored,
            day.negatives / day.scored if day.scored else None,
            among,
            Trend.STEADY if day.quarters is None else trend_of(*day.quarters),
            max((at for at in updates if at is not None), default=None),
            min((at for at in due if at is not None), default=None),
            overdue=False,
            learning=learning,
            spark=day.spark,
            spark_high=day.spark_high,
            as_of=day.as_of,
        )


def _in_time(row: Row, now: int) -> Row:
    if row.due_at is not None and row.due_at < now:
        return msgspec.structs.replace(row, overdue=True)
    return row


def _standing(day: LastDay, incident: Incident | None, learning: float, *, lags: bool) -> Standing:
    if incident is not None:
        return standing_of_incident(incident)
    if day.state is BucketState.BLIND:
        return Standing.BLIND
    if day.as_of is not None and (lags or day.state is BucketState.UNKNOWN):
        return Standing.UNKNOWN
    if learning < 1.0:
        return Standing.LEARNING
    return Standing.USUAL if day.mentions else Standing.SILENT


def _most_urgent(found: Sequence[Incident]) -> dict[str, Incident]:
    """Each brand's most urgent open incident, of equals the one that opened last."""
    chosen: dict[str, Incident] = {}
    for each in found:  # the last opened first
        if each.rule is Rule.BLINDNESS:
            continue
        kept = chosen.get(each.brand)
        if kept is None or (
            URGENCY[standing_of_incident(each)] < URGENCY[standing_of_incident(kept)]
        ):
            chosen[each.brand] = each
    return chosen
