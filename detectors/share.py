"""How much a brand's negative share wanders by itself from hour to hour."""

import msgspec

from detectors.settings import ShareSettings

CHANCE = 4.0
"""A step of n voices may pass the cut by this over n - 1: so much is chance in a small sample."""


class ShareState(msgspec.Struct, frozen=True, array_like=True):
    """A share's sums; see `ShareNoise`."""

    spread: float
    weight: float
    step_time: int
    step_hits: int
    step_sample: int


class ShareNoise:
    """Learns the m of the beta-binomial a brand's share follows in calm times.

    With k hits of n in a step and p the usual share, the excess variance gives the correlation
    rho = ((k - n p)^2 - n p (1 - p)) / (n (n - 1) p (1 - p)), and m = 1 / rho - 1 (Williams,
    Biometrics 31, 1975). Steps weigh (n - 1) / (n - 1 + m), are cut near `most` (higher where they
    are small) and are averaged with a prior at the setting's m. `weight_of` never gives more than
    it is asked for: a brand may be found more restless than assumed, not less.

    >>> noise = ShareNoise(ShareSettings(), bucket=60_000)
    >>> round(noise.weight_of(40.0), 6)
    40.0
    """

    __slots__ = (
        "bucket",
        "keep",
        "settings",
        "spread",
        "start",
        "step_hits",
        "step_sample",
        "step_time",
        "usual",
        "weight",
    )

    def __init__(
        self, settings: ShareSettings, bucket: int, state: ShareState | None = None
    ) -> None:
        self.settings = settings
        self.bucket = bucket
        step = max(settings.step, bucket)
        self.keep = float(2.0 ** (-step / settings.half_life))
        self.start = settings.prior / step
        self.spread = state.spread if state else 0.0
        self.weight = state.weight if state else 0.0
        self.step_time = state.step_time if state else 0
        self.step_hits = state.step_hits if state else 0
        self.step_sample = state.step_sample if state else 0
        self._refresh()

    def learn(self, hits: int, sample: int, share: float) -> None:
        """Take one known bucket in; `share` is the usual one."""
        self.step_time += self.bucket
        self.step_hits += hits
        self.step_sample += sample
        if self.step_time < self.settings.step:
            return
        k, n = self.step_hits, self.step_sample
        self.step_time = self.step_hits = self.step_sample = 0
        if n < 2:
            return
        by_chance = n * share * (1.0 - share)
        rho = ((k - n * share) ** 2 - by_chance) / (by_chance * (n - 1))
        most = self.settings.most + CHANCE / (n - 1)
        weight = (n - 1) / (n - 1 + self.settings.weight)
        self.spread = self.spread * self.keep + weight * min(rho, most)
        self.weight = self.weight * self.keep + weight
        self._refresh()

    def _refresh(self) -> None:
        assumed = 1.0 / (self.settings.weight + 1.0)
        rho = (self.spread + self.start * assumed) / (self.weight + self.start)
        self.usual = max(self.settings.least, 1.0 / rho - 1.0) if rho > 0.0 else float("inf")

    def weight_of(self, assumed: float) -> float:
        """Give the m to judge a share by: the assumed one, or less where the brand is restless."""
        return min(assumed, self.usual)

    def state(self) -> ShareState:
        """Give what a new one needs to go on equal."""
        return ShareState(
            self.spread, self.weight, self.step_time, self.step_hits, self.step_sample
        )
