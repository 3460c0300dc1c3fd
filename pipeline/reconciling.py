"""A brand's state folded again, in the place of the one there: what differs, what is to be said.

Pure. What people know of surges stays true: numbers of surges never go back, a surge that both
states hold for open keeps its story, one that only the state there holds for open is ended, and
one that only the new state holds for open is left to the next bucket to open, on evidence of then.
So nobody is paged by a rebuild.
"""

import msgspec

from detectors.brand import BrandDetectors, BrandState
from detectors.crisis import SurgeStory
from detectors.observation import Bucket
from detectors.reading import Lane, Rule
from detectors.settings import Detection
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from pipeline.folding.brand import BrandRow
from pipeline.folding.seasons import Seasons

REASON = "what is known of this brand was folded again"


class Difference(msgspec.Struct, frozen=True):
    """One thing the two states do not agree on."""

    what: str
    present: str
    rebuilt: str


class Reconciled(msgspec.Struct, frozen=True):
    """The row to be written, and what is to be said of it."""

    row: BrandRow
    signals: list[Signal]


def reconcile(
    present: BrandRow, rebuilt: BrandRow, detection: Detection, *, whole: bool
) -> Reconciled:
    """Give the rebuilt row the story that people know; at most one signal a rule.

    Both rows stand at the same bucket; the signals' event time is where it begins. `whole` false:
    the rebuilt one does not know the beginning, so that sums since then stay the present ones.
    """
    before, after = present.detectors, rebuilt.detectors
    at = rebuilt.closed_up_to
    signals: list[Signal] = []
    known, found = before.crisis.story, after.crisis.story
    number = max(known.number, found.number)
    crisis = before.crisis if known.open or found.open else after.crisis
    story = msgspec.structs.replace(crisis.story, number=number)
    if known.open:
        story = msgspec.structs.replace(crisis.story, seq=known.seq + 1)
        kind = SignalKind.LEVEL if found.open else SignalKind.ENDED
        signals.append(_of_surge(present.brand, known, after, detection, kind, at))
        if not found.open:
            crisis = after.crisis
            story = msgspec.structs.replace(found, number=number)
    attention = msgspec.structs.replace(
        after.attention,
        number=max(before.attention.number, after.attention.number),
        open=before.attention.open and after.attention.open,
    )
    if before.attention.open and after.attention.open:
        attention = msgspec.structs.replace(before.attention, volume=after.attention.volume)
    elif before.attention.open:
        signals.append(_of_attention(present.brand, before, after, detection, at))
    state = BrandState(after.surge, msgspec.structs.replace(crisis, story=story), attention)
    totals = rebuilt.totals if whole else present.totals
    return Reconciled(msgspec.structs.replace(rebuilt, totals=totals, detectors=state), signals)


def differences(
    present: BrandRow, rebuilt: BrandRow, detection: Detection, zone: str
) -> list[Difference]:
    """In what the two rows differ, named as people know it; nothing where they are equal.

    Numbers of detectors that have no name here are counted in one line.
    """
    found: list[Difference] = []

    def differ(what: str, one: object, other: object) -> None:
        if one != other:
            found.append(Difference(what, str(one), str(other)))

    differ("closed up to", present.closed_up_to, rebuilt.closed_up_to)
    for name in present.totals.__struct_fields__:
        differ(name, getattr(present.totals, name), getattr(rebuilt.totals, name))
    for start in sorted(present.open.keys() | rebuilt.open.keys()):
        one, other = present.open.get(start), rebuilt.open.get(start)
        differ(
            f"mentions of the open bucket {start}",
            0 if one is None else one.mentions,
            0 if other is None else other.mentions,
        )
    for source in sorted(present.heard.keys() | rebuilt.heard.keys()):
        differ(f"voices of {source}", present.heard.get(source, 0), rebuilt.heard.get(source, 0))
    ours, theirs = (_known(row, detection, zone) for row in (present, rebuilt))
    for name, value in ours.items():
        differ(name, value, theirs[name])
    one, other = (msgspec.to_builtins(row.detectors) for row in (present, rebuilt))
    if one != other:
        differ("numbers of detectors that differ", 0, _unlike(one, other))
    return found


def _known(row: BrandRow, detection: Detection, zone: str) -> dict[str, object]:
    detectors = BrandDetectors(row.brand, detection, row.detectors)
    start = row.closed_up_to
    usual = detectors.usual(Bucket(start, detection.bucket, Seasons().cell(zone, start)))
    story = detectors.crisis.story
    return {
        "hours learnt": round(usual.learnt / 3_600_000, 3),
        "usual voices a bucket": round(usual.voices, 4),
        "usual negative voices a bucket": round(usual.negatives, 4),
        "usual negative share": round(usual.share, 5),
        "surges so far": story.number,
        "surge open": story.open,
        "calm": story.calm,
        "attention open": detectors.attention.open,
    }


def _unlike(one: object, other: object) -> int:
    """Count the numbers in which two nested values differ."""
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return sum(_unlike(*each) for each in pairs) + abs(len(one) - len(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(_unlike(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    return int(one != other)


def _of_surge(  # noqa: PLR0913, PLR0917  # a signal is made of this much
    brand: str,
    story: SurgeStory,
    after: BrandState,
    detection: Detection,
    kind: SignalKind,
    at: int,
) -> Signal:
    """The story that people know, with the numbers as they are known now."""
    detectors = BrandDetectors(brand, detection, after)
    view = detectors.surge.view(story.lane)
    return Signal(
        brand=brand,
        rule=Rule.NEGATIVE_SURGE,
        surge=story.number,
        seq=story.seq + 1,
        kind=kind,
        bucket_end=at,
        opened_at=story.opened_at,
        lane=story.lane,
        observed=view.observed,
        expected=view.expected,
        mentions=view.mentions,
        voices=view.sample,
        share=min(1.0, view.observed / view.sample) if view.sample else 0.0,
        usual_share=detectors.surge.baseline.share,
        severity=story.severity,
        reason=REASON if kind is SignalKind.ENDED else story.reason,
        still_learning=story.still_learning,
    )


def _of_attention(
    brand: str, before: BrandState, after: BrandState, detection: Detection, at: int
) -> Signal:
    attention = before.attention
    surge = BrandDetectors(brand, detection, after).surge
    view = surge.view(Lane.VOLUME)
    return Signal(
        brand=brand,
        rule=Rule.VOLUME,
        surge=attention.number,
        seq=attention.seq + 1,
        kind=SignalKind.ENDED,
        bucket_end=at,
        opened_at=attention.opened_at,
        lane=Lane.VOLUME,
        observed=float(view.mentions),
        expected=0.0,
        mentions=view.mentions,
        voices=view.sample,
        share=min(1.0, view.observed / view.sample) if view.sample else 0.0,
        usual_share=surge.baseline.share,
        severity=Severity.INFO,
        reason=REASON,
    )
