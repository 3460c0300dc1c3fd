import pytest
from msgspec.structs import replace

from alerts import clocks
from alerts.command import Acknowledge, Assign, Resolve, Update
from alerts.incident import Audience, Incident
from alerts.notification import Cause, Notification, Outcome, Reason
from alerts.policy import Cadence, Policy, Receiver, UpdateClocks
from alerts.rendering import render
from alerts.timers import due, next_due, still_true, true_parts, untrue_because
from detectors.reading import Rule
from detectors.severity import Severity
from detectors.signal import SignalKind
from tests.unit.alerts.story import HOUR, MINUTE, POLICY, T0, Said, after, kept, opened, signal

ONE = replace(POLICY, steps=(("ann",),))
CRITICAL = Severity.CRITICAL


def story(found: list[tuple[int, Notification]]) -> list[tuple[float, str, str]]:
    return [((at - T0) / MINUTE, told.receiver, "+".join(told.reasons)) for at, told in found]


def internal(incident: Incident, now: int, promised: int | None = None) -> Incident:
    update = Update(by="ann", audience=Audience.INTERNAL, text="cause found", promised=promised)
    return after(incident, update, now)


def test_nobody_answers_a_critical_incident() -> None:
    found = Said().until(opened(CRITICAL), T0, T0 + 60 * MINUTE)
    ladder = [(5.0 * k, ("ann", "bob")[k % 2], "escalation") for k in range(1, 10)]
    everybody = [(50.0, name, "nobody_answered") for name in ("ann", "bob", "lead", "ops")]
    assert story(found) == [
        (0.0, "ann", "page"),
        *ladder,
        (45.0, "ann", "public_update_due"),
        *everybody,
    ]


def test_an_acknowledged_critical_incident_with_no_updates_at_all() -> None:
    said = Said(ONE)
    incident = opened(CRITICAL)
    said.speak(incident, T0)
    incident = after(incident, Acknowledge(by="ann"), T0 + 4 * MINUTE)
    found = story(said.until(incident, T0 + 4 * MINUTE, T0 + 100 * MINUTE))
    assert found == [
        (19.0, "ann", "internal_update_due"),
        (29.0, "ann", "internal_update_overdue"),
        (45.0, "ann", "public_update_due"),
        (59.0, "ann", "internal_update_overdue"),
        (59.0, "lead", "internal_update_overdue"),
        (75.0, "ann", "public_update_overdue"),
        (79.0, "ann", "internal_update_overdue"),
        (79.0, "lead", "internal_update_overdue"),
        (99.0, "ann", "internal_update_overdue"),
        (99.0, "lead", "internal_update_overdue"),
    ]


def test_updates_on_time_are_asked_for_every_twenty_minutes_for_two_hours_then_hourly() -> None:
    said = Said(ONE)
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    asked = []
    now = T0
    for _ in range(9):
        now = next_due(incident, said.ledger, now, said.policy) or 0
        reasons = {reason for told in said.speak(incident, now) for reason in told.reasons}
        asked += [(now - T0) // MINUTE] if Reason.INTERNAL_UPDATE_DUE in reasons else []
        incident = internal(incident, now)
        post = Update(by="a", audience=Audience.PUBLIC, text="t", link="https://x.example/1")
        incident = after(incident, post, now)
    assert asked == [15, 35, 55, 75, 95, 115, 135, 195, 255]


def test_a_warning_owes_internal_updates_hourly_and_public_ones_only_when_promised() -> None:
    incident = after(opened(), Acknowledge(by="ann"), T0)
    found = Said(ONE).until(incident, T0, T0 + 80 * MINUTE)
    assert story(found) == [(60.0, "ann", "internal_update_due")]
    post = Update(
        by="a",
        audience=Audience.PUBLIC,
        text="t",
        link="https://x.example/1",
        promised=T0 + 30 * MINUTE,
    )
    found = Said(ONE).until(after(incident, post, T0 + 1), T0 + 1, T0 + 58 * MINUTE)
    assert story(found) == [(30.0, "ann", "public_update_due")]


def test_a_promise_outweighs_the_cadence() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    incident = internal(incident, T0 + MINUTE, promised=T0 + 40 * MINUTE)
    found = Said(ONE).until(incident, T0 + MINUTE, T0 + 44 * MINUTE)
    assert story(found) == [(40.0, "ann", "internal_update_due")]


def test_after_an_outage_only_the_latest_stage_is_said_and_the_rest_is_recorded() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    incident = internal(incident, T0)
    due_now = due(incident, (), T0 + 3 * HOUR, ONE)
    said = [each.notification for each in due_now if each.skipped is None]
    assert sorted((told.receiver, "+".join(told.reasons)) for told in said) == [
        ("ann", "internal_update_overdue+public_update_overdue"),
        ("lead", "internal_update_overdue+public_update_overdue"),
    ]
    assert {told.at for told in said} == {T0 + 180 * MINUTE}
    skipped = [each for each in due_now if each.skipped]
    assert {each.skipped for each in skipped} == {Cause.LATER_STAGE}
    times = sorted({(each.notification.at - T0) // MINUTE for each in skipped})
    assert times == [20, 30, 45, 60, 75, 80, 100, 120, 140, 160]
    ledger = kept(due_now, T0 + 3 * HOUR)
    assert due(incident, ledger, T0 + 3 * HOUR, ONE) == ()
    assert next_due(incident, ledger, T0 + 3 * HOUR, ONE) == T0 + 200 * MINUTE


def test_after_an_outage_the_page_goes_out_and_the_ladder_stands_where_it_stands() -> None:
    found = due(opened(), (), T0 + 12 * MINUTE, POLICY)
    assert [(f.notification.receiver, f.notification.reasons, f.skipped) for f in found] == [
        ("bob", (Reason.ESCALATION,), Cause.LATER_STAGE),
        ("ann", (Reason.PAGE, Reason.ESCALATION), None),
    ]


def test_what_is_due_within_three_minutes_is_said_in_one_message() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0 + 28 * MINUTE)
    said = Said(ONE)
    said.speak(incident, T0 + 28 * MINUTE)
    found = said.until(incident, T0 + 28 * MINUTE, T0 + 50 * MINUTE)
    assert story(found) == [(43.0, "ann", "internal_update_due+public_update_due")]
    assert [part.at for part in found[0][1].parts] == [T0 + 43 * MINUTE, T0 + 45 * MINUTE]


def test_clocks_of_seconds_are_not_merged_away() -> None:
    second = 1000
    quick = Cadence(first=4 * second, every=4 * second)
    policy = replace(
        ONE, clocks=UpdateClocks(critical_internal=quick, critical_public=Cadence(first=None))
    )
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    found = Said(policy).until(incident, T0, T0 + 17 * second)
    assert [(at - T0, told.receiver) for at, told in found if told.receiver == "ann"] == [
        (4_000, "ann"),
        (6_000, "ann"),
        (12_000, "ann"),
        (16_000, "ann"),
    ]


def test_a_rise_pages_once_and_moves_the_due_time_earlier_never_later() -> None:
    said = Said(ONE)
    incident = opened()
    said.speak(incident, T0)
    incident = after(incident, Acknowledge(by="ann"), T0)
    up = signal(SignalKind.LEVEL, 2, at=T0 + 10 * MINUTE, severity=CRITICAL)
    incident = after(incident, up, T0 + 10 * MINUTE)
    found = story(said.until(incident, T0 + 10 * MINUTE, T0 + 30 * MINUTE))
    assert found == [(10.0, "ann", "page_raised"), (25.0, "ann", "internal_update_due")]
    late = after(opened(), Acknowledge(by="ann"), T0)
    up = signal(SignalKind.LEVEL, 2, at=T0 + 50 * MINUTE, severity=CRITICAL)
    found = story(Said(ONE).until(after(late, up, T0 + 50 * MINUTE), T0 + 50 * MINUTE, T0 + HOUR))
    assert found == [(50.0, "ann", "page_raised"), (60.0, "ann", "internal_update_due")]


def test_a_page_waiting_when_somebody_acknowledges_is_superseded() -> None:
    incident = opened()
    (page,) = due(incident, (), T0, ONE)
    assert untrue_because(page.notification, incident, T0, ONE) is None
    taken = after(incident, Acknowledge(by="bob"), T0 + 1)
    assert untrue_because(page.notification, taken, T0 + 1, ONE) is Cause.ACKNOWLEDGED
    over = after(incident, Resolve(by="bob"), T0 + 1)
    assert untrue_because(page.notification, over, T0 + 1, ONE) is Cause.RESOLVED


def test_a_reminder_waiting_is_superseded_by_the_update_or_by_a_later_stage() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    (asked,) = due(incident, (), T0 + 15 * MINUTE, ONE)
    told = asked.notification
    assert still_true(told, incident, T0 + 24 * MINUTE, ONE)
    assert untrue_because(told, incident, T0 + 25 * MINUTE, ONE) is Cause.LATER_STAGE
    given = internal(incident, T0 + 16 * MINUTE)
    assert untrue_because(told, given, T0 + 16 * MINUTE, ONE) is Cause.UPDATED


def test_of_a_message_that_says_two_things_the_untrue_one_is_left_out() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0 + 28 * MINUTE)
    now = T0 + 43 * MINUTE
    (both,) = due(incident, (), now, ONE)
    given = internal(incident, now)
    left = true_parts(both.notification, given, now, ONE)
    assert [part.reason for part in left] == [Reason.PUBLIC_UPDATE_DUE]


def test_what_a_superseded_message_also_said_is_said_again() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0 + 28 * MINUTE)
    now = T0 + 43 * MINUTE
    ledger = kept(due(incident, (), now, ONE), now, Outcome.SUPERSEDED)
    later = due(incident, ledger, T0 + 46 * MINUTE, ONE)
    assert [each.notification.reasons for each in later] == [(Reason.PUBLIC_UPDATE_DUE,)]


def test_calm_is_told_and_its_return_only_to_who_heard_of_calm() -> None:
    said = Said(ONE)
    incident = opened()
    said.speak(incident, T0)
    incident = after(incident, Acknowledge(by="ann"), T0)
    calm = after(incident, signal(SignalKind.CALM, 2, at=T0 + 40 * MINUTE), T0 + 41 * MINUTE)
    assert [told.reason for told in said.speak(calm, T0 + 41 * MINUTE)] == [Reason.CALM]
    back = after(calm, signal(SignalKind.RETURNED, 3, at=T0 + 50 * MINUTE), T0 + 50 * MINUTE)
    assert [(told.receiver, told.reason) for told in said.speak(back, T0 + 50 * MINUTE)] == [
        ("ann", Reason.RETURNED)
    ]
    assert Said(ONE).speak(back, T0 + 50 * MINUTE) == []


def test_noticed_when_calm_already_it_says_calm_and_does_not_page() -> None:
    now = T0 + 3 * HOUR
    incident = after(opened(now=now), signal(SignalKind.CALM, 2, at=T0 + 2 * HOUR), now)
    assert [told.reason for told in Said(ONE).speak(incident, now)] == [Reason.CALM]


def test_ending_by_itself_is_told_to_who_was_paged_and_resolving_by_hand_to_nobody() -> None:
    said = Said()
    incident = opened()
    said.until(incident, T0, T0 + 6 * MINUTE)
    ended = after(incident, signal(SignalKind.ENDED, 2, at=T0 + HOUR), T0 + HOUR)
    assert story([(T0 + HOUR, told) for told in said.speak(ended, T0 + HOUR)]) == [
        (60.0, "ann", "resolved"),
        (60.0, "bob", "resolved"),
    ]
    assert next_due(ended, said.ledger, T0 + HOUR, POLICY) is None
    by_hand = after(incident, Resolve(by="ann"), T0 + HOUR)
    assert Said().speak(by_hand, T0 + 2 * HOUR) == []


def test_missed_incidents_say_nothing() -> None:
    missed = after(None, signal(SignalKind.ENDED, 9, at=T0 + HOUR), T0 + 9 * HOUR)
    assert due(missed, (), T0 + 9 * HOUR, POLICY) == ()
    assert next_due(missed, (), T0 + 9 * HOUR, POLICY) is None


def test_six_hours_without_hearing_ask_the_owner_to_decide_once_a_spell() -> None:
    said = Said(ONE)
    incident = after(opened(), Acknowledge(by="ann"), T0)
    deaf = signal(SignalKind.LEVEL, 2, at=T0 + 5 * HOUR, unheard_since=T0 + HOUR)
    incident = after(incident, deaf, T0 + 5 * HOUR)
    found = [
        (at, told)
        for at, told in said.until(incident, T0 + 5 * HOUR, T0 + 10 * HOUR)
        if Reason.CANNOT_TELL in told.reasons
    ]
    assert [at for at, _ in found] == [T0 + 7 * HOUR]
    hears = after(incident, signal(SignalKind.LEVEL, 3, at=T0 + 8 * HOUR), T0 + 8 * HOUR)
    assert Reason.CANNOT_TELL not in true_reasons(found[0][1], hears, T0 + 8 * HOUR)


def true_reasons(told: Notification, incident: Incident, now: int) -> set[Reason]:
    return {part.reason for part in true_parts(told, incident, now, ONE)}


def test_a_fold_that_says_nothing_for_six_hours_is_doubted_too() -> None:
    found = Said(ONE).until(opened(), T0, T0 + 7 * HOUR)
    assert [at - T0 for at, told in found if Reason.CANNOT_TELL in told.reasons] == [6 * HOUR]


def test_a_reopened_incident_pages_again_and_its_clocks_start_again() -> None:
    said = Said(ONE)
    incident = opened(CRITICAL)
    said.until(incident, T0, T0 + 4 * MINUTE)
    incident = after(after(incident, Acknowledge(by="ann"), T0), Resolve(by="ann"), T0 + HOUR)
    again = signal(SignalKind.LEVEL, 2, at=T0 + 2 * HOUR, observed=99, severity=CRITICAL)
    incident = after(incident, again, T0 + 2 * HOUR)
    found = story(said.until(incident, T0 + 2 * HOUR, T0 + 2 * HOUR + 45 * MINUTE))
    assert found[0] == (120.0, "ann", "page_reopened")
    assert found[-1] == (165.0, "ann", "public_update_due")
    keys = [told.key for _, told in said.heard]
    assert len(keys) == len(set(keys))


def test_attention_pages_nobody_and_blindness_goes_to_ops() -> None:
    volume = opened(Severity.INFO, rule=Rule.VOLUME)
    assert Said().until(volume, T0, T0 + 20 * HOUR) == []
    told = Said(replace(POLICY, info=("lead",))).until(volume, T0, T0 + 20 * HOUR)
    assert story(told) == [(0.0, "lead", "attention")]
    said = Said()
    blind = opened(rule=Rule.BLINDNESS)
    assert story(said.until(blind, T0, T0 + 20 * HOUR)) == [(0.0, "ops", "blind")]
    hears = after(blind, signal(SignalKind.ENDED, 2, at=T0 + HOUR), T0 + HOUR)
    assert story([(T0, told) for told in said.speak(hears, T0 + HOUR)]) == [
        (0.0, "ops", "hears_again")
    ]


def test_reminders_go_to_the_owner_where_it_is_a_receiver() -> None:
    incident = after(opened(CRITICAL), Acknowledge(by="carla"), T0)
    assert story(Said().until(incident, T0, T0 + 16 * MINUTE))[0][1] == "ann"
    incident = after(incident, Assign(by="carla", to="bob"), T0)
    assert story(Said().until(incident, T0, T0 + 16 * MINUTE)) == [
        (15.0, "bob", "internal_update_due")
    ]


def test_a_new_owner_is_not_paged_again_for_an_old_rise() -> None:
    said = Said()
    incident = after(opened(), Acknowledge(by="ann"), T0)
    up = signal(SignalKind.LEVEL, 2, at=T0 + MINUTE, severity=CRITICAL)
    incident = after(incident, up, T0 + MINUTE)
    assert [told.reason for told in said.speak(incident, T0 + MINUTE)] == [Reason.PAGE_RAISED]
    incident = after(incident, Assign(by="ann", to="bob"), T0 + 2 * MINUTE)
    assert said.speak(incident, T0 + 2 * MINUTE) == []


def test_without_receivers_nothing_is_due() -> None:
    assert due(opened(CRITICAL), (), T0 + HOUR, Policy()) == ()
    assert next_due(opened(CRITICAL), (), T0, Policy(receivers=(Receiver("ann"),))) is None


def test_the_last_delivered_message_is_what_changes_are_told_against() -> None:
    said = Said(ONE)
    incident = opened(CRITICAL)
    said.speak(incident, T0)
    incident = after(incident, Acknowledge(by="ann"), T0)
    louder = signal(SignalKind.LEVEL, 2, at=T0 + MINUTE, observed=61, severity=CRITICAL)
    incident = after(incident, louder, T0 + MINUTE)
    (asked,) = said.speak(incident, T0 + 15 * MINUTE)
    assert asked.before is not None
    assert (asked.before.observed, asked.now_true.observed, asked.before_at) == (30, 61, T0)


@pytest.mark.parametrize("outcome", [Outcome.WAITING, Outcome.REFUSED, Outcome.SKIPPED])
def test_an_intent_is_written_once_whatever_became_of_it(outcome: Outcome) -> None:
    ledger = kept(due(opened(), (), T0, ONE), T0, outcome)
    assert due(opened(), ledger, T0, ONE) == ()


def raised(incident: Incident, now: int, seq: int = 2) -> Incident:
    return after(incident, signal(SignalKind.LEVEL, seq, at=now, severity=CRITICAL), now)


def test_a_rise_in_the_same_instant_as_the_opening_is_one_page() -> None:
    assert [told.reasons for told in Said(ONE).speak(raised(opened(), T0), T0)] == [(Reason.PAGE,)]


def test_a_rise_that_is_calm_by_now_pages_nobody() -> None:
    said = Said(ONE)
    incident = opened()
    said.speak(incident, T0)
    incident = raised(incident, T0 + MINUTE)
    incident = after(incident, signal(SignalKind.CALM, 3, at=T0 + HOUR), T0 + HOUR)
    assert [told.reasons for told in said.speak(incident, T0 + HOUR)] == [
        (Reason.CALM, Reason.PUBLIC_UPDATE_DUE)
    ]


def test_a_page_of_a_rise_is_superseded_by_acknowledging() -> None:
    said = Said(ONE)
    incident = opened()
    said.speak(incident, T0)
    incident = raised(incident, T0 + MINUTE)
    (page,) = said.speak(incident, T0 + MINUTE)
    taken = after(incident, Acknowledge(by="ann"), T0 + 2 * MINUTE)
    assert untrue_because(page, incident, T0 + MINUTE, ONE) is None
    assert untrue_because(page, taken, T0 + 2 * MINUTE, ONE) is Cause.ACKNOWLEDGED


def test_return_is_not_told_to_who_heard_only_of_an_earlier_calm() -> None:
    said = Said(ONE)
    incident = after(opened(), Acknowledge(by="ann"), T0)
    for seq, kind in enumerate((SignalKind.CALM, SignalKind.RETURNED), start=2):
        incident = after(incident, signal(kind, seq, at=T0 + MINUTE), T0 + MINUTE)
        said.speak(incident, T0 + MINUTE)
    for seq, kind in enumerate((SignalKind.CALM, SignalKind.RETURNED), start=4):
        incident = after(incident, signal(kind, seq, at=T0 + 2 * MINUTE), T0 + 2 * MINUTE)
    assert said.speak(incident, T0 + 2 * MINUTE) == []


def test_a_rung_waiting_holds_until_a_later_one_reaches_the_same_receiver() -> None:
    incident = opened()
    (rung,) = (
        each.notification
        for each in due(incident, (), T0 + 5 * MINUTE, POLICY)
        if each.notification.receiver == "bob"
    )
    assert still_true(rung, incident, T0 + 14 * MINUTE, POLICY)
    assert untrue_because(rung, incident, T0 + 15 * MINUTE, POLICY) is Cause.LATER_STAGE


def test_a_calm_nobody_confirms_is_doubted_six_hours_after_it_began() -> None:
    incident = after(opened(), Acknowledge(by="ann"), T0)
    incident = after(incident, signal(SignalKind.CALM, 2, at=T0 + 2 * HOUR), T0 + 2 * HOUR)
    found = Said(ONE).until(incident, T0 + 2 * HOUR, T0 + 9 * HOUR)
    assert [at - T0 for at, told in found if Reason.CANNOT_TELL in told.reasons] == [8 * HOUR]


def test_each_spell_of_not_hearing_is_told_once() -> None:
    said = Said(ONE)
    incident = after(opened(), Acknowledge(by="ann"), T0)
    times = []
    for seq, (at, since) in enumerate(((7, 1), (8, None), (16, 10)), start=2):
        unheard = None if since is None else T0 + since * HOUR
        level = signal(SignalKind.LEVEL, seq, at=T0 + at * HOUR, unheard_since=unheard)
        incident = after(incident, level, T0 + at * HOUR)
        found = said.speak(incident, T0 + at * HOUR)
        times += [at for told in found if Reason.CANNOT_TELL in told.reasons]
    assert times == [7, 16]


def test_an_update_in_the_instant_of_a_rise_counts_by_its_own_cadence() -> None:
    incident = after(opened(), Acknowledge(by="ann"), T0)
    now = T0 + MINUTE
    incident = internal(raised(incident, now), now)
    assert next_due(incident, (), now, replace(ONE, steps=(("ann",),))) is not None
    assert clocks.owed_at(incident, Audience.INTERNAL, ONE) == now + 20 * MINUTE


def test_public_reminders_before_and_after_reopening_have_keys_of_their_own() -> None:
    said = Said(ONE)
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    said.until(incident, T0, T0 + 50 * MINUTE)
    incident = after(incident, Resolve(by="ann"), T0 + HOUR)
    assert clocks.owed_at(incident, Audience.PUBLIC, ONE) is None
    again = signal(SignalKind.LEVEL, 2, at=T0 + 2 * HOUR, observed=99, severity=CRITICAL)
    incident = after(incident, again, T0 + 2 * HOUR)
    said.until(incident, T0 + 2 * HOUR, T0 + 2 * HOUR + 45 * MINUTE)
    asked = [told.key for _, told in said.heard if Reason.PUBLIC_UPDATE_DUE in told.reasons]
    assert len(asked) == len(set(asked)) == 2


def test_a_public_update_of_a_warning_owes_no_next_one() -> None:
    post = Update(by="a", audience=Audience.PUBLIC, text="t", link="https://x.example/1")
    incident = after(after(opened(), Acknowledge(by="ann"), T0), post, T0)
    assert clocks.owed_at(incident, Audience.PUBLIC, ONE) is None


def test_two_clocks_of_seconds_are_said_apart_when_apart_by_more_than_a_sixth() -> None:
    policy = replace(
        ONE,
        clocks=UpdateClocks(
            critical_internal=Cadence(first=4_000, every=8_000),
            critical_public=Cadence(first=7_000, every=8_000),
        ),
    )
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    found = Said(policy).until(incident, T0, T0 + 7_500)
    assert [(at - T0, told.reasons) for at, told in found] == [
        (4_000, (Reason.INTERNAL_UPDATE_DUE,)),
        (7_000, (Reason.PUBLIC_UPDATE_DUE, Reason.INTERNAL_UPDATE_OVERDUE)),
    ]


def test_the_end_is_not_told_to_whom_the_page_never_reached() -> None:
    incident = opened()
    ledger = kept(due(incident, (), T0, ONE), T0, Outcome.SUPERSEDED)
    ended = after(incident, signal(SignalKind.ENDED, 2, at=T0 + HOUR), T0 + HOUR)
    assert due(ended, ledger, T0 + HOUR, ONE) == ()


def test_a_reminder_said_late_just_before_its_next_stage_stands_for_both() -> None:
    said = Said(ONE)
    incident = after(opened(CRITICAL), Acknowledge(by="ann"), T0)
    found = said.until(incident, T0 + 23 * MINUTE, T0 + 44 * MINUTE)
    assert story(found) == [(23.0, "ann", "internal_update_due+internal_update_overdue")]
    title = render(found[0][1], incident, T0 + 23 * MINUTE, ONE).title
    assert title == "united (critical): internal update overdue by 8 min"


def test_a_return_of_the_life_before_is_not_told_after_reopening() -> None:
    said = Said(ONE)
    incident = after(opened(), signal(SignalKind.CALM, 2, at=T0 + HOUR), T0 + HOUR)
    said.speak(incident, T0 + HOUR)
    incident = after(incident, signal(SignalKind.RETURNED, 3, at=T0 + HOUR), T0 + HOUR)
    incident = after(incident, Resolve(by="ann"), T0 + HOUR)
    again = signal(SignalKind.LEVEL, 4, at=T0 + 2 * HOUR, observed=99)
    incident = after(incident, again, T0 + 2 * HOUR)
    assert [told.reasons for told in said.speak(incident, T0 + 2 * HOUR)] == [
        (Reason.PAGE_REOPENED,)
    ]


def test_who_was_assigned_stays_the_owner_when_another_acknowledges() -> None:
    incident = after(opened(CRITICAL), Assign(by="carla", to="bob"), T0)
    incident = after(incident, Acknowledge(by="ann"), T0)
    assert incident.owner == "bob"
