"""What every scorer promises."""

from pipeline.judging.scorer import Judgement, Label, NoScorer, Scorer, unscored


def test_unscored_takes_no_side_and_names_no_scorer() -> None:
    assert unscored("nl") == Judgement(Label.UNSCORED, 0.0, 0.0, 0.0, 0.0, "nl", "")


def test_no_scorer_serves_nothing_and_leaves_everything_unscored() -> None:
    scorer: Scorer = NoScorer()
    assert scorer.languages == frozenset()
    answers = scorer.score(["great", "awful"], ["en", "de"])
    assert [(each.label, each.language) for each in answers] == [
        (Label.UNSCORED, "en"),
        (Label.UNSCORED, "de"),
    ]
