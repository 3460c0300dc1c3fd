"""Open buckets and what was seen in the last hour."""

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.observation import Observation
from pipeline.folding.windows import SEEN_FOR, Seen, Tally
from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Kind
from tests.unit.pipeline.makers import MINUTE, mention

MEETINGS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 150)), max_size=80)


def oracle(meetings: list[tuple[int, int]]) -> list[bool]:
    """A digest is new when no bucket it was met in lies less than 60 minutes before, or after."""
    met: dict[int, int] = {}
    answers = []
    for digest, minute in meetings:
        last = met.get(digest)
        bucket = minute * MINUTE
        answers.append(last is None or last <= bucket - SEEN_FOR)
        if last is None or bucket > last:
            met[digest] = bucket
    return answers


@given(MEETINGS)
@settings(deadline=None)
def test_a_digest_is_known_for_sixty_minutes_after_it_was_last_met(
    meetings: list[tuple[int, int]],
) -> None:
    seen = Seen()
    assert [seen.meet(digest, minute * MINUTE) for digest, minute in meetings] == oracle(meetings)


@given(MEETINGS, st.integers(0, 80))
@settings(deadline=None)
def test_chunks_written_bit_by_bit_bring_everything_back(
    meetings: list[tuple[int, int]], cut: int
) -> None:
    meetings.sort(key=lambda each: each[1])
    seen, written = Seen(), []
    for digest, minute in meetings[:cut]:
        seen.meet(digest, minute * MINUTE)
        seen.forget_before(minute * MINUTE - SEEN_FOR + 1)
        written.extend(seen.new_chunks())
    again = Seen()
    again.restore(written)
    for digest, minute in meetings[cut:]:
        assert again.meet(digest, minute * MINUTE) == seen.meet(digest, minute * MINUTE)


def test_forgetting_bounds_memory_and_keeps_what_was_met_again() -> None:
    seen = Seen()
    for minute in range(1_000):
        seen.meet(7, minute * MINUTE)
        seen.meet(1_000 + minute, minute * MINUTE)
        seen.forget_before(minute * MINUTE - SEEN_FOR + 1)
        assert len(seen) <= 61
    assert 7 in seen
    assert 1_000 not in seen


def judged(label: Label) -> Judgement:
    return Judgement(label, 0.0, 0.0, 0.0, 0.0, "en", "x")


def test_a_tally_counts_negatives_of_mentions_texts_and_voices_apart() -> None:
    tally = Tally()
    tally.add(mention(1, 0), judged(Label.NEGATIVE), voice=True, unique=True)
    tally.add(mention(2, 0), judged(Label.NEGATIVE), voice=False, unique=False)
    tally.add(mention(3, 0, kind=Kind.REPOST), judged(Label.POSITIVE), voice=True, unique=False)
    tally.add(mention(4, 0), judged(Label.UNSCORED), voice=True, unique=True)
    got = tally.observation()
    assert got == Observation(
        mentions=4,
        unique=2,
        voices=3,
        negative=2,
        negative_unique=1,
        negative_voices=1,
        scored_voices=2,
        unscored=1,
        by_channel={"": 4},
        by_language={"en": 4},
        by_kind={"post": 3, "repost": 1},
        negative_voices_by_source={"s": 1},
    )
    assert Tally(got).observation() == got
