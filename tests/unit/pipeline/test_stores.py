"""The stores: what people look at, filled from the logs, each from its own offset."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from detectors.observation import BucketState, Observation
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.usual import Usual
from pipeline.errors import LogMismatch
from pipeline.intake import Batch
from pipeline.judging.scorer import Judgement, Label
from pipeline.log import LogKind, SqliteLog
from pipeline.stores import (
    BucketTable,
    MentionFilter,
    MentionStore,
    consume_buckets,
    consume_mentions,
)
from pipeline.stores.buckets import HOUR, readings_of
from pipeline.stores.changes import ChangeTable
from pipeline.stores.feed import LogFeed
from pipeline.stores.place import Place
from pipeline.stores.samples import MentionSamples
from pipeline.wire import (
    VERSION,
    BucketRecord,
    JudgedEntry,
    JudgedEnvelope,
    pack_reading,
    pack_usual,
    unpack_usual,
)
from tests.unit.pipeline.makers import MINUTE, T0, mention
from tests.unit.pipeline.test_embedded import make_engine, of_brand


def judged(key: str, minute: int, *, label: Label = Label.NEGATIVE, **flags: bool) -> JudgedEntry:
    return JudgedEntry(
        "B",
        mention(key, T0 + minute * MINUTE, f"text of {key}, mail me at ann@example.org"),
        Judgement(label, 1.0, 0.0, 0.0, -0.9, "en", "word 1"),
        hash(key) % 2**63,
        T0 + minute * MINUTE,
        **flags,
    )


def envelope(*entries: JudgedEntry) -> JudgedEnvelope:
    return JudgedEnvelope(VERSION, list(entries))


def bucket(minute: int, mentions: int = 1, state: BucketState = BucketState.KNOWN) -> BucketRecord:
    seen = Observation(mentions=mentions, voices=mentions, by_channel={"forum": mentions})
    return BucketRecord(VERSION, "B", T0 + minute * MINUTE, MINUTE, 1, state, seen, [])


@pytest.fixture
def store(place: Place) -> Iterator[MentionStore]:
    found = MentionStore(place)
    yield found
    found.close()


@pytest.fixture
def table(place: Place) -> Iterator[BucketTable]:
    found = BucketTable(place)
    yield found
    found.close()


def test_both_consumers_end_level_with_the_log_and_again_does_nothing(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    engine.submit(
        Batch("s", [of_brand("A", key, T0 + key * MINUTE) for key in range(400)]), lambda _: b"", 0
    )
    engine.fold_all()
    store, table = MentionStore(tmp_path), BucketTable(tmp_path)
    assert consume_mentions(engine.log, store) == 400
    assert consume_mentions(engine.log, store) == 0
    assert consume_buckets(engine.log, table) == 399
    assert consume_buckets(engine.log, table) == 0
    assert len(store.find(MentionFilter("A"), limit=1000)) == 400
    assert [each.start for each in table.between("A", T0, T0 + 3 * MINUTE)] == [
        T0,
        T0 + MINUTE,
        T0 + 2 * MINUTE,
    ]
    assert all(feed for _, feed in LogFeed(engine.log).read(0, 10))


def test_a_store_of_another_log_is_refused(store: MentionStore) -> None:
    store.take([envelope(judged("a", 0))], offset=9)
    with pytest.raises(LogMismatch, match="another log"):
        store.check_belongs(8)
    store.check_belongs(9)


def test_filters_are_all_obeyed(store: MentionStore) -> None:
    store.take(
        [
            envelope(
                judged("voice", 1, voice=True),
                judged("copy", 2),
                judged("own", 3, own=True),
                judged("late", 4, late=True),
                judged("good", 5, label=Label.POSITIVE),
            )
        ],
        offset=1,
    )

    def ids(**wanted: object) -> list[str]:
        found = store.find(MentionFilter("B", **wanted), newest=False)  # type: ignore[arg-type]
        return [each.mention.id for each in found]

    assert ids() == ["voice", "copy", "own", "late", "good"]
    assert ids(voice=True) == ["voice"]
    assert ids(own=True) == ["own"]
    assert ids(late=True) == ["late"]
    assert ids(own=False, late=False, label=Label.NEGATIVE) == ["voice", "copy"]
    assert ids(since=T0 + 2 * MINUTE, until=T0 + 4 * MINUTE) == ["copy", "own"]
    assert store.find(MentionFilter("nobody")) == []
    assert [each.mention.id for each in store.show("late")] == ["late"]
    assert store.drop_before(T0 + 3 * MINUTE) == 2
    assert ids() == ["own", "late", "good"]


def test_samples_wait_for_what_was_judged_when_first_asked_and_are_masked(tmp_path: Path) -> None:
    engine = make_engine(tmp_path)
    store = MentionStore(tmp_path)
    samples = MentionSamples(engine.log, store)
    texts = ("bad service, write to ann@example.org", "bad food", "bad food")
    batch = [of_brand("B", key, T0, text) for key, text in enumerate(texts)]
    engine.submit(Batch("s", batch), lambda _: b"", 0)
    engine.fold_all()
    assert samples.samples("B", Rule.NEGATIVE_SURGE, T0 + MINUTE, 3) is None
    consume_mentions(engine.log, store)
    later = [of_brand("B", f"later{key}", T0 + 30_000, "bad") for key in range(5)]
    engine.submit(Batch("s", later), lambda _: b"", 0)
    engine.fold_all()  # the store is behind again, but not behind the question
    found = samples.samples("B", Rule.NEGATIVE_SURGE, T0 + MINUTE, 3)
    assert found is not None
    assert len(found.samples) == 2  # each text once
    assert not any("ann@example.org" in each.text for each in found.samples)
    assert found.languages == (("en", 3),)


def test_minutes_are_gathered_into_hours_whose_sums_are_theirs(table: BucketTable) -> None:
    records = [bucket(minute, mentions=minute % 3 + 1) for minute in range(0, 150, 7)]
    gap = replace(bucket(60, 0, BucketState.UNKNOWN), count=30)
    table.take([*records, gap], offset=1)
    gathered = table.gather_before(T0 + 2 * HOUR)
    assert gathered == len([each for each in records if each.start < T0 + 2 * HOUR])
    after = table.between("B", T0, T0 + 3 * HOUR)
    assert [(each.start, each.length, each.count) for each in after[:3]] == [
        (T0, HOUR, 1),
        (gap.start, MINUTE, 30),
        (T0 + 63 * MINUTE, HOUR - 3 * MINUTE, 1),  # the hour's own start is the gap's
    ]
    assert after[1] == gap
    assert sum(each.observation.mentions for each in after) == sum(
        each.observation.mentions for each in records
    )


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5)), max_size=40))
@settings(deadline=None, max_examples=25)
def test_gathering_never_changes_the_sums(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int]]
) -> None:
    table = BucketTable(tmp_path_factory.mktemp("buckets"))
    kept = {minute: bucket(minute, mentions) for minute, mentions in drawn}
    table.take(kept.values(), offset=1)
    table.gather_before(T0 + 4 * HOUR)
    table.gather_before(T0 + 6 * HOUR)
    after = table.between("B", 0, T0 + 10 * HOUR)
    assert sum(each.observation.voices for each in after) == sum(
        each.observation.voices for each in kept.values()
    )
    table.close()


def test_an_instant_finds_its_bucket_and_none_where_none_was_written(tmp_path: Path) -> None:
    table = BucketTable(tmp_path)
    table.take([bucket(5), replace(bucket(20, 0, BucketState.UNKNOWN), count=10)], offset=1)
    assert table.at("B", T0 + 5 * MINUTE + 59_999) == bucket(5)
    assert table.at("B", T0 + 6 * MINUTE) is None
    inside = table.at("B", T0 + 29 * MINUTE)
    assert inside is not None
    assert inside.count == 10
    assert table.at("B", T0 + 30 * MINUTE) is None
    assert table.last_before("B", T0 + 15 * MINUTE) == bucket(5)
    assert SqliteLog.open(tmp_path, LogKind.EVENT).signals_end == 0


def usual_of(minute: int, *, learnt: int = HOUR) -> Usual:
    return Usual(minute / 10, 2.0, minute / 100, 1.5, 0.25, 40.0, learnt)


def test_an_hour_expects_what_its_minutes_did_the_ones_left_out_as_the_others(
    table: BucketTable,
) -> None:
    kept = {minute: usual_of(minute) for minute in (5, 10, 40)}
    table.take(
        [replace(bucket(minute), usual=pack_usual(usual)) for minute, usual in kept.items()],
        offset=1,
    )
    table.gather_before(T0 + HOUR)
    (hour,) = table.between("B", T0, T0 + HOUR)
    usual = unpack_usual(hour.usual)
    assert usual is not None
    mean = sum(each.voices for each in kept.values()) / 3
    assert usual.voices == pytest.approx(mean * 60, abs=0.001)
    assert usual.negatives == pytest.approx(mean * 6, abs=0.001)
    assert replace(usual, voices=0.0, negatives=0.0) == replace(kept[40], voices=0.0, negatives=0.0)


def test_an_hour_in_which_nothing_was_learnt_has_no_usual_and_one_that_began_to_has(
    table: BucketTable,
) -> None:
    table.take(
        [
            bucket(1),
            replace(bucket(2), usual=pack_usual(usual_of(2, learnt=0))),
            bucket(61),
            replace(bucket(90), usual=pack_usual(usual_of(30))),
        ],
        offset=1,
    )
    table.gather_before(T0 + 2 * HOUR)
    first, second = table.between("B", T0, T0 + 2 * HOUR)
    assert unpack_usual(first.usual) is None
    usual = unpack_usual(second.usual)
    assert usual is not None
    assert usual.voices == pytest.approx(3.0 * 60)


def test_a_bucket_read_for_its_sums_has_the_same_ones(table: BucketTable) -> None:
    reading = Reading(
        Rule.NEGATIVE_SURGE, Lane.FAST_15, 3.0, 1.0, 5, 1.0, 1.0, 1.0, 2.0, 7.0, 0, Reason.TOO_FEW
    )
    records = [
        replace(
            bucket(minute, minute + 1),
            readings=[pack_reading(reading)],
            usual=pack_usual(usual_of(minute)),
        )
        for minute in range(5)
    ]
    gap = replace(bucket(5, 0, BucketState.UNKNOWN), count=7)
    table.take([*records, gap], offset=1)
    for record, figures in zip(
        table.between("B", 0, T0 + HOUR), table.figures("B", 0, T0 + HOUR), strict=True
    ):
        for name in ("brand", "start", "length", "count", "state", "usual"):
            assert getattr(figures, name) == getattr(record, name)
        for name in figures.observation.__struct_fields__:
            assert getattr(figures.observation, name) == getattr(record.observation, name)
        assert figures.end == record.start + record.length * record.count
    assert readings_of(table.figures("B", T0, T0 + 1)[0]) == [reading]
    before = table.figures_before("B", T0 + 3 * MINUTE)
    assert before is not None
    assert before.start == T0 + 2 * MINUTE
    assert table.figures_before("B", T0) is None
    assert table.figures_before("nobody", T0) is None
    assert table.figures("nobody", 0, T0) == []


def test_late_mentions_are_counted_by_step(store: MentionStore) -> None:
    late = [judged(f"late{key}", minute, late=True) for key, minute in enumerate((1, 2, 8, 20))]
    store.take([envelope(*late, judged("in time", 3, voice=True))], offset=1)
    step = 5 * MINUTE
    assert store.late_by("B", T0, T0 + 10 * MINUTE, step) == {T0: 2, T0 + step: 1}
    assert store.late_by("nobody", T0, T0 + HOUR, step) == {}


def test_a_database_of_before_is_given_what_is_new_when_it_is_next_written(tmp_path: Path) -> None:
    store = MentionStore(tmp_path)
    store.take([envelope(judged("late", 1, late=True))], offset=1)
    store._db.execute("DROP INDEX mentions_late")
    store._db.execute("DROP TABLE settings_changes")
    store.close()
    reader = MentionStore(tmp_path, read_only=True)
    assert reader.late_by("B", T0, T0 + HOUR, HOUR) == {T0: 1}
    reader.close()
    changes = ChangeTable(tmp_path, read_only=True)
    assert changes.between(0, 1 << 60) == []
    changes.close()
    MentionStore(tmp_path).close()
    store = MentionStore(tmp_path, read_only=True)
    names = {name for (name,) in store._db.execute("SELECT name FROM sqlite_master")}
    assert {"mentions_late", "settings_changes"} <= names
    store.close()
