"""Small makers for tests of the fold: mentions, records, and a judge that reads the text."""

from collections.abc import Sequence

from detectors.settings import Detection
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings
from pipeline.judging.judge import Judge
from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Author, Kind, Mention
from pipeline.wire import VERSION, Entry, Envelope, SourceTick, Tick

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_772_323_200_000  # Sunday 1 March 2026, 00:00 UTC


class WordScorer:
    """Negative when the text says `bad`."""

    name = "word"
    version = "1"
    languages = frozenset({"en"})

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> list[Judgement]:
        return [
            Judgement(Label.NEGATIVE, 1.0, 0.0, 0.0, -1.0, language, "word 1")
            if "bad" in text
            else Judgement(Label.NEUTRAL, 0.0, 1.0, 0.0, 0.0, language, "word 1")
            for text, language in zip(texts, languages, strict=True)
        ]


def mention(
    key: object,
    at: int,
    text: str = "",
    author: str = "",
    *,
    source: str = "s",
    kind: Kind = Kind.POST,
) -> Mention:
    return Mention(
        str(key),
        source,
        at,
        at,
        text or f"text {key}",
        kind=kind,
        author=Author(handle=author or f"a{key}"),
    )


def entry(brand: str, each: Mention, *, own: bool = False, first: bool = True) -> Entry:
    return Entry(each, brand, (), own, first)


def envelope(*entries: Entry, writer: str = "w") -> Envelope:
    return Envelope(VERSION, writer, "", list(entries))


def tick(time: int, writer: str = "w", **sources: SourceTick) -> Tick:
    return Tick(VERSION, writer, time, sources)


def make_fold(*, event_mode: bool = False, **settings: object) -> Fold:
    return Fold(
        FoldSettings(Detection(), event_mode, **settings),  # type: ignore[arg-type]
        Judge([WordScorer()]),
        lambda _: ("en",),
    )
