"""One incident's story, read from real stores: why, numbers, clocks, changes, what was told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from alerts.command import Acknowledge, Command, Resolve, Update
from alerts.incident import Audience, Incident, Level, State
from alerts.lifecycle import decide
from alerts.notification import Cause, Due, Outcome
from alerts.notification import Reason as Why
from alerts.notifiers.answer import Answer, Result
from alerts.policy import HOUR, MINUTE
from alerts.timers import due
from dashboards.console.surge_chart import draw_surge
from dashboards.views.incident import possible, read_incident, window_of
from dashboards.views.incident_list import read_incidents
from dashboards.views.incident_story import IncidentStory, Said
from dashboards.views.incident_words import REASONS, sentence
from detectors.reading import Lane, Reading, Reason, Rule
from detectors.severity import Severity
from detectors.signal import Signal, SignalKind
from pipeline.judging.scorer import Judgement, Label
from pipeline.mention import Author, Mention
from pipeline.settings.sections.detection import DetectionSection
from pipeline.wire import JudgedEntry, JudgedEnvelope, pack_reading
from tests.unit.alerts.story import POLICY, signal
from tests.unit.dashboards.shelved import T0, Shelved, bucket

OPENED = T0 + 120 * MINUTE
DETECTION = DetectionSection().detection()


@pytest.fixture
def shelved(tmp_path: Path) -> Iterator[Shelved]:
    made = Shelved(tmp_path)
    yield made
    made.done()


def say(shelved: Shelved, *said: tuple[int, Signal | Command]) -> Incident:
    incident = None
    with shelved.incidents.write() as work:
        incident = next(iter(work.incidents(limit=1)), None)
        for now, each in said:
            events = decide(incident, each, now)
            assert isinstance(events, tuple), events
            incident = work.record(incident, events)
    assert incident is not None
    return incident


def surge(
    kind: SignalKind = SignalKind.OPENED, seq: int = 1, minute: int = 0, **more: object
) -> Signal:
    at = OPENED + minute * MINUTE
    return replace(signal(kind, seq, at=at, opened_at=OPENED, brand="B"), **more)  # type: ignore[arg-type]  # fields of a signal


def story(shelved: Shelved, now: int) -> IncidentStory:
    with shelved.incidents.read() as view:
        (incident,) = view.incidents()
    found = read_incident(shelved.books, incident.id, now, POLICY, detection=DETECTION)
    assert found is not None
    return found


def test_nothing_is_told_of_what_is_not_there(shelved: Shelved) -> None:
    assert read_incident(shelved.books, "nobody", T0, POLICY) is None
    assert read_incidents(shelved.books).incidents == ()


def test_why_it_opened_in_one_sentence_and_in_numbers(shelved: Shelved) -> None:
    hit = Reading(
        Rule.NEGATIVE_SURGE, Lane.FAST_15, 30.0, 4.0, 50, 5.0, 2.8, 3.9, 6.7, 6.2, 2, Reason.HIT
    )
    attention = replace(hit, rule=Rule.VOLUME, lane=Lane.VOLUME)
    record = replace(bucket(119, 8, 6), readings=[pack_reading(hit), pack_reading(attention)])
    shelved.keep(bucket(0), record)
    shelved.close_up_to(121)
    say(shelved, (OPENED, surge()))
    told = story(shelved, OPENED + MINUTE)
    assert told.sentence == (
        "Far more people than usual complain about B: "
        "30 negative voices in 15 min, 7.5 times the usual 4.0."
    )
    (lane,) = told.lanes
    assert lane.reading == hit
    assert lane.meaning.startswith("speaks for a page")
    assert lane.gate is not None
    assert lane.gate.lane == "15m"
    assert told.surge is not None
    chart = draw_surge(told.surge, told.incident)
    assert chart.most == 6
    assert [count for _, count, _ in chart.rows if count] == [6]


def test_clocks_promises_and_what_changed_since_the_last_update(shelved: Shelved) -> None:
    say(shelved, (OPENED, surge(severity=Severity.CRITICAL)))
    told = story(shelved, OPENED + MINUTE)
    internal, public = told.clocks
    assert internal.due_at is None
    assert internal.first_after == 15 * MINUTE
    assert public.due_at == OPENED + 45 * MINUTE
    assert not public.overdue
    now = OPENED + 10 * MINUTE
    update = Update(by="ann", audience=Audience.INTERNAL, text="x", promised=now + 30 * MINUTE)
    say(shelved, (OPENED + 5 * MINUTE, Acknowledge(by="ann")), (now, update))
    say(shelved, (now + MINUTE, surge(SignalKind.LEVEL, 2, 11, observed=55.0, share=0.8)))
    told = story(shelved, now + 45 * MINUTE)
    internal, public = told.clocks
    assert (internal.due_at, internal.promised, internal.overdue) == (now + 30 * MINUTE, True, True)
    assert public.overdue
    assert told.next_clock == internal
    changed = told.changed[Audience.INTERNAL]
    assert changed.updated
    assert changed.since == now
    assert changed.what == (
        "negative voices in 15 min 30 -> 55",
        "negative share 60 % -> 80 %",
    )
    since_opening = told.changed[Audience.PUBLIC]
    assert not since_opening.updated
    assert "open -> acknowledged" in since_opening.what
    assert "30 -> 55" in told.draft
    assert "critical" in told.draft
    times = told.times
    assert (times.notice, times.acknowledge, times.internal) == (0, 5 * MINUTE, 10 * MINUTE)
    assert times.public is None
    assert times.resolve is None


def test_messages_with_their_reasons_outcomes_and_attempts(shelved: Shelved) -> None:
    incident = say(shelved, (OPENED, surge()))
    with shelved.incidents.write() as work:
        first, *_ = due(incident, (), OPENED, POLICY)
        assert work.plan(first, OPENED)
        (row,) = work.planned(incident.id)
        for result in (Result.UNCONFIRMED, Result.REFUSED):
            number = work.begin_attempt(row.id, OPENED + 1)
            answer = Answer(result, "an answer of 500\u202e\n")
            work.finish_attempt(row.id, number, OPENED + 2, answer)
        work.close(row.id, Outcome.REFUSED, OPENED + 3, "an answer of 500")
        later = replace(first.notification, sequence=2, at=OPENED + HOUR)
        work.plan(Due(later, Cause.LATER_STAGE), OPENED + HOUR)
    told, skipped = story(shelved, OPENED + HOUR).messages
    assert told.reasons == ("page",)
    assert (told.receiver, told.outcome) == ("ann", Outcome.REFUSED)
    assert told.why == "an answer of 500"
    assert [(call.result, call.detail) for call in told.calls] == [
        ("not confirmed", "an answer of 500"),
        ("refused", "an answer of 500"),
    ]
    assert skipped.outcome_words == "skipped"
    assert skipped.why == "a later message says it"
    assert skipped.calls == ()


def test_what_people_say_is_masked_and_of_its_time(shelved: Shelved) -> None:
    def entry(number: int, minute: int, text: str) -> JudgedEntry:
        mention = Mention(
            str(number), "web", OPENED + minute * MINUTE, OPENED, text, author=Author(str(number))
        )
        judged = Judgement(Label.NEGATIVE, 0.9, 0.1, 0.0, -0.8, "en", "vader")
        return JudgedEntry("B", mention, judged, number, 0, voice=True)

    shelved.mentions.take(
        [
            JudgedEnvelope(
                1,
                [
                    entry(1, -5, "call me at +31 6 12345678, @thief, awful"),
                    entry(2, -600, "long before"),
                ],
            )
        ],
        0,
    )
    say(shelved, (OPENED, surge()))
    said = story(shelved, OPENED).said
    (sample,) = said.samples
    assert "12345678" not in sample.text
    assert "@thief" not in sample.text
    assert not said.reading


def test_a_slow_part_can_be_kept_by_others(shelved: Shelved) -> None:
    incident = say(shelved, (OPENED, surge()))
    kept = Said(reading=True)
    found = read_incident(shelved.books, incident.id, OPENED, POLICY, read_said=lambda *_: kept)
    assert found is not None
    assert found.said is kept


def test_what_can_be_done_follows_how_it_stands(shelved: Shelved) -> None:
    incident = say(shelved, (OPENED, surge()))
    assert possible(incident).acknowledge
    incident = say(shelved, (OPENED, Acknowledge(by="ann")))
    assert not possible(incident).acknowledge
    assert possible(incident).resolve
    incident = say(shelved, (OPENED, Resolve(by="ann")))
    can = possible(incident)
    assert (can.acknowledge, can.resolve, can.assign, can.promise) == (False,) * 4
    assert can.update


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_its_sentence(rule: Rule) -> None:
    incident = Incident(
        id="x",
        brand="source:web" if rule is Rule.BLINDNESS else "B",
        rule=rule,
        severity=Severity.WARNING,
        opening_severity=Severity.WARNING,
        opened_at=T0,
        noticed_at=T0,
        level=surge_level(),
        opening=surge_level(),
        opened_by="ann",
    )
    said = sentence(incident)
    assert "the reason" in said.lower()
    assert said[0].isupper() or rule is Rule.MANUAL
    assert incident.state is State.OPEN


def surge_level() -> Level:
    return Level(T0, Lane.FAST_15, 30.0, 4.0, 60, 50, 0.6, 0.2, "the reason")


def test_a_window_is_bounded_and_ends_with_the_trouble(shelved: Shelved) -> None:
    incident = say(shelved, (OPENED, surge()))
    assert window_of(incident, OPENED + 3 * MINUTE) == (OPENED - 30 * MINUTE, OPENED + 3 * MINUTE)
    assert window_of(incident, OPENED + 5 * HOUR)[1] == OPENED + 10 * MINUTE
    long = replace(incident, level=replace(incident.level, event_time=OPENED + 50 * HOUR))
    start, end = window_of(long, OPENED + 50 * HOUR)
    assert end - start == 12 * HOUR


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Why)
