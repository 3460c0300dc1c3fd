"""A surge as a small chart: a bar of negative voices each step, and the line of the usual."""

import msgspec

from alerts.incident import Incident
from dashboards.views.series import Series
from detectors.observation import BucketState

HIGH = 100
STEP = 8
BAR = 6


class Bar(msgspec.Struct, frozen=True):
    """One step: `x` and `high` in units of the drawing."""

    x: int
    high: int
    blind: bool


class SurgeChart(msgspec.Struct, frozen=True):
    """The geometry of one chart, integers alone, and the numbers behind it.

    `usual` is a path; `unknown` are the steps of which nothing is known, as x and width; `opened`
    is where it opened. `rows` are time, negative voices, usual.
    """

    wide: int
    bars: tuple[Bar, ...]
    unknown: tuple[tuple[int, int], ...]
    usual: str
    opened: int
    start: int
    end: int
    step: int
    most: int
    most_at: int | None
    rows: tuple[tuple[int, int | None, float | None], ...]


def draw_surge(series: Series, incident: Incident) -> SurgeChart:
    """Draw an incident's surge; the highest bar reaches the upper edge."""
    known = [count for count in series.negatives if count is not None]
    usual = [each for each in series.usual_negatives if each is not None]
    top = max([4.0, *known, *(each * 1.1 for each in usual)])
    most = max(known, default=0)
    count = len(series.times)
    opened = (incident.opened_at - series.start) * STEP // max(1, series.step)
    return SurgeChart(
        wide=max(1, count) * STEP,
        bars=tuple(
            Bar(index * STEP + 1, max(1, round(HIGH * value / top)), state is BucketState.BLIND)
            for index, (value, state) in enumerate(
                zip(series.negatives, series.states, strict=True)
            )
            if value
        ),
        unknown=tuple(
            (index * STEP, STEP) for index, value in enumerate(series.negatives) if value is None
        ),
        usual=_path(series.usual_negatives, top),
        opened=min(max(0, opened), count * STEP),
        start=series.start,
        end=series.end,
        step=series.step,
        most=most,
        most_at=series.times[series.negatives.index(most)] if most else None,
        rows=tuple(zip(series.times, series.negatives, series.usual_negatives, strict=True)),
    )


def _path(values: list[float | None], top: float) -> str:
    """Draw steps through values; a gap where one is not known.

    >>> _path([2.0, None, 1.0], 4.0)
    'M0 50h8M16 75h8'
    """
    parts: list[str] = []
    last: int | None = None
    for index, value in enumerate(values):
        if value is None:
            last = None
            continue
        y = HIGH - round(HIGH * value / top)
        parts.append(f"M{index * STEP} {y}" if last is None else f"V{y}")
        parts.append(f"h{STEP}")
        last = y
    return "".join(parts)
