"""A writer killed at any point, and taken up while senders repeat what was not confirmed."""

from collections.abc import Sequence
from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.brands import Brand, BrandMatcher
from pipeline.intake import Disposition
from pipeline.mention import Mention
from pipeline.placing import partition_of
from pipeline.resuming import OwnRecord, standing_of
from pipeline.wire import NotingEnvelope, Tick, decode_with_notes
from pipeline.writing import Writer
from tests.partitions import flat
from tests.unit.pipeline.makers import DAY, MINUTE, T0, mention

PARTITIONS = 3
NAMES = ("Acme", "Brill", "Corvo", "Delft", "Eider")
MATCHER = BrandMatcher([Brand(name) for name in NAMES], accept_unknown=False)

Partition = list[OwnRecord]


def make_writer(*, event_mode: bool = True, partitions: int = PARTITIONS) -> Writer:
    return Writer(
        "w", MATCHER, bucket=MINUTE, event_mode=event_mode, partitions=partitions, noting=True
    )


def taken(writer: Writer) -> list[Partition]:
    partitions: list[Partition] = [[] for _ in range(PARTITIONS)]
    for record in writer.take():
        partitions[record.partition].append(decode_with_notes(record.body))
    return partitions


def noted(records: Sequence[OwnRecord]) -> list[int]:
    return [
        key
        for record in records
        if isinstance(record, NotingEnvelope)
        for keys in record.nobody.values()
        for key in keys
    ]


@st.composite
def requests(draw: st.DrawFn) -> list[list[Mention]]:
    """Requests whose mentions go on in time, mostly, and concern none, one or several brands."""
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from((0, 0, 0, 1, 1, 2, 20, 1_600, -3)),
                st.sets(st.sampled_from(NAMES), max_size=3),
                st.sampled_from(("s", "t")),
                st.booleans(),
            ),
            max_size=14,
        )
    )
    out: list[list[Mention]] = [[]]
    minutes = accumulate((step for step, *_ in steps), initial=10)
    for number, (minute, (_, brands, source, ends)) in enumerate(zip(minutes, steps, strict=False)):
        text = f"{' '.join(sorted(brands))} {number}"
        out[-1].append(mention(number, T0 + minute * MINUTE, text, source=source))
        if ends:
            out.append([])
    return out


@given(requests(), st.data())
@settings(deadline=None, max_examples=150)
def test_killed_at_any_point_it_writes_what_it_would_have_written(
    batches: list[list[Mention]], data: st.DataObject
) -> None:
    whole = make_writer()
    for batch in batches:
        for each in batch:
            whole.add(each)
    whole.end_of_input()
    expected = taken(whole)

    log: list[Partition] = [[] for _ in range(PARTITIONS)]
    writer = make_writer()
    kills = data.draw(st.integers(1, 4))
    done = 0
    while done <= len(batches):
        if done < len(batches):
            for each in batches[done]:
                writer.add(each)
        else:
            writer.end_of_input()
        written = taken(writer)
        if kills and data.draw(st.booleans()):
            kills -= 1
            for partition, records in zip(log, written, strict=True):
                partition.extend(records[: data.draw(st.integers(0, len(records)))])
            writer = make_writer()
            writer.take_up(standing_of("w", log, MINUTE))
            continue
        for partition, records in zip(log, written, strict=True):
            partition.extend(records)
        done += 1

    for partition, records in zip(log, expected, strict=True):
        assert flat(partition) == flat(records)
    assert sorted(noted(log[0])) == sorted(noted(expected[0]))


@given(requests())
@settings(deadline=None, max_examples=60)
def test_a_partition_holds_what_one_log_holds_of_its_brands(batches: list[list[Mention]]) -> None:
    many, one = make_writer(), make_writer(partitions=1)
    for batch in batches:
        for each in batch:
            assert many.add(each) is one.add(each)
    many.end_of_input()
    one.end_of_input()
    (single, *_) = taken(one)
    for number, partition in enumerate(taken(many)):
        assert flat(partition) == [
            each
            for each in flat(single)
            if isinstance(each, Tick) or partition_of(each[0], PARTITIONS) == number  # type: ignore[index]  # a pair otherwise
        ]


def test_what_was_written_is_answered_as_it_was_the_first_time() -> None:
    first = make_writer()
    on_time = mention("a", T0 + 5 * MINUTE, "Acme")
    late = mention("b", T0, "Acme")
    assert first.add(on_time) is Disposition.ACCEPTED
    assert first.add(late) is Disposition.LATE
    log = taken(first)
    second = make_writer()
    second.take_up(standing_of("w", log, MINUTE))
    assert second.add(on_time) is Disposition.ACCEPTED
    assert second.add(late) is Disposition.LATE
    assert taken(second) == [[], [], []]
    assert second.add(replace(late, id="c")) is Disposition.LATE
    assert sum(map(len, taken(second))) == 1


def test_a_tick_that_the_others_lack_comes_before_anything_else_in_a_clock_log() -> None:
    first = make_writer(event_mode=False)
    first.add(mention("a", T0, "Acme"))
    first.tick(T0 + 5_000)
    log = taken(first)
    first.add(mention("b", T0, "Acme"))
    first.tick(T0 + 10_000)
    rest = taken(first)
    log[0] += rest[0]
    second = make_writer(event_mode=False)
    second.take_up(standing_of("w", log, MINUTE))
    assert second.time == T0 + 10_000
    again = taken(second)
    assert again[0] == []
    assert again[1:] == [[rest[0][-1]], [rest[0][-1]]]
    second.tick(T0 + 10_000, retired=True)
    assert [len(each) for each in taken(second)] == [1, 1, 1]


def test_other_writers_are_passed_over() -> None:
    other = Writer("other", MATCHER, bucket=MINUTE, event_mode=False, partitions=PARTITIONS)
    other.add(mention("a", T0, "Acme"))
    other.tick(T0 + DAY)
    standing = standing_of("w", taken(other), MINUTE)
    assert standing.time is None
    assert not standing.found
