import msgspec
import pytest

from alerts.asked import incident_id
from alerts.command import (
    Acknowledge,
    Assign,
    Command,
    Note,
    Open,
    Refusal,
    RefusalReason,
    Resolve,
    Update,
)
from alerts.incident import (
    AnyEvent,
    Audience,
    Calmed,
    Ended,
    Incident,
    Levelled,
    Missed,
    Opened,
    Reopened,
    Returned,
    SeverityRaised,
    State,
    Verdict,
)
from alerts.lifecycle import decide, evolve, fold
from detectors.reading import Lane, Rule
from detectors.severity import Severity
from detectors.signal import SignalKind
from tests.unit.alerts.story import HOUR, MINUTE, T0, after, events, opened, signal


def kinds(found: tuple[AnyEvent, ...]) -> list[type]:
    return [type(each) for each in found]


def test_an_opened_signal_opens_and_names_the_incident_by_its_bucket() -> None:
    incident = opened()
    assert incident.id == "united:negative_surge:2015-02-22T14:00:00Z"
    assert (incident.state, incident.severity) == (State.OPEN, Severity.WARNING)
    assert (incident.opened_at, incident.noticed_at, incident.late_by) == (T0, T0, 0)


def test_a_level_younger_than_six_hours_opens_and_says_how_late() -> None:
    level = signal(SignalKind.LEVEL, 9, at=T0 + 2 * HOUR)
    incident = after(None, level, T0 + 7 * HOUR)
    assert incident.id.endswith("14:00:00Z")
    assert incident.late_by == 7 * HOUR
    assert incident.seq == 9


@pytest.mark.parametrize(("age", "opens"), [(6 * HOUR - 1, True), (6 * HOUR, False)])
def test_a_signal_six_hours_old_opens_nothing(*, age: int, opens: bool) -> None:
    assert bool(events(None, signal(), T0 + age)) is opens


def test_a_surge_that_ended_while_we_were_away_is_missed() -> None:
    now = T0 + 9 * HOUR
    assert events(None, signal(), now) == ()
    assert events(None, signal(SignalKind.CALM, 2, at=T0 + HOUR), now) == ()
    incident = after(None, signal(SignalKind.ENDED, 3, at=T0 + 2 * HOUR), now)
    assert (incident.state, incident.missed, incident.resolved_by) == (
        State.RESOLVED,
        True,
        "calm",
    )


def test_a_surge_that_was_over_when_its_young_opening_is_read_is_missed_too() -> None:
    now = T0 + 5 * HOUR
    incident = after(None, signal(), now)
    found = events(incident, signal(SignalKind.ENDED, 2, at=T0 + 2 * HOUR), now)
    assert kinds(found) == [Missed]
    missed = fold(found, incident)
    assert missed is not None
    assert (missed.id, missed.missed, missed.is_open) == (incident.id, True, False)


def test_an_end_after_it_was_noticed_is_no_miss() -> None:
    found = events(opened(), signal(SignalKind.ENDED, 2, at=T0 + 3 * HOUR), T0 + 3 * HOUR)
    assert kinds(found) == [Ended]


@pytest.mark.parametrize(("surge", "seq"), [(1, 1), (1, 0), (0, 99)])
def test_repeats_at_or_below_the_last_applied_change_nothing(surge: int, seq: int) -> None:
    for kind in SignalKind:
        assert events(opened(), signal(kind, seq, surge=surge, at=T0 + HOUR), T0 + HOUR) == ()


def test_severity_rises_once_and_never_falls() -> None:
    now = T0 + HOUR
    raised = signal(SignalKind.LEVEL, 2, at=now, severity=Severity.CRITICAL)
    found = events(opened(), raised, now)
    assert kinds(found) == [Levelled, SeverityRaised]
    incident = fold(found, opened())
    assert incident is not None
    lower = signal(SignalKind.LEVEL, 3, at=now, severity=Severity.WARNING)
    assert kinds(events(incident, lower, now)) == [Levelled]
    assert after(incident, lower, now).severity is Severity.CRITICAL


def test_calm_is_undone_by_returned_and_by_a_new_surge_but_not_by_a_level() -> None:
    calm = after(opened(), signal(SignalKind.CALM, 2, at=T0 + HOUR), T0 + HOUR)
    assert calm.calm_at == T0 + HOUR
    later = T0 + HOUR + MINUTE
    level = after(calm, signal(SignalKind.LEVEL, 3, at=later), later)
    assert level.calm_at == T0 + HOUR
    back = events(calm, signal(SignalKind.RETURNED, 3, at=later), later)
    assert kinds(back) == [Returned, Levelled]
    fresh = events(calm, signal(at=later, surge=2, opened_at=later), later)
    assert kinds(fresh) == [Returned, Levelled]


def test_ended_resolves_by_itself_with_no_verdict() -> None:
    calm = after(opened(), signal(SignalKind.CALM, 2, at=T0 + HOUR), T0 + HOUR)
    over = after(calm, signal(SignalKind.ENDED, 3, at=T0 + 2 * HOUR), T0 + 2 * HOUR)
    assert (over.state, over.resolved_by, over.verdict) == (State.RESOLVED, "calm", Verdict.UNSAID)
    assert over.ended


def resolved(now: int = T0 + HOUR, observed: float = 30.0) -> Incident:
    incident = after(opened(), signal(SignalKind.LEVEL, 2, at=now, observed=observed), now)
    return after(incident, Resolve(by="ann", verdict=Verdict.REAL), now)


@pytest.mark.parametrize(
    ("observed", "later", "reopens"),
    [
        (45.0, 5 * MINUTE, False),
        (45.1, 5 * MINUTE, True),
        (10.0, 2 * HOUR - 1, False),
        (10.0, 2 * HOUR, True),
    ],
)
def test_resolved_while_it_lasts_is_silent_until_half_more_or_two_hours(
    *, observed: float, later: int, reopens: bool
) -> None:
    now = T0 + HOUR + later
    found = events(resolved(), signal(SignalKind.LEVEL, 3, at=now, observed=observed), now)
    assert kinds(found) == ([Reopened] if reopens else [])


def test_in_another_lane_it_is_the_multiple_of_the_usual_that_counts() -> None:
    now = T0 + HOUR + MINUTE
    wide = signal(SignalKind.LEVEL, 3, at=now, observed=120, expected=16, lane=Lane.FAST_60)
    assert events(resolved(), wide, now) == ()
    worse = signal(SignalKind.LEVEL, 3, at=now, observed=190, expected=16, lane=Lane.FAST_60)
    assert kinds(events(resolved(), worse, now)) == [Reopened]


def test_reopening_says_who_had_resolved_it_and_wants_a_new_acknowledgement() -> None:
    now = T0 + 2 * HOUR
    incident = after(opened(), Acknowledge(by="bob"), T0 + MINUTE)
    incident = after(incident, Resolve(by="ann"), T0 + HOUR)
    incident = after(incident, signal(SignalKind.LEVEL, 2, at=now, observed=99), now)
    assert (incident.state, incident.reopened, incident.last_resolved_by) == (State.OPEN, 1, "ann")
    assert incident.acknowledged_at is None
    assert incident.resolved_by == ""


def test_a_surge_of_a_resolved_incident_that_calms_and_ends_stays_silent() -> None:
    now = T0 + 2 * HOUR
    found = events(resolved(), signal(SignalKind.CALM, 3, at=now), now)
    assert kinds(found) == [Calmed]
    calm = fold(found, resolved())
    assert kinds(events(calm, signal(SignalKind.ENDED, 4, at=now + HOUR), now + HOUR)) == [Ended]
    back = events(calm, signal(SignalKind.RETURNED, 4, at=now + 1), now + 1)
    assert kinds(back) == [Reopened]


@pytest.mark.parametrize(("gap", "same"), [(6 * HOUR - 1, True), (6 * HOUR, False)])
def test_a_surge_within_six_hours_reopens_a_later_one_opens_anew(*, gap: int, same: bool) -> None:
    over = after(opened(), signal(SignalKind.ENDED, 2, at=T0 + HOUR), T0 + HOUR)
    now = T0 + HOUR + gap
    found = events(over, signal(surge=2, at=now, opened_at=now), now)
    assert kinds(found) == [Reopened if same else Opened]
    incident = fold(found, over)
    assert incident is not None
    assert (incident.id == over.id) is same
    assert incident.is_open


def test_a_missed_incident_is_not_reopened_but_followed_by_a_new_one() -> None:
    now = T0 + 7 * HOUR
    missed = after(None, signal(SignalKind.ENDED, 5, at=T0 + 5 * HOUR), now)
    at = T0 + 6 * HOUR
    incident = after(missed, signal(surge=2, at=at, opened_at=at), now)
    assert incident.id == incident_id("united", Rule.NEGATIVE_SURGE, at)
    assert (incident.events, incident.missed) == (1, False)


def test_opening_by_hand() -> None:
    asked = Open(by="ann", brand=" united ", reason="recall on TV", severity=Severity.CRITICAL)
    incident = after(None, asked, T0)
    assert (incident.rule, incident.brand, incident.lane) == (Rule.MANUAL, "united", None)
    assert incident.opening.reason == "recall on TV"
    again = decide(incident, asked, T0 + 1)
    assert isinstance(again, Refusal)
    assert again.reason is RefusalReason.ALREADY_OPEN
    assert incident.id in again.message


def test_acknowledging_twice() -> None:
    incident = after(opened(), Acknowledge(by="ann"), T0 + 1)
    assert (incident.state, incident.owner) == (State.ACKNOWLEDGED, "ann")
    assert decide(incident, Acknowledge(by="ann"), T0 + 2) == ()
    refused = decide(incident, Acknowledge(by="bob"), T0 + 2)
    assert isinstance(refused, Refusal)
    assert refused.reason is RefusalReason.ALREADY_ACKNOWLEDGED
    assert "ann" in refused.message


def public(text: str = "we are on it", link: str = "https://x.example/1", **more: int) -> Update:
    return Update(by="ann", audience=Audience.PUBLIC, text=text, link=link, **more)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Acknowledge(by="  "), RefusalReason.NO_AUTHOR),
        (Resolve(by=" calm "), RefusalReason.NO_AUTHOR),
        (public(text=" \n\t "), RefusalReason.EMPTY_TEXT),
        (public(text="x" * 20_001), RefusalReason.TEXT_TOO_LONG),
        (public(link=""), RefusalReason.NO_LINK),
        (public(link="javascript:alert(1)"), RefusalReason.BAD_LINK),
        (public(link="https://a b"), RefusalReason.BAD_LINK),
        (public(promised=T0 + HOUR), RefusalReason.PROMISE_PAST),
        (Update(by="ann", audience=Audience.INTERNAL, text=""), RefusalReason.EMPTY_TEXT),
        (Note(by="ann", text=" "), RefusalReason.EMPTY_TEXT),
        (Assign(by="ann", to=" "), RefusalReason.NO_OWNER),
    ],
)
def test_refusals_change_nothing_and_say_how_to_mend(
    command: Command, reason: RefusalReason
) -> None:
    refused = decide(opened(), command, T0 + HOUR)
    assert isinstance(refused, Refusal)
    assert refused.reason is reason
    assert len(refused.message) > 20


@pytest.mark.parametrize(
    "command",
    [Acknowledge(by="bob"), Resolve(by="bob"), Assign(by="bob", to="ann"), public(promised=2 * T0)],
)
def test_what_is_resolved_takes_no_more_of_it(command: Command) -> None:
    refused = decide(resolved(), command, T0 + 2 * HOUR)
    assert isinstance(refused, Refusal)
    assert refused.reason is RefusalReason.ALREADY_RESOLVED


def test_notes_and_a_last_update_can_follow_the_resolution() -> None:
    incident = after(resolved(), Note(by="ann", text="a lorry"), T0 + 2 * HOUR)
    incident = after(incident, public(), T0 + 3 * HOUR)
    assert (incident.notes, incident.public.count, incident.is_open) == (1, 1, False)


def test_an_unknown_incident_is_refused() -> None:
    refused = decide(None, Acknowledge(by="ann"), T0)
    assert isinstance(refused, Refusal)
    assert refused.reason is RefusalReason.NO_INCIDENT


def test_a_history_that_does_not_begin_is_damaged() -> None:
    with pytest.raises(ValueError, match="begins with Opened"):
        evolve(None, Calmed(at=T0, event_time=T0, surge=1, seq=2))


def test_events_and_incidents_survive_json_and_older_readers() -> None:
    history = [*events(None, signal(severity=Severity.INFO, unheard_since=T0 - 1), T0)]
    incident = fold(history)
    for said in (
        signal(SignalKind.LEVEL, 2, severity=Severity.CRITICAL),
        Acknowledge(by="ann"),
        public(promised=T0 + HOUR),
        Assign(by="ann", to="bob"),
        Note(by="bob", text="n"),
        signal(SignalKind.CALM, 3),
        signal(SignalKind.RETURNED, 4),
        Resolve(by="ann"),
        signal(SignalKind.LEVEL, 5, observed=200),
    ):
        found = events(incident, said, T0 + 2)
        history += found
        incident = fold(found, incident)
    decoder = msgspec.json.Decoder(AnyEvent)
    stored = [msgspec.json.encode(event) for event in history]
    assert [decoder.decode(body) for body in stored] == history
    assert fold(decoder.decode(body) for body in stored) == incident
    assert msgspec.json.decode(msgspec.json.encode(incident), type=Incident) == incident
    newer = stored[0].replace(b'{"kind"', b'{"from_the_future":1,"kind"')
    assert decoder.decode(newer) == history[0]


def test_what_somebody_took_is_not_missed_although_it_was_over_before() -> None:
    now = T0 + 5 * HOUR
    incident = after(after(None, signal(), now), Acknowledge(by="ann"), now)
    found = events(incident, signal(SignalKind.ENDED, 2, at=T0 + 2 * HOUR), now)
    assert kinds(found) == [Ended]


def test_a_level_after_calm_or_after_the_end_reopens_nothing() -> None:
    now = T0 + 4 * HOUR
    calm = after(resolved(), signal(SignalKind.CALM, 3, at=T0 + 2 * HOUR), T0 + 2 * HOUR)
    assert events(calm, signal(SignalKind.LEVEL, 4, at=now, observed=200), now) == ()
    ended = after(calm, signal(SignalKind.ENDED, 4, at=T0 + 3 * HOUR), T0 + 3 * HOUR)
    assert events(ended, signal(SignalKind.RETURNED, 5, at=now, observed=200), now) == ()
