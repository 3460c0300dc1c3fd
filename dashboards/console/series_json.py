"""A brand's series as charts.js reads it: arrays of equal length, as few characters as will do."""

from collections.abc import Iterable, Sequence

import msgspec

from dashboards.console.wording import incident_address
from dashboards.views.series import LaneSeries, Series
from detectors.observation import BucketState

_LETTERS = {BucketState.KNOWN: "k", BucketState.UNKNOWN: "u", BucketState.BLIND: "b"}
COUNTS = ("mentions", "unique", "voices", "negatives", "scored", "delayed", "late")
SHARES = {
    "share": "share",
    "usual": "share_usual",
    "low": "share_low",
    "high": "share_high",
}
LEVELS = ("expected", "low", "high", "usual_negatives")


def encode_series(series: Series, shares: Series, warm_up: int) -> bytes:
    """Encode a series: step number i begins at `start + i step`; `states` has a letter a step.

    `shares` are those of the same stretch, in steps long enough for a share to say something.

    Up to `learning_until` what is usual was still being learnt (null: all of it was learnt).
    k is known, b blind (a source is silent), p partly unknown (counts are a lower bound), u unknown
    (every count is null). Shares have three
    decimals, expected counts one; a lane has its last reading in a step.
    """
    document: dict[str, object] = {
        "brand": series.brand,
        "start": series.start,
        "end": series.end,
        "step": series.step,
        "as_of": series.as_of,
        "learning_until": series.learning_until(warm_up),
        "states": _states(series),
    }
    for name in COUNTS:
        document[name] = getattr(series, name)
    document["shares"] = {"start": shares.start, "step": shares.step} | {
        name: _rounded(getattr(shares, field), 3) for name, field in SHARES.items()
    }
    for name in LEVELS:
        document[name] = _rounded(getattr(series, name), 1)
    document["incidents"] = [
        {
            "address": incident_address(each.id),
            "severity": each.severity,
            "rule": each.rule,
            "opened_at": each.opened_at,
            "ended_at": each.ended_at,
            "title": each.title,
        }
        for each in series.incidents
    ]
    document["changes"] = [{"at": each.at, "what": each.what} for each in series.changes]
    document["lanes"] = {name: _lane(lane) for name, lane in series.lanes.items()}
    return msgspec.json.encode(document)


def _states(series: Series) -> str:
    partly = series.partly or [False] * len(series.states)
    return "".join(
        "p" if part else _LETTERS[each] for each, part in zip(series.states, partly, strict=True)
    )


def _lane(lane: LaneSeries) -> dict[str, Sequence[object]]:
    return {
        "observed": _rounded(lane.observed, 1),
        "expected": _rounded(lane.expected, 1),
        "score": _rounded(lane.score, 2),
        "threshold": _rounded(lane.threshold, 2),
        "reason": lane.reason,
    }


def _rounded(values: Iterable[float | None], digits: int) -> list[float | int | None]:
    kept: list[float | int | None] = []
    for value in values:
        near = None if value is None else round(value, digits)
        kept.append(int(near) if near is not None and near == int(near) else near)
    return kept
