import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alerts.incident import State
from detectors.severity import Severity
from pipeline.metrics.catalogue import CATALOGUE, Kind, page
from pipeline.metrics.registry import Metrics, RowKind, Stage

ROOT = Path(__file__).parents[4]
NOW = 1_700_000_000_000
PACKAGES = ("alerts", "dashboards", "detectors", "pipeline")
OURS = ("registry.py", "catalogue.py")


class SetClock:
    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> int:
        return self.instant


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text, _ = metrics.exposition()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics).get((f"crisis_monitor_{name}", tuple(sorted(labels.items()))))


def everything_said(metrics: Metrics) -> None:
    metrics.brand("Acme").counted(mentions=1, negatives=1, voices=1, unscored=1, repeated=1)
    metrics.late("http", 1)
    metrics.rejected("http", "undated")
    metrics.passed(Stage.WRITTEN, 1)
    metrics.lag("alerts", 1, 1)
    metrics.watermark(NOW)
    metrics.delivered("http", NOW)
    metrics.fold_took(0.1)
    metrics.scorer_took(0.1)
    metrics.incidents_open({})
    metrics.notified("webhook", "page", "delivered")
    metrics.http_answered("/v1/mentions", 200)
    metrics.ready_when(lambda: True)
    metrics.partition_lag("fold", 0, 1, NOW)
    metrics.partitions_owned("fold", 1)
    metrics.partitions_unowned("fold", 1)
    metrics.rebalanced()
    metrics.recovery_took(0.1)
    metrics.checkpoint_took(0.1)
    metrics.checkpoint_failed()
    metrics.row_written(RowKind.BRAND, 1)
    metrics.replayed(1)
    metrics.offset_gap()
    metrics.dead_letter("undecodable")
    metrics.unconfirmed(1)
    metrics.leader_when(lambda: True)


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name not in OURS:
                yield path, ast.parse(path.read_text("utf-8"), str(path))


def test_what_is_shown_is_what_the_catalogue_names() -> None:
    metrics = Metrics(SetClock())
    everything_said(metrics)
    text, _ = metrics.exposition()
    shown = {
        (family.name, family.type, family.documentation)
        for family in text_string_to_metric_families(text.decode())
    }
    assert shown == {
        (metric.name.removesuffix("_total"), metric.kind.value, metric.help) for metric in CATALOGUE
    }
    labels = {name: {label for label, _ in pairs} - {"le"} for name, pairs in samples(metrics)}
    for metric in CATALOGUE:
        suffix = "_count" if metric.kind is Kind.HISTOGRAM else ""
        assert labels[metric.name + suffix] == set(metric.labels), metric.name


def test_names_follow_prometheus_customs() -> None:
    for metric in CATALOGUE:
        assert metric.name.startswith("crisis_monitor_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.name.endswith("_seconds") == (metric.unit == "seconds")
        assert metric.name.endswith("_bytes") == (metric.unit == "bytes")
        assert metric.help.endswith(".") or metric.help.endswith("reasons.")
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)


def test_the_page_is_written_from_the_catalogue() -> None:
    written = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert written == page(), "run: python -m pipeline.metrics.catalogue > docs/metrics.md"


def test_no_other_module_makes_metrics() -> None:
    strangers = [
        str(path.relative_to(ROOT))
        for path, tree in modules()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and "prometheus_client" in (node.module or ""))
        or (
            isinstance(node, ast.Import)
            and any("prometheus_client" in alias.name for alias in node.names)
        )
    ]
    assert strangers == []


def test_every_metric_is_fed_by_some_module() -> None:
    used = {
        (ast.unparse(node.value).rpartition(".")[2].removeprefix("_"), node.attr)
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }
    feeding = {name for name in vars(Metrics) if not name.startswith("_")} - {"exposition"}
    unfed = {name for name in feeding if ("metrics", name) not in used}
    unfed |= {f"Stage.{stage.name}" for stage in Stage if ("Stage", stage.name) not in used}
    assert unfed == set()


def test_no_created_series_and_no_registry_shared() -> None:
    first, second = Metrics(SetClock()), Metrics(SetClock())
    everything_said(first)
    assert not any("_created" in name for name, _ in samples(first))
    assert value(second, "voices_total", brand="Acme") is None


def test_brands_beyond_the_bound_share_a_label() -> None:
    metrics = Metrics(SetClock(), brands=["B", "C"], most_brands=3)
    for name in ("A", "X", "B", "Y", "C", "A"):
        metrics.brand(name).counted(mentions=1)
    counted = {name: value(metrics, "mentions_total", brand=name) for name in "ABCXY"}
    assert counted == {"A": 2, "B": 1, "C": 1, "X": None, "Y": None}
    assert value(metrics, "mentions_total", brand="other") == 2


@pytest.mark.parametrize("label", ["source", "consumer", "receiver_kind"])
def test_other_names_are_bounded_too(label: str) -> None:
    metrics = Metrics(SetClock())
    for number in range(200):
        name = f"name {number}"
        metrics.late(name, 1)
        metrics.rejected(name, "undated")
        metrics.delivered(name, NOW)
        metrics.lag(name, 1, 1)
        metrics.notified(name, "page", "delivered")
    found = {dict(labels)[label] for _, labels in samples(metrics) if label in dict(labels)}
    assert len(found) == 51
    assert "other" in found


def test_hostile_names_stay_within_their_quotes() -> None:
    metrics = Metrics(SetClock())
    hostile = 'a"} 1\ncrisis_monitor_ready 0\\'
    metrics.brand(hostile).counted(mentions=3)
    metrics.ready_when(lambda: True)
    assert value(metrics, "mentions_total", brand=hostile) == 3
    assert value(metrics, "ready") == 1


def test_ages_grow_though_nobody_says_anything() -> None:
    clock = SetClock()
    metrics = Metrics(clock)
    assert value(metrics, "watermark_age_seconds") is None
    assert value(metrics, "source_delivered_age_seconds", source="http") is None
    metrics.watermark(NOW - 1_000)
    metrics.delivered("http", NOW - 2_000)
    metrics.delivered("file", NOW)
    clock.instant += 60_000
    assert value(metrics, "watermark_age_seconds") == 61
    assert value(metrics, "source_delivered_age_seconds", source="http") == 62
    metrics.watermark(NOW + 60_000)
    metrics.delivered("http", NOW + 59_500)
    assert value(metrics, "watermark_age_seconds") == 0
    assert value(metrics, "source_delivered_age_seconds", source="http") == 0.5
    assert value(metrics, "source_delivered_age_seconds", source="file") == 60


def test_incidents_not_named_are_none() -> None:
    metrics = Metrics(SetClock())
    assert value(metrics, "incidents_open", severity="critical", state="open") == 0
    metrics.incidents_open({(Severity.CRITICAL, State.OPEN): 2})
    assert value(metrics, "incidents_open", severity="critical", state="open") == 2
    metrics.incidents_open({(Severity.CRITICAL, State.ACKNOWLEDGED): 1})
    assert value(metrics, "incidents_open", severity="critical", state="open") == 0
    assert value(metrics, "incidents_open", severity="critical", state="acknowledged") == 1
    assert value(metrics, "incidents_open", severity="critical", state="resolved") is None


def test_counts_add_up() -> None:
    metrics = Metrics(SetClock())
    brand = metrics.brand("Acme")
    brand.counted(mentions=5, negatives=2, voices=4, unscored=1, repeated=3)
    brand.counted(mentions=1)
    metrics.brand("Acme").counted(voices=1)
    metrics.passed(Stage.FOLDED, 7)
    metrics.passed(Stage.FOLDED, 1)
    metrics.lag("alerts", 12, 1_500)
    metrics.fold_took(0.02)
    names = ("mentions", "negative_mentions", "voices", "unscored_mentions", "repeated_mentions")
    assert [value(metrics, f"{name}_total", brand="Acme") for name in names] == [6, 2, 5, 1, 3]
    assert value(metrics, "stage_mentions_total", stage="folded") == 8
    assert value(metrics, "stage_mentions_total", stage="stored") == 0
    assert value(metrics, "lag_records", consumer="alerts") == 12
    assert value(metrics, "lag_seconds", consumer="alerts") == 1.5
    metrics.lag("fold", 3, None)
    assert value(metrics, "lag_records", consumer="fold") == 3
    assert value(metrics, "lag_seconds", consumer="fold") is None
    assert value(metrics, "fold_seconds_count") == 1


def test_what_no_kafka_is_there_for_is_not_shown() -> None:
    text, _ = Metrics(SetClock()).exposition()
    assert b"leader" not in text
    assert b"partition" not in text


def test_a_partition_waits_longer_though_nobody_says_anything_and_is_forgotten_when_it_goes() -> (
    None
):
    clock = SetClock()
    metrics = Metrics(clock)
    metrics.partition_lag("fold", 3, 7, NOW - 2_000)
    metrics.partition_lag("fold", 4, 0, None)
    clock.instant += 60_000
    assert value(metrics, "partition_lag_records", consumer="fold", partition="3") == 7
    assert value(metrics, "partition_lag_seconds", consumer="fold", partition="3") == 62
    assert value(metrics, "partition_lag_seconds", consumer="fold", partition="4") == 0
    metrics.partition_gone("fold", 3)
    metrics.partition_gone("fold", 9)
    assert value(metrics, "partition_lag_records", consumer="fold", partition="3") is None
    assert value(metrics, "partition_lag_seconds", consumer="fold", partition="3") is None
    assert value(metrics, "partition_lag_records", consumer="fold", partition="9") is None
    assert value(metrics, "partition_lag_records", consumer="fold", partition="4") == 0


def test_partitions_are_bounded_too() -> None:
    metrics = Metrics(SetClock())
    for partition in range(1_000):
        metrics.partition_lag("fold", partition, 1, NOW)
    found = {
        dict(labels)["partition"] for _, labels in samples(metrics) if "partition" in dict(labels)
    }
    assert len(found) == 257


def test_without_a_partition_no_watermark_is_claimed() -> None:
    metrics = Metrics(SetClock())
    metrics.watermark(NOW)
    metrics.watermark(None)
    shown = value(metrics, "watermark_age_seconds")
    assert shown is not None
    assert shown != shown  # noqa: PLR0124  # only NaN differs from itself


def test_who_leads_is_asked_when_somebody_looks() -> None:
    metrics = Metrics(SetClock())
    leads = [False]
    metrics.leader_when(lambda: leads[0])
    assert value(metrics, "leader") == 0
    leads[0] = True
    assert value(metrics, "leader") == 1


def test_prometheus_gets_the_form_it_asks_for() -> None:
    metrics = Metrics(SetClock())
    assert metrics.exposition()[1].startswith("text/plain")
    text, content_type = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")
