"""An incident's time line: everything that happened, and of its height only what was news."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.command import Acknowledge, Assign, Command, Note, Refusal, Resolve, Update
from alerts.incident import AnyEvent, Audience, Incident, Level, Levelled, Opened, Verdict
from alerts.lifecycle import decide, fold
from dashboards.views.timeline import RISES_BY, Kind, exceeds, time_line
from detectors.reading import Lane
from detectors.severity import Severity
from detectors.signal import SignalKind
from tests.unit.alerts.story import MINUTE, T0, signal

LANES = (Lane.FAST_5, Lane.FAST_15, Lane.FAST_60, Lane.SLOW)
HOSTILE = "\u202e<script>\x00\x1b[2J" + "\u0351" * 40


def levelled(minute: int, observed: float, lane: Lane = Lane.FAST_15) -> Levelled:
    at = T0 + minute * MINUTE
    return Levelled(
        at=at, event_time=at, level=Level(at, lane, observed, 4.0), surge=1, seq=minute + 1
    )


def opened(observed: float = 30.0) -> Opened:
    (event,) = decide(None, signal(observed=observed), T0)  # type: ignore[misc]  # a signal is never refused
    assert isinstance(event, Opened)
    return event


def test_a_level_is_told_when_it_exceeds_the_last_told_by_half() -> None:
    told = time_line(
        [opened(20), *(levelled(n, level) for n, level in enumerate((25, 31, 40, 47, 46, 90)))]
    )
    assert [entry.kind for entry in told.entries] == [Kind.OPENED, *[Kind.ROSE] * 3]
    assert [entry.text.split()[0] for entry in told.entries[1:]] == ["31", "47", "90"]
    assert told.levels == 3
    assert told.highest is not None
    assert told.highest.observed == 90
    assert [point.observed for point in told.curve] == [20, 25, 31, 40, 47, 46, 90]


def test_a_rise_of_severity_says_the_level_itself() -> None:
    first = fold([opened(20)])
    raised = signal(SignalKind.LEVEL, 2, at=T0 + MINUTE, observed=200, severity=Severity.CRITICAL)
    events = decide(first, raised, T0 + MINUTE)
    assert isinstance(events, tuple)
    told = time_line([opened(20), *events])
    assert [entry.kind for entry in told.entries] == [Kind.OPENED, Kind.RAISED]
    assert told.entries[1].title == "Now critical"
    assert told.levels == 1


def test_what_a_person_wrote_keeps_its_lines_and_loses_what_hides() -> None:
    first = fold([opened()])
    note = decide(first, Note(by="ann\u202e", text="one\ntwo " + HOSTILE), T0)
    assert isinstance(note, tuple)
    (entry,) = time_line(note).entries
    assert entry.text.startswith("one\ntwo <script>")
    assert not set(entry.text + entry.who) & {"\u202e", "\x00", "\x1b"}
    assert entry.text.count("\u0351") <= 3


def test_a_link_that_is_none_is_not_shown_as_one() -> None:
    events = decide(
        fold([opened()]),
        Update(by="ann", audience=Audience.PUBLIC, text="x", link='https://e.example/"><b>'),
        T0,
    )
    assert isinstance(events, tuple)
    assert time_line(events).entries[0].link == ""


PEOPLE = st.sampled_from(["ann", "bob"])
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Acknowledge, by=PEOPLE),
    st.builds(Note, by=PEOPLE, text=st.text(min_size=1, max_size=60)),
    st.builds(Update, by=PEOPLE, audience=st.just(Audience.INTERNAL), text=st.text(max_size=60)),
    st.builds(Resolve, by=PEOPLE, verdict=st.sampled_from(Verdict)),
    st.builds(Assign, by=PEOPLE, to=PEOPLE),
)
STEPS = st.lists(
    st.one_of(
        COMMANDS,
        st.tuples(
            st.sampled_from([SignalKind.LEVEL, SignalKind.CALM, SignalKind.RETURNED]),
            st.floats(1, 500),
            st.sampled_from(LANES),
            st.sampled_from([Severity.WARNING, Severity.CRITICAL]),
        ),
    ),
    max_size=40,
)


def history(steps: Sequence[object]) -> list[AnyEvent]:
    """Whatever people and the fold do, as the events it leads to."""
    events: list[AnyEvent] = [opened()]
    incident: Incident | None = fold(events)
    for number, step in enumerate(steps, start=2):
        now = T0 + number * MINUTE
        if isinstance(step, tuple):
            kind, observed, lane, severity = step
            said = signal(kind, number, at=now, observed=observed, lane=lane, severity=severity)
            found = decide(incident, said, now)
        else:
            found = decide(incident, step, now)  # type: ignore[arg-type]  # a command
        if not isinstance(found, Refusal):
            events += found
            incident = fold(found, incident)
    return events


@given(STEPS)
@settings(deadline=None, max_examples=150)
def test_nothing_is_lost_nothing_is_told_twice(steps: Sequence[object]) -> None:
    events = history(steps)
    told = time_line(events)
    assert len(told.entries) + told.levels == len(events)
    said = [entry for entry in told.entries if entry.kind is not Kind.ROSE]
    others = [event for event in events if not isinstance(event, Levelled)]
    assert [entry.at for entry in said] == [event.at for event in others]
    assert [entry.at for entry in told.entries] == sorted(entry.at for entry in told.entries)
    assert all(entry.title and "\n" not in entry.title for entry in told.entries)
    levels = [event.level.fold for event in events if isinstance(event, Levelled | Opened)]
    assert told.highest is not None
    assert told.highest.fold >= max(levels)


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=60))
@settings(deadline=None, max_examples=100)
def test_rises_are_few_however_often_the_level_is_said(counts: list[float]) -> None:
    events = [opened(1), *(levelled(n, count) for n, count in enumerate(counts))]
    rises = [entry for entry in time_line(events).entries if entry.kind is Kind.ROSE]
    most = 0
    reached = 1.0
    while reached * RISES_BY < max(counts):
        reached *= RISES_BY
        most += 1
    assert len(rises) <= most
    assert bool(rises) == any(count > RISES_BY for count in counts)


@given(st.floats(0, 1e6), st.sampled_from(LANES), st.sampled_from(LANES))
def test_a_level_never_exceeds_itself(count: float, lane: Lane, other: Lane) -> None:
    assert not exceeds(Level(0, lane, count, 4.0), Level(0, other, count, 4.0))
