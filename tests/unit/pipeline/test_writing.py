"""A writer of the log: envelopes, ticks, and where it stands."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.brands import BrandMatcher
from pipeline.intake import Disposition
from pipeline.mention import Mention
from pipeline.wire import MAX_ENTRIES, Envelope, MentionsRecord, Tick, decode_mentions
from pipeline.writing import MAX_CHARACTERS, STRIDE, Writer
from tests.unit.pipeline.makers import DAY, MINUTE, T0, mention


def make_writer(*, event_mode: bool = True) -> Writer:
    return Writer("w", BrandMatcher([]), bucket=MINUTE, event_mode=event_mode)


def of_brand(key: object, at: int, text: str = "") -> Mention:
    return replace(mention(key, at, text), brand="B")


def taken(writer: Writer) -> list[MentionsRecord]:
    return [decode_mentions(record.body) for record in writer.take()]


def ticks(records: list[MentionsRecord]) -> list[int]:
    return [record.time for record in records if isinstance(record, Tick)]


def test_a_later_bucket_is_ticked_before_its_first_mention() -> None:
    writer = make_writer()
    for minute in (0, 0, 1, 3):
        assert writer.add(of_brand(minute, T0 + minute * MINUTE + 5)) is Disposition.ACCEPTED
    assert writer.add(of_brand("old", T0)) is Disposition.LATE
    kinds = [
        record.time if isinstance(record, Tick) else len(record.entries) for record in taken(writer)
    ]
    assert kinds == [T0, 2, T0 + MINUTE, 1, T0 + 3 * MINUTE, 2]


def test_a_long_known_silence_is_ticked_in_strides_and_an_unknown_one_at_once() -> None:
    writer = make_writer()
    writer.add(of_brand(1, T0))
    writer.add(of_brand(2, T0 + DAY))
    known = ticks(taken(writer))
    assert len(known) == 24 * 60 // STRIDE + 1
    assert max(b - a for a, b in pairwise(known)) == STRIDE * MINUTE
    writer.add(of_brand(3, T0 + 3 * DAY))
    assert ticks(taken(writer)) == [T0 + 3 * DAY]


def test_the_end_of_input_closes_the_last_bucket_once() -> None:
    writer = make_writer()
    writer.add(of_brand(1, T0 + 7))
    writer.end_of_input()
    writer.end_of_input()
    assert ticks(taken(writer)) == [T0, T0 + MINUTE]


def test_envelopes_are_bounded_in_mentions_and_in_characters() -> None:
    writer = make_writer()
    for key in range(2 * MAX_ENTRIES + 1):
        writer.add(of_brand(key, T0))
    for key in range(8):
        writer.add(of_brand(f"long{key}", T0, "x" * 50_000))
    sizes = [record for record in taken(writer) if isinstance(record, Envelope)]
    assert max(len(record.entries) for record in sizes) == MAX_ENTRIES
    for record in sizes:
        characters = sum(len(each.mention.text) for each in record.entries)
        assert characters < MAX_CHARACTERS + 50_000


@given(st.lists(st.integers(0, 4_000), max_size=40), st.integers(0, 40))
@settings(deadline=None)
def test_taken_up_from_its_own_records_it_goes_on_equal(minutes: list[int], cut: int) -> None:
    minutes.sort()
    whole, first, second = make_writer(), make_writer(), make_writer()
    for minute in minutes:
        whole.add(of_brand(minute, T0 + minute * MINUTE))
    written: list[MentionsRecord] = []
    for minute in minutes[:cut]:
        first.add(of_brand(minute, T0 + minute * MINUTE))
    written += taken(first)
    last = max((i for i, each in enumerate(written) if isinstance(each, Tick)), default=0)
    second.resume(written[last:])
    for minute in minutes[cut:]:
        second.add(of_brand(minute, T0 + minute * MINUTE))
    for writer in (whole, second):
        writer.end_of_input()
    written += taken(second)
    expected = taken(whole)
    assert ticks(written) == ticks(expected)
    assert [r.sources for r in written if isinstance(r, Tick)] == [
        r.sources for r in expected if isinstance(r, Tick)
    ]


def test_what_could_not_be_appended_is_forgotten() -> None:
    writer = make_writer()
    writer.add(of_brand(1, T0))
    taken(writer)
    mark = writer.mark()
    writer.add(of_brand(2, T0 + 50 * MINUTE))
    writer.back_to(mark)
    assert writer.time == T0
    assert writer.add(of_brand(3, T0 + MINUTE)) is Disposition.ACCEPTED
    assert ticks(taken(writer)) == [T0 + MINUTE]
