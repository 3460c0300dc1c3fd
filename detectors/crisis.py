"""The crisis rule: when lanes speak, one surge opens, is graded, calms, comes back or ends."""

from collections.abc import Mapping

import msgspec

from detectors.hearing import Hearing, HearingState
from detectors.lanes import View
from detectors.negative_surge import NegativeSurge
from detectors.observation import Bucket, BucketState, SourceHearing
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.rolling import deviance_z, share_tail
from detectors.settings import MINUTE, CalmSettings, Detection
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from detectors.wording import opening_reason, rising_reason

NEVER = -1
"""Stands for an instant that has not come."""
USUAL_P = 0.01
"""A share more probable than this under the brand's own is usual."""


class SurgeStory(msgspec.Struct, array_like=True):
    """One surge so far; instants in milliseconds, `NEVER` where they have not come.

    `opening` is the observed count per millisecond at opening; `since` the opening or the last
    return; `low_for` and `hour_low_for` the known, heard time running in which the sum of 15, of 60
    minutes was low (in the calm: `low_for` counts the quiet);
    `confirm` the instant every source must have delivered beyond.
    """

    number: int = 0
    seq: int = 0
    open: bool = False
    calm: bool = False
    opened_at: int = NEVER
    since: int = NEVER
    lane: Lane = Lane.SLOW
    opening: float = 0.0
    severity: Severity = Severity.WARNING
    reason: str = ""
    still_learning: bool = False
    level_at: int = NEVER
    low_for: int = 0
    hour_low_for: int = 0
    confirm: int = NEVER
    spoken_at: int = NEVER


class CrisisState(msgspec.Struct, frozen=True, array_like=True):
    """What a crisis rule needs to go on equal."""

    story: SurgeStory
    hearing: HearingState


class Crisis:
    """Turns the lanes' readings into the signals of one surge after another.

    Guarantees: at most one surge is open; `seq` counts its signals from 1 without gaps; severity
    never falls while it is open; `calm` and `ended` come only from known buckets in which every
    source that gave a tenth of the surge's negative voices was heard, and once all of these have
    delivered beyond the time judged. So a source that dies in a surge yields neither. A surge
    that cannot end (a dead source, a level that stays) does not stand in the way of the next:
    when no lane has spoken for `succeed_after` and one speaks again, a new surge opens in its
    place, without an `ended` of the old one, because nobody knows that it has.
    """

    __slots__ = ("brand", "hearing", "settings", "story")

    def __init__(self, brand: str, settings: Detection, state: CrisisState | None = None) -> None:
        self.brand = brand
        self.settings = settings
        self.story = msgspec.structs.replace(state.story) if state else SurgeStory()
        self.hearing = Hearing(settings.calm, state.hearing if state else None)

    def close(
        self,
        bucket: Bucket,
        readings: list[Reading],
        surge: NegativeSurge,
        sources: Mapping[str, SourceHearing],
    ) -> list[Signal]:
        """Take one closed bucket's readings; return what is to be said of the surge now."""
        voices = bucket.observation.negative_voices_by_source
        story = self.story
        if voices:
            self.hearing.heard(bucket.end, voices, surging=story.open)
        if bucket.state is BucketState.UNKNOWN:
            if not story.open or story.calm:
                return []
            story.low_for = story.hour_low_for = 0
            story.confirm = NEVER
            return self._levels(bucket, surge, sources)
        hit = next((reading for reading in readings if reading.reason is Reason.HIT), None)
        rested = story.spoken_at
        if hit is not None:
            story.spoken_at = bucket.end
        if not story.open:
            return [self._open(bucket, hit, surge)] if hit is not None else []
        if hit is not None and bucket.end - rested > self.settings.calm.succeed_after:
            return [self._open(bucket, hit, surge)]
        if story.calm:
            return self._stay_calm(bucket, hit, surge, sources)
        return self._stand(bucket, surge, sources)

    def _open(self, bucket: Bucket, hit: Reading, surge: NegativeSurge) -> Signal:
        view = surge.view(hit.lane)
        self.story = SurgeStory(
            number=self.story.number + 1,
            open=True,
            opened_at=bucket.end,
            since=bucket.end,
            lane=hit.lane,
            opening=view.observed / self._span(hit.lane),
            reason=opening_reason(view, self._span(hit.lane), surge.baseline.share),
            still_learning=hit.lane is Lane.FLOOR,
            spoken_at=bucket.end,
        )
        self.hearing.begin(bucket.end)
        self._grade(bucket, surge)
        return self._say(SignalKind.OPENED, bucket, view, surge)

    def _stand(
        self, bucket: Bucket, surge: NegativeSurge, sources: Mapping[str, SourceHearing]
    ) -> list[Signal]:
        story = self.story
        calm = self.settings.calm
        rose = self._grade(bucket, surge)
        deaf = self.hearing.deaf(sources)
        length = bucket.end - bucket.start
        known = bucket.state is BucketState.KNOWN and not deaf
        story.low_for = story.low_for + length if known and self._low(surge, 15 * MINUTE) else 0
        story.hour_low_for = (
            story.hour_low_for + length if known and self._low(surge, 60 * MINUTE) else 0
        )
        if story.low_for < calm.hold or story.hour_low_for < max(calm.hour_hold, length):
            story.confirm = NEVER
        elif story.confirm == NEVER and bucket.end - story.opened_at >= calm.after:
            story.confirm = bucket.end
        if story.confirm != NEVER and not self.hearing.behind(sources, story.confirm):
            view = surge.view(story.lane)
            surge.settle()
            story.calm = True
            story.low_for = 0
            story.confirm = NEVER
            return [self._say(SignalKind.CALM, bucket, view, surge)]
        return self._levels(bucket, surge, sources, rose=rose)

    def _stay_calm(
        self,
        bucket: Bucket,
        hit: Reading | None,
        surge: NegativeSurge,
        sources: Mapping[str, SourceHearing],
    ) -> list[Signal]:
        story = self.story
        calm = self.settings.calm
        if hit is not None or self._back(surge, calm):
            story.calm = False
            story.low_for = story.hour_low_for = 0
            story.confirm = NEVER
            story.since = bucket.end
            story.spoken_at = bucket.end
            view = surge.view(story.lane)
            story.opening = view.observed / self._span(story.lane)
            self._grade(bucket, surge)
            return [self._say(SignalKind.RETURNED, bucket, view, surge)]
        if bucket.state is BucketState.KNOWN and not self.hearing.deaf(sources):
            story.low_for += bucket.end - bucket.start
        if story.confirm == NEVER and story.low_for >= calm.ended_after:
            story.confirm = bucket.end
        if story.confirm != NEVER and not (
            self.hearing.deaf(sources) or self.hearing.behind(sources, story.confirm)
        ):
            story.open = False
            story.calm = False
            signal = self._say(SignalKind.ENDED, bucket, surge.view(story.lane), surge)
            self.hearing.finish()
            return [signal]
        return []

    def _low(self, surge: NegativeSurge, window: int) -> bool:
        view = surge.over(window, Lane.FAST_60)
        calm = self.settings.calm
        if view.observed <= max(calm.fold * view.expected, calm.least):
            return True
        # the level of a first day was learnt at other hours; the share tells calm from crisis
        usual = calm.fold * surge.baseline.share * view.sample
        return self.story.still_learning and view.observed <= usual

    def _share_usual(self, view: View, surge: NegativeSurge) -> bool:
        """Whether, on a first day, so many negatives are what so many voices usually hold."""
        if not self.story.still_learning:
            return False
        hits = int(view.observed)
        weight = surge.share.weight_of(self.settings.share.weight)
        return share_tail(hits, max(view.sample, hits), surge.baseline.share, weight) > USUAL_P

    def _back(self, surge: NegativeSurge, calm: CalmSettings) -> bool:
        for window in (15 * MINUTE, 60 * MINUTE):
            view = surge.over(window, Lane.FAST_60)
            if view.observed < max(calm.return_minimum, calm.return_fold * view.expected):
                continue
            if deviance_z(view.observed, view.expected, surge.baseline.size) >= calm.return_z:
                return True
        return False

    def _grade(self, bucket: Bucket, surge: NegativeSurge) -> bool:
        """Raise the severity where a rule says so; tell whether it rose."""
        story = self.story
        if story.severity is Severity.CRITICAL:
            return False
        severity = self.settings.severity
        reason = ""
        for lane in self.settings.fast_lanes:
            if lane.window <= severity.window:
                view = surge.view(lane.lane)
                if view.observed >= max(
                    severity.minimum, severity.fold * view.expected
                ) and not self._share_usual(view, surge):
                    reason = opening_reason(view, lane.window, surge.baseline.share)
                    break
        hour = surge.over(severity.window, Lane.FAST_60)
        if not reason and severity.reach and hour.reach >= severity.reach:
            reason = f"reach of {hour.reach} in an hour, the limit set is {severity.reach}"
        old = bucket.end - story.since >= severity.age
        if not reason and old and self._stands(surge) and not self._share_usual(hour, surge):
            reason = rising_reason((bucket.end - story.opened_at) // MINUTE, hour)
        if not reason:
            return False
        story.severity = Severity.CRITICAL
        story.reason = reason
        return True

    def _stands(self, surge: NegativeSurge) -> bool:
        """Whether the level is not below the opening's: by the hour where the lane is shorter."""
        story = self.story
        lane = story.lane if story.lane is Lane.SLOW else Lane.FAST_60
        return surge.view(lane).observed / self._span(lane) >= story.opening

    def _levels(
        self,
        bucket: Bucket,
        surge: NegativeSurge,
        sources: Mapping[str, SourceHearing],
        *,
        rose: bool = False,
    ) -> list[Signal]:
        if bucket.end < self.story.level_at and not rose:
            return []
        unheard, since = self.hearing.unheard(sources, self.story.confirm, bucket.end)
        view = surge.view(self.story.lane)
        return [self._say(SignalKind.LEVEL, bucket, view, surge, unheard, since)]

    def _span(self, lane: Lane) -> int:
        """Tell how much time a lane's count stands for."""
        if lane is Lane.FLOOR:
            return self.settings.floor.window
        for settings in self.settings.fast_lanes:
            if settings.lane is lane:
                return settings.window
        return self.settings.slow_lane.window

    def _say(  # noqa: PLR0913, PLR0917  # a signal is made of this much
        self,
        kind: SignalKind,
        bucket: Bucket,
        view: View,
        surge: NegativeSurge,
        unheard: tuple[str, ...] = (),
        unheard_since: int | None = None,
    ) -> Signal:
        story = self.story
        story.seq += 1
        story.level_at = bucket.end + self.settings.severity.level_every
        return Signal(
            brand=self.brand,
            rule=Rule.NEGATIVE_SURGE,
            surge=story.number,
            seq=story.seq,
            kind=kind,
            bucket_end=bucket.end,
            opened_at=story.opened_at,
            lane=view.lane,
            observed=view.observed,
            expected=view.expected,
            mentions=view.mentions,
            voices=view.sample,
            share=min(1.0, view.observed / view.sample) if view.sample else 0.0,
            usual_share=surge.baseline.share,
            severity=story.severity,
            reason=story.reason,
            still_learning=story.still_learning,
            unheard=unheard,
            unheard_since=unheard_since,
        )

    def state(self) -> CrisisState:
        """Give what a new one needs to go on equal."""
        return CrisisState(msgspec.structs.replace(self.story), self.hearing.state())
