"""One brand over time: counts and shares against what is usual, and what happened to it.

Everything is summed into steps of equal length on a grid of UTC. A step all of which is
unknown has None for every count. One of which a part is unknown holds what was counted in the rest,
at least so much was said: it is blind, and `partly`. The step that is still running holds what was
counted up to `as_of`. The bands of both are of the known time alone.
"""

import msgspec

from alerts.incident import Incident, State
from alerts.plain import one_line
from alerts.wording import counted
from dashboards.views.bands import count_band, share_band
from dashboards.views.books import Books
from dashboards.views.changes import Change, read_changes
from dashboards.views.steps import Steps, step_for
from detectors.observation import BucketState
from detectors.reading import Lane, Reason, Rule
from detectors.severity import Severity
from detectors.usual import Usual
from pipeline.stores.buckets import Figures, readings_of

MOST_INCIDENTS = 300
"""Of one brand's incidents so many, the latest, are looked at."""
TITLE = 160


class IncidentMark(msgspec.Struct, frozen=True):
    """An incident as it lies on the time line; `ended_at` None while it is open."""

    id: str
    rule: Rule
    severity: Severity
    opened_at: int
    ended_at: int | None
    title: str


class LaneSeries(msgspec.Struct):
    """A lane's last reading in each step; None where none was written."""

    observed: list[float | None]
    expected: list[float | None]
    score: list[float | None]
    threshold: list[float | None]
    reason: list[Reason | None]


class Series(msgspec.Struct):
    """A brand in `[start, end)`, one element a step of `step` milliseconds, `times` their starts.

    `negatives` are negative voices and `scored` the voices judged: `share` is the one of the
    other, None where nobody was judged. `expected`, `low` and `high` are of the voices,
    `share_usual`, `share_low` and `share_high` of the share; None where nothing is learnt yet or
    the step is unknown. `late` counts mentions that came too late to be counted, in every step.
    `partly` says of which steps a part is unknown, so that their counts are a lower bound.
    `learnt` is how much time, ms, a step's usual was learnt from, None where there is none.
    `as_of` is how far detection is: steps from there on are unknown for now.
    """

    brand: str
    start: int
    end: int
    step: int
    as_of: int | None
    times: list[int]
    states: list[BucketState]
    mentions: list[int | None]
    unique: list[int | None]
    voices: list[int | None]
    negatives: list[int | None]
    scored: list[int | None]
    delayed: list[int | None]
    late: list[int]
    expected: list[float | None]
    low: list[float | None]
    high: list[float | None]
    usual_negatives: list[float | None]
    share: list[float | None]
    share_usual: list[float | None]
    share_low: list[float | None]
    share_high: list[float | None]
    incidents: list[IncidentMark]
    changes: list[Change]
    lanes: dict[str, LaneSeries]
    learnt: list[int | None] = []
    partly: list[bool] = []

    def learning_until(self, warm_up: int) -> int | None:
        """Up to where what is usual was still being learnt; None where it was learnt before."""
        found = [(at, each) for at, each in zip(self.times, self.learnt, strict=True) if each]
        if not found or found[0][1] >= warm_up:
            return None
        return next((at for at, each in found if each >= warm_up), self.end)


def read_series(  # noqa: PLR0913  # what is read, and how finely
    books: Books, brand: str, start: int, end: int, *, points: int = 300, lanes: bool = False
) -> Series:
    """Read a brand's series over `[start, end)`, in at most about `points` steps.

    The range is widened to whole steps. A brand nothing is known of has unknown steps alone.
    """
    closed = books.closed_up_to(brand)
    step = step_for(end - start, points)
    first, last = start - start % step, end + -end % step
    found = books.buckets.figures(brand, first, last)
    coarsest = max((each.length for each in found if each.count == 1), default=0)
    if coarsest > step:  # gathered hours
        step = step_for(end - start, points, coarsest)
        first, last = start - start % step, end + -end % step
        found = books.buckets.figures(brand, first, last)
    before = books.buckets.figures_before(brand, first)
    steps = Steps(first, step, (last - first) // step).fill(before, found, closed)
    series = _counted(books, brand, steps, closed)
    for index, usual in enumerate(steps.usual()):
        _add_usual(series, index, usual, steps.known[index])
    if lanes:
        series.lanes = _lanes(steps, found)
    return series


def _counted(books: Books, brand: str, steps: Steps, as_of: int | None) -> Series:
    start, end, step = steps.start, steps.end, steps.step
    late = books.mentions.late_by(brand, start, end, step)
    states = steps.states()

    def whole(sums: list[int]) -> list[int | None]:
        return [
            None if state is BucketState.UNKNOWN else each
            for each, state in zip(sums, states, strict=True)
        ]

    return Series(
        brand,
        start,
        end,
        step,
        as_of,
        times=list(range(start, end, step)),
        states=states,
        mentions=whole(steps.mentions),
        unique=whole(steps.unique),
        voices=whole(steps.voices),
        negatives=whole(steps.negatives),
        scored=whole(steps.scored),
        delayed=whole(steps.delayed),
        late=[late.get(at, 0) for at in range(start, end, step)],
        expected=[],
        low=[],
        high=[],
        usual_negatives=[],
        share=[],
        share_usual=[],
        share_low=[],
        share_high=[],
        incidents=_incidents(books, brand, start, end),
        changes=read_changes(books, start, end, brand),
        lanes={},
        learnt=[],
        partly=steps.partly(),
    )


def _add_usual(series: Series, index: int, usual: Usual | None, known: int) -> None:
    """Add one step's share, and the bands where the usual is learnt and the step is known."""
    scored, negatives = series.scored[index], series.negatives[index]
    series.learnt.append(usual.learnt if usual else None)
    series.share.append(negatives / scored if scored and negatives is not None else None)
    learnt = usual is not None and scored is not None
    voices = count_band(usual.voices, usual.voices_size, known) if usual and learnt else None
    share = share_band(usual.share, usual.share_size, scored) if usual and scored else None
    series.expected.append(voices.usual if voices else None)
    series.low.append(voices.low if voices else None)
    series.high.append(voices.high if voices else None)
    series.usual_negatives.append(usual.negatives if usual and learnt else None)
    series.share_usual.append(usual.share if usual and learnt else None)
    series.share_low.append(share.low if share else None)
    series.share_high.append(share.high if share else None)


def _incidents(books: Books, brand: str, start: int, end: int) -> list[IncidentMark]:
    with books.incidents.read() as view:
        found = view.incidents(brand=brand, limit=MOST_INCIDENTS)
    marks = [mark_of(each) for each in reversed(found)]
    return [
        each
        for each in marks
        if each.opened_at < end and (each.ended_at is None or each.ended_at > start)
    ]


def mark_of(incident: Incident) -> IncidentMark:
    """An incident as a mark on the time line: from its opening to its resolution."""
    grade = f"{incident.severity}: {counted(incident.opening)}"
    return IncidentMark(
        incident.id,
        incident.rule,
        incident.severity,
        incident.opened_at,
        incident.resolved_at if incident.state is State.RESOLVED else None,
        one_line(grade, TITLE),
    )


def _lanes(steps: Steps, found: list[Figures]) -> dict[str, LaneSeries]:
    last: dict[int, Figures] = {}
    for each in found:
        if each.count == 1:
            last[(each.start - steps.start) // steps.step] = each
    lanes: dict[str, LaneSeries] = {}
    for index, each in last.items():
        for reading in readings_of(each):
            if reading.lane is Lane.SILENCE:
                continue
            lane = lanes.get(reading.lane)
            if lane is None:
                count = steps.count
                lane = lanes[str(reading.lane)] = LaneSeries(
                    [None] * count, [None] * count, [None] * count, [None] * count, [None] * count
                )
            lane.observed[index] = reading.observed
            lane.expected[index] = reading.expected
            lane.score[index] = reading.score
            lane.threshold[index] = reading.threshold
            lane.reason[index] = reading.reason
    return lanes
