"""What the topics are to be like, and in what found ones differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kafka.differences import FoundTopic, Mending, What, compare
from pipeline.kafka.topics import LARGEST_RECORD, TopicPlan, Topics, wanted
from pipeline.settings.durations import DAY, MINUTE
from pipeline.settings.sections.kafka import KafkaSection

SECTION = KafkaSection(bootstrap=("k:9092",), prefix="p", partitions=8)
PLANS = wanted(SECTION)


def as_planned(plan: TopicPlan, **changed: object) -> FoundTopic:
    shape = {"partitions": plan.partitions, "replication": plan.replication} | changed
    config = dict(plan.config)
    config |= shape.pop("config", {})  # type: ignore[call-overload]
    return FoundTopic(plan.name, config=config, **shape)  # type: ignore[arg-type]


def all_found() -> dict[str, FoundTopic]:
    return {plan.name: as_planned(plan) for plan in PLANS}


def test_every_topic_has_a_plan_with_the_same_partitions() -> None:
    assert tuple(plan.name for plan in PLANS) == Topics("p").all()
    assert {plan.partitions for plan in PLANS} == {8}


def test_rows_are_compacted_in_small_segments_and_everything_else_is_kept_for_a_time() -> None:
    by_name = {plan.name: plan.config for plan in PLANS}
    rows = by_name.pop(Topics("p").changelog)
    assert rows["cleanup.policy"] == "compact"
    assert "retention.ms" not in rows
    assert int(rows["segment.bytes"]) <= 16 * 1024 * 1024
    assert float(rows["min.cleanable.dirty.ratio"]) <= 0.1
    for config in by_name.values():
        assert config["cleanup.policy"] == "delete"
        assert int(config["retention.ms"]) == SECTION.retention


def test_an_envelope_of_512_kb_fits_with_what_judging_adds() -> None:
    assert LARGEST_RECORD >= 2 * 512 * 1024
    assert all(plan.config["max.message.bytes"] == str(LARGEST_RECORD) for plan in PLANS)


def test_the_broker_dates_records_so_that_old_event_times_are_not_deleted() -> None:
    assert all(plan.config["message.timestamp.type"] == "LogAppendTime" for plan in PLANS)


@given(st.integers(1_000, 400 * DAY))
def test_a_segment_is_a_part_of_the_retention_and_never_tiny(retention: int) -> None:
    section = SECTION.model_copy(update={"retention": retention})
    length = int(wanted(section)[0].config["segment.ms"])
    assert 10 * MINUTE <= length <= DAY
    assert length <= max(10 * MINUTE, retention / 8)


def test_nothing_differs_when_all_is_as_planned() -> None:
    assert compare(PLANS, all_found()) == []


def test_what_a_broker_adds_or_writes_otherwise_is_no_difference() -> None:
    found = all_found()
    rows = PLANS[-1]
    found[rows.name] = as_planned(
        rows, config={"min.cleanable.dirty.ratio": "0.10", "flush.ms": "9"}
    )
    assert compare(PLANS, found) == []


def test_settings_that_may_not_be_read_are_not_called_different() -> None:
    found = {plan.name: FoundTopic(plan.name, 8, 1, {}) for plan in PLANS}
    assert compare(PLANS, found) == []


def test_missing_topics_are_made() -> None:
    differences = compare(PLANS, {})
    assert [each.topic for each in differences] == list(Topics("p").all())
    assert {(each.what, each.mending, each.stops) for each in differences} == {
        (What.MISSING, Mending.SETUP, True)
    }


@pytest.mark.parametrize("there", [4, 16])
def test_another_number_of_partitions_is_for_a_person_and_stops(there: int) -> None:
    found = {plan.name: as_planned(plan, partitions=there) for plan in PLANS}
    differences = compare(PLANS, found)
    assert {(each.what, each.mending, each.stops) for each in differences} == {
        (What.PARTITIONS, Mending.PERSON, True)
    }
    assert all(f"kafka.partitions = {there}" in each.mend for each in differences)


def test_topics_that_disagree_begin_anew() -> None:
    found = all_found()
    found["p.judged"] = as_planned(PLANS[2], partitions=4)
    (difference,) = compare(PLANS, found)
    assert "disagree among themselves (4, 8 partitions)" in difference.mend
    assert "kafka.partitions =" not in difference.mend


def test_beside_topics_of_another_size_none_is_made() -> None:
    found = {plan.name: as_planned(plan, partitions=4) for plan in PLANS[:-1]}
    missing = compare(PLANS, found)[-1]
    assert (missing.what, missing.mending) == (What.MISSING, Mending.PERSON)
    assert "kafka.partitions = 4" in missing.mend


def test_copies_are_moved_by_a_person() -> None:
    found = all_found()
    found["p.mentions"] = as_planned(PLANS[0], replication=3)
    (difference,) = compare(PLANS, found)
    assert (difference.what, difference.mending) == (What.REPLICATION, Mending.PERSON)
    assert not difference.stops


@pytest.mark.parametrize(
    ("there", "mending"),
    [
        (str(14 * DAY), Mending.SHORTEN),
        ("-1", Mending.SHORTEN),
        (str(DAY), Mending.SETUP),
    ],
)
def test_retention_is_made_longer_by_itself_and_shorter_on_request(
    there: str, mending: Mending
) -> None:
    found = all_found()
    found["p.mentions"] = as_planned(PLANS[0], config={"retention.ms": there})
    (difference,) = compare(PLANS, found)
    assert (difference.key, difference.mending) == ("retention.ms", mending)
    assert difference.shown(difference.wanted) == "7d (604800000)"


def test_a_size_limit_is_lifted() -> None:
    found = all_found()
    found["p.mentions"] = as_planned(PLANS[0], config={"retention.bytes": "1000"})
    assert [each.mending for each in compare(PLANS, found)] == [Mending.SETUP]


def test_rows_that_would_be_deleted_stop_a_start() -> None:
    found = all_found()
    found[PLANS[-1].name] = as_planned(PLANS[-1], config={"cleanup.policy": "delete"})
    (difference,) = compare(PLANS, found)
    assert difference.stops
    assert difference.mending is Mending.SETUP


def test_more_copies_in_step_than_there_are_is_never_set() -> None:
    section = SECTION.model_copy(update={"replication": 3, "min_insync": 2})
    plans = wanted(section)
    config = {"min.insync.replicas": "1"}
    found = {plan.name: as_planned(plan, replication=1, config=config) for plan in plans}
    by_key = {each.key or each.what: each.mending for each in compare(plans, found)}
    assert by_key == {
        What.REPLICATION: Mending.PERSON,
        "min.insync.replicas": Mending.PERSON,
    }
