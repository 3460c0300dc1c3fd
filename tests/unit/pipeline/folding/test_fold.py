"""The fold: what counts, what is late, what is unknown, what is left out."""

from random import Random

import pytest

from detectors.observation import BucketState
from pipeline.folding.fold import Fold
from pipeline.mention import Kind
from pipeline.wire import BucketRecord, JudgedEntry, SignalRecord, SourceTick, TimeRecord
from tests.unit.pipeline.makers import (
    DAY,
    HOUR,
    MINUTE,
    T0,
    entry,
    envelope,
    make_fold,
    mention,
    tick,
)


def buckets(fold: Fold) -> list[BucketRecord]:
    return [each for each in fold.take().signals if isinstance(each, BucketRecord)]


def judged(fold: Fold) -> list[JudgedEntry]:
    return fold.take().judged


def test_a_bucket_closes_when_time_passes_its_end_and_the_lateness() -> None:
    fold = make_fold()
    fold.apply(tick(T0))
    fold.apply(envelope(entry("B", mention(1, T0 + 10_000, "bad"))))
    fold.apply(tick(T0 + 60_000))
    fold.apply(tick(T0 + 119_999))
    assert buckets(fold) == []
    fold.apply(tick(T0 + 120_000))
    (closed,) = buckets(fold)
    assert (closed.brand, closed.start, closed.state) == ("B", T0, BucketState.KNOWN)
    assert closed.observation.negative_voices == 1


def test_in_event_mode_a_bucket_closes_at_the_next_ones_start() -> None:
    fold = make_fold(event_mode=True)
    fold.apply(tick(T0))
    fold.apply(envelope(entry("B", mention(1, T0 + 10_000))))
    fold.apply(tick(T0 + MINUTE))
    assert [each.start for each in buckets(fold)] == [T0]


def test_the_tick_is_passed_on_behind_what_it_closed() -> None:
    fold = make_fold(event_mode=True)
    fold.apply(tick(T0))
    fold.apply(envelope(entry("B", mention(1, T0))))
    fold.apply(tick(T0 + MINUTE))
    assert [type(each) for each in fold.take().signals] == [TimeRecord, BucketRecord, TimeRecord]


def test_a_known_minute_in_which_nothing_was_said_is_left_out() -> None:
    fold = make_fold(event_mode=True, brands={"B": "UTC"})
    fold.apply(tick(T0))
    fold.apply(tick(T0 + 3 * HOUR))
    assert buckets(fold) == []


def test_a_repeated_id_counts_once() -> None:
    fold = make_fold()
    fold.apply(tick(T0))
    once = mention("x", T0 + 1_000, "bad")
    fold.apply(envelope(entry("B", once), entry("B", once)))
    fold.apply(envelope(entry("B", once)))
    assert [each.mention.id for each in judged(fold)] == ["x"]
    totals = fold.brands["B"].totals
    assert (totals.mentions, totals.repeated) == (1, 2)


def test_the_same_id_of_another_source_is_another_mention() -> None:
    fold = make_fold()
    fold.apply(tick(T0))
    fold.apply(
        envelope(
            entry("B", mention("x", T0, "one", "ann")),
            entry("B", mention("x", T0, "two", "bob", source="other")),
        )
    )
    assert fold.brands["B"].totals.mentions == 2


def test_the_brands_own_posts_are_kept_and_never_counted() -> None:
    fold = make_fold()
    fold.apply(tick(T0))
    fold.apply(envelope(entry("B", mention(1, T0, "bad"), own=True)))
    (kept,) = judged(fold)
    assert kept.own
    assert not kept.voice
    totals = fold.brands["B"].totals
    assert (totals.own, totals.mentions, totals.negative) == (1, 0, 0)
    fold.apply(tick(T0 + 2 * MINUTE))
    (closed,) = buckets(fold)
    assert (closed.observation.own, closed.observation.mentions) == (1, 0)


def test_voices_want_a_new_author_and_a_new_text_unless_it_is_a_repost() -> None:
    fold = make_fold()
    fold.apply(tick(T0))
    fold.apply(
        envelope(
            entry("B", mention(1, T0, "the flight was bad", "ann")),
            entry("B", mention(2, T0, "the FLIGHT was bad!", "bob")),
            entry("B", mention(3, T0, "something else", "ann")),
            entry("B", mention(4, T0, "the flight was bad", "cid", kind=Kind.REPOST)),
            entry("B", mention(5, T0, "my bag is lost", "dan")),
        )
    )
    assert [each.voice for each in judged(fold)] == [True, False, False, True, True]
    totals = fold.brands["B"].totals
    assert (totals.mentions, totals.unique, totals.voices) == (5, 3, 3)


def test_a_closed_buckets_mention_is_delayed_for_an_hour_and_late_afterwards() -> None:
    fold = make_fold(max_delay={"quick": 0})
    fold.apply(tick(T0))
    for seconds in range(0, 3 * 3600 + 1, 30):
        fold.apply(tick(T0 + seconds * 1_000))
    now = T0 + 3 * HOUR
    fold.take()
    fold.apply(
        envelope(
            entry("B", mention("young", now - 30 * MINUTE, "bad a")),
            entry("B", mention("old", now - 61 * MINUTE, "bad b")),
            entry("B", mention("strict", now - 30 * MINUTE, "bad c", source="quick")),
        )
    )
    assert [(each.delayed, each.late) for each in judged(fold)] == [
        (True, False),
        (False, True),
        (False, True),
    ]
    totals = fold.brands["B"].totals
    assert (totals.mentions, totals.delayed, totals.late) == (1, 1, 2)
    fold.apply(tick(now + 30_000))
    fold.apply(tick(now + MINUTE))
    (closed,) = buckets(fold)
    assert closed.start == now - MINUTE
    assert (closed.observation.mentions, closed.observation.delayed) == (1, 1)


def test_what_nobody_ticked_through_is_one_unknown_record_for_each_brand() -> None:
    fold = make_fold(brands={"B": "UTC"})
    fold.apply(tick(T0))
    fold.apply(tick(T0 + MINUTE))
    fold.apply(tick(T0 + 7 * HOUR))
    fold.apply(tick(T0 + 7 * HOUR + MINUTE))
    fold.apply(tick(T0 + 7 * HOUR + 2 * MINUTE))
    gap, last = buckets(fold)  # the last bucket stays open for the allowed lateness
    assert (gap.state, gap.start, gap.count) == (BucketState.UNKNOWN, T0 + MINUTE, 7 * 60 - 2)
    assert (last.state, last.start + MINUTE, last.count) == (BucketState.UNKNOWN, T0 + 7 * HOUR, 1)


def test_mentions_met_in_the_unknown_are_counted_there_and_judged_by_nobody() -> None:
    fold = make_fold(brands={"B": "UTC"})
    fold.apply(tick(T0))
    fold.apply(tick(T0 + MINUTE))
    fold.apply(envelope(*[entry("B", mention(i, T0 + 30 * MINUTE, f"bad {i}")) for i in range(40)]))
    fold.apply(tick(T0 + HOUR))
    fold.apply(tick(T0 + HOUR + MINUTE))
    found = buckets(fold)
    assert [(each.count, each.observation.mentions) for each in found] == [
        (29, 0),
        (1, 40),
        (28, 0),
        (1, 0),
    ]
    assert {each.state for each in found} == {BucketState.UNKNOWN}


def crisis(fold: Fold, start: int, minutes: int, **kinds: str) -> list[str]:
    """Tick through minutes with ten distinct angry people in each; return the signals' kinds."""
    said: list[str] = []
    for minute in range(minutes):
        at = start + minute * MINUTE
        fold.apply(
            envelope(
                *[entry("B", mention(f"{at}-{i}", at, f"bad {at} {i}", **kinds)) for i in range(10)]
            )
        )
        fold.apply(tick(at + MINUTE, s=SourceTick(10)))
        said += [e.signal.kind for e in fold.take().signals if isinstance(e, SignalRecord)]
    return said


def calm_days(fold: Fold, days: int) -> int:
    chance = Random(7)
    fold.apply(tick(T0))
    for quarter in range(days * 96):
        at = T0 + quarter * 15 * MINUTE
        text = f"bad {at}" if chance.random() < 0.2 else ""
        fold.apply(envelope(entry("B", mention(at, at, text))))
        fold.apply(tick(at + 15 * MINUTE, s=SourceTick(1)))
    fold.take()
    return T0 + days * DAY


def test_a_crisis_opens_a_surge() -> None:
    fold = make_fold(event_mode=True)
    start = calm_days(fold, 3)
    assert "opened" in crisis(fold, start, 15)


def flood(fold: Fold, start: int, accounts: int, text: str) -> list[SignalRecord]:
    """Three hours in which each of these accounts posts once a minute."""
    said = []
    for minute in range(180):
        at = start + minute * MINUTE
        for i in range(accounts):
            post = mention(f"{at}-{i}", at, text.format(minute, i), f"spam{i}")
            fold.apply(envelope(entry("B", post)))
        fold.apply(tick(at + MINUTE, s=SourceTick(accounts)))
        said += [each for each in fold.take().signals if isinstance(each, SignalRecord)]
    return said


@pytest.mark.parametrize(
    ("accounts", "text"),
    [(1, "this is bad, boycott them"), (40, "this is bad, boycott them"), (6, "bad {} bad {}")],
    ids=["one account pasting", "forty accounts with one text", "six accounts with varied texts"],
)
def test_few_voices_open_nothing_however_much_they_post(accounts: int, text: str) -> None:
    fold = make_fold(event_mode=True)
    start = calm_days(fold, 3)
    assert flood(fold, start, accounts, text) == []
    assert fold.brands["B"].totals.mentions > 180


def test_a_mention_of_two_brands_is_distinct_once() -> None:
    fold = make_fold()
    fold.apply(tick(T0))
    both = mention(1, T0)
    fold.apply(envelope(entry("A", both), entry("B", both, first=False)))
    assert sum(brand.totals.distinct for brand in fold.brands.values()) == 1
    assert sum(brand.totals.mentions for brand in fold.brands.values()) == 2
