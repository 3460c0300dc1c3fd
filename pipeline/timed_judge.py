"""A judge that knows how long it has judged."""

from collections.abc import Sequence

from pipeline.clock import stopwatch
from pipeline.judging.judge import Judge
from pipeline.judging.scorer import Judgement
from pipeline.mention import Mention


class TimedJudge(Judge):
    """The same judge; `seconds` is what its judging has taken so far."""

    seconds = 0.0

    def judge(
        self,
        mentions: Sequence[tuple[Mention, tuple[int, ...]]],
        brand_languages: Sequence[Sequence[str]],
    ) -> list[Judgement]:
        """Judge each mention, in order; see Judge."""
        began = stopwatch()
        judgements = super().judge(mentions, brand_languages)
        self.seconds += stopwatch() - began
        return judgements
