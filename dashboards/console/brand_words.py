"""What a brand's charts show, in sentences: for those who do not see them, or have no time."""

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

import msgspec
from markupsafe import Markup, escape

from alerts.times import span
from dashboards.console.wording import band_word, between, count, percent, percents, plural, when
from dashboards.views.bands import Band
from dashboards.views.series import Series
from detectors.observation import BucketState


class Said(msgspec.Struct, frozen=True):
    """A sentence or two for each chart; each is safe to put into HTML."""

    voices: Markup
    share: Markup
    negatives: Markup
    gaps: Markup


def said_of(series: Series, shares: Series, warm_up: int) -> Said:
    """Say what a series' charts show; `shares` is the same stretch in the share's own steps.

    Nothing is called usual, or beyond it, before it was learnt for `warm_up` ms.
    """
    until = series.learning_until(warm_up)
    return Said(
        _voices(series, until), _share(shares, until), _negatives(series, until), _gaps(series)
    )


def _voices(series: Series, until: int | None) -> Markup:
    most = _greatest(series.voices)
    if most is None:
        return Markup("Nothing is known of this time.")
    total = sum(each or 0 for each in series.voices)
    band = _band(series.low, series.expected, series.high, most)
    said = Markup("{}{}. Most in {} from {} on: {} ({}). ").format(
        _at_least(series),
        plural(total, "voice"),
        span(series.step),
        when(series.times[most]),
        count(series.voices[most]),
        between(band, _word(series, until, most)),
    )
    return said + _beyond(series, series.voices, series.high, until)


def _share(series: Series, until: int | None) -> Markup:
    scored = sum(each or 0 for each in series.scored)
    if not scored:
        return Markup("No voice was judged in this time.")
    negatives = sum(each or 0 for each in series.negatives)
    last = max(index for index, share in enumerate(series.share) if share is not None)
    band = _band(series.share_low, series.share_usual, series.share_high, last)
    said = Markup("{} negative of {} judged. Last: {} ({}). ").format(
        percent(negatives / scored),
        plural(scored, "voice"),
        percent(series.share[last]),
        percents(band, _word(series, until, last)),
    )
    return said + _beyond(series, series.share, series.share_high, until)


def _negatives(series: Series, until: int | None) -> Markup:
    most = _greatest(series.negatives)
    if most is None:
        return Markup("Nothing is known of this time.")
    total = sum(each or 0 for each in series.negatives)
    usual = count(sum(each or 0.0 for each in series.usual_negatives))
    said = Markup("{}{}, {}. ").format(
        _at_least(series),
        plural(total, "negative voice"),
        f"usually about {usual}" if until is None else f"about {usual} expected",
    )
    if not series.negatives[most]:
        return said
    return said + Markup("Most in {} from {} on: {}.").format(
        span(series.step), when(series.times[most]), count(series.negatives[most])
    )


def _at_least(series: Series) -> str:
    return "At least " if any(series.partly) else ""


def _gaps(series: Series) -> Markup:
    parts: list[str] = []
    words = {
        BucketState.UNKNOWN: "{} unknown (nobody was listening, or it is still to come)",
        BucketState.BLIND: "{} with a source silent against its rhythm: counts are a lower bound",
    }
    for state, word in words.items():
        steps = sum(
            each is state and not part
            for each, part in zip_longest(series.states, series.partly, fillvalue=False)
        )
        if steps:
            parts.append(word.format(span(steps * series.step)))
    if any(series.partly):
        length = span(sum(series.partly) * series.step)
        parts.append(f"{length} of which a part is unknown: counts are a lower bound")
    late = sum(series.late)
    if late:
        parts.append(f"{plural(late, 'mention')} came too late to be counted")
    return Markup("; ").join(escape(each) for each in parts)


def _word(series: Series, until: int | None, index: int) -> str:
    return band_word(0.0 if until is not None and series.times[index] < until else 1.0)


def _beyond(
    series: Series,
    values: Sequence[float | None],
    highs: Sequence[float | None],
    until: int | None,
) -> Markup:
    """Say for how long, and when longest, values were above what is usual; not while learning."""
    learning = Markup("")
    if until is not None:
        learning = Markup("What is usual was still being learnt up to {}. ").format(when(until))
    highs = [
        high if until is None or at >= until else None
        for at, high in zip(series.times, highs, strict=True)
    ]
    if all(high is None for high in highs):
        return Markup("What is usual here is still being learnt.")
    runs = list(_runs(values, highs))
    if not runs:
        return learning + "Never above the usual."
    steps = sum(length for _, length in runs)
    longest, length = max(runs, key=lambda run: run[1])
    said = learning + Markup("{} above the usual").format(span(steps * series.step))
    if length > 1:
        said += Markup(", longest from {} on for {}").format(
            when(series.times[longest]), span(length * series.step)
        )
    return said + "."


def _runs(
    values: Sequence[float | None], highs: Sequence[float | None]
) -> Iterator[tuple[int, int]]:
    above = [
        value is not None and high is not None and value > high
        for value, high in zip(values, highs, strict=True)
    ]
    at = 0
    for over, run in groupby(above):
        length = len(list(run))
        if over:
            yield at, length
        at += length


def _greatest(values: Sequence[int | None]) -> int | None:
    known = [(value, -index) for index, value in enumerate(values) if value is not None]
    return -max(known)[1] if known else None


def _band(
    low: Sequence[float | None],
    usual: Sequence[float | None],
    high: Sequence[float | None],
    at: int,
) -> Band | None:
    ends = low[at], usual[at], high[at]
    if ends[0] is None or ends[1] is None or ends[2] is None:
        return None
    return Band(ends[0], ends[1], ends[2])
