import pytest

from pipeline.standing import (
    Lag,
    Owner,
    Sample,
    Seen,
    Step,
    StepLag,
    brand_lags,
    partition_lags,
)

NOW = 1_000_000
WORKER = Owner("worker-1", "10.0.0.1")


def step(*partitions: Seen, samples: dict[int, Sample] | None = None, into: bool = True) -> StepLag:
    found = partition_lags(partitions, samples or {}, read_into=into)
    return StepLag(Step.FOLD, "p.mentions", "p.worker", 1, found)


@pytest.mark.parametrize(
    ("committed", "folded", "position"),
    [
        (None, None, 5),
        (8, None, 8),
        (None, 11, 12),
        (8, 11, 12),
        (14, 11, 14),
        (2, 1, 5),
    ],
)
def test_the_newer_of_row_and_group_counts(
    committed: int | None, folded: int | None, position: int
) -> None:
    seen = Seen(0, 5, 20, committed, folded)
    assert seen.position == position
    assert seen.records == 20 - position


@pytest.mark.parametrize(
    ("committed", "folded", "expired"),
    [(None, None, 0), (0, None, 0), (3, None, 2), (None, 1, 3), (3, 1, 2), (9, 1, 0)],
)
def test_what_retention_took_before_it_was_read_is_counted(
    committed: int | None, folded: int | None, expired: int
) -> None:
    assert Seen(0, 5, 20, committed, folded).expired == expired


def test_a_sample_stands_for_the_rest_and_says_so() -> None:
    seen = [Seen(0, 0, 1_000, 0), Seen(1, 0, 10, 0)]
    samples = {0: Sample(100, NOW - 5_000, {"A": 150, "B": 50}), 1: Sample(10, NOW, {"C": 7})}
    found = step(*seen, samples=samples)
    assert [(each.mentions, each.estimated) for each in found.partitions] == [
        (2_000, True),
        (7, False),
    ]
    assert found.mentions == 2_007
    assert found.estimated
    assert found.waited(NOW) == 5_000
    assert [(each.brand, each.mentions, each.estimated) for each in brand_lags(seen, samples)] == [
        ("A", 1_500, True),
        ("B", 500, True),
        ("C", 7, False),
    ]


def test_nothing_waits_where_all_is_folded() -> None:
    found = step(Seen(0, 0, 10, None, 9, owner=WORKER))
    assert (found.records, found.mentions, found.waited(NOW), found.unowned) == (0, 0, 0, [])


def test_partitions_nobody_works_on_are_named() -> None:
    found = step(Seen(1, 0, 10), Seen(0, 0, 10, owner=WORKER))
    assert found.unowned == [1]


def test_where_one_reads_all_nobody_is_missing_while_it_is_there() -> None:
    found = partition_lags([Seen(0, 0, 10)], {}, read_into=False)
    assert StepLag(Step.SIGNALS, "p.signals", "p.alerter", 1, found, alone=True).unowned == []
    assert StepLag(Step.SIGNALS, "p.signals", "p.alerter", 0, found, alone=True).unowned == [0]


def test_a_limit_is_held_against_mentions_else_records() -> None:
    many = step(Seen(0, 0, 2, 0), samples={0: Sample(2, NOW, {"A": 400})})
    few = step(Seen(0, 0, 3, 0), into=False)
    lag = Lag(NOW, [many, few], [])
    assert few.mentions is None
    assert lag.above(400) == []
    assert lag.above(399) == [many]
    assert lag.above(2) == [many, few]
