"""What a brand's detectors hold for usual at one bucket: the ground of every band that is drawn."""

import msgspec


class Usual(msgspec.Struct, frozen=True, array_like=True):
    """What is expected of one bucket, as learnt up to its end.

    `voices` and `negatives` are the expected counts of the bucket itself (voices, negative
    voices); `voices_size` and `negatives_size` their negative-binomial sizes r for one learning
    step (5 min); a count over w steps has about r sqrt(w). `share` is the usual negative share,
    `share_size` the m of its beta-binomial. `learnt` is how much time was learnt from, ms.
    """

    voices: float = 0.0
    voices_size: float = 0.0
    negatives: float = 0.0
    negatives_size: float = 0.0
    share: float = 0.0
    share_size: float = 0.0
    learnt: int = 0
