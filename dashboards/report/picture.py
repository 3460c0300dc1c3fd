"""A brand's chart with everything that stands for it: words, a table, a PNG."""

from typing import TYPE_CHECKING

import msgspec
from markupsafe import Markup

from alerts.plain import one_line
from alerts.wording import number, percent
from dashboards.report.brand_chart import draw_brand
from dashboards.report.drawing import png, svg
from dashboards.report.page import drawn
from dashboards.report.times import short, wall
from dashboards.views.series import Series, read_series
from detectors.observation import BucketState

if TYPE_CHECKING:
    from dashboards.views.books import Books

POINTS = 336
"""Steps of a chart: a week of half hours."""
COARSE = 100
"""Steps of its share, and rows of the table beside it."""


NONE = "\u2013"
"""Stands where nothing is known."""


class Row(msgspec.Struct, frozen=True):
    """One step for people who read tables; what is not known is a dash."""

    at: int
    mentions: str
    voices: str
    usual: str
    band: str
    negatives: str
    share: str
    share_band: str
    state: str


class Picture(msgspec.Struct, frozen=True):
    """A chart: inline SVG, what it shows in words, its caption, its table, and as a PNG."""

    svg: Markup
    alternative: str
    caption: str
    rows: tuple[Row, ...]
    png: bytes


def picture(  # noqa: PLR0913, PLR0917  # what is drawn, of when, for whom
    books: "Books",
    brand: str,
    start: int,
    end: int,
    zone: str,
    letters: dict[str, str],
    name: str,
    title: str,
    learning_until: int | None = None,
) -> Picture:
    """Draw a brand between two instants; `letters` name its incidents, `name` begins every id."""
    series = read_series(books, brand, start, end, points=POINTS)
    coarse = read_series(books, brand, start, end, points=COARSE)
    figure = draw_brand(series, coarse, zone, letters, learning_until)
    return Picture(
        drawn(svg(figure, name)),
        alternative(series, brand, zone, letters),
        caption(series, zone, letters),
        rows(coarse),
        png(figure, title, _note(series, zone)),
    )


def alternative(series: Series, brand: str, zone: str, letters: dict[str, str]) -> str:
    """What the chart shows, in words."""
    said = [
        f"Chart of {one_line(brand, 60)},",
        f"{short(series.start, zone)} to {short(series.end, zone)}:",
        f"{_sum(series.voices):,} voices, {_sum(series.negatives):,} of them negative.",
    ]
    most, at = max(
        ((seen, at) for at, seen in enumerate(series.voices) if seen is not None), default=(0, 0)
    )
    if most:
        expected = series.expected[at]
        usual = "" if expected is None else f", expected {number(expected)}"
        said.append(f"Most in one step: {most:,} at {short(series.times[at], zone)}{usual}.")
    above = sum(
        seen > high
        for seen, high in zip(series.voices, series.high, strict=True)
        if seen is not None and high is not None
    )
    judged = sum(high is not None for high in series.high)
    if judged:
        said.append(f"Above the usual range in {above} of {judged} steps.")
    for mark in series.incidents:
        if mark.id in letters:
            until = "the end" if mark.ended_at is None else short(mark.ended_at, zone)
            said.append(
                f"{letters[mark.id]}: {mark.severity}, {short(mark.opened_at, zone)} until {until}."
            )
    return " ".join(said)


def caption(series: Series, zone: str, letters: dict[str, str]) -> str:
    """What its lines and colours mean."""
    said = [
        "Black: what was heard; grey: the negative ones among the voices.",
        "Blue dashes and band: what was expected, and what chance gives around it in 95 of 100.",
        "Orange: above that.",
        "A share of fewer than 5 voices is left out.",
    ]
    if any(mark.id in letters for mark in series.incidents):
        said.append("Bars with a number: incidents; with a letter: attention, volume alone.")
    if any(state is not BucketState.KNOWN for state in series.states):
        said.append("Hatched: nobody listened for all or part of it, or a source was silent.")
    said.append(f"Times of {wall(series.start, zone).tzname()} ({zone}).")
    return " ".join(said)


def _note(series: Series, zone: str) -> str:
    """The caption for a picture that goes alone."""
    return (
        "black: voices   grey: negative ones among them   blue: expected, and its usual range   "
        "orange: above it   bars: incidents (numbers) and attention (letters)   "
        f"times of {wall(series.start, zone).tzname()}"
    )


def rows(series: Series) -> tuple[Row, ...]:
    """The steps as a table."""
    return tuple(
        Row(
            series.times[at],
            _count(series.mentions[at]),
            _count(series.voices[at]),
            _number(series.expected[at]),
            _range(series.low[at], series.high[at]),
            _count(series.negatives[at]),
            _percent(series.share[at]),
            f"{_percent(series.share_low[at])} to {_percent(series.share_high[at])}"
            if series.share_low[at] is not None
            else NONE,
            "partly unknown" if series.partly[at] else str(series.states[at]),
        )
        for at in range(len(series.times))
    )


def _sum(counts: list[int | None]) -> int:
    return sum(count for count in counts if count is not None)


def _count(count: int | None) -> str:
    return NONE if count is None else f"{count:,}"


def _number(value: float | None) -> str:
    return NONE if value is None else number(value)


def _range(low: float | None, high: float | None) -> str:
    return NONE if low is None or high is None else f"{number(low)} to {number(high)}"


def _percent(value: float | None) -> str:
    return NONE if value is None else percent(value)
