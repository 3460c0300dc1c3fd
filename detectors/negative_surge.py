"""The crisis signal's eyes: more negative voices than usual, through four windows at once."""

from math import log, log10

import msgspec

from detectors.baseline import Baseline, BaselineState
from detectors.lanes import LanePlan, View, plan_of
from detectors.observation import Bucket, BucketState
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.rolling import MILLIONTHS, Ring, RingState, deviance_z, share_tail
from detectors.settings import Detection
from detectors.share import ShareNoise, ShareState
from detectors.tail import Tail, TailState

NEGATIVE, SAMPLE, MENTIONS, EXPECTED, REACH = range(5)
"""The ring's columns."""

LEAST_EXPECTED = 0.05
"""A brand nobody ever complained of is expected to be complained of this often in any window."""

MOST_REACH = 10**15
"""What a bucket's reach is cut at: whatever is claimed, the sums stay within 64 bits."""

LEAST_P, MOST_EVIDENCE = 1e-30, 30.0
"""A share less probable than this is no more evidence."""


class SurgeState(msgspec.Struct, frozen=True, array_like=True):
    """What the lanes need to go on equal."""

    ring: RingState
    baseline: BaselineState
    tails: tuple[TailState, ...]
    held: tuple[int, ...]
    slow: tuple[float, float, float, float]
    share: ShareState


class NegativeSurge:
    """Scores every closed bucket in three sliding sums and one slow EWMA, then learns it.

    Guarantees: nothing but reasons `warming_up` before the baseline is warm; an unknown bucket
    changes nothing but that the windows move over it; a blind one is counted and not learnt.
    A lane's reading says `hit` when every gate was passed for as long as the lane asks. The
    slow lane's EWMA is scaled to the count of its effective window, (2 - a) / a buckets, so that
    its spread is that of a plain count of this size.
    """

    __slots__ = ("baseline", "bucket", "held", "plan", "ring", "settings", "share", "slow", "tails")

    def __init__(self, settings: Detection, state: SurgeState | None = None) -> None:
        plan = plan_of(settings)
        self.settings = settings
        self.plan = plan
        self.bucket = settings.bucket
        lanes = (*plan.fast, plan.slow)
        self.ring = Ring(plan.longest, 5, state.ring if state else None)
        self.baseline = Baseline(
            settings.baseline, settings.bucket, state.baseline if state else None
        )
        self.share = ShareNoise(settings.share, settings.bucket, state.share if state else None)
        self.tails = [
            Tail(lane.settings.calibration, settings.bucket, state.tails[i] if state else None)
            for i, lane in enumerate(lanes)
        ]
        self.held = list(state.held) if state else [0] * len(lanes)
        self.slow = list(state.slow) if state else [0.0] * 4

    def close(self, bucket: Bucket) -> list[Reading]:
        """Score the bucket in every lane, then learn it; readings in the lanes' order."""
        if bucket.state is BucketState.UNKNOWN:
            return self._pass(bucket)
        base = self.baseline
        seen = bucket.observation
        negative, sample = seen.negative_voices, seen.scored_voices
        expected = base.expected(bucket.cell)
        warm = base.warm
        learn = warm and bucket.state is BucketState.KNOWN
        ring = self.ring
        ring.push(
            (
                negative,
                sample,
                seen.mentions,
                int(expected * MILLIONTHS + 0.5),
                min(seen.reach, MOST_REACH),
            )
        )
        total = ring.total
        offset = self.settings.tail_offset
        readings = []
        i = 0
        for lane in self.plan.fast:
            then = ring.before(lane.buckets)
            x = total[NEGATIVE] - then[NEGATIVE]
            m = (total[EXPECTED] - then[EXPECTED]) / MILLIONTHS
            value = log((x + offset) / (m + offset))
            readings.append(
                self._judge(
                    i,
                    lane,
                    x,
                    m,
                    value,
                    total[SAMPLE] - then[SAMPLE],
                    total[MENTIONS] - then[MENTIONS],
                    warm,
                    x,
                )
            )
            if learn:
                self.tails[i].learn(value)
            i += 1
        slow = self.slow
        kept = self.plan.slow_keep
        scale = self.plan.slow_scale
        slow[0] = slow[0] * kept + negative
        slow[1] = slow[1] * kept + expected
        slow[2] = slow[2] * kept + sample
        slow[3] = slow[3] * kept + seen.mentions
        x_slow = slow[0] * scale
        recent = total[NEGATIVE] - ring.before(self.plan.longest)[NEGATIVE]
        m_slow = slow[1] * scale
        value = log((x_slow + offset) / (m_slow + offset))
        readings.append(
            self._judge(
                i,
                self.plan.slow,
                x_slow,
                m_slow,
                value,
                int(slow[2] * scale + 0.5),
                int(slow[3] * scale + 0.5),
                warm,
                recent,
            )
        )
        if learn:
            self.tails[i].learn(value)
        if learn:
            self.share.learn(negative, sample, base.share)
        if bucket.state is BucketState.KNOWN:
            base.learn(negative, bucket.cell, negative, sample)
        return readings

    def _judge(  # noqa: PLR0913, PLR0917  # called for every lane of every brand: no record between
        self,
        i: int,
        lane: LanePlan,
        x: float,
        m: float,
        value: float,
        sample: int,
        mentions: int,
        warm: bool,  # noqa: FBT001  # as above
        recent: int,
    ) -> Reading:
        gates = lane.settings
        tail = self.tails[i].score(value)
        z = evidence = 0.0
        held = 0
        if not warm:
            reason = Reason.WARMING_UP
        elif x < gates.minimum or recent < gates.recent:
            reason = Reason.TOO_FEW if mentions else Reason.QUIET
        elif x < gates.fold * m:
            reason = Reason.BELOW_FOLD
        else:
            z, evidence, reason = self._weigh(lane, x, m, tail, sample)
            if reason is Reason.HOLDING:
                held = self.held[i] + 1
                if held >= lane.hold:
                    reason = Reason.HIT
        self.held[i] = held
        return Reading(
            Rule.NEGATIVE_SURGE,
            lane.lane,
            x,
            m,
            sample,
            z,
            tail,
            evidence,
            tail + evidence,
            gates.total,
            held,
            reason,
        )

    def _weigh(
        self, lane: LanePlan, x: float, m: float, tail: float, sample: int
    ) -> tuple[float, float, Reason]:
        """Hold what passed the cheap gates against the dear ones: z, evidence and the reason."""
        gates = lane.settings
        z = deviance_z(x, max(m, LEAST_EXPECTED), self.baseline.size * lane.size_factor)
        if z < gates.z:
            return z, 0.0, Reason.BELOW_Z
        if tail < gates.tail:
            return z, 0.0, Reason.BELOW_TAIL
        hits = int(x + 0.5)
        p = share_tail(
            hits, max(sample, hits), self.baseline.share, self.share.weight_of(gates.share_weight)
        )
        evidence = -log10(p) if p > LEAST_P else MOST_EVIDENCE
        if p > gates.share_p:
            return z, evidence, Reason.SHARE_USUAL
        if tail + evidence < gates.total:
            return z, evidence, Reason.BELOW_SUM
        return z, evidence, Reason.HOLDING

    def _pass(self, bucket: Bucket) -> list[Reading]:
        self.ring.skip(bucket.count)
        kept = float(self.plan.slow_keep**bucket.count)
        self.slow = [part * kept for part in self.slow]
        readings = []
        for i, lane in enumerate((*self.plan.fast, self.plan.slow)):
            if bucket.count >= lane.buckets:
                self.held[i] = 0
            view = self.view(lane.lane)
            readings.append(
                Reading(
                    Rule.NEGATIVE_SURGE,
                    lane.lane,
                    view.observed,
                    view.expected,
                    view.sample,
                    0.0,
                    0.0,
                    0.0,
                    0.0,
                    lane.settings.total,
                    self.held[i],
                    Reason.UNKNOWN,
                )
            )
        return readings

    def over(self, window: int, lane: Lane) -> View:
        """Sum the last `window` milliseconds (at most the longest lane's)."""
        buckets = min(max(1, window // self.bucket), self.plan.longest)
        negative, sample, mentions, expected, reach = self.ring.sums(buckets)
        return View(lane, negative, expected / MILLIONTHS, sample, mentions, reach)

    def view(self, lane: Lane) -> View:
        """Tell what the window of that lane holds now."""
        if lane is Lane.SLOW:
            scale = self.plan.slow_scale
            x, m, sample, mentions = (part * scale for part in self.slow)
            return View(lane, x, m, int(sample + 0.5), int(mentions + 0.5))
        if lane is Lane.FLOOR:
            return self.over(self.settings.floor.window, lane)
        for plan in self.plan.fast:
            if plan.lane is lane:
                return self.over(plan.settings.window, lane)
        return self.over(self.settings.severity.window, lane)

    def settle(self) -> None:
        """Forget a surge that is over in the slow lane: it goes on from what is usual.

        Its EWMA would otherwise still hold what was said and speak again for hours.
        """
        share = self.baseline.share
        negative, expected, sample, mentions = self.slow
        if negative <= expected:
            return
        usual = min(sample, expected / share)
        self.slow = [expected, expected, usual, mentions * usual / sample if sample else 0.0]
        self.held[-1] = 0

    def state(self) -> SurgeState:
        """Give what a new one needs to go on equal."""
        negative, expected, sample, mentions = self.slow
        return SurgeState(
            self.ring.state(),
            self.baseline.state(),
            tuple(tail.state() for tail in self.tails),
            tuple(self.held),
            (negative, expected, sample, mentions),
            self.share.state(),
        )
