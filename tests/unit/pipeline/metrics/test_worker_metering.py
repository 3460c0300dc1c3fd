from prometheus_client.parser import text_string_to_metric_families

from detectors.settings import Detection
from pipeline.folding.fold import Fold
from pipeline.folding.records import FoldSettings
from pipeline.judging.judge import Judge
from pipeline.mention import Mention
from pipeline.metrics.registry import Metrics
from pipeline.metrics.worker import WorkerMeter
from pipeline.scorers import ScorerName, make_judge
from pipeline.timed_judge import TimedJudge
from pipeline.wire import VERSION, Entry, Envelope, SourceTick, Tick

NOW = 1_700_000_040_000


class SetClock:
    def now(self) -> int:
        return NOW


def values(metrics: Metrics) -> dict[str, float]:
    text, _ = metrics.exposition()
    return {
        sample.name.removeprefix("crisis_monitor_")
        + "".join(f":{value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def judge() -> Judge | TimedJudge:
    return make_judge(ScorerName.VADER)


def fold_with(brand: str, mentions: int, time: int) -> Fold:
    fold = Fold(FoldSettings(Detection(), event_mode=False), judge(), lambda _: ("en",))
    more(fold, brand, mentions, time)
    return fold


def more(fold: Fold, brand: str, mentions: int, time: int) -> None:
    fold.apply(Tick(VERSION, "w", time - 60_000, {"http": SourceTick(mentions, time - 60_000)}))
    fold.apply(
        Envelope(
            VERSION,
            "w",
            "",
            [
                Entry(Mention(f"{time}{each}", "http", time, time, f"awful {each}{time}"), brand)
                for each in range(mentions)
            ],
        )
    )
    fold.apply(Tick(VERSION, "w", time))


def make() -> tuple[Metrics, WorkerMeter]:
    metrics = Metrics(SetClock())
    return metrics, WorkerMeter(metrics, event_mode=False)


def test_what_was_folded_before_is_not_counted_again() -> None:
    metrics, meter = make()
    fold = fold_with("Acme", 5, NOW - 10_000)
    meter.assigned([0])
    meter.recovered(0, fold, 0.5)
    more(fold, "Acme", 2, NOW - 5_000)
    meter.tell(0, fold)
    shown = values(metrics)
    assert shown["mentions_total:Acme"] == 2
    assert shown["recovery_seconds_sum"] == 0.5
    assert shown["partitions_owned:fold"] == 1
    assert shown["rebalances_total"] == 1


def test_a_partition_that_comes_back_counts_on_from_its_rows() -> None:
    metrics, meter = make()
    fold = fold_with("Acme", 5, NOW - 10_000)
    meter.assigned([0])
    meter.recovered(0, fold, 0.5)
    meter.revoked([0])
    meter.tell(0, fold)
    more(fold, "Acme", 2, NOW - 5_000)
    meter.assigned([0])
    meter.recovered(0, fold, 0.5)
    meter.tell(0, fold)
    shown = values(metrics)
    assert "mentions_total:Acme" not in shown
    assert shown["rebalances_total"] == 2


def test_the_watermark_is_the_least_of_the_partitions_and_goes_with_them() -> None:
    metrics, meter = make()
    slow, quick = fold_with("Acme", 1, NOW - 30_000), fold_with("Bold", 1, NOW - 5_000)
    meter.assigned([0, 1])
    for partition, fold in ((0, slow), (1, quick)):
        meter.recovered(partition, fold, 0.1)
        meter.tell(partition, fold)
    assert values(metrics)["watermark_age_seconds"] == 30
    meter.revoked([0])
    assert values(metrics)["watermark_age_seconds"] == 5
    meter.assigned([])
    shown = values(metrics)["watermark_age_seconds"]
    assert shown != shown  # noqa: PLR0124  # only NaN differs from itself


def test_lag_goes_with_its_partition() -> None:
    metrics, meter = make()
    meter.assigned([3, 4])
    meter.lag(3, 12, NOW - 4_000)
    meter.lag(4, 0, None)
    assert values(metrics)["partition_lag_seconds:fold:3"] == 4
    meter.assigned([4])
    shown = values(metrics)
    assert "partition_lag_records:fold:3" not in shown
    assert shown["partition_lag_records:fold:4"] == 0


def test_checkpoints_replays_gaps_and_dead_letters_are_counted() -> None:
    metrics, meter = make()
    meter.folded(200, 0.02, 0.01)
    meter.checkpointed(0.2, [4_000, 5_000], [80], 300)
    meter.checkpoint_failed()
    meter.recognised(7)
    meter.gap()
    meter.dead_letter("undecodable")
    shown = values(metrics)
    assert shown["stage_mentions_total:folded"] == 200
    assert shown["checkpoint_seconds_count"] == 1
    assert shown["checkpoints_failed_total"] == 1
    assert shown["row_bytes_sum:brand"] == 9_000
    assert shown["row_bytes_count:chunk"] == 1
    assert shown["row_bytes_sum:partition"] == 300
    assert shown["replayed_records_total"] == 7
    assert shown["offset_gaps_total"] == 1
    assert shown["dead_letters_total:undecodable"] == 1


def test_an_event_logs_time_is_not_ours() -> None:
    metrics = Metrics(SetClock())
    meter = WorkerMeter(metrics, event_mode=True)
    fold = fold_with("Acme", 1, NOW)
    meter.assigned([0])
    meter.recovered(0, fold, 0.1)
    meter.tell(0, fold)
    assert "watermark_age_seconds" not in values(metrics)
