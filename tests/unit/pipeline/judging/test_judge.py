"""A mention is judged by its rating, else by who serves its language, else by nobody."""

from collections.abc import Sequence

import pytest

from pipeline.judging.judge import RATING, Judge
from pipeline.judging.scorer import Judgement, Label, NoScorer
from pipeline.mention import Kind, Mention


class Recorder:
    """Calls everything negative and remembers what it was asked."""

    version = "1"

    def __init__(self, name: str, *languages: str) -> None:
        self.name = name
        self.languages = frozenset(languages)
        self.asked: list[list[str]] = []

    def score(self, texts: Sequence[str], languages: Sequence[str]) -> list[Judgement]:
        self.asked.append(list(texts))
        return [
            Judgement(Label.NEGATIVE, 1.0, 0.0, 0.0, -1.0, language, f"{self.name} 1")
            for language in languages
        ]


def mention(text: str = "x", language: str = "", rating: float | None = None) -> Mention:
    kind = Kind.POST if rating is None else Kind.REVIEW
    return Mention("1", "test", 0, 0, text, kind=kind, language=language, rating=rating)


def test_each_mention_goes_once_to_the_first_scorer_of_its_language_in_order() -> None:
    english, both = Recorder("english", "en"), Recorder("both", "en", "de")
    judge = Judge([english, both])
    judgements = judge.judge(
        [
            (mention("one", "en"), ()),
            (mention("zwei", "de"), ()),
            (mention("trois", "fr"), ()),
            (mention("four", "en-GB"), ()),
        ],
        [("en",)] * 4,
    )
    assert [each.scorer for each in judgements] == ["english 1", "both 1", "", "english 1"]
    assert [each.language for each in judgements] == ["en", "de", "fr", "en"]
    assert english.asked == [["one", "four"]]
    assert both.asked == [["zwei"]]
    assert judge.languages == {"en", "de"}


def test_a_language_nobody_serves_is_unscored_never_neutral() -> None:
    (judgement,) = Judge([Recorder("english", "en")]).judge([(mention(language="nl"), ())], [()])
    assert judgement == Judgement(Label.UNSCORED, 0.0, 0.0, 0.0, 0.0, "nl", "")


def test_without_a_language_of_its_own_the_brands_counts() -> None:
    judge = Judge([Recorder("dutch", "nl")])
    dutch, english = judge.judge([(mention(), ()), (mention(), ())], [("nl",), ("en",)])
    assert (dutch.label, dutch.language) == (Label.NEGATIVE, "nl")
    assert (english.label, english.language) == (Label.UNSCORED, "en")


def test_scorers_see_masked_texts_alone() -> None:
    scorer = Recorder("english", "en")
    Judge([scorer]).judge([(mention("Love is @late http://x.nl/!"), (0, 4))], [("en",)])
    assert scorer.asked == [["somebrand is somebrand somebrand"]]


@pytest.mark.parametrize(
    ("rating", "label", "score"),
    [
        (1, Label.NEGATIVE, -1.0),
        (2.5, Label.NEGATIVE, -0.25),
        (2.6, Label.NEUTRAL, -0.2),
        (3, Label.NEUTRAL, 0.0),
        (3.5, Label.POSITIVE, 0.25),
        (5, Label.POSITIVE, 1.0),
    ],
)
def test_a_rating_outranks_the_scorer(rating: float, label: Label, score: float) -> None:
    scorer = Recorder("english", "en")
    (judgement,) = Judge([scorer]).judge([(mention("x", "fr", rating), ())], [("en",)])
    assert judgement.label is label
    assert judgement.score == pytest.approx(score)
    assert judgement.negative + judgement.neutral + judgement.positive == 1
    assert (judgement.scorer, judgement.language) == (RATING, "fr")
    assert scorer.asked == []


@pytest.mark.parametrize("rating", [0.0, 6.0, -1.0, float("nan"), float("inf")])
def test_a_rating_out_of_range_says_nothing(rating: float) -> None:
    (judgement,) = Judge([]).judge([(mention(rating=rating), ())], [("en",)])
    assert judgement.label is Label.UNSCORED


@pytest.mark.parametrize("scorers", [[], [NoScorer()]])
def test_without_a_scorer_all_but_ratings_is_unscored(scorers: list[NoScorer]) -> None:
    plain, rated = Judge(scorers).judge(
        [(mention("awful"), ()), (mention("awful", rating=1), ())], [("en",)] * 2
    )
    assert plain.label is Label.UNSCORED
    assert rated.label is Label.NEGATIVE


def test_nothing_is_judged_of_nothing() -> None:
    assert Judge([]).judge([], []) == []


def test_hostile_languages_do_not_pile_up() -> None:
    judge = Judge([])
    many = [(mention(language=f"x{number}"), ()) for number in range(2_000)]
    assert [each.language for each in judge.judge(many, [()] * len(many))][-1] == "x1999"
    assert len(judge._unscored) <= 1_000
