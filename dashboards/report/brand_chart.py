"""One brand over time: voices against what was expected, negative share against its usual band."""

from math import isnan
from typing import TYPE_CHECKING

from dashboards.report.drawing import (
    BAND,
    BLUE,
    FAINT,
    GRID,
    INK,
    RED,
    SOFT,
    UNKNOWN,
    new_figure,
    place,
    style,
    thin,
)
from dashboards.report.times import known_zone
from detectors.observation import BucketState
from detectors.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dashboards.views.series import IncidentMark, Series

    Numbers = Sequence[float | None]

DAY = 86_400_000
FEW = 5
"""Scored voices of a step below which its share is left out: it says little."""
_NAN = float("nan")


def draw_brand(
    series: "Series",
    coarse: "Series",
    zone: str,
    names: "dict[str, str]",
    learning_until: int | None = None,
) -> "Figure":
    """Draw both panels over one axis of time.

    Voices come from `series`; the share from `coarse`, of the same time in longer steps, for few
    voices say little of a share. `names` are the marks' letters by incident id;
    `learning_until` is the end of the warm-up.
    """
    with style():
        figure = new_figure(9.6, 4.6)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _voices(above, series)
        _share(below, coarse)
        for axes in (above, below):
            _spans(axes, series)
            _incidents(axes, series.incidents, series.end)
            thin(axes)
            axes.set_xlim(series.start / DAY, series.end / DAY)
        _letters(above, series, names)
        if learning_until is not None and learning_until > series.start:
            _learning(above, series.start, min(learning_until, series.end))
        _time_axis(below, zone)
        place(figure)
        return figure


def _voices(axes: "Axes", series: "Series") -> None:
    times = _corners(series)
    voices = _held(series.voices)
    _band(axes, times, series.low, series.expected, series.high)
    axes.fill_between(times, 0, _held(series.negatives), color=SOFT, alpha=0.45, linewidth=0)
    _excess(axes, times, voices, _held(series.high))
    axes.plot(times, voices, color=INK, lw=0.9)
    axes.set_title("Voices " + _per(series.step))
    axes.set_ylim(bottom=0, top=_top(voices))


def _share(axes: "Axes", series: "Series") -> None:
    times = _corners(series)
    heard = [(many or 0) >= FEW for many in series.scored]
    share = _percent(series.share, heard)
    high = _percent(series.share_high, heard)
    _band(axes, times, _percent(series.share_low, heard), _percent(series.share_usual), high)
    _excess(axes, times, _held(share), _held(high))
    axes.plot(times, _held(share), color=INK, lw=0.9)
    axes.set_title(f"Negative share of voices {_per(series.step)}, %")
    axes.set_ylim(0, 100)


def _band(
    axes: "Axes", times: list[float], low: "Numbers", usual: "Numbers", high: "Numbers"
) -> None:
    axes.fill_between(times, _held(low), _held(high), color=BAND, linewidth=0)
    axes.plot(times, _held(usual), color=BLUE, lw=0.9, ls=(0, (4, 2)))


def _excess(axes: "Axes", times: list[float], seen: list[float], high: list[float]) -> None:
    """Fill what stands above the band."""
    most = [top if isnan(value) else max(value, top) for value, top in zip(seen, high, strict=True)]
    axes.fill_between(times, high, most, color=RED, alpha=0.6, linewidth=0)


def _spans(axes: "Axes", series: "Series") -> None:
    """Shade what nobody listened to: runs of steps that are unknown or blind."""
    began: int | None = None
    for at, state in [*zip(series.times, series.states, strict=True), (series.end, None)]:
        dark = state in {BucketState.UNKNOWN, BucketState.BLIND}
        if dark and began is None:
            began = at
        elif not dark and began is not None:
            axes.axvspan(
                began / DAY, at / DAY, facecolor=UNKNOWN, edgecolor=GRID, hatch="////", lw=0
            )
            began = None


def _incidents(axes: "Axes", marks: "Sequence[IncidentMark]", end: int) -> None:
    for mark in marks:
        colour = colour_of(mark.severity)
        until = end if mark.ended_at is None else mark.ended_at
        began, ended = mark.opened_at / DAY, until / DAY
        axes.axvspan(began, ended, color=colour, alpha=0.07, lw=0)
        axes.axvspan(began, ended, ymin=0.975, color=colour, lw=0)
        axes.axvline(
            began,
            color=colour,
            lw=1.3,
            ls="-" if mark.severity is not Severity.INFO else (0, (1, 2)),
        )


def _letters(axes: "Axes", series: "Series", names: "dict[str, str]") -> None:
    for mark in series.incidents:
        axes.annotate(
            names.get(mark.id, ""),
            (mark.opened_at / DAY, 0.975),
            xycoords=("data", "axes fraction"),
            xytext=(3, -4),
            textcoords="offset points",
            va="top",
            ha="left",
            fontsize=8.5,
            fontweight="bold",
            color="white",
            bbox={"boxstyle": "round,pad=0.18", "fc": colour_of(mark.severity), "ec": "none"},
        )


def _learning(axes: "Axes", start: int, until: int) -> None:
    axes.axvspan(start / DAY, until / DAY, ymin=0.975, color=FAINT, lw=0)
    axes.annotate(
        "still learning",
        (start / DAY, 0.975),
        xycoords=("data", "axes fraction"),
        xytext=(3, -4),
        textcoords="offset points",
        va="top",
        fontsize=7.5,
        color=SOFT,
    )


def colour_of(severity: Severity) -> str:
    """A severity's colour; the letter beside it says the same."""
    return {Severity.CRITICAL: RED, Severity.WARNING: "#9a6a00"}.get(severity, SOFT)


def _time_axis(axes: "Axes", zone: str) -> None:
    from matplotlib.dates import (  # noqa: PLC0415  # an extra, asked for when something is drawn
        AutoDateLocator,
        ConciseDateFormatter,
    )

    tz = known_zone(zone)
    locator = AutoDateLocator(  # type: ignore[no-untyped-call]  # theirs has no types
        tz=tz, minticks=4, maxticks=9
    )
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator, tz=tz, show_offset=False)  # type: ignore[no-untyped-call]  # as above
    formatter.formats[2:4] = ["%a %d %b", "%H:%M"]
    formatter.zero_formats[3] = "%a %d %b"
    axes.xaxis.set_major_formatter(formatter)


def _per(step: int) -> str:
    minutes = step // 60_000
    if minutes < 60:
        return f"every {minutes} min" if minutes > 1 else "a minute"
    hours = minutes // 60
    return "a day" if hours == 24 else "an hour" if hours == 1 else f"every {hours} h"


def _corners(series: "Series") -> list[float]:
    """Where each step begins and where it ends, in days."""
    return [at / DAY for start in series.times for at in (start, start + series.step)]


def _held(values: "Numbers") -> list[float]:
    """Each number at both ends of its step; NaN where nothing is known."""
    return [_NAN if value is None else float(value) for value in values for _ in range(2)]


def _percent(shares: "Numbers", told: "Sequence[bool] | None" = None) -> list[float | None]:
    """Shares as percent; None where a share is not known, or `told` says to leave it out."""
    return [
        None if share is None or (told is not None and not told[at]) else 100 * share
        for at, share in enumerate(shares)
    ]


def _top(values: list[float]) -> float:
    highest = max((value for value in values if not isnan(value)), default=0.0)
    return max(5.0, highest * 1.18)
